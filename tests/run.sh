#!/bin/sh
# The end-to-end tests: the official Python client, Chromium, kill -9, the commands and made-up requests, against the real
# binary.
#
#   tests/run.sh                                 everything, with target/debug/dregs
#   DREGS_BIN=target/fast/dregs tests/run.sh     with another binary
#   tests/run.sh tests/test_browser.py           a part; arguments go to pytest
#   DREGS_KILLS=100 tests/run.sh -k kill         a hundred kills instead of twenty
#   DREGS_EXAMPLES=50 tests/run.sh -k answer     fifty requests of each kind to every operation
set -eu
cd "$(dirname "$0")/.."

DREGS_BIN=${DREGS_BIN:-target/debug/dregs}
[ -x "$DREGS_BIN" ] || { echo "tests/run.sh: no server at $DREGS_BIN: build it (cargo build), or set DREGS_BIN" >&2; exit 1; }
DREGS_BIN=$(realpath "$DREGS_BIN")
export DREGS_BIN PYTHONDONTWRITEBYTECODE=1

python=${PYTHON:-python3}
home=target/e2e-venv
wanted=$home/requirements.txt
mkdir -p target

# Installed once, and again when the pinned versions change. Without the venv module, packages go into a plain folder.
if ! cmp -s tests/requirements.txt "$wanted"; then
    rm -rf "$home"
    if "$python" -m venv "$home" 2>/dev/null; then
        "$home/bin/python" -m pip install --quiet --disable-pip-version-check --requirement tests/requirements.txt
    else
        rm -rf "$home"
        "$python" -m pip install --quiet --disable-pip-version-check --target "$home/packages" --requirement tests/requirements.txt
    fi
    cp tests/requirements.txt "$wanted"
fi

if [ -x "$home/bin/python" ]; then
    python=$home/bin/python
else
    PYTHONPATH=$home/packages${PYTHONPATH:+:$PYTHONPATH}
    export PYTHONPATH
fi

# Everything, unless a file is named.
what=tests
for argument in "$@"; do
    [ -e "${argument%%::*}" ] && what=
done
exec "$python" -m pytest -c tests/pytest.ini --rootdir tests "$@" $what
