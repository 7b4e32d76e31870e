# Two commands: `make run` builds everything and shows it at work; `make test` runs every test.
# Both install what they need. Everything below them is internal.

SHELL := bash
.NOTPARALLEL:
.DEFAULT_GOAL := help
.PHONY: help run test build build-setup test-setup

export CARGO_NET_RETRY ?= 5
export PIP_RETRIES ?= 5
export PYTHONDONTWRITEBYTECODE := 1

STEP := tools/step.sh

help:
	@echo "make run    build everything and run the demo: a server on a temporary store, with traffic flowing"
	@echo "make test   run every test"

run: build
	@exec target/fast/dregs demo

test: test-setup
	@$(STEP) "repository" tools/check.sh
	@$(STEP) "cargo fmt" cargo fmt --all --check
	@$(MAKE) --no-print-directory $(WEB)
	@$(foreach workspace,$(WORKSPACES),$(STEP) "$(workspace): lint" npm run --silent check --prefix web -w $(workspace) &&) true
	@$(foreach workspace,$(WORKSPACES),$(STEP) "$(workspace): unit tests" npm test --silent --prefix web -w $(workspace) &&) true
	@$(STEP) "tracker: Chromium" env --chdir=web/tracker node test/browser.test.mjs
	@$(STEP) "data pack tool" python3 -m unittest discover tools/datapack
	@$(STEP) "cargo clippy" cargo clippy --workspace --all-targets --locked -- -D warnings
	@$(STEP) "cargo check without features" cargo check -p dregs-server --no-default-features --locked
	@$(STEP) "cargo build" cargo build --workspace --all-targets --locked
	@$(STEP) "cargo test" cargo test --workspace --locked
	@$(STEP) "dashboard: Chromium" env DREGS_BIN=target/debug/dregs node web/dashboard/test/walk.mjs
	@$(STEP) "end to end" env DREGS_BIN=target/debug/dregs tests/run.sh
	@tools/total.sh

# Internal: everything that `make run` runs. The web comes first, because the binary embeds it.
build: build-setup
	@$(MAKE) --no-print-directory $(WEB)
	@$(STEP) --show "dregs" cargo build --profile fast --locked -p dregs-server --bin dregs

# Internal: what this machine lacks. Forgets the steps of earlier runs.
build-setup test-setup: %-setup:
	@rm -rf target/steps
	@tools/setup.sh $*

# Internal: the built web files, made anew only when a source is newer, so that the crate that embeds them rests too.
WORKSPACES := $(patsubst web/%/package.json,%,$(wildcard web/*/package.json))
WEB := web/tracker/dist/dregs.js $(if $(filter dashboard,$(WORKSPACES)),web/dashboard/dist/index.html)
NPM_INSTALLED := web/node_modules/.package-lock.json
sources = $(if $(wildcard web/$(1)),$(shell find web/$(1) -type f -not -path '*/node_modules/*' -not -path '*/dist/*' -not -path '*/test/*'))

$(NPM_INSTALLED): web/package-lock.json web/package.json $(wildcard web/*/package.json) web/.npmrc
	@$(STEP) "npm packages" npm ci --prefix web --fetch-retries=5
	@touch $@

web/tracker/dist/dregs.js: $(NPM_INSTALLED) $(call sources,tracker)
	@$(STEP) "tracker" npm run --silent build --prefix web -w tracker

web/dashboard/dist/index.html: $(NPM_INSTALLED) $(call sources,dashboard)
	@$(STEP) "dashboard" npm run --silent build --prefix web -w dashboard
