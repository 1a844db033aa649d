#!/usr/bin/env bash
# Figures: webhooks through creel with every delivery recorded, through nginx as a reverse proxy to the same app, and, where
# given, through another version of creel, in turns whose order changes; medians of ROUNDS rounds. 1 KiB POST in plain and
# with TLS, 10 MiB POST, a burst, and what the disk adds to a webhook that comes alone. Fails when a series has errors, when
# bytes are missing at the app, or when creel's CPU time, in nginx's of the same rounds, is over its limit in limits.txt.
# Usage: bench.sh BUILD_DIR [OTHER_BUILD_DIR]; ROUNDS, SECONDS_EACH, SETS="plain tls large burst disk"
set -eu
new=$(cd "${1:?usage: bench.sh BUILD_DIR [OTHER_BUILD_DIR]}" && pwd)
old=${2:+$(cd "$2" && pwd)}
. "$(dirname "$0")/lib.sh"
rounds=${ROUNDS:-3} seconds=${SECONDS_EACH:-5} sets=${SETS:-plain tls large burst disk}
status=0
fault() { echo "bench: $*" >&2; status=1; }

make_certificate
start_counter
start_nginx
declare -A url_of pids_of db_of
series="nginx${old:+ old} creel"
pids_of[nginx]=$proxy_pids url_of[nginx-plain]=http://127.0.0.1:$proxy url_of[nginx-tls]=https://localhost:$proxy_tls
start_pair() { # series: a relay and a client in plain, another two with TLS on both legs
	start_relay "$1"
	start_client "$1" "http://$(cat "$dir/$1.port")" --route "/counted=$counter"
	url_of[$1-plain]=$url pids_of[$1]="$relay $client" db_of[$1]=$dir/$1.db
	echo "$1: idle RSS: relay $(rss "$relay"); client $(rss "$client")"
	case $sets in *tls*) ;; *) return ;; esac
	start_relay "$1-tls" --tls-cert "$dir/server.crt" --tls-key "$dir/server.key"
	start_client "$1-tls" "https://localhost:$(sed 's/.*://' "$dir/$1-tls.port")" --ca "$dir/server.crt"
	url_of[$1-tls]=$url pids_of[$1-tls]="$relay $client" db_of[$1-tls]=$dir/$1-tls.db
}
[ -z "$old" ] || { bin=$old; start_pair old; }
bin=$new
start_pair creel

# What is sent arrives, byte for byte: at an app that counts, by each way.
head -c 1024 /dev/urandom | base64 -w0 | head -c 1024 >"$dir/1k"
head -c 10485760 /dev/urandom >"$dir/10m"
for s in $series; do
	for body in 1k 10m; do
		n=200 before=$(counted)
		[ $body = 1k ] || n=5
		ab -q -k -n $n -c 4 -s 60 -p "$dir/$body" -T application/octet-stream "${url_of[$s-plain]}/counted" >"$dir/ab" 2>&1 || fault "$s: ab: $(tail -n 1 "$dir/ab")"
		[ $(($(counted) - before)) -eq $((n * $(stat -c %s "$dir/$body"))) ] || fault "$s: of $n bodies of $body, $(($(counted) - before)) bytes arrived"
	done
done

# set series connections script: appends "rps p50_ms p99_ms errors cpu_s_a_10000 requests" to $dir/SET-SERIES-CONNECTIONS
run_one() {
	local threads=1 set=$1 s=$2 c=$3 script=$4 where=plain before mine
	[ "$c" -gt 1 ] && threads=2
	[ "$set" != tls ] || where=tls
	mine=${pids_of[$s]}
	[ "$s-$where" = nginx-tls ] || [ $where = plain ] || mine=${pids_of[$s-tls]}
	before=$(cpu_of $mine)
	wrk -t$threads -c"$c" -d"${seconds}s" --timeout 30s --latency -s "$script" "${url_of[$s-$where]}/hook" >"$dir/wrk"
	awk -v ticks=$(($(cpu_of $mine) - before)) -v hz="$(getconf CLK_TCK)" '
		function ms(v) { if (v ~ /us$/) return v / 1000; if (v ~ /ms$/) return v + 0; return v * 1000 }
		/50%/ { p50 = ms($2) } /99%/ { p99 = ms($2) } /Requests\/sec/ { rps = $2 }
		/requests in/ { n = $1 } /Non-2xx/ { bad = $NF } /Socket errors/ { for (i = 4; i <= NF; i += 2) bad += $i }
		END { if (!n) bad++; print rps + 0, p50 + 0, p99 + 0, bad + 0, n ? ticks / hz * 1e4 / n : 0, n + 0 }' "$dir/wrk" >>"$dir/$set-$s-$c"
}

# series database: the last number on record, read by the version that wrote it
recorded() { "$([ "$1" = old ] && echo "$old" || echo "$new")/creel" list -n 1 --json --db "$2" | sed -E 's/^\{"id": ?([0-9]+).*/\1/'; }
sum() { awk -v f="$2" '{n += $f} END {printf "%d", n}' "$1"; }
# median least-most of a column
spread() { awk -v f="$2" '{print $f}' "$1" | sort -g | awk -v p="$3" '{v[NR]=$1} END {printf p " (" p "-" p ")", v[int((NR+1)/2)], v[1], v[NR]}'; }

# SET-CONNECTIONS: creel's CPU time in nginx's of the same round, the median against limits.txt
limit() {
	local most times
	most=$(awk -v n="$1" '$1 == n {print $2}' "$here/limits.txt")
	[ -n "$most" ] || return 0
	paste "$dir/${1%-*}-nginx-${1#*-}" "$dir/${1%-*}-creel-${1#*-}" | awk '$5 > 0 {print $11 / $5}' >"$dir/times"
	times=$(median "$dir/times" 1)
	[ -n "$times" ] || { fault "$1: nginx's CPU time was too little to be measured"; return 0; }
	printf 'CPU of relay and client, c=%s: %.2f times nginx'"'"'s, at most %s\n' "${1#*-}" "$times" "$most"
	awk "BEGIN{exit !($times > $most)}" || return 0
	fault "$1: CPU of relay and client is $times times nginx's, limit $most"
}

# set what script connections…: a table
compare() {
	local set=$1 what=$2 script=$3 c s round order f first missing
	shift 3
	declare -A were
	for s in $series; do [ "$s" = nginx ] || were[$s]=$(recorded "$s" "${db_of[$s$([ "$set" != tls ] || echo -tls)]}"); done
	for round in $(seq "$rounds"); do
		order=$series
		[ $((round % 2)) -eq 1 ] || order=$(printf '%s\n' $series | tac)
		for c in "$@"; do
			for s in $order; do run_one "$set" "$s" "$c" "$script"; done
		done
	done
	printf '%s, %d rounds of %d s: median (least-most)\n%-4s %-6s %9s %20s %20s %17s %22s %7s\n' "$what" "$rounds" "$seconds" c '' 'req/s' 'of nginx' 'of old' 'p50/p99 ms' 'CPU s/10,000' errors
	for c in "$@"; do
		for s in $series; do
			f=$dir/$set-$s-$c
			for first in nginx old; do
				[ -e "$dir/$set-$first-$c" ] && paste "$dir/$set-$first-$c" "$f" | awk '{print ($1 > 0 ? $7 / $1 : 0)}' >"$f-$first" || echo 0 >"$f-$first"
			done
			printf '%-4s %-6s %9.0f %20s %20s %17s %22s %7s\n' "$c" "$s" "$(median "$f" 1)" \
				"$([ "$s" = nginx ] || spread "$f-nginx" 1 %.2f)" "$([ "$s" != creel ] || [ -z "$old" ] || spread "$f-old" 1 %.2f)" \
				"$(median "$f" 2)/$(median "$f" 3)" "$(spread "$f" 5 %.2f)" "$(sum "$f" 4)"
			[ "$(sum "$f" 4)" -eq 0 ] || fault "$what, c=$c: $s has $(sum "$f" 4) errors"
		done
		limit "$set-$c"
	done
	for s in $series; do
		[ "$s" != nginx ] || continue
		for c in "$@"; do cat "$dir/$set-$s-$c"; done >"$dir/all"
		missing=$(($(sum "$dir/all" 6) - $(recorded "$s" "${db_of[$s$([ "$set" != tls ] || echo -tls)]}") + were[$s]))
		[ "$missing" -le 0 ] || fault "$what: of $(sum "$dir/all" 6) deliveries $missing are not on record with $s"
	done
}

# One sender, whose answer waits for the record's sync, in turns with the same whose record lies in memory, where a sync
# is nothing.
compare_syncs() {
	local memory=/dev/shm/creel-bench-$$ round s on_disk
	[ -d /dev/shm ] || { echo "no /dev/shm: what recording costs one sender is not measured"; return 0; }
	on_disk=${url_of[creel-plain]}
	mkdir "$memory"
	folders+=("$memory")
	start_relay memory
	start_client memory "http://$(cat "$dir/memory.port")" --db "$memory/creel.db"
	url_of[memory-plain]=$url pids_of[memory]="$relay $client" url_of[creel-plain]=$on_disk
	for round in $(seq "$rounds"); do
		for s in $([ $((round % 2)) -eq 1 ] && echo memory creel || echo creel memory); do run_one sync "$s" 1 "$here/post.lua"; done
		node "$here/sync.mjs" "$dir/synced" "$(median "$dir/sync-memory-1" 2)" >>"$dir/sync-disk"
	done
	awk -v p50="$(median "$dir/sync-creel-1" 2)" -v p99="$(median "$dir/sync-creel-1" 3)" -v m50="$(median "$dir/sync-memory-1" 2)" \
		-v m99="$(median "$dir/sync-memory-1" 3)" -v d50="$(median "$dir/sync-disk" 1)" -v d99="$(median "$dir/sync-disk" 2)" 'BEGIN {
		printf "one sender, c=1: p50/p99 %.2f/%.2f ms; the record in memory %.2f/%.2f: %.2f/%.2f more; an fdatasync of this disk takes %.2f/%.2f\n",
			p50, p99, m50, m99, p50 - m50, p99 - m99, d50, d99 }'
}

for set in $sets; do
	case $set in
	disk) compare_syncs ;;
	plain) compare plain "1 KiB POST" "$here/post.lua" 1 32 256 ;;
	tls)
		compare tls "1 KiB POST, TLS to the relay and from the relay to the client" "$here/post.lua" 1 32 256
		[ ! -e "$dir/plain-creel-32" ] || echo "TLS at c=32 costs creel $(awk "BEGIN{printf \"%.1f\", ($(median "$dir/tls-creel-32" 5) - $(median "$dir/plain-creel-32" 5)) * 100}") us of CPU a webhook, nginx's one leg $(awk "BEGIN{printf \"%.1f\", ($(median "$dir/tls-nginx-32" 5) - $(median "$dir/plain-nginx-32" 5)) * 100}")"
		;;
	large) compare large "10 MiB POST" "$here/post_large.lua" 1 4 ;;
	burst)
		echo "burst of 10,000 over 64 connections:"
		for s in $series; do
			ab -q -k -n 10000 -c 64 -p "$dir/1k" -T text/plain "${url_of[$s-plain]}/burst" 2>&1 |
				awk -v s="$s" '/Time taken/ {t=$5} /^Failed|^Non-2xx/ {f+=$NF} END {printf "  %s %.2f s, %d failed\n", s, t, f; exit t == 0 || f > 0}' || fault "the burst: $s failed"
		done
		;;
	esac
	for s in $series; do
		[ "$s" = nginx ] || { set -- ${pids_of[$s]}; echo "$s: RSS after it: relay $(rss "$1"); client $(rss "$2")"; }
	done
done
exit $status
