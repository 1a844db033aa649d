#!/usr/bin/env bash
# Runs the end-to-end tests of one file with Node's own test runner; prints what they said when they are over, and a line
# that run.sh adds up. Usage: file.sh FILE.test.mjs, in its folder.
set -u
options=()
help=$(node --help)
case $help in *--test-reporter*) options+=(--test-reporter=spec) ;; esac
log=$(mktemp)
trap 'rm -f "$log"' EXIT
count() { sed -nE "s/^(# |ℹ )$1 ([0-9]+)$/\2/p" "$log" | tail -n 1 | grep . || echo 0; }

began=$SECONDS status=0
# Every wait has a deadline of its own; this is for what nobody thought of, as a set-up that failed and waits for ever.
timeout -k 5 10m node ${options[@]+"${options[@]}"} "$1" >"$log" 2>&1 || status=$?
passed=$(count pass) failed=$(($(count fail) + $(count cancelled)))
if [ "$status" -ne 0 ] && [ "$failed" -eq 0 ]; then failed=1; fi
# Nothing ran, and nobody said why: that is no success.
[ "$passed" -gt 0 ] || [ "$failed" -gt 0 ] || grep -qE '^ *﹣ |# SKIP' "$log" || failed=1
# At once: another file's may end at any time.
printf '%s\nfile: %s %d passed, %d failed, %d s\n' "$(cat "$log")" "$1" "$passed" "$failed" $((SECONDS - began))
