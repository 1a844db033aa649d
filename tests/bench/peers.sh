#!/usr/bin/env bash
# Where creel stands: 1 KiB webhooks through creel with every delivery recorded, through nginx as a reverse proxy, and through
# whatever of chisel, frp and OpenSSH (ssh -R) is installed, to the same app on the same machine, in turns whose order changes;
# medians of ROUNDS rounds. All but creel pass bytes on and record nothing. Says which were missing.
# Usage: peers.sh BUILD_DIR; ROUNDS, SECONDS_EACH, CONNECTIONS="1 32 256"
set -eu
bin=$(cd "${1:?usage: peers.sh BUILD_DIR}" && pwd)
. "$(dirname "$0")/lib.sh"
rounds=${ROUNDS:-3} seconds=${SECONDS_EACH:-3} connections=${CONNECTIONS:-1 32 256}
declare -A url_of
series="" missing=""
start_nginx

run() { # name command…: in the background
	local name=$1
	shift
	"$@" >"$dir/$name.log" 2>&1 &
	pids+=($!)
}
answers() { curl -sf -o /dev/null "$1"; }
add() { # name url: a series, once the app answers there
	wait_for "$1" 20 answers "$2"
	url_of[$1]=$2 series="$series $1"
}
has() { # names…: all of them installed; else the first says whose they are
	local name=$1 p
	shift
	for p in "$@"; do
		command -v "$p" >/dev/null || { missing="$missing $name ($p)"; return 1; }
	done
}

start_creel() {
	start_relay creel
	start_client creel "http://$(cat "$dir/creel.port")"
	add creel "$url/hook"
}

start_chisel() {
	local server far
	server=$(free_port) far=$(free_port)
	run chisel-server chisel server --host 127.0.0.1 --port "$server" --reverse
	run chisel-client chisel client --max-retry-interval 1s "http://127.0.0.1:$server" "R:127.0.0.1:$far:127.0.0.1:$app"
	add chisel "http://127.0.0.1:$far/hook"
}

start_frp() {
	local server far
	server=$(free_port) far=$(free_port)
	printf 'bindAddr = "127.0.0.1"\nbindPort = %d\nproxyBindAddr = "127.0.0.1"\n' "$server" >"$dir/frps.toml"
	printf 'serverAddr = "127.0.0.1"\nserverPort = %d\nloginFailExit = false\n[[proxies]]\nname = "app"\ntype = "tcp"\nlocalIP = "127.0.0.1"\nlocalPort = %d\nremotePort = %d\n' \
		"$server" "$app" "$far" >"$dir/frpc.toml"
	run frps frps -c "$dir/frps.toml"
	run frpc frpc -c "$dir/frpc.toml"
	add frp "http://127.0.0.1:$far/hook"
}

# A server of its own, for whoever runs this, with keys of its own.
start_ssh() {
	local server far folder=$dir/ssh
	server=$(free_port) far=$(free_port)
	mkdir -m 700 "$folder"
	ssh-keygen -q -t ed25519 -N '' -f "$folder/host"
	ssh-keygen -q -t ed25519 -N '' -f "$folder/key"
	cp "$folder/key.pub" "$folder/keys"
	[ "$(id -u)" != 0 ] || mkdir -p /run/sshd # where sshd gives up its rights
	printf 'ListenAddress 127.0.0.1:%d\nHostKey %s/host\nPidFile none\nAuthorizedKeysFile %s/keys\nStrictModes no\nUsePAM no\nPasswordAuthentication no\nPermitRootLogin prohibit-password\n' \
		"$server" "$folder" "$folder" >"$folder/sshd_config"
	run sshd "$(command -v sshd)" -D -e -f "$folder/sshd_config"
	wait_for "sshd" 20 bash -c "exec 3<>/dev/tcp/127.0.0.1/$server"
	run ssh ssh -N -F none -p "$server" -i "$folder/key" -o IdentitiesOnly=yes -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null \
		-o ExitOnForwardFailure=yes -R "127.0.0.1:$far:127.0.0.1:$app" 127.0.0.1
	add ssh-R "http://127.0.0.1:$far/hook"
}

PATH=$PATH:/usr/sbin
add nginx "http://127.0.0.1:$proxy/hook"
start_creel
if has chisel chisel; then start_chisel; fi
if has frp frps frpc; then start_frp; fi
if has OpenSSH sshd ssh ssh-keygen; then start_ssh; fi

one() { # series connections: appends "rps p50_ms p99_ms errors"
	local threads=1
	[ "$2" -eq 1 ] || threads=2
	wrk -t$threads -c"$2" -d"${seconds}s" --timeout 30s --latency -s "$here/post.lua" "${url_of[$1]}" >"$dir/wrk"
	awk '
		function ms(v) { if (v ~ /us$/) return v / 1000; if (v ~ /ms$/) return v + 0; return v * 1000 }
		/50%/ { p50 = ms($2) } /99%/ { p99 = ms($2) } /Requests\/sec/ { rps = $2 }
		/Non-2xx/ { bad = $NF } /Socket errors/ { for (i = 4; i <= NF; i += 2) bad += $i }
		END { print rps + 0, p50 + 0, p99 + 0, bad + 0 }' "$dir/wrk" >>"$dir/$1-$2"
}

status=0
echo "1 KiB POST, $rounds rounds of $seconds s, medians. creel records, nobody else does."
printf '%-4s %-8s %10s %9s %18s %7s\n' c through req/s "of nginx" "p50/p99 ms" errors
for c in $connections; do
	order=$series
	for _ in $(seq "$rounds"); do
		for s in $order; do one "$s" "$c"; done
		first=${order# } first=${first%% *}
		order="${order# } " order="${order#* } $first"
	done
	for s in $series; do
		paste "$dir/$s-$c" "$dir/nginx-$c" | awk '{print $1 / $5}' >"$dir/ratio"
		errors=$(awk '{n += $4} END {print n + 0}' "$dir/$s-$c")
		[ "$errors" -eq 0 ] || status=1
		printf '%-4s %-8s %10.0f %9.2f %18s %7d\n' "$c" "$s" "$(median "$dir/$s-$c" 1)" "$(median "$dir/ratio" 1)" \
			"$(median "$dir/$s-$c" 2)/$(median "$dir/$s-$c" 3)" "$errors"
	done
done
[ -z "$missing" ] || echo "Not installed, and so not run:$missing"
exit $status
