#!/usr/bin/env bash
# How long a search takes over COUNT deliveries with JSON bodies, by the search index and without it: `creel list` from
# its start to its end, the best of RUNS and its CPU time; cold: the file is not in the system's memory. And the index:
# its size, the time to make it, how long the write lock is held for a block. DB names a file to use again.
# Usage: search.sh BUILD_DIR
set -eu
bin=$(cd "${1:?usage: search.sh BUILD_DIR}" && pwd)
count=${COUNT:-1000000} runs=${RUNS:-5}
dir=$(mktemp -d)
export XDG_DATA_HOME=$dir/data XDG_CONFIG_HOME=$dir/config XDG_STATE_HOME=$dir/state
db=${DB:-$dir/creel.db}
trap 'rm -rf "$dir"' EXIT
bytes() { stat -c %s "$db"; }
forget() { for f in "$db" "$db-wal"; do [ ! -e "$f" ] || dd if="$f" iflag=nocache count=0 status=none; done; }

TIMEFORMAT='%R %U %S'
search() { # cold|warm words -> ms by the clock, ms of CPU
	local n status
	for ((n = 0; n < runs; n++)); do
		[ "$1" != cold ] || forget
		status=0
		{ time "$bin/creel" list --db "$db" -n 50 -- "$2" >"$dir/out" 2>"$dir/err" || status=$?; } 2>&1
		[ $status -le 1 ] || { cat "$dir/err" >&2; exit 1; }
	done | sort -g | awk 'NR == 1 {printf "%.0f %.0f", $1 * 1000, ($2 + $3) * 1000}'
}

if [ -z "${DB:-}" ]; then
	"$bin/store-load" "$db" fill "$count" >/dev/null
	before=$(bytes)
	begun=$SECONDS
	"$bin/store-load" "$db" index
	echo "$count deliveries, $((before >> 20)) MiB; the index $((($(bytes) - before) >> 20)) MiB more, made in $((SECONDS - begun)) s"
fi
printf '%-36s %12s %12s %6s\n' 'ms until 50 rows, or the end; CPU' warm cold rows
while IFS='|' read -r what words; do
	warm=$(search warm "$words")
	cold=$(search cold "$words")
	printf '%-36s %12s %12s %6s\n' "$what" "$warm" "$cold" "$(wc -l <"$dir/out")"
done <<-'END'
	nothing asked (the program itself)|id:>0
	a word of every delivery|item
	a word of a seventh|failed
	a word of one in 300|s4321
	a word of one, an old one|evt_100003
	a word of one, in the middle|evt_500000
	two words, of which one is rare|stripe 500000
	two frequent words, never together|failed shopify
	a phrase that is there|"note\":\"item 7 of it"
	the beginning of many words|s43
	the beginning of one word|50000
	a word that stands nowhere|zebra
	looked through: part of a word, rare|body:*vt_50000*
	looked through: nowhere|body:*ebra*
END
