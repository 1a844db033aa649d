#!/usr/bin/env bash
# The long form of the cluster's tests. Usage: run.sh [FILE.test.mjs…]; FAULTS=200 and SEED= are the torture's.
# As root each file has a network and processes of its own, which are gone when it is; CREEL_CLUSTER_GROUND=loopback leaves
# them out. At the end: how long each file took, and the sum in the last line.
set -uo pipefail
cd "$(dirname "$0")" || exit 1

ground=(env)
if [ "${CREEL_CLUSTER_GROUND:-}" != loopback ] && [ "$(uname)" = Linux ] && [ "$(id -u)" = 0 ] &&
	unshare --net --pid --fork --kill-child --mount-proc true 2>/dev/null; then
	ground=(unshare --net --pid --fork --kill-child --mount-proc env CREEL_CLUSTER_GROUND=netns)
else
	echo "test-cluster: all of it is on loopback and nothing is cut off (root on Linux has networks of its own)"
fi
[ $# -gt 0 ] || set -- *.test.mjs
log=$(mktemp)
trap 'rm -f "$log"' EXIT
count() { sed -nE "s/^(# |ℹ )$1 ([0-9]+)$/\2/p" "$log" | tail -n 1 | grep . || echo 0; }

passed=0 failed=0 skipped=0 times=""
for file in "$@"; do
	began=$SECONDS said="passed"
	timeout -k 5 180m "${ground[@]}" node --test-reporter=spec "$file" 2>&1 | tee "$log"
	status=${PIPESTATUS[0]} bad=$(($(count fail) + $(count cancelled)))
	# A file that ended before its tests did is one that failed.
	[ "$status" -eq 0 ] || [ "$bad" -gt 0 ] || bad=1
	good=$(count pass)
	[ "$good" -gt 0 ] || said="left out"
	[ "$bad" -eq 0 ] || said="FAILED"
	passed=$((passed + good)) failed=$((failed + bad)) skipped=$((skipped + $(grep -c '^ *﹣ ' "$log")))
	times+=$(printf '%-24s %-8s %5d s' "$file" "$said" $((SECONDS - began)))$'\n'
done
printf '\n%s' "$times"
[ "$skipped" -eq 0 ] || echo "$skipped left out: they need machines that can be cut off"
echo "test-cluster: $passed passed, $failed failed"
[ "$failed" -eq 0 ]
