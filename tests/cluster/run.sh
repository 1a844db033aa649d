#!/usr/bin/env bash
# The long form of the cluster's tests. Usage: run.sh [FILE.test.mjs…]; FAULTS=200 and SEED= are the torture's.
# As root each file has a network and processes of its own, which are gone when it is. The last line is the sum.
set -uo pipefail
cd "$(dirname "$0")" || exit 1

ground=(env)
if [ "$(uname)" = Linux ] && [ "$(id -u)" = 0 ] && unshare --net --pid --fork --kill-child --mount-proc true 2>/dev/null; then
	ground=(unshare --net --pid --fork --kill-child --mount-proc env CREEL_CLUSTER_GROUND=netns)
else
	echo "test-cluster: not root on Linux, so all of it is on loopback and nothing is cut off"
fi
[ $# -gt 0 ] || set -- *.test.mjs
failed=""
for file in "$@"; do
	timeout -k 5 180m "${ground[@]}" node --test-reporter=spec "$file" || failed="$failed $file"
done
if [ -n "$failed" ]; then
	echo "test-cluster: failed:$failed"
	exit 1
fi
echo "test-cluster: $# files passed"
