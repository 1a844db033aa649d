#!/usr/bin/env bash
# Instructions a delivery (1 KiB POST, one after the other, recorded), of relay and client, by callgrind: the same on a busy
# machine. Fails where it is 3 % over instructions.txt; --save writes that. Other library versions or another CPU count
# differently.
# Usage: instructions.sh BUILD_DIR [--save]
set -eu
bin=$(cd "${1:?usage: instructions.sh BUILD_DIR [--save]}" && pwd)
. "$(dirname "$0")/lib.sh"
saved=$here/instructions.txt
status=0
start_nginx
head -c 1024 /dev/zero | tr '\0' x >"$dir/1k"

total() { awk '/^totals:/ {n += $2} END {printf "%.0f", n}' "$dir/$1".*; } # a file for each thread

# who deliveries: runs everything anew with `who` under callgrind, gives its instructions
count() {
	local who=$1 n=$2 real=$bin out=$dir/cg-$1-$2
	mkdir "$dir/bin-$1-$2"
	for p in creel creel-relay; do
		printf '#!/bin/sh\nexec %s%s/%s "$@"\n' "$([ $p != "$who" ] || echo "valgrind -q --tool=callgrind --separate-threads=yes --callgrind-out-file=$out.cg ")" "$real" $p \
			>"$dir/bin-$1-$2/$p"
		chmod +x "$dir/bin-$1-$2/$p"
	done
	bin=$dir/bin-$1-$2
	start_relay "$1-$2"
	start_client "$1-$2" "http://$(cat "$dir/$1-$2.port")"
	ab -q -k -n "$n" -c 1 -s 60 -p "$dir/1k" -T text/plain "$url/hook" >"$dir/ab" 2>&1 || { cat "$dir/ab" >&2; exit 1; }
	kill -INT "$client" && wait "$client" || true
	kill -TERM "$relay" && wait "$relay" || true
	bin=$real
	total "cg-$1-$2"
}

for who in ${WHO:-creel-relay creel}; do
	few=$(count $who 100) many=$(count $who 600)
	each=$(((many - few) / 500))
	was=$(awk -v who=$who '$1 == who {print $2}' "$saved" 2>/dev/null || true)
	printf '%-12s %8d instructions a delivery' $who $each
	[ -z "$was" ] || awk "BEGIN{d = ($each - $was) / $was * 100; printf \", saved %d: %+.1f %%%s\", $was, d, (d > 3 ? \"  WORSE\" : \"\")}"
	echo
	[ -z "$was" ] || [ "$each" -le $((was * 103 / 100)) ] || status=1
	echo "$who $each" >>"$dir/new"
done
[ "${2:-}" != --save ] || { cp "$dir/new" "$saved"; status=0; }
exit $status
