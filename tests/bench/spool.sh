#!/usr/bin/env bash
# Figures of the spool: webhooks/s accepted onto the disk at 32 connections while the client is away (one fsync a batch),
# a backlog of BACKLOG with the memory of both sides, the drain's rate, and the time from the client's start to the first
# drained delivery. Usage: spool.sh BUILD_DIR
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
rounds=0
while [ "$(metric creel_spool_deliveries)" -lt "$backlog" ]; do
	wrk -t2 -c32 -d5s --latency -s "$here/post.lua" "$url/hook" >"$dir/wrk"
	rounds=$((rounds + 1))
	awk -v r=$rounds '/50%/ {p50=$2} /99%/ {p99=$2} /Requests\/sec/ {rps=$2} /Non-2xx/ {bad=$NF}
		END {printf "spooled, c=32, 5 s round %d: %s webhooks/s accepted (202 after fsync), p50 %s, p99 %s, not 2xx: %d\n", r, rps, p50, p99, bad}' "$dir/wrk"
	[ $rounds -lt 60 ] || break
done
waiting=$(metric creel_spool_deliveries)
echo "backlog of $waiting: relay $(rss $relay), $(du -sh "$dir/relay-spool" | cut -f1) on disk"
start=$(now)
listen
first=""
drained() { [ "$(metric creel_spool_deliveries)" -lt "$waiting" ]; }
wait_for "the first drained delivery" 60 drained
first=$(($(now) - start))
empty() { [ "$(metric creel_spool_deliveries)" -eq 0 ]; }
wait_for "the whole of it" 1800 empty
took=$(($(now) - start))
awk "BEGIN{printf \"drained at %.0f/s; client start to first drained delivery %.0f ms\n\", $waiting/($took/1e9), $first/1e6}"
echo "after: relay $(rss $relay); client $(rss $client)"
n=$("$bin/creel" list -n 1 --json | sed -E 's/^\{"id": ?([0-9]+).*/\1/')
echo "recorded $n of $waiting"
[ "$n" -eq "$waiting" ]
