#!/usr/bin/env bash
# Builds the images localhost/creel-relay and localhost/creel of the static programs in build/dist (`make dist`), by
# buildah, podman or docker. Usage: build.sh [x86_64|arm64]; with LAYOUT_ONLY=1 it lays out build/container and stops.
set -euo pipefail
cd "$(dirname "$0")/../.."
case ${1:-$(uname -m)} in
x86_64 | amd64) target=x86_64-linux-musl arch=amd64 name=x86_64 ;;
aarch64 | arm64) target=aarch64-linux-musl arch=arm64 name=arm64 ;;
*)
	echo "container: x86_64 or arm64, not $1" >&2
	exit 2
	;;
esac
programs=build/dist/$target/creel
for program in creel creel-relay; do
	[ -x "$programs/$program" ] || { echo "container: $programs/$program is not there: run \`make dist\` first" >&2; exit 1; }
done
to=build/container
rm -rf $to
mkdir -p $to/data $to/LICENSES
cp "$programs/creel" "$programs/creel-relay" .packaging/container/Containerfile $to
cp LICENSE $to/LICENSES/creel
# Those of the libraries inside, as the archive of the same version has them.
for folder in build/dist/creel-*-linux-$name/share/licenses; do [ ! -d "$folder" ] || cp -r "$folder/." $to/LICENSES; done
[ -z "${LAYOUT_ONLY:-}" ] || exit 0
for image in creel-relay:relay creel:client; do
	tag=localhost/${image%:*} stage=${image#*:}
	if command -v buildah >/dev/null; then
		buildah bud --quiet --isolation chroot --network host --arch $arch --format docker --timestamp "${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)}" --target "$stage" -t "$tag" $to
	elif command -v podman >/dev/null; then
		podman build --quiet --arch $arch --format docker --target "$stage" -t "$tag" -f $to/Containerfile $to
	else
		docker build --quiet --platform linux/$arch --target "$stage" -t "$tag" -f $to/Containerfile $to
	fi
done
