#!/usr/bin/env bash
# Runs every test that was built: unit tests, fuzz corpora, the demo, what a delivery costs in instructions, and the
# end-to-end tests. The last line is the sum.
set -u
usage="usage: run.sh ASAN_BUILD TSAN_BUILD RELEASE_BUILD"
asan=${1:?$usage} tsan=${2:?$usage} release=${3:?$usage}
cd "$(dirname "$0")/.." || exit 1
export ASAN_OPTIONS=detect_leaks=1:exitcode=99 UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1
export TSAN_OPTIONS=halt_on_error=1:exitcode=98
passed=0 failed=0
log=$(mktemp)
trap 'rm -f "$log"' EXIT

# One cmocka program; a crash counts as a failure of its own.
unit() {
	local status=0 ok not_ok
	CMOCKA_MESSAGE_OUTPUT=TAP timeout 300 "$1" >"$log" 2>&1 || status=$?
	ok=$(grep -c '^ok ' "$log")
	# What cannot be tried here cmocka calls "not ok … # SKIP", and ends well.
	not_ok=$(grep '^not ok ' "$log" | grep -vc '^not ok [0-9]* # SKIP')
	if [ "$status" -ne 0 ] && [ "$not_ok" -eq 0 ]; then not_ok=1; fi
	if [ "$ok" -eq 0 ] && [ "$not_ok" -eq 0 ]; then not_ok=1; fi
	passed=$((passed + ok)) failed=$((failed + not_ok))
	printf '%-40s %3d passed, %d failed\n' "${1#build/}" "$ok" "$not_ok"
	if [ "$not_ok" -ne 0 ]; then cat "$log"; fi
}

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

for t in "$asan"/unit/*/test_*; do
	case $t in *.d | *.o) continue ;; esac
	unit "$t"
done
for t in shared/test_batch_writer client/test_inspect client/test_recorder client/test_replayer relay/test_bus; do unit "$tsan/unit/$t"; done
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
