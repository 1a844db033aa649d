#!/usr/bin/env bash
# Which room may include which: `make lint` fails on an arrow that runs back.
#
# The table is rooms.sh's: a room includes itself, the rooms before it in its line, and all rooms of the folders named
# after the colon.
set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/lint/rooms.sh
git ls-files 'shared/*.[ch]' 'relay/*.[ch]' 'tui/*.[ch]' 'client/*.[ch]' |
	xargs grep -HnE '^[[:space:]]*#[[:space:]]*include[[:space:]]*"' |
	awk -v table="$table" '
	function folder(path) { return substr(path, 1, index(path, "/") - 1) }
	function room(path,    rest) {
		rest = substr(path, index(path, "/") + 1)
		return index(rest, "/") ? substr(rest, 1, index(rest, "/") - 1) : "."
	}
	BEGIN {
		count = split(table, lines, "\n")
		for (i = 1; i <= count; i++) {
			words = split(lines[i], word, " ")
			for (w = 3; w <= words && word[w] != ":"; w++) height[word[1], word[w]] = w
			for (w++; w <= words; w++) below[word[1], word[w]] = 1
		}
	}
	{
		file = substr($0, 1, index($0, ":") - 1)
		split($0, quoted, "\"")
		to = quoted[2]
		# What the build makes, or a header of the same folder named without it, is no business of this table.
		if (to !~ /^(shared|relay|tui|client)\// || to ~ /\.def$/) next
		a = folder(file); b = folder(to)
		if (!((a, room(file)) in height)) bad(file " is in no room of the table")
		else if (!((b, room(to)) in height)) bad(file " includes " to ", which is in no room of the table")
		else if (a == b && height[a, room(file)] < height[b, room(to)]) bad(file " includes " to ", of a room above its own")
		else if (a != b && !((a, b) in below)) bad(file " includes " to ", of a folder that it may not know")
	}
	function bad(text) { if (!said[text]++) { print "includes: " text; faults++ } }
	END { exit faults > 0 }'
