#!/usr/bin/env bash
# Builds dist/creel_VERSION_ARCH.deb and dist/creel-relay_VERSION_ARCH.deb from what git tracks here. Usage: deb.sh VERSION
set -eu
version=${1:?usage: deb.sh VERSION}
cd "$(dirname "$0")/.."
root=$PWD
work=$root/build/deb/creel-$version
rm -rf "$root/build/deb"
mkdir -p "$work" dist
git ls-files -z | grep -zv '^\.packaging/debian/' | xargs -0 cp --parents -pt "$work"
cp -rp .packaging/debian "$work/debian"
epoch=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)}
sed -i "s/@VERSION@/$version/; s/@DATE@/$(LC_ALL=C date -uRd "@$epoch")/" "$work/debian/changelog"
cd "$work"
SOURCE_DATE_EPOCH=$epoch dpkg-buildpackage -us -uc -b >../build.log 2>&1 || {
	tail -n 40 ../build.log >&2
	echo "make deb: the packages were not built; build/deb/build.log has all that was said" >&2
	exit 1
}
cd ..
mv ./*.deb ./*.changes ./*.buildinfo "$root/dist/"
ls -l "$root"/dist/*"$version"*.deb
