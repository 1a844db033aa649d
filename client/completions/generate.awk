# Reads `creel help` and then, each behind a line "@ COMMAND", the --help of every command; fills in a shell's template
# where a line of it is "@COMMANDS@", and prints it. POSIX awk.

# What an option takes, by the word that stands for it in the help.
function kind_of(arg) {
	if (arg == "" || arg ~ /^\[/ && arg !~ /FILE/)
		return "flag"
	if (arg ~ /@FILE/)
		return "at"
	if (arg ~ /FILE/)
		return "file"
	if (arg ~ /DIR/)
		return "dir"
	if (arg ~ /(^|\|)[a-z]+(\||$)/)
		return "choice"
	return "value"
}

# "rewrite|preserve|VALUE" is "rewrite preserve".
function choices_of(arg,    words, n, i, out) {
	n = split(arg, words, "|")
	for (i = 1; i <= n; i++)
		if (words[i] ~ /^[a-z0-9]+$/)
			out = out (out == "" ? "" : " ") words[i]
	return out
}

# What a command's own words are, by its usage.
function operand_of(usage) {
	if (usage ~ /PROVIDER\[\.EVENT\]/)
		return "event"
	if (usage ~ /^creel [a-z]+ ID/ || usage ~ /^creel [a-z]+ A B/ || usage ~ /^creel [a-z]+ FILTER\|ID/)
		return "id"
	if (usage ~ /^creel [a-z]+ FILE/)
		return "file"
	if (usage ~ /\[COMMAND\]/)
		return "command"
	return "none"
}

function quote(text) { # for all three shells
	gsub(/'/, "'\\''", text)
	return "'" text "'"
}

function fish_quote(text) {
	gsub(/\\/, "\\\\&", text)
	gsub(/'/, "\\\\&", text)
	return "'" text "'"
}

function zsh_text(text) { # within [ ] of a spec
	gsub(/\\/, "\\\\&", text)
	gsub(/\[/, "\\\\&", text)
	gsub(/\]/, "\\\\&", text)
	gsub(/:/, "\\\\&", text)
	return text
}

function take_option(left) {
	o = ++options[command]
	letter[command, o] = substr(left, 1, 1) == "-" ? substr(left, 2, 1) : ""
	match(left, /--[a-z-]+/)
	name[command, o] = substr(left, RSTART + 2, RLENGTH - 2)
	arg[command, o] = substr(left, RSTART + RLENGTH)
	gsub(/^ +| +$/, "", arg[command, o])
}

BEGIN { mode = "summary" }
/^@ / {
	command = $2
	commands[++count] = command
	mode = "usage"
	next
}
mode == "summary" && /^  creel / {
	summary[$2] = $0
	sub(/^  creel [a-z]+ +/, "", summary[$2])
}
mode == "usage" && /^Usage: / { usage[command] = substr($0, 8) }
/^Options:$/ {
	mode = "options"
	next
}
mode == "options" && /^  (-[A-Za-z], |    )--/ {
	if (length($0) > 34 && substr($0, 33, 2) == "  ") {
		take_option(substr($0, 3, 30))
		about[command, o] = substr($0, 35)
	} else {
		take_option(substr($0, 3))
	}
	next
}
mode == "options" && /^ +[^ ]/ { about[command, o] = substr($0, 35) }

function bash_lines(    i, c, n, k, list, takes) {
	for (i = 1; i <= count; i++)
		list = list (i == 1 ? "" : " ") commands[i]
	print "_creel_commands=" quote(list)
	print "# The options of a command, and what it takes beside them."
	print "_creel_table() {"
	print "\tcase $1 in"
	for (i = 1; i <= count; i++) {
		c = commands[i]
		list = ""
		for (n = 1; n <= options[c]; n++)
			list = list (n == 1 ? "" : " ") (letter[c, n] == "" ? "" : "-" letter[c, n] " ") "--" name[c, n]
		print "\t" c ") options=" quote(list) " operand=" operand_of(usage[c]) " ;;"
	}
	print "\tesac"
	print "}"
	print "# What an option of a command takes; nothing for a flag."
	print "_creel_takes() {"
	print "\tcase \"$1 $2\" in"
	for (i = 1; i <= count; i++) {
		c = commands[i]
		for (n = 1; n <= options[c]; n++) {
			k = kind_of(arg[c, n])
			if (k == "flag")
				continue
			takes = "\"" c " --" name[c, n] "\""
			if (letter[c, n] != "")
				takes = takes " | \"" c " -" letter[c, n] "\""
			print "\t" takes ") takes=" quote(k) (k == "choice" ? " choices=" quote(choices_of(arg[c, n])) : "") " ;;"
		}
	}
	print "\tesac"
	print "}"
}

function zsh_action(c, n,    k, what) {
	k = kind_of(arg[c, n])
	if (k == "flag")
		return ""
	what = arg[c, n]
	gsub(/[:'\\]/, "", what)
	if (k == "at")
		return ":" what ":_creel_at_file"
	if (k == "file")
		return ":" what ":_files"
	if (k == "dir")
		return ":" what ":_files -/"
	if (k == "choice")
		return ":" what ":(" choices_of(arg[c, n]) ")"
	return ":" what ": "
}

function zsh_lines(    i, c, n, text, names, again) {
	print "_creel_operand_command() {"
	print "\tlocal -a commands=("
	for (i = 1; i <= count; i++)
		print "\t\t" quote(commands[i] ":" zsh_text(summary[commands[i]]))
	print "\t)"
	print "\t_describe -V command commands"
	print "}"
	print "_creel_arguments() {"
	print "\tcase $1 in"
	for (i = 1; i <= count; i++) {
		c = commands[i]
		print "\t" c ")"
		print "\t\t_arguments -s \\"
		for (n = 1; n <= options[c]; n++) {
			text = "[" zsh_text(about[c, n]) "]" zsh_action(c, n)
			again = about[c, n] ~ /again for more/
			names = "--" name[c, n]
			if (letter[c, n] == "")
				print "\t\t\t" quote((again ? "*" : "") names (kind_of(arg[c, n]) == "flag" ? "" : "=") text) " \\"
			else
				print "\t\t\t" (again ? "'*'" : quote("(-" letter[c, n] " " names ")")) "{-" letter[c, n] (kind_of(arg[c, n]) == "flag" ? "" : "+") "," names (kind_of(arg[c, n]) == "flag" ? "" : "=") "}" quote(text) " \\"
		}
		print "\t\t\t'*: :_creel_operand_" operand_of(usage[c]) "'"
		print "\t\t;;"
	}
	print "\tesac"
	print "}"
}

function fish_lines(    i, c, n, k, line) {
	for (i = 1; i <= count; i++)
		print "complete -c creel -n __fish_use_subcommand -f -a " commands[i] " -d " fish_quote(summary[commands[i]])
	for (i = 1; i <= count; i++) {
		c = commands[i]
		k = operand_of(usage[c])
		if (k == "file")
			print "complete -c creel -n '__creel_at " c "' -F"
		else if (k != "none")
			print "complete -c creel -n '__creel_at " c "' -f -a '(__creel_" k "s)'"
		for (n = 1; n <= options[c]; n++) {
			k = kind_of(arg[c, n])
			line = "complete -c creel -n '__creel_at " c "'"
			if (letter[c, n] != "")
				line = line " -s " letter[c, n]
			line = line " -l " name[c, n]
			if (k == "at")
				line = line " -x -a '(__creel_at_files)'"
			else if (k == "file")
				line = line " -r -F"
			else if (k == "dir")
				line = line " -x -a '(__fish_complete_directories)'"
			else if (k == "choice")
				line = line " -x -a " fish_quote(choices_of(arg[c, n]))
			else if (k == "value")
				line = line " -x"
			print line " -d " fish_quote(about[c, n])
		}
	}
}

END {
	while ((got = (getline line < template)) > 0) {
		if (line != "@COMMANDS@")
			print line
		else if (shell == "bash")
			bash_lines()
		else if (shell == "zsh")
			zsh_lines()
		else
			fish_lines()
	}
	if (got < 0 || count == 0)
		exit 1
}
