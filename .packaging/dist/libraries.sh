#!/usr/bin/env bash
# Builds the libraries of sources.tsv for one target with zig and musl into build/dist/TARGET/usr, each once: what is there
# of the same version, sums and recipe is left alone. Usage: libraries.sh TARGET, x86_64-linux-musl or aarch64-linux-musl.
# zig, ZIG_* and the sources are dist.sh's; run by it, from the project's root.
set -euo pipefail
target=${1:?usage: libraries.sh TARGET}
here=.packaging/dist
top=$PWD/build/dist
out=$top/$target
sources=$top/sources
mkdir -p "$out/usr/lib/pkgconfig" "$out/usr/include" "$out/done" "$out/work" "$out/bin"

# Compilers without a folder in their name: OpenSSL writes it into the library.
cat >"$out/bin/zcc" <<-END
	#!/bin/sh
	exec "$top/zig/node_modules/.bin/zig" cc -target $target -isystem "$out/usr/include" -L"$out/usr/lib" -ffile-prefix-map="$out/work/"= "\$@"
END
printf '#!/bin/sh\nexec "%s" ar "$@"\n' "$top/zig/node_modules/.bin/zig" >"$out/bin/zar"
printf '#!/bin/sh\nexec "%s" ranlib "$@"\n' "$top/zig/node_modules/.bin/zig" >"$out/bin/zranlib"
chmod +x "$out"/bin/*
export PATH=$out/bin:$PATH CC=zcc AR=zar RANLIB=zranlib CFLAGS="-O2 -fPIC" CXX=g++
export PKG_CONFIG_LIBDIR=$out/usr/lib/pkgconfig PKG_CONFIG_SYSROOT_DIR=$out SOURCE_DATE_EPOCH=1
jobs=-j$(nproc)
host=${target%-linux-musl}-linux-musl

rows() { awk -F '\t' -v name="$1" '$1 == name' $here/sources.tsv; }
# The sources of $1, Debian's patches applied, in work/$1.
unpack() {
	local dir=$out/work/$1 file first=1
	rm -rf "$dir"
	mkdir -p "$dir"
	while IFS=$'\t' read -r _ _ _ file _; do
		if [ $first = 1 ]; then
			tar -xf "$sources/$file" -C "$dir" --strip-components=1
		else
			tar -xf "$sources/$file" -C "$dir" debian/patches
			sed 's/#.*//; s/ .*//' "$dir/debian/patches/series" | while read -r patch; do
				[ -z "$patch" ] || patch -sfd "$dir" -p1 -i "debian/patches/$patch"
			done
		fi
		first=0
	done < <(rows "$1")
	cd "$dir"
}
configure() { ./configure --quiet --host="$host" --prefix=/usr --disable-shared --enable-static "$@"; }
cmake_build() {
	cmake -S . -B b -DCMAKE_SYSTEM_NAME=Linux -DCMAKE_SYSTEM_PROCESSOR="${target%%-*}" -DCMAKE_C_COMPILER=zcc -DCMAKE_AR="$out/bin/zar" -DCMAKE_RANLIB="$out/bin/zranlib" \
		-DCMAKE_INSTALL_PREFIX=/usr -DCMAKE_INSTALL_LIBDIR=lib -DCMAKE_BUILD_TYPE=Release -DCMAKE_C_FLAGS="$CFLAGS" -DBUILD_SHARED_LIBS=OFF \
		-DCMAKE_FIND_ROOT_PATH="$out/usr" -DCMAKE_FIND_ROOT_PATH_MODE_PACKAGE=ONLY -DCMAKE_FIND_ROOT_PATH_MODE_INCLUDE=ONLY -DCMAKE_FIND_ROOT_PATH_MODE_LIBRARY=ONLY "$@"
	make $jobs -C b
	make -C b install DESTDIR="$out"
}
pc() { # a file for pkg-config: name, version, libraries
	printf 'Name: %s\nDescription: %s\nVersion: %s\nCflags: -I/usr/include\nLibs: -L/usr/lib %s\n' "$1" "$1" "$2" "$3" >"$out/usr/lib/pkgconfig/$1.pc"
}

build_zlib() {
	CHOST=$host ./configure --static --prefix=/usr
	make $jobs libz.a
	make install DESTDIR="$out"
}
build_openssl() {
	./Configure "linux-${target%%-*}" no-shared no-dso no-module no-engine no-legacy no-tests --prefix=/usr --openssldir=/etc/ssl --libdir=lib $CFLAGS
	make $jobs build_libs
	make install_dev DESTDIR="$out"
}
build_libuv() {
	sh autogen.sh
	configure
	make $jobs
	make install DESTDIR="$out"
}
build_libwebsockets() {
	# Else it takes this project's commit for its own and says so in its version.
	GIT_CEILING_DIRECTORIES=$out/work cmake_build -DLWS_WITH_LIBUV=ON -DLWS_WITH_EVLIB_PLUGINS=OFF -DLWS_WITH_SHARED=OFF -DLWS_WITH_STATIC=ON -DLWS_WITHOUT_TESTAPPS=ON \
		-DLWS_WITHOUT_TEST_SERVER=ON -DLWS_WITH_LIBCAP=OFF -DLWS_WITH_ZLIB=OFF -DLWS_WITHOUT_EXTENSIONS=ON -DLWS_WITH_MINIMAL_EXAMPLES=OFF \
		-DLWS_LIBUV_INCLUDE_DIRS="$out/usr/include" -DLWS_LIBUV_LIBRARIES="$out/usr/lib/libuv.a" -DLIBUV_INCLUDE_DIRS="$out/usr/include" -DLIBUV_LIBRARIES="$out/usr/lib/libuv.a" \
		-DLWS_OPENSSL_INCLUDE_DIRS="$out/usr/include" -DLWS_OPENSSL_LIBRARIES="$out/usr/lib/libssl.a;$out/usr/lib/libcrypto.a" -DDISABLE_WERROR=ON
}
build_curl() {
	autoreconf -fi >/dev/null 2>&1 || true
	configure --with-openssl="$out/usr" --with-zlib="$out/usr" --without-brotli --without-zstd --without-libpsl --without-librtmp --without-libidn2 \
		--without-nghttp2 --without-libssh2 --disable-ldap --disable-ldaps --disable-ftp --disable-file --disable-dict --disable-telnet --disable-tftp --disable-pop3 \
		--disable-imap --disable-smb --disable-smtp --disable-gopher --disable-mqtt --disable-rtsp --disable-manual --enable-ntlm --disable-unix-sockets \
		--with-ca-bundle=/etc/ssl/certs/ca-certificates.crt
	make $jobs -C lib
	make -C lib install DESTDIR="$out"
	make -C include install DESTDIR="$out"
	pc libcurl "$(sed -n 's/^#define LIBCURL_VERSION "\(.*\)"/\1/p' include/curl/curlver.h)" -lcurl
	mv "$out/usr/lib/libcurl-nss.a" "$out/usr/lib/libcurl.a" # Debian's patches make several, and this is the last one's name
}
build_ncurses() {
	# The terminals in use are compiled in, for machines without a database. The list comes from the building machine's.
	configure --without-shared --without-debug --without-ada --without-cxx --without-cxx-binding --without-manpages --without-progs --without-tests --enable-widec --enable-pc-files \
		--with-pkg-config-libdir=/usr/lib/pkgconfig --with-build-cc=gcc --with-build-cflags="-O1" --disable-db-install --with-default-terminfo-dir=/usr/share/terminfo --disable-stripping \
		--with-terminfo-dirs=/etc/terminfo:/lib/terminfo:/usr/share/terminfo:/usr/lib/terminfo:/usr/local/share/terminfo \
		--with-fallbacks=xterm,xterm-256color,screen,screen-256color,tmux,tmux-256color,linux,vt100,vt220,rxvt-unicode-256color,alacritty,foot
	make $jobs
	make install.libs install.includes DESTDIR="$out"
}
build_sqlite() {
	CC=gcc CFLAGS=-O1 AR=ar RANLIB=ranlib ./configure --quiet --disable-tcl --disable-readline >/dev/null
	make CC=gcc sqlite3.c sqlite3.h
	zcc $CFLAGS -DSQLITE_ENABLE_FTS5 -DSQLITE_ENABLE_COLUMN_METADATA -DSQLITE_ENABLE_DBSTAT_VTAB -DSQLITE_ENABLE_MATH_FUNCTIONS -DSQLITE_ENABLE_UNLOCK_NOTIFY \
		-DSQLITE_ENABLE_STMTVTAB -DSQLITE_SECURE_DELETE -DSQLITE_SOUNDEX -DSQLITE_MAX_VARIABLE_NUMBER=250000 -DSQLITE_THREADSAFE=1 -DSQLITE_USE_URI -DHAVE_ISNAN=1 -DSQLITE_LIKE_DOESNT_MATCH_BLOBS \
		-DSQLITE_OMIT_LOAD_EXTENSION -c sqlite3.c -o sqlite3.o
	rm -f "$out/usr/lib/libsqlite3.a"
	zar rcs "$out/usr/lib/libsqlite3.a" sqlite3.o
	cp sqlite3.h "$out/usr/include/"
	pc sqlite3 "$(cat VERSION)" "-lsqlite3 -lm"
}
build_libmicrohttpd() {
	# Plain HTTP alone: the TLS of every public byte is OpenSSL's.
	configure --disable-https --disable-doc --disable-examples --disable-curl --disable-bauth --disable-dauth
	make $jobs -C src/microhttpd libmicrohttpd.la
	make -C src/microhttpd install-libLTLIBRARIES DESTDIR="$out"
	make -C src/include install DESTDIR="$out"
	make install-pkgconfigDATA DESTDIR="$out"
}
build_jansson() {
	autoreconf -fi >/dev/null
	configure
	make $jobs -C src
	make -C src install DESTDIR="$out"
	make install-pkgconfigDATA DESTDIR="$out"
}
build_brotli() {
	cmake_build -DBROTLI_DISABLE_TESTS=ON
}
build_zstd() {
	make $jobs -C lib libzstd.a ZSTD_LEGACY_SUPPORT=0
	cp lib/libzstd.a "$out/usr/lib/"
	cp lib/zstd.h lib/zstd_errors.h lib/zdict.h "$out/usr/include/"
	pc libzstd 1.5.7 -lzstd
}
build_libyaml() {
	[ -x configure ] || autoreconf -fi >/dev/null
	configure
	make $jobs -C src
	make -C src install DESTDIR="$out"
	make -C include install DESTDIR="$out"
	make install-pkgconfigDATA DESTDIR="$out"
}
build_utf8proc() {
	zcc $CFLAGS -DUTF8PROC_STATIC -c utf8proc.c -o utf8proc.o
	rm -f "$out/usr/lib/libutf8proc.a"
	zar rcs "$out/usr/lib/libutf8proc.a" utf8proc.o
	cp utf8proc.h "$out/usr/include/"
	pc libutf8proc 2.8.0 -lutf8proc
}
build_inih() {
	zcc $CFLAGS -DINI_MAX_LINE=200 -c ini.c -o ini.o
	rm -f "$out/usr/lib/libinih.a"
	zar rcs "$out/usr/lib/libinih.a" ini.o
	cp ini.h "$out/usr/include/"
	pc inih 59 -linih
}
build_wslay() {
	mkdir -p "$out/usr/include/wslay"
	printf '#define WSLAY_VERSION "1.1.1"\n' >lib/includes/wslay/wslayver.h
	cp lib/includes/wslay/*.h "$out/usr/include/wslay/"
	for f in frame event queue net stack; do
		[ ! -f lib/wslay_$f.c ] || zcc $CFLAGS -DHAVE_ARPA_INET_H -DHAVE_NETINET_IN_H -Ilib/includes -c lib/wslay_$f.c -o wslay_$f.o
	done
	rm -f "$out/usr/lib/libwslay.a"
	zar rcs "$out/usr/lib/libwslay.a" wslay_*.o
	pc libwslay 1.1.1 -lwslay
}
build_mimalloc() {
	# One object, linked first: an archive's would come after musl's own.
	zcc $CFLAGS -DNDEBUG -DMI_MALLOC_OVERRIDE=1 -ftls-model=initial-exec -Iinclude -c src/static.c -o "$out/usr/lib/mimalloc.o"
}
build_cnats() {
	cmake_build -DNATS_BUILD_STREAMING=OFF -DNATS_BUILD_EXAMPLES=OFF -DBUILD_TESTING=OFF -DNATS_BUILD_LIB_SHARED=OFF -DNATS_BUILD_TLS_USE_OPENSSL_1_1_API=ON \
		-DOPENSSL_ROOT_DIR="$out/usr" -DOPENSSL_INCLUDE_DIR="$out/usr/include" -DOPENSSL_SSL_LIBRARY="$out/usr/lib/libssl.a" -DOPENSSL_CRYPTO_LIBRARY="$out/usr/lib/libcrypto.a"
	mv "$out/usr/lib/libnats_static.a" "$out/usr/lib/libnats.a"
}
build_libjpeg-turbo() {
	# Without its assembler code: some pictures in an inspector are not worth another compiler.
	cmake_build -DENABLE_SHARED=OFF -DWITH_SIMD=OFF -DWITH_TURBOJPEG=OFF
}
build_libwebp() {
	configure --disable-libwebpmux --disable-libwebpdemux --disable-png --disable-jpeg --disable-tiff --disable-gif --disable-wic --disable-gl --disable-sdl
	for part in sharpyuv src; do
		make $jobs -C $part
		make -C $part install DESTDIR="$out"
	done
}
build_pcre2() {
	cmake_build -DPCRE2_BUILD_PCRE2GREP=OFF -DPCRE2_BUILD_TESTS=OFF -DPCRE2_SUPPORT_LIBBZ2=OFF -DPCRE2_SUPPORT_LIBZ=OFF -DPCRE2_SUPPORT_LIBREADLINE=OFF -DPCRE2_SUPPORT_LIBEDIT=OFF
}
build_uthash() {
	cp src/utarray.h src/uthash.h src/utlist.h src/utringbuffer.h src/utstack.h src/utstring.h "$out/usr/include/"
}

# After what each needs.
for name in zlib openssl libuv libwebsockets brotli zstd curl ncurses sqlite libmicrohttpd jansson libyaml utf8proc inih wslay mimalloc cnats libjpeg-turbo libwebp pcre2 uthash; do
	key=$({ rows $name; declare -f "build_$name" configure cmake_build pc; cat "$top/zig/package-lock.json"; } | sha256sum | cut -c 1-16)
	[ ! -e "$out/done/$name-$key" ] || continue
	echo "dist: $name for $target" >&2
	rm -f "$out/done/$name"-*
	# In the background, for there alone -e holds where the outcome is asked for.
	(
		unpack $name
		"build_$name"
	) >"$out/$name.log" 2>&1 &
	wait $! || {
		tail -n 20 "$out/$name.log" >&2
		echo "dist: $name was not built for $target; build/dist/$target/$name.log has all that was said" >&2
		exit 1
	}
	rm -rf "$out/work/${name:?}"
	touch "$out/done/$name-$key"
done
rm -f "$out"/usr/lib/*.la
