#!/usr/bin/env bash
# clang-tidy over files, several at a time: tidy.sh JOBS "FLAGS OF THE COMPILER" FILE … Its findings are printed a file at a
# time. A file without any is not looked at again until it, what it includes, the rules or the flags have changed; build/lint
# remembers those.
set -u
cd "$(dirname "$0")/../.." || exit 1
jobs=${1:?usage: tidy.sh JOBS FLAGS FILE...} flags=${2?}
shift 2
mkdir -p build/lint || exit 1
rules=$(clang-tidy --version; cat .clang-tidy; echo "$flags")
export flags rules
# shellcheck disable=SC2016 # for the shell of each job
printf '%s\0' "$@" | xargs -0 -n 1 -P "$jobs" bash -c '
	set -o pipefail
	# With comments, for NOLINT, and with macros, which have rules of their own.
	seen=$({ echo "$rules"; eval "${CC:-cc} -E -C -dD $flags \"\$1\"" 2>/dev/null; } | git hash-object --stdin) || seen=none
	[ ! -e "build/lint/$seen" ] || exit 0
	if found=$(eval "clang-tidy --quiet \"\$1\" -- $flags" 2>/dev/null); then
		[ "$seen" = none ] || : >"build/lint/$seen"
	else
		printf "%s\n" "${found:-tidy: clang-tidy cannot look at $1}"
		exit 1
	fi' tidy
