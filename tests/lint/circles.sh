#!/usr/bin/env bash
# Circles of calls between files: `make lint` fails where more than 3 files call each other in a circle, for such files can
# only be understood, tested and changed together. With --all the smaller ones are printed as well. And no file calls one of
# a room above its own (rooms.sh), whatever header declares it.
#
# A file calls another one when a public function of that is called in it, by name. Calls through tables of functions
# (struct …_ops) do not count: they are how a circle is opened.
set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/lint/rooms.sh
git ls-files 'shared/*.c' 'relay/*.c' 'tui/*.c' 'client/*.c' | sort |
	awk -v all="${1:-}" -v table="$table" '
	function folder(path) { return substr(path, 1, index(path, "/") - 1) }
	function height(path,    rest) {
		rest = substr(path, index(path, "/") + 1)
		return heights[folder(path), index(rest, "/") ? substr(rest, 1, index(rest, "/") - 1) : "."]
	}
	BEGIN {
		count = split(table, lines, "\n")
		for (i = 1; i <= count; i++) {
			words = split(lines[i], word, " ")
			for (w = 3; w <= words && word[w] != ":"; w++) heights[word[1], word[w]] = w
		}
		count = 0
	}

	# The line without strings, characters and comments; `within` remembers an open comment.
	function code(line,    out, c, two, i, quote) {
		out = ""
		for (i = 1; i <= length(line); i++) {
			c = substr(line, i, 1); two = substr(line, i, 2)
			if (within) { if (two == "*/") { within = 0; i++ } continue }
			if (quote != "") { if (c == "\\") i++; else if (c == quote) quote = ""; continue }
			if (two == "/*") { within = 1; i++; continue }
			if (two == "//") break
			if (c == "\"" || c == "\047") { quote = c; continue }
			out = out c
		}
		return out
	}
	# Names before a parenthesis that are no members.
	function note_calls(file, text,    at, name, before) {
		while (match(text, /[A-Za-z_][A-Za-z0-9_]*\(/)) {
			name = substr(text, RSTART, RLENGTH - 1)
			before = RSTART > 1 ? substr(text, RSTART - 1, 1) : ""
			if (before != "." && before != ">" && !((file, name) in seen)) {
				seen[file, name] = 1
				called[file] = called[file] " " name
			}
			text = substr(text, RSTART + RLENGTH)
		}
	}
	function read_file(file,    line, text, head) {
		within = 0
		while ((getline line < file) > 0) {
			text = code(line)
			if (text ~ /^#/) continue
			# A definition: its head begins at the margin, and the brace stands there alone.
			if (text ~ /^[A-Za-z_].*\(/ && text !~ /;[ \t]*$/) head = text
			else if (text ~ /^[^ \t{]/) head = ""
			if (text ~ /^\{/ && head != "") {
				match(head, /[A-Za-z_][A-Za-z0-9_]*\(/)
				name = substr(head, RSTART, RLENGTH - 1)
				if (head ~ /^static/) local[file, name] = 1
				else home[folder(file), name] = file
				head = ""
			}
			if (text ~ /^[ \t]/) note_calls(file, text)
		}
		close(file)
	}
	function home_of(file, name,    f) {
		f = folder(file)
		if ((file, name) in local) return file
		if ((f, name) in home) return home[f, name]
		if (("tui", name) in home && f == "client") return home["tui", name]
		return ("shared", name) in home ? home["shared", name] : ""
	}
	# Tarjan: files that reach each other.
	function visit(v,    n, to, i, w, list, size) {
		number[v] = low[v] = ++clock
		stack[++depth] = v; on[v] = 1
		n = split(edges[v], to, " ")
		for (i = 1; i <= n; i++) {
			w = to[i]
			if (!(w in number)) { visit(w); if (low[w] < low[v]) low[v] = low[w] }
			else if (on[w] && number[w] < low[v]) low[v] = number[w]
		}
		if (low[v] != number[v]) return
		do { w = stack[depth--]; on[w] = 0; circle[w] = v; size++ } while (w != v)
		sizes[v] = size
	}
	{ files[++count] = $0; read_file($0) }
	END {
		for (i = 1; i <= count; i++) {
			n = split(called[files[i]], names, " ")
			for (j = 1; j <= n; j++) {
				to = home_of(files[i], names[j])
				if (to == "" || to == files[i] || (files[i], to) in edge) continue
				edge[files[i], to] = names[j]
				edges[files[i]] = edges[files[i]] " " to
				if (folder(to) == folder(files[i]) && height(to) > height(files[i])) {
					print "circles: " files[i] " calls " names[j] "() in " to ", of a room above its own"
					bad = 1
				}
			}
		}
		for (i = 1; i <= count; i++) if (!(files[i] in number)) visit(files[i])
		for (i = 1; i <= count; i++) {
			v = circle[files[i]]
			members[v] = members[v] (members[v] == "" ? "" : " ") files[i]
		}
		for (i = 1; i <= count; i++) {
			v = files[i]
			if (!(v in sizes) || sizes[v] < 2) continue
			n = split(members[v], m, " ")
			if (sizes[v] > 3) bad = 1
			else if (all != "--all") continue
			print "circles: " sizes[v] " files call each other in a circle:"
			for (a = 1; a <= n; a++)
				for (b = 1; b <= n; b++)
					if ((m[a], m[b]) in edge) print "    " m[a] " -> " m[b] " (" edge[m[a], m[b]] ")"
		}
		exit bad
	}'
