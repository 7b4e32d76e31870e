#!/usr/bin/env bash
# Runs one step of the Makefile: one line with its duration when it succeeds, its output when it fails.
#
#   tools/step.sh [--show] NAME COMMAND [ARGUMENT…]
#
# --show leaves the output on the terminal while it runs: for steps that take minutes and have a progress bar.
set -euo pipefail

LINES_MAX=400

show=
if [ "$1" = --show ]; then
  show=1
  shift
fi
name=$1
shift
mkdir -p target/steps
log="target/steps/${name//[^A-Za-z0-9]/-}.log"
status=0

if [ -n "$show" ]; then
  : >"$log"
  "$@" </dev/null || status=$?
else
  if [ -t 1 ]; then printf '   …    %s\r' "$name"; fi
  "$@" </dev/null >"$log" 2>&1 || status=$?
fi

if [ "$status" -ne 0 ]; then
  if [ "$(wc -l <"$log")" -gt "$LINES_MAX" ]; then echo "(the last $LINES_MAX lines of $log)"; fi
  tail -n "$LINES_MAX" "$log"
  printf 'FAILED %4d s  %s\n' "$SECONDS" "$name"
  exit "$status"
fi
printf 'ok     %4d s  %s\n' "$SECONDS" "$name"
# What a step left out is said, not hidden.
grep -hE '(^|[^[:alnum:]])skipped: ' "$log" | sort -u | sed 's/^/              /' || true
