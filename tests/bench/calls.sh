#!/usr/bin/env bash
# System calls a webhook (1 KiB POST, 32 at once, recorded), of relay and client, by strace: a program that is watched is
# slower, so its batches are larger or smaller than by themselves. Fails over the limit in calls.txt.
# Usage: calls.sh BUILD_DIR
set -eu
bin=$(cd "${1:?usage: calls.sh BUILD_DIR}" && pwd)
. "$(dirname "$0")/lib.sh"
status=0
start_nginx
start_relay calls
start_client calls "http://$(cat "$dir/calls.port")"
head -c 1024 /dev/zero | tr '\0' x >"$dir/1k"
ab -q -k -n 1000 -c 32 -p "$dir/1k" "$url/hook" >"$dir/ab" 2>&1
deliveries=${DELIVERIES:-20000}
for who in relay client; do
	strace -f -c -o "$dir/$who" -p "${!who}" 2>"$dir/strace" &
	tracer=$!
	wait_for "strace" 20 grep -q attached "$dir/strace"
	ab -q -k -n "$deliveries" -c 32 -s 60 -p "$dir/1k" "$url/hook" >"$dir/ab" 2>&1
	kill -INT "$tracer"
	wait "$tracer" || true
	awk -v n="$deliveries" -v who="$who" -v most="$(awk -v w="$who" '$1 == w {print $2}' "$here/calls.txt")" '
		$NF == "total" { each = $(NF - 1) / n; if (NF >= 6) each = $4 / n }
		$1 ~ /^[0-9]/ && $NF != "total" && $4 / n >= 0.01 { what = what sprintf(", %.2f %s", $4 / n, $NF) }
		END { printf "%-12s %5.2f system calls a webhook, limit %s%s: %s\n", who, each, most, (each > most + 0 ? "  OVER" : ""), substr(what, 3); exit each > most + 0 }' "$dir/$who" || status=1
done
exit $status
