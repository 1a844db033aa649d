#!/usr/bin/env bash
# A public function is found by its name: `make lint` fails on one that does not begin with the name of its file, or with
# the word that the file's name begins with (store_query.c may define store_get). `names.sh FOLDER …` looks at those only.
set -u
cd "$(dirname "$0")/../.." || exit 1
[ $# -gt 0 ] || set -- shared relay tui client
git ls-files -- "${@/%//*.c}" | xargs awk '
	FNR == 1 {
		head = ""
		base = FILENAME
		sub(/.*\//, "", base); sub(/\.c$/, "", base)
		first = base
		sub(/_.*/, "", first)
	}
	# A definition in this layout: its head begins in the first column, its body is a { alone in it.
	/^\{/ { look(head); head = ""; next }
	/^[A-Za-z_]/ { head = $0; next }
	/^[ \t]/ && head != "" { head = head $0; next }
	{ head = "" }
	function look(head,    name) {
		if (head ~ /^static / || head !~ /\(/ || head ~ /[;={]/) return
		name = substr(head, 1, index(head, "(") - 1)
		sub(/.*[ *]/, "", name)
		if (name == "main" || name == first || index(name, first "_") == 1) return
		print "names: " name "() stands in " FILENAME ", where nobody looks for it"
		faults++
	}
	END { exit faults > 0 }'
