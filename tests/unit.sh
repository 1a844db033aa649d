#!/usr/bin/env bash
# Runs one cmocka program and says in one line how many of its tests passed; what it printed is shown only if one failed.
# Usage: unit.sh PROGRAM. A crash counts as a failure of its own. The lines are added up by run.sh, which runs several at once.
set -u
status=0
log=$(mktemp)
trap 'rm -f "$log"' EXIT
CMOCKA_MESSAGE_OUTPUT=TAP timeout 300 "$1" >"$log" 2>&1 || status=$?
ok=$(grep -c '^ok ' "$log")
# What cannot be tried here cmocka calls "not ok … # SKIP", and ends well.
not_ok=$(grep '^not ok ' "$log" | grep -vc '^not ok [0-9]* # SKIP')
if [ "$status" -ne 0 ] && [ "$not_ok" -eq 0 ]; then not_ok=1; fi
if [ "$ok" -eq 0 ] && [ "$not_ok" -eq 0 ]; then not_ok=1; fi
line=$(printf '%-40s %3d passed, %d failed' "${1#build/}" "$ok" "$not_ok")
if [ "$not_ok" -ne 0 ]; then line+=$'\n'$(cat "$log"); fi
printf '%s\n' "$line" # at once: another program's line may come at any time
