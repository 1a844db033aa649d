#!/usr/bin/env bash
# Tries an archive of `make dist`: the programs need nothing of the system, a webhook goes through in a root that holds them
# alone, install.sh checks sums and takes away what it brought. arm64 runs under qemu-aarch64-static. As root or, where user
# namespaces are allowed, as anybody. Usage: try.sh ARCHIVE.tar.gz (beside its SHA256SUMS)
set -euo pipefail
archive=$(realpath "${1:?usage: try.sh ARCHIVE.tar.gz}")
name=$(basename "$archive" .tar.gz)
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
say() { echo "try: $*"; }
fail() {
	echo "try: $*" >&2
	exit 1
}

tar -xzf "$archive" -C "$dir"
root=$dir/root
mkdir -p "$root/tmp" "$root/dev" "$root/proc"
cp "$dir/$name/bin/"* "$root"
for program in creel creel-relay; do
	! readelf -lW "$dir/$name/bin/$program" | grep -q INTERP || fail "$program asks for a dynamic loader"
	readelf -hW "$dir/$name/bin/$program" | grep -q "DYN" || fail "$program is not position-independent"
	! strings -a "$dir/$name/bin/$program" | grep -F "$(cd "$(dirname "$0")/../.." && pwd)/" || fail "$program names the folder it was built in"
done
run=""
case $name in
*-arm64)
	run=/qemu
	cp "$(command -v qemu-aarch64-static || fail "qemu-aarch64-static is not here (Debian: qemu-user-static)")" "$root/qemu"
	;;
esac
for text in "$dir/$name"/share/licenses/*; do [ "$(wc -l <"$text")" -gt 4 ] || fail "$text is no licence"; done
say "both programs are static and position-independent, $(stat -c %s "$dir/$name/bin/creel") and $(stat -c %s "$dir/$name/bin/creel-relay") bytes, with $(find "$dir/$name/share/licenses" -type f | wc -l) licences"

# A webhook, in a network of its own and a root where nothing else is.
cat >"$dir/inside.sh" <<'END'
set -eu
ip link set lo up

in_root() { chroot "$root" $run "$@"; }
cd "$root"
for device in null urandom; do touch dev/$device && mount --bind /dev/$device dev/$device; done
export HOME=/tmp CREEL_DB=/tmp/creel.db
in_root /creel-relay serve --listen 127.0.0.1:0 --port-file /tmp/port --data /tmp/relay >"$dir/relay.log" 2>&1 &
relay=$!
until [ -s tmp/port ]; do kill -0 $relay || { cat "$dir/relay.log"; exit 1; }; sleep 0.1; done
port=$(cat tmp/port)
in_root /creel listen --relay "http://127.0.0.1:${port##*:}" --name tried --answer 200 --output quiet --ready-file /tmp/url >"$dir/client.log" 2>&1 &
client=$!
until [ -s tmp/url ]; do kill -0 $client || { cat "$dir/client.log"; exit 1; }; sleep 0.1; done
in_root /creel trigger github.push --db /tmp/creel.db >"$dir/trigger.log" 2>&1 || { cat "$dir/trigger.log"; exit 1; }
curl -sS -o /dev/null -w '%{http_code}\n' -d '{"a":1}' "$(head -n 1 tmp/url)/from-outside" | grep -qx 200
in_root /creel wait path:/from-outside --since all --timeout 20s --db /tmp/creel.db >/dev/null
in_root /creel list --db /tmp/creel.db
kill $client; wait $client || true
kill $relay; wait $relay || true
END
export root dir run
if [ "$(id -u)" = 0 ]; then unshare=(unshare --net --mount); else unshare=(unshare --map-root-user --net --mount); fi
"${unshare[@]}" bash "$dir/inside.sh" >"$dir/out" || {
	cat "$dir/out" "$dir"/*.log
	fail "no webhook went through in an empty root"
}
grep -q /from-outside "$dir/out" || fail "the webhook is not in the list"
say "a webhook went through in a root that holds nothing else"

if [ -z "$run" ]; then
	export PREFIX=$dir/prefix
	"$dir/$name/install.sh" >/dev/null
	[ "$(find "$PREFIX" -type f | wc -l)" = 9 ] || fail "install.sh brought other than nine files"
	"$PREFIX/bin/creel" version >/dev/null
	! grep -q '@PREFIX@' "$PREFIX/lib/systemd/system/creel-relay.service" || fail "the unit has no path"
	"$dir/$name/install.sh" --uninstall >/dev/null
	[ "$(find "$PREFIX" -type f | wc -l)" = 0 ] || fail "install.sh left files behind"
	mkdir "$dir/sums"
	cp "$archive" "$(dirname "$archive")/SHA256SUMS" "$dir/sums"
	"$dir/$name/install.sh" "$dir/sums/$name.tar.gz" >/dev/null || fail "the archive is not taken"
	printf x | dd of="$dir/sums/$name.tar.gz" bs=1 seek=1000 conv=notrunc status=none
	! "$dir/$name/install.sh" "$dir/sums/$name.tar.gz" >/dev/null 2>"$dir/refused" || fail "a damaged archive is installed"
	grep -q damaged "$dir/refused" || fail "a damaged archive is not called so"
	say "install.sh installs, checks and takes away"
fi
say "$name: all well"
