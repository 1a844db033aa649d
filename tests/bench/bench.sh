#!/usr/bin/env bash
# Figures: webhooks through creel with every delivery recorded, and through nginx as a reverse proxy to the same app in the
# same run, interleaved; medians of ROUNDS rounds. 1 KiB POST in plain and with TLS, 10 MiB POST, a burst.
# Usage: bench.sh BUILD_DIR
set -eu
bin=$(cd "${1:?usage: bench.sh BUILD_DIR}" && pwd)
. "$(dirname "$0")/lib.sh"
rounds=${ROUNDS:-3} seconds=${SECONDS_EACH:-5}

make_certificate
start_nginx
start_relay plain
start_client plain "http://$(cat "$dir/plain.port")"
plain_relay=$relay plain_client=$client plain_url=$url
start_relay tls --tls-cert "$dir/server.crt" --tls-key "$dir/server.key"
start_client tls "https://localhost:$(sed 's/.*://' "$dir/tls.port")" --ca "$dir/server.crt"
tls_url=$url
echo "idle RSS: relay $(rss $plain_relay); client $(rss $plain_client)"

# series url connections script pids…: appends "rps p50_ms p99_ms errors cpu_us" (each) to $dir/SERIES-CONNECTIONS
run_one() {
	local threads=1 series=$1 url=$2 c=$3 script=$4 before
	[ "$c" -gt 1 ] && threads=2
	shift 4
	before=$(cpu_of "$@")
	wrk -t$threads -c"$c" -d"${seconds}s" --timeout 30s --latency -s "$script" "$url" >"$dir/wrk"
	awk -v ticks=$(($(cpu_of "$@") - before)) -v hz="$(getconf CLK_TCK)" '
		function ms(v) { if (v ~ /us$/) return v / 1000; if (v ~ /ms$/) return v + 0; return v * 1000 }
		/50%/ { p50 = ms($2) } /99%/ { p99 = ms($2) } /Requests\/sec/ { rps = $2 }
		/requests in/ { n = $1 } /Non-2xx/ { bad = $NF } /Socket errors/ { for (i = 4; i <= NF; i += 2) bad += $i }
		END { print rps, p50, p99, bad + 0, n ? ticks / hz * 1e6 / n : 0 }' "$dir/wrk" >>"$dir/$series-$c"
}

# what series script nginx-url creel-url "creel's pids" connections…: a table
compare() {
	local what=$1 series=$2 script=$3 theirs=$4 ours=$5 ours_pids=$6 c n m
	shift 6
	for _ in $(seq "$rounds"); do
		for c in "$@"; do
			run_one "nginx-$series" "$theirs" "$c" "$script" $proxy_pids
			run_one "creel-$series" "$ours" "$c" "$script" $ours_pids
		done
	done
	printf '%s\n%-4s %11s %11s %6s %17s %17s %26s %7s\n' "$what" c 'nginx req/s' 'creel req/s' ratio 'nginx p50/p99 ms' 'creel p50/p99 ms' 'CPU s/10,000 nginx/creel' errors
	for c in "$@"; do
		n=$dir/nginx-$series-$c m=$dir/creel-$series-$c
		printf '%-4s %11s %11s %6s %17s %17s %26s %7s\n' "$c" "$(median "$n" 1)" "$(median "$m" 1)" \
			"$(awk "BEGIN{printf \"%.2f\", $(median "$m" 1)/$(median "$n" 1)}")" "$(median "$n" 2)/$(median "$n" 3)" "$(median "$m" 2)/$(median "$m" 3)" \
			"$(awk "BEGIN{n=$(median "$n" 5)/100; m=$(median "$m" 5)/100; printf \"%.2f/%.2f (%.1f times)\", n, m, m/n}")" \
			"$(awk '{s+=$4} END {print s+0}' "$m")"
	done
}

recorded() { "$bin/creel" list -n 1 --json --db "$dir/plain.db" | sed -E 's/^\{"id": ?([0-9]+).*/\1/'; }

compare "1 KiB POST" plain "$here/post.lua" "http://127.0.0.1:$proxy/hook" "$plain_url/hook" "$plain_relay $plain_client" 1 32 256
echo "recorded $(recorded) deliveries"
echo "RSS after: relay $(rss $plain_relay); client $(rss $plain_client)"
compare "1 KiB POST, TLS to the relay and from the relay to the client" tls "$here/post.lua" "https://localhost:$proxy_tls/hook" "$tls_url/hook" "$relay $client" 1 32 256
compare "10 MiB POST" large "$here/post_large.lua" "http://127.0.0.1:$proxy/hook" "$plain_url/hook" "$plain_relay $plain_client" 1 4
echo "RSS after: relay $(rss $plain_relay); client $(rss $plain_client)"

head -c 1024 /dev/zero | tr '\0' x >"$dir/1k"
burst() { ab -q -k -n 10000 -c 64 -p "$dir/1k" -T text/plain "$1" 2>&1 | awk '/Time taken/ {t=$5} /^Failed|^Non-2xx/ {f+=$NF} END {printf "%.2f s, %d failed", t, f}'; }
echo "burst of 10,000 over 64 connections: nginx $(burst "http://127.0.0.1:$proxy/burst"); creel $(burst "$plain_url/burst")"
