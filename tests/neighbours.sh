#!/usr/bin/env bash
# `make neighbours`: builds both programs of an earlier release from git's tag and runs tests/e2e/neighbours.test.mjs with them and
# today's. What is built once is kept by its commit. Usage: neighbours.sh BUILD [REVISION], the newest tag without one.
set -euo pipefail
build=${1:?usage: neighbours.sh BUILD [REVISION]}
cd "$(dirname "$0")/.."
revision=${2:-$(git describe --tags --abbrev=0 --match 'v*' HEAD^ 2>/dev/null || true)}
[ -n "$revision" ] || {
	echo "neighbours: no earlier release is tagged here; name a commit: make neighbours OLD=REVISION" >&2
	exit 0
}
commit=$(git rev-parse --verify --quiet "$revision^{commit}") || {
	echo "neighbours: git knows no $revision" >&2
	exit 2
}
to=$PWD/build/neighbours/$commit
if ! [ -x "$to/build/release/creel-relay" ]; then
	rm -rf "$to"
	mkdir -p "$to"
	git archive "$commit" | tar -xC "$to"
	# Its own rules build it, whatever make was given for today's.
	MAKEFLAGS='' make -s -C "$to" -j"$(nproc)" CI= WERROR= all
fi
echo "neighbours: $revision, $("$to/build/release/creel" version), and $("$build/creel" version)"
CREEL_BIN_DIR=$PWD/$build CREEL_EARLIER_BIN_DIR=$to/build/release tests/e2e/run.sh neighbours.test.mjs
