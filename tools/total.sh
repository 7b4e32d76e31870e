#!/usr/bin/env bash
# Adds up what the test runners of all steps said, as the last line of `make test`.
set -euo pipefail

# libtest; unittest and pytest; node's runner, as TAP and as text.
cat target/steps/*.log | awk '
  /^test result: / { passed += $4; failed += $6; skipped += $8 }
  /^Ran [0-9]+ tests? in / { passed += $2 }
  /^(=+ )?[0-9]+ (passed|skipped).* in [0-9.]+s/ { for (i = 2; i <= NF; i++) if ($i ~ /^passed/) passed += $(i - 1); else if ($i ~ /^skipped/) skipped += $(i - 1) }
  /^(#|ℹ) pass [0-9]+$/ { passed += $3 }
  /^(#|ℹ) fail [0-9]+$/ { failed += $3 }
  /^(#|ℹ) skipped [0-9]+$/ { skipped += $3 }
  END { printf "%d passed, %d failed, %d skipped\n", passed, failed, skipped; exit passed == 0 }
'
