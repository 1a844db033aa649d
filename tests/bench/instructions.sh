#!/usr/bin/env bash
# Instructions a delivery (1 KiB POST, one after the other, recorded), of relay and client, by callgrind: the same on a busy
# machine. Creel's own code and the libraries' are counted apart. What SQLite does depends on how many deliveries share a
# transaction, which is a matter of time: the client's libraries are shown only, and the store is counted once more with
# batches of eight (store-load), and so is what it costs to make a block of the search index. Fails where something is 3 %
# over instructions.txt (libraries: 8 %); --save writes that. Where the compiler is another than the saved one's nothing is
# compared, and where libraries are, theirs are not: it says so.
# Usage: instructions.sh BUILD_DIR [--save]
set -eu
bin=$(cd "${1:?usage: instructions.sh BUILD_DIR [--save]}" && pwd)
. "$(dirname "$0")/lib.sh"
saved=$here/instructions.txt
few=100 many=500

skip() { echo "instructions: skipped, $1"; exit 0; }
command -v valgrind >/dev/null || skip "valgrind is not installed"

# What counts differ by. Libraries choose their routines by what valgrind shows of the processor.
compiler=$(readelf -p .comment "$bin/creel" 2>/dev/null | grep -om 1 'GCC: .*\|clang .*' | tr ' ' _ || true)
libraries=$({
	ldd "$bin/creel" "$bin/creel-relay" | awk '$3 ~ /^\// {print $3}' | sort -u | xargs -n 1 readlink -f | xargs -n 1 basename | sort
	valgrind --version
	dpkg-query -W -f '${Package} ${Version}\n' libc6 libsqlite3-0 2>/dev/null
	grep -om 1 avx2 /proc/cpuinfo 2>/dev/null
} | cksum | cut -d' ' -f1)
was() { awk -v who="$1" -v what="$2" '$1 == who && $2 == what {print $3}' "$saved" 2>/dev/null || true; }
if [ "${2:-}" != --save ]; then
	[ "$(was built by)" = "$compiler" ] || skip "the saved counts are of $(was built by), this is $compiler"
fi

start_nginx
# A client that is watched is so slow that it has the time to fill its search index meanwhile.
export CREEL_INDEX=0

# Self cost of the threads' files: creel's own, and the rest.
count_of() {
	awk 'FNR == 1 {delete name; own = 0}
		/^c?ob=/ {
			id = $1; sub(/^c?ob=/, "", id)
			if (NF > 1) name[id] = $2
			if ($1 ~ /^ob/) own = name[id] ~ /\/(creel|creel-relay|store-load)$/
		}
		/^calls=/ {getline; next}
		/^[0-9+*-]/ {n[own] += $2}
		END {printf "%.0f %.0f\n", n[1], n[0]}' "$dir/$1".*
}

send() { # url deliveries
	node -e '
		const http = require("http"), agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
		const [url, n] = process.argv.slice(1), body = "x".repeat(1024);
		const one = (left) => left > 0 && http.request(url, { method: "POST", agent, headers: { "Content-Type": "text/plain", "Content-Length": 1024 } }, (a) => {
			if (a.statusCode !== 200) throw new Error(`answered ${a.statusCode}`);
			a.resume().on("end", () => one(left - 1));
		}).end(body);
		one(+n)' "$1" "$2"
}

# who deliveries: runs everything anew with `who` under callgrind, gives its instructions
count() {
	local who=$1 n=$2 real=$bin out=$dir/cg-$1-$2 p
	rm -rf "$dir/bin-$1-$2" "$out".* "$dir/$1-$2".*
	mkdir "$dir/bin-$1-$2"
	for p in creel creel-relay; do
		printf '#!/bin/sh\nexec %s%s/%s "$@"\n' "$([ $p != "$who" ] || echo "valgrind -q --tool=callgrind --separate-threads=yes --callgrind-out-file=$out.cg ")" "$real" $p \
			>"$dir/bin-$1-$2/$p"
		chmod +x "$dir/bin-$1-$2/$p"
	done
	bin=$dir/bin-$1-$2
	start_relay "$1-$2"
	start_client "$1-$2" "http://$(cat "$dir/$1-$2.port")"
	send "$url/hook" "$n" >"$dir/sent" 2>&1 || { cat "$dir/sent" >&2; exit 1; }
	kill -INT "$client" && wait "$client" || true
	kill -TERM "$relay" && wait "$relay" || true
	bin=$real
	count_of "cg-$1-$2"
}

measure() { # who -> $own, $theirs: a delivery's
	read -r own_few theirs_few < <(count "$1" $few)
	read -r own_many theirs_many < <(count "$1" $many)
	own=$(((own_many - own_few) / (many - few))) theirs=$(((theirs_many - theirs_few) / (many - few)))
}

count_index() { # deliveries, some blocks full
	"$bin/store-load" "$dir/index-$1.db" fill "$1" >/dev/null
	valgrind -q --tool=callgrind --callgrind-out-file="$dir/cg-index-$1.cg" "$bin/store-load" "$dir/index-$1.db" index >/dev/null
	count_of "cg-index-$1"
}

count_store() { # deliveries
	valgrind -q --tool=callgrind --callgrind-out-file="$dir/cg-store-$1.cg" "$bin/store-load" "$dir/$1.db" record "$1" >/dev/null
	count_of "cg-store-$1"
}

# who what now: one line, compared where there is something to compare with. *over: by more than 3 %, of libraries, whose
# locks and timers depend on what else the machine does, by more than 8 %.
compare() {
	local was="" most=103
	[ "$2" = own ] || most=108
	case "$1 $2 $same" in
	"creel libraries"* | *" libraries no") ;;
	*) was=$(was "$1" "$2") ;;
	esac
	over=no
	[ -z "$was" ] || [ "$3" -le $((was * most / 100)) ] || over=yes
	printf '%-12s %6d instructions a delivery, %s%s%s\n' "$1" "$3" "$2" \
		"$([ -z "$was" ] || awk "BEGIN {printf \" (saved %d: %+.1f %%)\", $was, ($3 - $was) / $was * 100}")" \
		"$([ $over = no ] || echo "  WORSE")"
}

one() { # who: measured, and its two lines
	case $1 in
	store)
		read -r own_few theirs_few < <(count_store 800)
		read -r own_many theirs_many < <(count_store 4000)
		own=$(((own_many - own_few) / 3200)) theirs=$(((theirs_many - theirs_few) / 3200))
		;;
	index)
		read -r own_few theirs_few < <(count_index 4096)
		read -r own_many theirs_many < <(count_index 12288)
		own=$(((own_many - own_few) / 8192)) theirs=$(((theirs_many - theirs_few) / 8192))
		;;
	*) measure "$1" ;;
	esac
	worse=no
	compare "$1" own $own && [ $over = no ] || worse=yes
	compare "$1" libraries $theirs && [ $over = no ] || worse=yes
}

status=0
printf '# Instructions a delivery, as tests/bench/instructions.sh counts them and --save writes them.\nbuilt by %s\nlibraries are %s\n' \
	"$compiler" "$libraries" >"$dir/new"
same=yes
[ "$(was libraries are)" = "$libraries" ] || same=no
for who in ${WHO:-creel-relay creel store index}; do
	one "$who" >"$dir/lines"
	# Once more where it is over: what a timer did on a busy machine passes then.
	[ $worse = no ] || one "$who" >"$dir/lines"
	[ $worse = no ] || status=1
	cat "$dir/lines"
	printf '%s own %d\n%s libraries %d\n' "$who" $own "$who" $theirs >>"$dir/new"
done
[ $same = yes ] || [ "${2:-}" = --save ] || echo "instructions: the libraries' are not compared, they are other versions than the saved ones"
[ "${2:-}" != --save ] || { cp "$dir/new" "$saved"; status=0; }
exit $status
