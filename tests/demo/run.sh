#!/usr/bin/env bash
# `make run`: a working tunnel on this machine until Ctrl-C. When nothing listens on the target port a sample receiver does.
set -eu
bin=${1:?usage: run.sh BUILD_DIR}
target=${TARGET:-3000}
port=${PORT:-8080}
receiver=""
cleanup() {
	if [ -n "$receiver" ]; then kill "$receiver" 2>/dev/null || true; fi
}
trap cleanup EXIT
listening() {
	(exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null || (exec 3<>"/dev/tcp/::1/$1") 2>/dev/null
}
command -v creel >/dev/null || echo "Where creel is named, write $bin/creel; make install puts it on the PATH."
if listening "$target"; then
	echo "Forwarding to what listens on port $target."
else
	echo "Nothing listens on port $target: starting a sample receiver there."
	# Beside the inspector it would write over it.
	if [ -t 0 ] && [ -t 1 ] && [ "${TERM:-dumb}" != dumb ]; then
		"$bin/sample-receiver" "$target" >/dev/null 2>&1 &
	else
		"$bin/sample-receiver" "$target" &
	fi
	receiver=$!
fi
"$bin/creel" dev "$target" --port "$port" || status=$?
# Ctrl-C is the way to end it, not a failure.
[ "${status:-0}" = 130 ] && exit 0
exit "${status:-0}"
