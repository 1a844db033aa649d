#!/usr/bin/env bash
# Runs the end-to-end tests with Node's own test runner against the programs in CREEL_BIN_DIR (default build/asan).
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

[ $# -gt 0 ] || set -- *.test.mjs
options=(--test)
help=$(node --help)
case $help in *--test-reporter*) options+=(--test-reporter=spec) ;; esac
# Two files at once: the tests measure no time, but their programs want a core each.
case $help in *--test-concurrency*) options+=(--test-concurrency=2) ;; esac
# Every wait has a deadline of its own; this is for what nobody thought of.
case $help in *--test-timeout*) options+=(--test-timeout=300000) ;; esac
# A file whose set-up failed may wait for ever for programs it did not stop.
minutes=36
timeout -k 5 "$minutes"m node "${options[@]}" "$@" 2>&1 | tee "$log"
status=${PIPESTATUS[0]}

count() { sed -nE "s/^(# |ℹ )$1 ([0-9]+)$/\2/p" "$log" | tail -n 1; }
passed=$(count pass)
[ "$status" -ne 124 ] || echo "e2e: not through within $minutes minutes"
if [ -z "$passed" ]; then
	echo "e2e: 0 passed, 1 failed"
	exit 1
fi
failed=$(($(count fail) + $(count cancelled)))
# A file or two that failed run once more, alone: what a busy machine did passes then and is named, a fault fails again.
files=$(sed -nE '/failing tests:/,$s/^test at (.*\.test\.mjs):.*/\1/p' "$log" | sed 's|.*/||' | sort -u)
if [ "$failed" -gt 0 ] && [ "$status" -ne 124 ] && [ -n "$files" ] && [ "$(echo "$files" | wc -l)" -le 2 ] && [ $# -gt 2 ]; then
	again=$(mktemp)
	# shellcheck disable=SC2086
	if timeout -k 5 10m node "${options[@]}" --test-concurrency=1 $files >"$again" 2>&1; then
		echo "failed beside others, passed alone: ${files//$'\n'/ }"
		passed=$((passed + failed)) failed=0 status=0
	else
		tee -a "$log" <"$again"
	fi
	rm -f "$again"
fi
if [ "$status" -ne 0 ] && [ "$failed" -eq 0 ]; then failed=1; fi
# Where the end of the log is all that is seen, the names are worth more than the last stack trace.
if [ "$failed" -ne 0 ]; then
	echo "failed:"
	sed -n '/failing tests:/,$p' "$log" | grep -E '^test at |^✖ |^  [A-Za-z]*(Error|AssertionError).*: |^ *(actual|expected): ' | cut -c 1-300 | tail -n 40
fi
echo "e2e: $passed passed, $failed failed"
[ "$failed" -eq 0 ]
