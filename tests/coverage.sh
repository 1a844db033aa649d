#!/usr/bin/env bash
# `make coverage`: runs the unit tests and corpora of a build with --coverage and sums up what they reached.
set -eu
build=${1:?usage: coverage.sh BUILD_DIR}
cd "$(dirname "$0")/.."
find "$build" -name '*.gcda' -delete
for t in "$build"/unit/*/test_*; do
	case $t in *.d | *.o) continue ;; esac
	"$t" >/dev/null 2>&1 || echo "coverage: ${t##*/} fails" >&2
done
for c in "$build"/corpus/*; do
	name=${c##*/}
	if [ -d "tests/fuzz/corpus/$name" ]; then "$c" "tests/fuzz/corpus/$name" >/dev/null 2>&1 || true; fi
done
gcovr --gcov-ignore-parse-errors --root . --exclude 'tests/' --exclude 'build/' --html-details "$build/index.html" --json-summary "$build/summary.json" "$build"
# A line a folder: lines reached of lines there are.
gcovr --gcov-ignore-parse-errors --root . --exclude 'tests/' --exclude 'build/' --csv - "$build" | awk -F, '
	NR > 1 { room = $1; sub(/\/[^\/]*$/, "", room); all[room] += $2; hit[room] += $3 }
	END { for (room in all) printf "%-24s %5d of %5d lines  %3d %%\n", room, hit[room], all[room], 100 * hit[room] / all[room] }' | sort
