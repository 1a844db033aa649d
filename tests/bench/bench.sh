#!/usr/bin/env bash
# Figures: 1 KiB POST through creel with every delivery recorded, and through nginx as a plain reverse proxy to the same
# app in the same run, interleaved; medians of ROUNDS rounds. Usage: bench.sh BUILD_DIR
set -eu
bin=$(cd "${1:?usage: bench.sh BUILD_DIR}" && pwd)
here=$(cd "$(dirname "$0")" && pwd)
rounds=${ROUNDS:-3} seconds=${SECONDS_EACH:-5}
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
wait_for() { # what command…
	local what=$1 deadline=$((SECONDS + 20))
	shift
	until "$@" >/dev/null 2>&1; do
		[ $SECONDS -lt $deadline ] || { echo "bench: $what did not come up" >&2; cat "$dir"/*.log >&2; exit 1; }
		read -r -t 0.05 <> <(:) || true
	done
}

app=$(free_port) proxy=$(free_port)
cat >"$dir/nginx.conf" <<CONF
worker_processes 2;
pid $dir/nginx.pid;
error_log $dir/nginx.log;
daemon off;
events { worker_connections 4096; }
http {
	access_log off;
	client_body_temp_path $dir/body; proxy_temp_path $dir/proxy; fastcgi_temp_path $dir/f; uwsgi_temp_path $dir/u; scgi_temp_path $dir/s;
	client_body_buffer_size 64k;
	keepalive_requests 100000000;
	upstream app { server 127.0.0.1:$app; keepalive 256; keepalive_requests 100000000; }
	server { listen 127.0.0.1:$app; listen [::1]:$app; location / { return 200 '{"received":1}'; } }
	server { listen 127.0.0.1:$proxy; location / { proxy_pass http://app; proxy_http_version 1.1; proxy_set_header Connection ""; } }
}
CONF
nginx -c "$dir/nginx.conf" -p "$dir" 2>"$dir/nginx-start.log" &
pids+=($!)
"$bin/creel-relay" serve --listen 127.0.0.1:0 --data "$dir/relay" --port-file "$dir/port" --log-level error >"$dir/relay.log" 2>&1 &
relay=$!
pids+=($relay)
wait_for "the relay" test -s "$dir/port"
"$bin/creel" listen "$app" --relay "http://$(cat "$dir/port")" --name bench --output quiet --ready-file "$dir/url" >"$dir/client.log" 2>&1 &
client=$!
pids+=($client)
wait_for "the tunnel" test -s "$dir/url"
url=$(cat "$dir/url")
wait_for "nginx" curl -sf "http://127.0.0.1:$proxy/"

rss() { awk '/VmRSS|VmHWM/ {printf "%s%.1f", sep, $2/1024; sep="/"}' "/proc/$1/status" | sed -E 's#(.*)/(.*)#peak \1 MiB, now \2 MiB#'; }
cpu() { awk '{print $14+$15}' "/proc/$1/stat"; }
echo "idle RSS: relay $(rss $relay); client $(rss $client)"

# name url connections -> appends "rps p50_ms p99_ms errors" to $dir/NAME-C
run_one() {
	local threads=1
	[ "$3" -gt 1 ] && threads=2
	wrk -t$threads -c"$3" -d"${seconds}s" --latency -s "$here/post.lua" "$2" >"$dir/wrk"
	awk '
		function ms(v) { if (v ~ /us$/) return v / 1000; if (v ~ /ms$/) return v + 0; return v * 1000 }
		/50%/ { p50 = ms($2) } /99%/ { p99 = ms($2) } /Requests\/sec/ { rps = $2 }
		/Non-2xx/ { bad = $NF } /Socket errors/ { for (i = 4; i <= NF; i += 2) bad += $i }
		END { print rps, p50, p99, bad + 0 }' "$dir/wrk" >>"$dir/$1-$3"
}
median() { awk -v f="$2" '{print $f}' "$1" | sort -g | awk '{v[NR]=$1} END {print v[int((NR+1)/2)]}'; }

before=$(($(cpu $relay) + $(cpu $client)))
for _ in $(seq "$rounds"); do
	for c in 1 32 256; do
		run_one nginx "http://127.0.0.1:$proxy/hook" $c
		run_one creel "$url/hook" $c
	done
done
printf '%-6s %12s %12s %8s %20s %20s %7s\n' c 'nginx req/s' 'creel req/s' ratio 'nginx p50/p99 ms' 'creel p50/p99 ms' errors
for c in 1 32 256; do
	n=$(median "$dir/nginx-$c" 1) m=$(median "$dir/creel-$c" 1)
	printf '%-6s %12s %12s %8s %20s %20s %7s\n' $c "$n" "$m" "$(awk "BEGIN{printf \"%.2f\", $m/$n}")" \
		"$(median "$dir/nginx-$c" 2)/$(median "$dir/nginx-$c" 3)" "$(median "$dir/creel-$c" 2)/$(median "$dir/creel-$c" 3)" \
		"$(awk '{s+=$4} END {print s+0}' "$dir/creel-$c")"
done
recorded=$("$bin/creel" list -n 1 --json | sed -E 's/^\{"id": ?([0-9]+).*/\1/')
ticks=$(($(cpu $relay) + $(cpu $client) - before))
awk "BEGIN{printf \"recorded %d deliveries, %.2f CPU seconds per 10,000 (relay and client)\n\", $recorded, $ticks/$(getconf CLK_TCK)/$recorded*10000}"
echo "RSS after: relay $(rss $relay); client $(rss $client)"
