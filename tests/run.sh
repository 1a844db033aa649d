#!/usr/bin/env bash
# Runs every test that was built: unit tests, fuzz corpora, the demo, what a delivery costs in instructions, and the
# end-to-end tests. The last line is the sum.
set -u
usage="usage: run.sh ASAN_BUILD TSAN_BUILD RELEASE_BUILD"
asan=${1:?$usage} tsan=${2:?$usage} release=${3:?$usage}
cd "$(dirname "$0")/.." || exit 1
export ASAN_OPTIONS=detect_leaks=1:exitcode=99 UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1
export TSAN_OPTIONS=halt_on_error=1:exitcode=98:die_after_fork=0
passed=0 failed=0
log=$(mktemp)
trap 'rm -f "$log"' EXIT

whole() { # name command…: passes when it exits with 0
	local name=$1 status=0
	shift
	"$@" >"$log" 2>&1 || status=$?
	if [ "$status" -eq 0 ]; then
		passed=$((passed + 1))
		printf '%-40s passed\n' "$name"
	else
		failed=$((failed + 1))
		printf '%-40s FAILED (exit %d)\n' "$name" "$status"
		cat "$log"
	fi
}

# Two at once, as most of them wait for a disk or a clock half of their time.
units=$(mktemp)
trap 'rm -f "$log" "$units"' EXIT
{
	find "$asan"/unit -type f -name 'test_*' ! -name '*.[do]' | sort
	for t in shared/test_bell shared/test_batch_writer client/test_inspect client/test_inspect_bounds client/test_recorder client/test_recorder_journal client/test_replayer relay/test_bus; do echo "$tsan/unit/$t"; done
} | xargs -n 1 -P 2 tests/unit.sh | tee "$units"
added() { sed -nE "s/^[^ ]*unit\/[^ ]+ +([0-9]+) passed, ([0-9]+) failed\$/\\$1/p" "$units" | awk '{ sum += $1 } END { print sum + 0 }'; }
passed=$(added 1) failed=$(added 2)
[ "$passed" -gt 0 ] || failed=$((failed + 1)) # nothing ran: that is no success
for source in tests/fuzz/fuzz_*.c; do
	name=$(basename "$source" .c)
	name=${name#fuzz_}
	folders=("tests/fuzz/corpus/$name")
	if [ -d "tests/fuzz/regress/$name" ]; then folders+=("tests/fuzz/regress/$name"); fi
	whole "corpus of fuzz_$name" "$asan/corpus/$name" "${folders[@]}"
done
whole "make demo, under ASan" tests/demo/demo.sh "$asan"
whole "instructions a delivery" tests/bench/instructions.sh "$release"
grep '^instructions: ' "$log" # what was not compared, and why
whole "a client's memory beside what is given up" env SETS="cut half gone" ROUNDS=1 SECONDS_EACH=2 LIMIT_MS=Infinity node tests/bench/beside.mjs "$release"

CREEL_BIN_DIR=$asan tests/e2e/run.sh 2>&1 | tee "$log"
sum=$(grep -E '^e2e: [0-9]+ passed, [0-9]+ failed$' "$log" | tail -n 1)
if [ -n "$sum" ]; then
	passed=$((passed + $(echo "$sum" | sed -E 's/^e2e: ([0-9]+) .*/\1/')))
	failed=$((failed + $(echo "$sum" | sed -E 's/.* ([0-9]+) failed$/\1/')))
else
	echo "the end-to-end tests gave no result"
	failed=$((failed + 1))
fi

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
