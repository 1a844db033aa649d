#!/usr/bin/env bash
# README's "A relay on a public host, in ten lines", timed: in a root file system of Debian (made by debootstrap), from the two
# packages of dist to a webhook over TLS, with a certificate from pebble. Nothing starts services there: the relay is run by the
# command and as the user of its unit, with that one capability. Root only; in a network namespace with loopback alone, save for
# apt-get. Usage: try_relay.sh ROOT   (it is changed: use a copy)
set -eu
root=${1:?usage: try_relay.sh ROOT}
cd "$(dirname "$0")/.."
cp /etc/resolv.conf "$root/etc/resolv.conf"
printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d"
chmod 755 "$root/usr/sbin/policy-rc.d"
online() { DEBIAN_FRONTEND=noninteractive chroot "$root" "$@"; }

# Not README's, so not timed: a certificate authority, and curl to be the sender.
online apt-get update -qq
online apt-get install -y -qq --no-install-recommends pebble openssl curl ca-certificates procps >"$root/tmp/tools.log" 2>&1 || { tail -n 20 "$root/tmp/tools.log"; exit 1; }
cat >"$root/tmp/inside.sh" <<'END'
set -eu
name=hooks.example.com ca=https://127.0.0.1:14000/dir
cd /tmp
fail() { echo "$*" >&2; tail -n 20 ./*.log >&2; exit 1; }
ready() { i=0; until "$@" >/dev/null 2>&1; do i=$((i + 1)); [ $i -lt 300 ] || fail "in vain: $*"; sleep 0.1; done; }
openssl req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.pem -subj /CN=test -days 2 2>/dev/null
openssl req -newkey rsa:2048 -nodes -keyout pebble.key -out pebble.csr -subj /CN=localhost 2>/dev/null
printf 'subjectAltName=DNS:localhost,IP:127.0.0.1\n' >names
openssl x509 -req -in pebble.csr -CA ca.pem -CAkey ca.key -CAcreateserial -out pebble.pem -days 2 -extfile names 2>/dev/null
printf '{"pebble":{"listenAddress":"127.0.0.1:14000","managementListenAddress":"127.0.0.1:15000","certificate":"/tmp/pebble.pem","privateKey":"/tmp/pebble.key","httpPort":80,"tlsPort":443,"ocspResponderURL":""}}' >pebble.json
cat ca.pem >>/etc/ssl/certs/ca-certificates.crt
echo "127.0.0.1 localhost $name" >/etc/hosts
pebble-challtestsrv -dns01 127.0.0.1:8053 -http01 "" -https01 "" -tlsalpn01 "" -management 127.0.0.1:8055 -defaultIPv6 "" >dns.log 2>&1 & dns=$!
PEBBLE_VA_NOSLEEP=1 pebble -config pebble.json -dnsserver 127.0.0.1:8053 >pebble.log 2>&1 & pebble=$!
ready curl -sf "$ca"
curl -sf https://127.0.0.1:15000/roots/0 >root.pem
date +%s.%N >began

printf '%s\nyou@example.com\n' $name | creel-relay setup --acme-url $ca --listen 0.0.0.0:443 >setup.out 2>setup.log || fail "setup says that something is amiss"
user=$(sed -n 's/^User=//p' /lib/systemd/system/creel-relay.service)
command=$(sed -n 's/^ExecStart=//p' /lib/systemd/system/creel-relay.service)
ls -d /etc/systemd/system/creel-relay.service.d >/dev/null
# shellcheck disable=SC2086 # a line of words
setpriv --reuid "$user" --regid "$user" --clear-groups --bounding-set -all,+net_bind_service --inh-caps -all,+net_bind_service \
	--ambient-caps -all,+net_bind_service --no-new-privs $command 2>relay.log & relay=$!
ready creel-relay status --data /var/lib/creel-relay
ready curl -s --cacert root.pem -o /dev/null https://$name/

export HOME=/tmp/laptop
mkdir -p $HOME
sed -n 2p setup.out | creel login https://$name --token @- --ca root.pem 2>login.log || fail "login failed"
creel listen --name shop --ca root.pem --answer 200:hello --ready-file url --output quiet 2>client.log & client=$!
ready test -s url
[ "$(curl -s --cacert root.pem -d hello https://$name/shop/)" = hello ] || fail "no webhook came"
date +%s.%N >ended
creel list
kill -INT $client && wait $client || true
kill $relay && wait $relay
kill $pebble $dns
END
mkdir -p "$root/tmp/ten"
cp dist/creel_*.deb dist/creel-relay_*.deb "$root/tmp/ten/"
began=$(date +%s)
online sh -c 'apt-get update -qq && apt-get install -y -qq /tmp/ten/creel_*.deb /tmp/ten/creel-relay_*.deb' >"$root/tmp/install.log" 2>&1 || { tail -n 20 "$root/tmp/install.log"; exit 1; }
installed=$(($(date +%s) - began))
unshare --net --mount --pid --fork sh -c 'ip link set lo up; mount -t proc proc "$1/proc"; for d in null urandom; do [ -c "$1/dev/$d" ] || { touch "$1/dev/$d"; mount --bind "/dev/$d" "$1/dev/$d"; }; done; exec chroot "$1" bash /tmp/inside.sh' sh "$root"
echo "packages in place after $installed s, the first webhook over TLS $(echo "$(cat "$root/tmp/ended") - $(cat "$root/tmp/began")" | bc) s later"
