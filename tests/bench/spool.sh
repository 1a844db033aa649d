#!/usr/bin/env bash
# Figures of the spool: webhooks/s accepted onto the disk at 32 connections while the client is away (one fsync a batch),
# a backlog of BACKLOG with the memory of both sides, the drain's rate, and the time from the client's start to the first
# drained delivery. Usage: spool.sh BUILD_DIR
set -eu
bin=$(cd "${1:?usage: spool.sh BUILD_DIR}" && pwd)
here=$(cd "$(dirname "$0")" && pwd)
backlog=${BACKLOG:-100000}
dir=$(mktemp -d)
export XDG_DATA_HOME=$dir/data XDG_CONFIG_HOME=$dir/config XDG_STATE_HOME=$dir/state
pids=()
cleanup() {
	for p in "${pids[@]}"; do kill "$p" 2>/dev/null || true; done
	wait 2>/dev/null || true
	rm -rf "$dir"
}
trap cleanup EXIT
free_port() { node -e 'const s=require("net").createServer().listen(0,"127.0.0.1",()=>{console.log(s.address().port);s.close()})'; }
now() { date +%s%N; }
wait_for() { # what seconds command…
	local what=$1 deadline=$((SECONDS + $2))
	shift 2
	until "$@" >/dev/null 2>&1; do
		[ $SECONDS -lt $deadline ] || { echo "bench: $what did not come about" >&2; tail -n 5 "$dir"/*.log >&2; exit 1; }
		read -r -t 0.02 <> <(:) || true
	done
}
rss() { awk '/VmRSS|VmHWM/ {printf "%s%.1f", sep, $2/1024; sep="/"}' "/proc/$1/status" | sed -E 's#(.*)/(.*)#peak \1 MiB, now \2 MiB#'; }
metric() { curl -sf "http://$(cat "$dir/admin")/metrics" | awk -v n="$1" '$1 == n {print $2}'; }

app=$(free_port)
cat >"$dir/nginx.conf" <<CONF
worker_processes 1;
pid $dir/nginx.pid;
error_log $dir/nginx.log;
daemon off;
events { worker_connections 4096; }
http {
	access_log off;
	client_body_temp_path $dir/body; proxy_temp_path $dir/proxy; fastcgi_temp_path $dir/f; uwsgi_temp_path $dir/u; scgi_temp_path $dir/s;
	client_body_buffer_size 64k; keepalive_requests 100000000;
	server { listen 127.0.0.1:$app; listen [::1]:$app; location / { return 200 '{"received":1}'; } }
}
CONF
nginx -c "$dir/nginx.conf" -p "$dir" 2>"$dir/nginx-start.log" &
pids+=($!)
"$bin/creel-relay" serve --listen 127.0.0.1:0 --data "$dir/relay" --port-file "$dir/port" --admin 127.0.0.1:0 --admin-port-file "$dir/admin" \
	--spool-max-bytes 4GiB --log-level error >"$dir/relay.log" 2>&1 &
relay=$!
pids+=($relay)
wait_for "the relay" 20 test -s "$dir/admin"
listen() {
	"$bin/creel" listen "$app" --relay "http://$(cat "$dir/port")" --name bench --output quiet --ready-file "$dir/url" "$@" >"$dir/client.log" 2>&1 &
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
echo "backlog of $waiting: relay $(rss $relay), $(du -sh "$dir/relay" | cut -f1) on disk"
start=$(now)
listen
first=""
drained() { [ "$(metric creel_spool_deliveries)" -lt "$waiting" ]; }
wait_for "the first drained delivery" 60 drained
first=$(($(now) - start))
empty() { [ "$(metric creel_spool_deliveries)" -eq 0 ]; }
wait_for "the whole of it" 1800 empty
took=$(($(now) - start))
awk "BEGIN{printf \"drained at %.0f/s (drain-parallel 4); client start to first drained delivery %.0f ms\n\", $waiting/($took/1e9), $first/1e6}"
echo "after: relay $(rss $relay); client $(rss $client)"
n=$("$bin/creel" list -n 1 --json | sed -E 's/^\{"id": ?([0-9]+).*/\1/')
echo "recorded $n of $waiting"
[ "$n" -eq "$waiting" ]
