#!/usr/bin/env bash
# Installs what this machine lacks.
#
#   tools/setup.sh build    for building: Rust, a C compiler, Node
#   tools/setup.sh test     for testing: these, Python, PostgreSQL and Chromium
#
# As root on Debian the packages are installed. Anyone else is told, in one line each, what is missing. Without
# PostgreSQL or Chromium the tests that need them are left out; in CI that is a failure.
set -euo pipefail

RUST_MIN=1.95
NODE_MIN=20
CHROMIUM=${CHROMIUM:-/usr/bin/chromium}

failed=

can_install() { [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null; }

apt_get() {
  local attempt
  for attempt in 1 2 3; do
    if DEBIAN_FRONTEND=noninteractive apt-get -q -o Acquire::Retries=3 -o DPkg::Lock::Timeout=120 "$@"; then return; fi
    sleep $((attempt * 5))
  done
  return 1
}

updated=
packages() {
  if ! can_install; then return 1; fi
  if [ -z "$updated" ]; then
    tools/step.sh "Debian's package lists" "$0" apt_get update || return 1
    updated=1
  fi
  tools/step.sh "install $*" "$0" apt_get install -y "$@"
}

# missing WHAT HOW: what cannot be done without.
missing() {
  echo "missing: $1: $2"
  failed=1
}

# left_out WHAT CONSEQUENCE HOW: what can be done without, but not in CI.
left_out() {
  if [ -n "${CI:-}" ]; then missing "$1" "CI must have it: $3"; else echo "missing: $1: $2; $3"; fi
}

# at_least MINIMUM VERSION
at_least() { printf '%s\n%s\n' "$1" "$2" | sort -V -C; }

need_compiler() {
  command -v cc >/dev/null || packages gcc libc6-dev || missing "a C compiler" "install gcc"
}

need_rust() {
  local version
  version=$(cargo --version 2>/dev/null | cut -d' ' -f2) || true
  if [ -z "$version" ]; then
    missing "cargo" "install Rust $RUST_MIN or newer with rustup"
  elif ! at_least "$RUST_MIN" "$version"; then
    missing "Rust $RUST_MIN" "this is $version: rustup update"
  fi
}

component() {
  { command -v rustup >/dev/null && tools/step.sh "install $1" rustup component add "$1"; } || missing "$1" "rustup component add $1"
}

need_rust_tools() {
  cargo fmt --version >/dev/null 2>&1 || component rustfmt
  cargo clippy --version >/dev/null 2>&1 || component clippy
}

need_node() {
  local version
  version=$(node --version 2>/dev/null) || true
  if [ -z "$version" ] || ! command -v npm >/dev/null; then
    missing "Node" "install Node $NODE_MIN or newer with npm"
  elif ! at_least "$NODE_MIN" "${version#v}"; then
    missing "Node $NODE_MIN" "this is $version"
  fi
}

has_postgres() { command -v initdb >/dev/null || compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null; }

need_postgres() {
  has_postgres || { packages postgresql && has_postgres; } ||
    left_out "PostgreSQL" "the tests run on SQLite alone" "install Debian's postgresql, or put initdb on the PATH"
}

need_chromium() {
  [ -x "$CHROMIUM" ] || { packages chromium && [ -x "$CHROMIUM" ]; } ||
    left_out "Chromium" "no test runs in a browser" "install Debian's chromium, or name another with CHROMIUM=/path/to/it"
}

# tests/run.sh makes its own environment; it needs venv or pip for that.
need_python() {
  command -v python3 >/dev/null || packages python3 || { missing "Python" "install python3"; return; }
  python3 -c 'import venv, ensurepip' 2>/dev/null || packages python3-venv || python3 -c 'import pip' 2>/dev/null ||
    missing "Python's venv" "install python3-venv, or pip"
}

case ${1:-} in
  apt_get) "$@" ;;
  build)
    need_compiler
    need_rust
    need_node
    ;;
  test)
    need_compiler
    need_rust
    need_rust_tools
    need_node
    need_python
    need_postgres
    need_chromium
    ;;
  *)
    echo "usage: tools/setup.sh build|test" >&2
    exit 2
    ;;
esac
if [ -n "$failed" ]; then exit 1; fi
