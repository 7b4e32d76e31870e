#!/bin/sh
# The name and e-mail linker beside Splink on public person data, as one table.
#
#   tools/linkage-quality/run.sh                     the sets that are at hand, with target/fast/dregs
#   tools/linkage-quality/run.sh --sets FOLDER       with those that lie in the folder too (people.py says which, and where
#                                                    their owners publish them)
#   DREGS_BIN=target/debug/dregs tools/linkage-quality/run.sh --only fake_1000
set -eu
cd "$(dirname "$0")/../.."

DREGS_BIN=${DREGS_BIN:-target/fast/dregs}
[ -x "$DREGS_BIN" ] || { echo "run.sh: no program at $DREGS_BIN: build it (make build), or set DREGS_BIN" >&2; exit 1; }

home=target/linkage-quality-venv
wanted=$home/requirements.txt
# Installed once, and again when the pinned versions change.
if ! cmp -s tools/linkage-quality/requirements.txt "$wanted"; then
    rm -rf "$home"
    mkdir -p target
    "${PYTHON:-python3}" -m venv "$home"
    "$home/bin/pip" install --quiet --no-deps -r tools/linkage-quality/requirements.txt
    cp tools/linkage-quality/requirements.txt "$wanted"
fi
PYTHONDONTWRITEBYTECODE=1 exec "$home/bin/python" tools/linkage-quality/compare.py "$DREGS_BIN" "$@"
