#!/usr/bin/env bash
# Writes dist/creel-VERSION.tar.gz, the sources that git tracks, and for those who package it elsewhere a Homebrew formula, a
# PKGBUILD and a Nix derivation that name it. Usage: fill.sh VERSION FOLDER_URL, the folder where the archive will be found.
# The archive's bytes depend on the commit alone.
set -euo pipefail
version=${1:?usage: fill.sh VERSION FOLDER_URL} folder=${2:?usage: fill.sh VERSION FOLDER_URL}
cd "$(dirname "$0")/.."
mkdir -p dist
archive=dist/creel-$version.tar.gz
git archive --format=tar --prefix="creel-$version/" HEAD | gzip -9n >"$archive"
sum=$(sha256sum "$archive" | cut -d ' ' -f 1)
for file in homebrew/creel.rb arch/PKGBUILD nix/default.nix; do
	sed -e "s|@VERSION@|$version|g; s|@SHA256@|$sum|g; s|@URL@|${folder%/}/creel-$version.tar.gz|g; s|@HOMEPAGE@|${folder%/}/|g" \
		".packaging/$file" >"dist/${file##*/}"
done
ls -l "$archive" dist/creel.rb dist/PKGBUILD dist/default.nix
