#!/bin/sh
# Writes a shell's completions of creel on standard output, made from what --help says: generate.sh CREEL bash|zsh|fish
set -eu
creel=$1 shell=$2
here=$(dirname "$0")
# CREEL_… and the config of whoever builds have no say.
clean() { env -i PATH="$PATH" LC_ALL=C "$creel" "$@"; }

help=$(clean help)
{
	echo "$help"
	for command in $(echo "$help" | sed -n 's/^  creel \([a-z]*\) .*/\1/p'); do
		echo "@ $command"
		clean "$command" --help
	done
} | awk -v shell="$shell" -v template="$here/$shell.in" -f "$here/generate.awk"
