#!/usr/bin/env bash
# What a webhook costs (1 KiB POST, recorded), of relay and client: system calls with 32 at once and one after the other, by
# strace (a program that is watched is slower, so its batches are larger or smaller than by themselves), and how often a
# thread of theirs goes to sleep for one webhook when they come one after the other. Fails over the limits in calls.txt.
# Usage: calls.sh BUILD_DIR
set -eu
bin=$(cd "${1:?usage: calls.sh BUILD_DIR}" && pwd)
. "$(dirname "$0")/lib.sh"
status=0
start_nginx
start_relay calls
start_client calls "http://$(cat "$dir/calls.port")"
head -c 1024 /dev/zero | tr '\0' x >"$dir/1k"
send() { ab -q -k -n "$2" -c "$1" -s 60 -p "$dir/1k" "$url/hook" >"$dir/ab" 2>&1; } # connections webhooks
most() { awk -v w="$1" '$1 == w {print $2}' "$here/calls.txt"; }

count_calls() { # who connections webhooks
	local tracer
	strace -f -c -o "$dir/$1" -p "${!1}" 2>"$dir/strace" &
	tracer=$!
	wait_for "strace" 20 grep -q attached "$dir/strace"
	send "$2" "$3"
	kill -INT "$tracer"
	wait "$tracer" || true
	awk -v n="$3" -v who="$1" -v c="$2" -v most="$(most "$1-$2")" '
		$NF == "total" { each = $(NF - 1) / n; if (NF >= 6) each = $4 / n }
		$1 ~ /^[0-9]/ && $NF != "total" && $4 / n >= 0.01 { what = what sprintf(", %.2f %s", $4 / n, $NF) }
		END { printf "%-6s c=%-2d %5.2f system calls a webhook, limit %s%s: %s\n", who, c, each, most, (each > most + 0 ? "  OVER" : ""), substr(what, 3); exit each > most + 0 }' "$dir/$1" || status=1
}

sleeps() { awk '/^voluntary/ {n += $2} END {print n}' /proc/"$1"/task/*/status; }
count_sleeps() { # webhooks
	local n=$1 who
	declare -A before
	for who in relay client; do before[$who]=$(sleeps "${!who}"); done
	send 1 "$n"
	for who in relay client; do
		awk -v who=$who -v n="$n" -v slept=$(($(sleeps "${!who}") - before[$who])) -v most="$(most "$who-sleeps")" '
			BEGIN { printf "%-6s c=1  %5.2f times asleep a webhook, limit %s%s\n", who, slept / n, most, (slept / n > most + 0 ? "  OVER" : ""); exit slept / n > most + 0 }' || status=1
	done
}

send 32 1000
deliveries=${DELIVERIES:-20000}
for who in relay client; do count_calls $who 32 "$deliveries"; done
for who in relay client; do count_calls $who 1 $((deliveries / 10)); done
count_sleeps $((deliveries / 10))
exit $status
