# A Nix derivation: nix-build -E 'with import <nixpkgs> {}; callPackage ./default.nix {}'
# .packaging/fill.sh writes it with the URL and the sum of a source archive.
{ lib, stdenv, fetchurl, pkg-config, brotli, cnats, curl, inih, jansson, libjpeg, libmicrohttpd, libuv, libwebp, libwebsockets
, libyaml, mimalloc, ncurses, openssl, pcre2, sqlite, uthash, utf8proc, wslay, zlib, zstd }:

stdenv.mkDerivation rec {
  pname = "creel";
  version = "@VERSION@";

  src = fetchurl {
    url = "@URL@";
    sha256 = "@SHA256@";
  };

  nativeBuildInputs = [ pkg-config uthash ];
  buildInputs = [
    brotli
    cnats
    curl
    inih
    jansson
    libjpeg
    libmicrohttpd
    libuv
    libwebp
    libwebsockets
    libyaml
    ncurses
    openssl
    pcre2
    sqlite
    utf8proc
    wslay
    zlib
    zstd
  ] ++ lib.optional stdenv.isLinux mimalloc;

  enableParallelBuilding = true;
  buildFlags = [ "all" ];
  makeFlags = [ "PREFIX=${placeholder "out"}" ];

  meta = with lib; {
    description = "Tunnel and inspector for webhooks";
    homepage = "@HOMEPAGE@";
    license = licenses.mit;
    mainProgram = "creel";
    platforms = platforms.unix;
  };
}
