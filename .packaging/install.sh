#!/bin/sh
# Installs creel and creel-relay from the folder it lies in, or from an archive of `make dist`, below PREFIX (/usr/local):
# programs, man pages, completions, the systemd unit. Nothing else is touched, nothing is started.
#
#   ./install.sh                                       from the unpacked folder
#   ./install.sh creel-0.2.0-linux-x86_64.tar.gz       from an archive beside its SHA256SUMS, which is checked
#   PREFIX=$HOME/.local ./install.sh …                 below another folder
#   ./install.sh --uninstall                           takes them away again
set -eu
PREFIX=${PREFIX:-/usr/local}
here=$(cd "$(dirname "$0")" && pwd)

fail() {
	echo "install: $1" >&2
	exit "${2:-1}"
}
usage="usage: install.sh [--uninstall | ARCHIVE.tar.gz], with PREFIX (now $PREFIX) as the folder to install below"

uninstall=""
archive=""
case ${1:-} in
"") ;;
--uninstall) uninstall=1 ;;
-h | --help)
	echo "$usage"
	exit 0
	;;
-*) fail "there is no option $1; $usage" 2 ;;
*) archive=$1 ;;
esac
[ $# -le 1 ] || fail "$usage" 2
case $PREFIX in /*) ;; *) fail "PREFIX is to begin with /, not $PREFIX" 2 ;; esac

# Where each goes, below PREFIX: from, to, mode.
files() {
	cat <<-END
		bin/creel bin/creel 755
		bin/creel-relay bin/creel-relay 755
		share/man/man1/creel.1 share/man/man1/creel.1 644
		share/man/man7/creel-protocol.7 share/man/man7/creel-protocol.7 644
		share/man/man8/creel-relay.8 share/man/man8/creel-relay.8 644
		share/completions/creel.bash share/bash-completion/completions/creel 644
		share/completions/creel.zsh share/zsh/site-functions/_creel 644
		share/completions/creel.fish share/fish/vendor_completions.d/creel.fish 644
		share/systemd/creel-relay.service lib/systemd/system/creel-relay.service 644
	END
}

if [ "$uninstall" ]; then
	files | while read -r _ to _; do rm -f "$PREFIX/$to"; done
	echo "creel is no longer installed below $PREFIX; what it recorded and its settings are left where they are."
	exit 0
fi

if [ "$archive" ]; then
	[ -f "$archive" ] || fail "there is no archive $archive"
	sums=$(dirname "$archive")/SHA256SUMS
	[ -f "$sums" ] || fail "SHA256SUMS is missing beside $archive: take it from where the archive came from, so that the archive can be checked"
	name=$(basename "$archive")
	want=$(awk -v name="$name" '$2 == name || $2 == "*" name { print $1 }' "$sums")
	[ -n "$want" ] || fail "$sums has no line for $name"
	have=$({ sha256sum "$archive" || shasum -a 256 "$archive"; } 2>/dev/null | cut -d ' ' -f 1)
	[ -n "$have" ] || fail "there is neither sha256sum nor shasum here to check $archive with, or it cannot be read"
	[ "$have" = "$want" ] || fail "$archive is damaged or not the one that was published: its sha256 is $have, SHA256SUMS says $want. Fetch it again."
	here=$(mktemp -d)
	trap 'rm -rf "$here"' EXIT
	gzip -dc "$archive" | tar -xf - -C "$here"
	here=$here/${name%.tar.gz}
fi
[ -f "$here/bin/creel" ] || fail "$here has no bin/creel: run this from an unpacked archive, or name the archive"
"$here/bin/creel" version >/dev/null 2>&1 || fail "$here/bin/creel does not run here: it is built for another kind of machine ($(uname -s) $(uname -m) is this one)${archive:+, or programs may not run in ${here%/*} (noexec): name another folder in TMPDIR}"

# The relay as a word of the unit, quoted where it has to be; then as sed takes it in a word's place.
relay=$(printf '%s/bin/creel-relay\n' "$PREFIX" | sed 's/%/%%/g; \,[^A-Za-z0-9/._+%-], { s/[\\"]/\\&/g; s/.*/"&"/; }; s/[\\&|]/\\&/g')
files | while read -r from to mode; do
	dir=$PREFIX/${to%/*}
	mkdir -p "$dir" 2>/dev/null && [ -w "$dir" ] || fail "$dir cannot be written to: run this as root, or name a folder of yours: PREFIX=\$HOME/.local $0"
	# Beside it first, then moved: a program that runs goes on with the old one.
	case $from in
	*.service) sed "s|@PREFIX@/bin/creel-relay|$relay|g" "$here/$from" >"$dir/.creel.new" ;;
	*) cp "$here/$from" "$dir/.creel.new" ;;
	esac
	chmod "$mode" "$dir/.creel.new"
	mv -f "$dir/.creel.new" "$PREFIX/$to"
done || exit 1
echo "$("$PREFIX/bin/creel" version) is installed below $PREFIX. First webhook: creel dev"
case :$PATH: in *":$PREFIX/bin:"*) ;; *) echo "$PREFIX/bin is not in PATH yet." ;; esac
