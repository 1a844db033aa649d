#!/usr/bin/env bash
# Figures of the spool: webhooks/s accepted onto the disk at 32 connections while the client is away (one fsync a batch), a
# backlog of BACKLOG with the memory of both sides, how fast it drains and at what CPU time, and when the first of it comes.
# Then a second backlog, half as large, which drains beside four live senders: how fast, and what that adds to their times.
# Usage: spool.sh BUILD_DIR
set -eu
bin=$(cd "${1:?usage: spool.sh BUILD_DIR}" && pwd)
. "$(dirname "$0")/lib.sh"
backlog=${BACKLOG:-200000}

start_nginx
start_relay spool --admin 127.0.0.1:0 --admin-port-file "$dir/admin" --spool-max-bytes 4GiB
wait_for "the relay's figures" 20 test -s "$dir/admin"
listen() {
	"$bin/creel" listen "$app" --relay "http://$(cat "$dir/spool.port")" --name bench --output quiet --ready-file "$dir/url" "$@" >"$dir/client.log" 2>&1 &
	client=$!
	pids+=($client)
}
listen
wait_for "the tunnel" 20 test -s "$dir/url"
url=$(cat "$dir/url")
kill -INT $client
wait $client || true

echo "idle: relay $(rss $relay)"

spool() { # deliveries: at least so many wait then, $waiting
	local rounds=0
	while [ "$(metric creel_spool_deliveries)" -lt "$1" ]; do
		wrk -t2 -c32 -d5s --latency -s "$here/post.lua" "$url/hook" >"$dir/wrk"
		rounds=$((rounds + 1))
		awk -v r=$rounds '/50%/ {p50=$2} /99%/ {p99=$2} /Requests\/sec/ {rps=$2} /Non-2xx/ {bad=$NF}
			END {printf "spooled, c=32, 5 s round %d: %s webhooks/s accepted (202 after fsync), p50 %s, p99 %s, not 2xx: %d\n", r, rps, p50, p99, bad}' "$dir/wrk"
		[ $rounds -lt 60 ] || break
	done
	waiting=$(metric creel_spool_deliveries)
}
empty() { [ "$(metric creel_spool_deliveries)" -eq 0 ]; }
drained() { [ "$(metric creel_spool_deliveries)" -lt "$waiting" ]; }

spool "$backlog"
echo "backlog of $waiting: relay $(rss $relay), $(du -sh "$dir/relay-spool" | cut -f1) on disk"
start=$(now) before=$(cpu $relay)
rm -f "$dir/url"
listen
wait_for "the first drained delivery" 60 drained
first=$(($(now) - start))
wait_for "the whole of it" 1800 empty
took=$(($(now) - start)) ticks=$(($(cpu $relay) - before + $(cpu $client)))
connected=$(date -d "$(stat -c %y "$dir/url")" +%s%N)
reached=$(sqlite3 -readonly "$XDG_DATA_HOME/creel/creel.db" 'SELECT reached_at FROM delivery ORDER BY id LIMIT 1')
awk "BEGIN{printf \"drained at %.0f/s, %.0f us of CPU each (relay and client); first drained delivery %.0f ms after the client's start, %.1f ms after its connection\n\",
	$waiting/($took/1e9), $ticks/$(getconf CLK_TCK)*1e6/$waiting, $first/1e6, $reached/1e3 - $connected/1e6}"
echo "after: relay $(rss $relay); client $(rss $client)"
n=$("$bin/creel" list -n 1 --json | sed -E 's/^\{"id": ?([0-9]+).*/\1/')
echo "recorded $n of $waiting"
[ "$n" -eq "$waiting" ]

live() { # during or after: appends "p50 p99 errors" of a second
	wrk -t1 -c4 -d1s --latency -s "$here/post_paced.lua" "$url/live" >"$dir/wrk"
	awk 'function ms(v) { if (v ~ /us$/) return v / 1000; if (v ~ /ms$/) return v + 0; return v * 1000 }
		/50%/ {p50 = ms($2)} /99%/ {p99 = ms($2)} /Non-2xx/ {bad = $NF} END {print p50, p99, bad + 0}' "$dir/wrk" >>"$dir/live-$1"
}
kill -INT $client
wait $client || true
spool $((backlog / 2))
rm -f "$dir/url"
start=$(now)
listen
wait_for "the tunnel" 20 test -s "$dir/url"
(wait_for "the whole of it" 1800 empty && now >"$dir/over") &
over=$!
until [ -s "$dir/over" ]; do live during; done
wait $over
# The last of them went on after the drain.
[ "$(wc -l <"$dir/live-during")" -eq 1 ] || sed -i '$d' "$dir/live-during"
for _ in 1 2 3; do live after; done
awk "BEGIN{printf \"drained beside four live senders: %.0f/s\\n\", $waiting/(($(cat "$dir/over") - $start)/1e9)}"
for when in during after; do
	echo "four live senders $when a drain: p50 $(median "$dir/live-$when" 1) ms, p99 $(median "$dir/live-$when" 2) ms, not 2xx: $(awk '{n += $3} END {print n + 0}' "$dir/live-$when")"
done
echo "the drain adds $(awk "BEGIN{printf \"%.1f\", $(median "$dir/live-during" 2) - $(median "$dir/live-after" 2)}") ms to a live sender's p99"
