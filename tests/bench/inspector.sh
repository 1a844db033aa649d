#!/usr/bin/env bash
# Figures of the inspector over COUNT deliveries with bodies: from exec to the first row; bytes a key; from a key to the
# row it asks for, while 500 deliveries/s arrive, and in the other views, beside each other and sorted; memory after 10,000 pages and with a body of 100 MiB open; the first rows of a
# filter that has to read bodies, and from Esc to its walk's end. Fails when one is over its limit, or could not be
# measured. Usage: inspector.sh BUILD_DIR
set -eu
bin=$(cd "${1:?usage: inspector.sh BUILD_DIR}" && pwd)
count=${COUNT:-1000000} pages=${PAGES:-10000}
dir=$(mktemp -d)
export XDG_DATA_HOME=$dir/data XDG_CONFIG_HOME=$dir/config XDG_STATE_HOME=$dir/state
db=$dir/creel.db
pids=()
cleanup() {
	for p in "${pids[@]}"; do kill "$p" 2>/dev/null || true; done
	wait 2>/dev/null || true
	rm -rf "$dir"
}
trap cleanup EXIT
status=0
limit() { # name unit most, lines of figures on stdin
	awk -v name="$1" -v unit="$2" -v most="$3" '$1 == name {
		seen = 1
		printf "  %-28s %8.1f %s (limit %s)%s\n", name, $2, unit, most, ($2 + 0 > most + 0 ? "  OVER" : "")
		if ($2 + 0 > most + 0) over = 1
	} END {
		if (!seen) printf "  %-28s not measured\n", name
		exit !seen || over
	}' "$dir/figures" || status=1
}

measure() { # options of tui-bench, then what follows `creel ui`
	local options=()
	while [ "$1" != -- ]; do options+=("$1"); shift; done
	shift
	"$bin/tui-bench" "${options[@]}" -- "$bin/creel" ui --ascii --db "$db" "$@" >"$dir/figures" || status=1
}

"$bin/store-load" "$db" fill "$count"
echo "inspector, $count deliveries, $(du -m "$db" | cut -f1) MiB:"
measure --runs 20 --
limit first_paint_ms ms 50

# What a line of 9,600 baud has to carry for a key: as measured before there were bars.
"$bin/tui-bench" --keys 150 -- "$bin/tui-fake" 300 --plain --ascii >"$dir/figures" || status=1
echo "  what a key writes, over 300 deliveries in memory:"
limit key_bytes bytes 394

"$bin/tui-bench" --slow 60 -- "$bin/tui-fake" 300 --plain --ascii >"$dir/figures" || status=1
echo "  60 keys typed ahead on a line of 9,600 baud, until the last is seen; and Esc:"
limit slow_after_ms ms 4000
limit slow_bytes bytes 6000
limit slow_esc_ms ms 1500

"$bin/store-load" "$db" rate 500 &
pids+=($!)
measure --keys 2000 --
kill "${pids[0]}" && wait "${pids[0]}" || true
pids=()
echo "  while 500/s arrive:"
limit key_p99_ms ms 16

# In the order of a column, also while that is looked for; in the overview while it counts; in a filter that is applied
# while it is typed. What was chosen is not for the next one.
views() { # what it is, the figure's name, options of tui-bench
	local what=$1 name=$2
	shift 2
	rm -rf "$XDG_STATE_HOME"
	measure "$@" --
	echo "  $what:"
	limit "${name}_p99_ms" ms 16
}
views "sorted by TOOK, and while it is sorted" sorted --sorted 400
limit order_ms ms 2000
limit sorted_cpu_ms ms 16
views "in the overview" overview --overview 400
limit overview_cpu_ms ms 16
views "a filter that reads bodies, while it is typed" typed --typed 400
limit typed_cpu_ms ms 16
views "beside a delivery, 160x50" key --size 160x50 --keys 400
views "three panes, 220x60" key --size 220x60 --keys 400

rm -rf "$XDG_STATE_HOME"
measure --pages "$pages" --
limit page_p99_ms ms 16
limit rss_pages_mib MiB 40

# One, a hundredth of the way back, and only in its body.
measure --runs 5 -- "body:/\"id\":\"evt_$((count - count / 100))\"/"
echo "  a filter that reads bodies, to its first row:"
limit first_paint_ms ms 1000

# One among the newest thousandth; Esc comes while the rest is read.
measure --walk "body:/\"id\":\"evt_$((count - count / 1000))\"/" --
echo "  the same, from Esc to the walk's end, and CPU spent after it:"
limit walk_end_worst_ms ms 100
limit walk_cpu_ms ms 25

"$bin/store-load" "$db" large 104857600
printf '%s\n' "  a body of 100 MiB open:"
measure --open --
limit rss_open_mib MiB 40
exit $status
