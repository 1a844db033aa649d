#!/usr/bin/env bash
# Runs the end-to-end tests against the programs in CREEL_BIN_DIR (default build/asan), three files at once: they measure
# no time, and wait for half of theirs.
# Usage: run.sh [FILE.test.mjs…]. The last line is the sum. E2E_LOG=FILE keeps the log; E2E_LEAKS=all looks for leaks in
# every run of every command, not in the first three of each in a file.
set -uo pipefail
cd "$(dirname "$0")" || exit 1
log=${E2E_LOG:-}
if [ -z "$log" ]; then
	log=$(mktemp)
	trap 'rm -f "$log"' EXIT
fi

./packages.sh || exit 1

# Files of one matter stand together in the alphabet, and wait or calculate alike: three of a kind are not run at once.
if [ $# -eq 0 ]; then
	all=(*.test.mjs)
	third=$(((${#all[@]} + 2) / 3))
	for ((i = 0; i < third; i++)); do
		set -- "$@" "${all[@]:i:1}" "${all[@]:i+third:1}"
		[ $((i + 2 * third)) -ge ${#all[@]} ] || set -- "$@" "${all[@]:i+2*third:1}"
	done
fi
minutes=48
printf '%s\n' "$@" | timeout -k 5 "$minutes"m xargs -n 1 -P 3 ./file.sh 2>&1 | tee "$log"
status=${PIPESTATUS[1]}

sum() { sed -nE "s/^file: .* ([0-9]+) passed, ([0-9]+) failed, [0-9]+ s\$/\\$2/p" "$1" | awk '{ sum += $1 } END { print sum + 0 }'; }
passed=$(sum "$log" 1) failed=$(sum "$log" 2)
files=$(sed -nE 's/^file: (.*) [0-9]+ passed, [1-9][0-9]* failed, [0-9]+ s$/\1/p' "$log" | sort -u)
# A few files that failed run once more, alone: what a busy machine did passes then and is named, a fault fails again.
if [ -n "$files" ] && [ "$status" -ne 124 ] && [ "$(echo "$files" | wc -l)" -le 8 ] && [ $# -gt 8 ]; then
	again=$(mktemp)
	echo "$files" | timeout -k 5 10m xargs -n 1 ./file.sh >"$again" 2>&1
	if [ "$(sum "$again" 1)" -gt 0 ] && [ "$(sum "$again" 2)" -eq 0 ]; then
		echo "failed beside others, passed alone: ${files//$'\n'/ }"
		passed=$((passed + failed)) failed=0
	else
		tee -a "$log" <"$again"
	fi
	rm -f "$again"
fi
if [ "$status" -eq 124 ]; then
	echo "e2e: not through within $minutes minutes"
	failed=$((failed + 1))
fi
if [ "$(grep -c '^file: ' "$log")" -lt $# ] && [ "$failed" -eq 0 ]; then failed=1; fi
# Where the end of the log is all that is seen, the names are worth more than the last stack trace.
if [ "$failed" -ne 0 ]; then
	echo "failed:"
	{
		sed -n '/failing tests:/,/^file: /p' "$log" | grep -E '^test at |^✖ |^  [A-Za-z]*(Error|AssertionError).*: |^ *(actual|expected): '
		grep -E '^file: .* [1-9][0-9]* failed' "$log"
	} | cut -c 1-300 | tail -n 50
fi
echo "e2e: $passed passed, $failed failed"
[ "$failed" -eq 0 ]
