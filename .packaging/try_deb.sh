#!/usr/bin/env bash
# Tries dist/*.deb in a root file system of Debian (made by debootstrap): installs, sends a webhook, makes a token as root
# for the service's user, keeps a webhook in the spool of a running relay over an upgrade, removes, purges. Root only; what runs
# inside is in a network namespace with loopback alone, save for apt-get, which fetches what the packages depend on.
# Usage: try_deb.sh ROOT [EARLIER]   ROOT is changed: use a copy. EARLIER is a folder with the packages of the version before,
# which are installed first; without it those of dist are put over themselves.
set -eu
root=${1:?usage: try_deb.sh ROOT [EARLIER]}
earlier=$(realpath "${2:-$(dirname "$0")/../dist}")
cd "$(dirname "$0")/.."
mkdir -p "$root/tmp/earlier"
cp "$earlier"/creel_*.deb "$earlier"/creel-relay_*.deb "$root/tmp/earlier/"
cp dist/creel_*.deb dist/creel-relay_*.deb .packaging/debian/tests/webhook "$root/tmp/"
cp /etc/resolv.conf "$root/etc/resolv.conf"
printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d"
chmod 755 "$root/usr/sbin/policy-rc.d"
online() { DEBIAN_FRONTEND=noninteractive chroot "$root" "$@"; }
alone() { unshare --net --mount --pid --fork sh -c 'ip link set lo up; mount -t proc proc "$1/proc"; shift; exec chroot "$@"' sh "$root" "$root" "$@"; }
step() { printf '%s\n' "$1"; }

step "install: $(basename "$earlier"/creel_*.deb)"
online apt-get update -qq
online sh -c 'apt-get install -y -qq --no-install-recommends curl python3 /tmp/earlier/creel_*.deb /tmp/earlier/creel-relay_*.deb' >"$root/tmp/install.log" 2>&1 ||
	{ tail -n 20 "$root/tmp/install.log"; exit 1; }
[ ! -e "$root/etc/systemd/system/multi-user.target.wants/creel-relay.service" ] || { echo "the service was enabled"; exit 1; }

step "a webhook"
alone sh /tmp/webhook

step "a token, made by root, is the service's"
online creel-relay token add anna --data /var/lib/creel-relay >"$root/tmp/token"
online sh -c 'find /var/lib/creel-relay ! -user creel-relay' | grep . && { echo "files of another user"; exit 1; }

step "an upgrade under a relay that runs: it goes on, and keeps what waits"
alone sh -eu -c '
	cd /tmp && export HOME=/tmp/home CREEL_TOKEN="$(cat token)"
	setpriv --reuid creel-relay --regid creel-relay --clear-groups creel-relay serve --listen 127.0.0.1:0 --port-file /tmp/relay.port --data /var/lib/creel-relay 2>relay.log & r=$!
	i=0; until [ -s relay.port ]; do i=$((i+1)); [ $i -lt 100 ]; sleep 0.1; done
	relay=http://$(cat relay.port)
	creel listen 9 --relay "$relay" --name shop --ready-file url --output quiet --db a.db 2>client.log & c=$!
	i=0; until [ -s url ]; do i=$((i+1)); [ $i -lt 100 ]; sleep 0.1; done
	kill -INT $c; wait $c || true
	keeps() { i=0; until [ "$(curl -s -o /dev/null -w "%{http_code}" -d kept "$relay/shop/$1")" = 202 ]; do i=$((i+1)); [ $i -lt 50 ]; sleep 0.1; done; }
	keeps hook
	touch queued
	i=0; until [ -e upgraded ]; do i=$((i+1)); [ $i -lt 6000 ]; sleep 0.1; done
	keeps afterwards
	kill $r; wait $r || true' &
running=$!
until [ -e "$root/tmp/queued" ]; do
	kill -0 $running 2>/dev/null || { cat "$root/tmp/relay.log" "$root/tmp/client.log"; exit 1; }
	sleep 0.1
done
online sh -c 'apt-get install -y -qq --no-install-recommends --reinstall --allow-downgrades /tmp/creel_*.deb /tmp/creel-relay_*.deb' >"$root/tmp/upgrade.log" 2>&1 ||
	{ tail -n 20 "$root/tmp/upgrade.log"; exit 1; }
touch "$root/tmp/upgraded"
wait $running
online creel version --verbose | head -n 1

step "what waits outlives a remove and an install"
online sh -c 'dpkg -r creel creel-relay >/dev/null && [ -s /var/lib/creel-relay/spool.db ] && dpkg -i /tmp/creel_*.deb /tmp/creel-relay_*.deb >/dev/null'
alone sh -eu -c '
	cd /tmp && export HOME=/tmp/home CREEL_TOKEN="$(cat token)" && rm -f relay.port url
	setpriv --reuid creel-relay --regid creel-relay --clear-groups creel-relay serve --listen 127.0.0.1:0 --port-file /tmp/relay.port --data /var/lib/creel-relay 2>>relay.log & r=$!
	i=0; until [ -s relay.port ]; do i=$((i+1)); [ $i -lt 100 ]; sleep 0.1; done
	creel listen 9 --relay "http://$(cat relay.port)" --name shop --ready-file url --output quiet --db a.db 2>>client.log & c=$!
	i=0; until [ -s url ]; do i=$((i+1)); [ $i -lt 100 ]; sleep 0.1; done
	creel wait --db a.db --since all --timeout 20s path:/hook >/dev/null
	creel wait --db a.db --since all --timeout 20s path:/afterwards >/dev/null
	kill -INT $c; wait $c || true; kill $r; wait $r || true'

step "a webhook"
alone sh /tmp/webhook

step "purge"
online dpkg --purge creel creel-relay >/dev/null
[ ! -e "$root/var/lib/creel-relay" ] || { echo "the spool is still there"; exit 1; }
[ ! -e "$root/usr/bin/creel" ] && [ ! -e "$root/usr/bin/creel-relay" ]
echo "all of it went well"
