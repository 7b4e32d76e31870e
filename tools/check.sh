#!/usr/bin/env bash
# What no compiler sees: the walls between the crates, names, left-overs, and documents that name what is not there.
set -euo pipefail

found=
complain() {
  echo "$1"
  if [ -n "${2:-}" ]; then printf '%s\n' "$2" | sed 's/^/  /'; fi
  found=1
}

# forbid MESSAGE PATTERN FILE…
forbid() {
  local message=$1 pattern=$2 lines
  shift 2
  lines=$(grep -nE -- "$pattern" "$@" /dev/null || true)
  if [ -n "$lines" ]; then complain "$message" "$lines"; fi
}

mapfile -t rust < <(find crates -name '*.rs')
mapfile -t web < <(find web/*/src -type f -regex '.*\.\(ts\|tsx\|mjs\)')
mapfile -t manifests < <(find crates -mindepth 2 -maxdepth 2 -name Cargo.toml)

# Walls. What a pure crate draws in, directly or not, can do no I/O and no chance.
IMPURE='^(tokio|async-std|mio|socket2|sqlx.*|libsqlite3-sys|axum|hyper|reqwest|ureq|tracing|log|metrics|rand|fastrand|getrandom|uuid|chrono|dregs-(store|server|dashboard)) '
for crate in engine simulate; do
  drawn=$(cargo tree --locked --quiet -p "dregs-$crate" -e normal --prefix none | sort -u | grep -E "$IMPURE" || true)
  if [ -n "$drawn" ]; then complain "the pure crate $crate draws in" "$drawn"; fi
done
cmp -s crates/engine/clippy.toml crates/simulate/clippy.toml || complain "the purity lints of engine and simulate differ"
for manifest in "${manifests[@]}"; do
  case $manifest in
    crates/store/*) ;;
    *) forbid "only the store may know the SQL library" '^sqlx' "$manifest" ;;
  esac
done

forbid "a name that says nothing (STYLE.md)" '\b(struct|enum|trait|type|class|interface) [A-Za-z]*(Manager|Helper|Utils?|Service)\b' "${rust[@]}" "${web[@]}"
forbid "left over" '\b(TO|FIX)(DO|ME)\b|\btodo!\(|unimplemented!\(|\bdbg!\(|#\[ignore|\.only\(|console\.log\(' "${rust[@]}" "${web[@]}"
forbid "the lock file records where a package was downloaded from" '"resolved": *"https?:' web/package-lock.json

# Documents name files that exist.
for document in README.md ARCHITECTURE.md STYLE.md; do
  while read -r path; do
    compgen -G "${path%/}" >/dev/null || complain "$document names $path, which does not exist"
  done < <(grep -oE '`(crates|web|tools|data|testdata|tests|\.ci)/[A-Za-z0-9_.*/-]*`' "$document" | tr -d '`' | sort -u)
done

if [ -n "$found" ]; then exit 1; fi
