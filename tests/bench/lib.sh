# What the figures share: a folder, an app (nginx answering at once), nginx as a proxy, a relay and a client.
# Source it; gives $dir, $here. What starts creel takes it from $bin.
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
dir=$(mktemp -d)
# nginx keeps bodies there, by workers that are somebody else where this runs as root.
chmod 755 "$dir"
export XDG_DATA_HOME=$dir/data XDG_CONFIG_HOME=$dir/config XDG_STATE_HOME=$dir/state
pids=()
folders=("$dir")
cleanup() {
	for p in "${pids[@]}"; do kill "$p" 2>/dev/null || true; done
	wait 2>/dev/null || true
	rm -rf "${folders[@]}"
}
trap cleanup EXIT
free_port() { node -e 'const s=require("net").createServer().listen(0,"127.0.0.1",()=>{console.log(s.address().port);s.close()})'; }
now() { date +%s%N; }
wait_for() { # what seconds command…
	local what=$1 deadline=$((SECONDS + $2))
	shift 2
	until "$@" >/dev/null 2>&1; do
		[ $SECONDS -lt $deadline ] || { echo "bench: $what did not come about" >&2; tail -n 5 "$dir"/*.log >&2; exit 1; }
		read -r -t 0.02 <> <(:) || true
	done
}
rss() { awk '/VmRSS|VmHWM/ {printf "%s%.1f", sep, $2/1024; sep="/"}' "/proc/$1/status" | sed -E 's#(.*)/(.*)#peak \1 MiB, now \2 MiB#'; }
rss_kib() { awk '/VmRSS/ {print $2}' "/proc/$1/status"; }
cpu() { awk '{print $14+$15}' "/proc/$1/stat"; } # clock ticks
cpu_of() { local p; for p in "$@"; do cat "/proc/$p/stat"; done | awk '{n += $14+$15} END {print n}'; }
median() { awk -v f="$2" '{print $f}' "$1" | sort -g | awk '{v[NR]=$1} END {print v[int((NR+1)/2)]}'; }
metric() { curl -sf "http://$(cat "$dir/admin")/metrics" | awk -v n="$1" '$1 == n {print $2}'; }

make_certificate() {
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=bench \
		-addext subjectAltName=DNS:localhost,IP:127.0.0.1 -keyout "$dir/server.key" -out "$dir/server.crt" 2>/dev/null
}

run_nginx() { # name servers -> $nginx
	local folder=$dir/nginx-$1
	mkdir -p "$folder"
	cat >"$folder/nginx.conf" <<CONF
worker_processes 2;
pid $folder/pid;
error_log $folder/error.log;
daemon off;
events { worker_connections 4096; }
http {
	access_log off;
	client_body_temp_path $folder/body; proxy_temp_path $folder/proxy; fastcgi_temp_path $folder/f; uwsgi_temp_path $folder/u; scgi_temp_path $folder/s;
	client_body_buffer_size 64k;
	client_max_body_size 0;
	keepalive_requests 100000000;
	$2
}
CONF
	nginx -c "$folder/nginx.conf" -p "$folder" 2>"$dir/nginx-$1.log" &
	nginx=$!
	pids+=($nginx)
}

# $app, and in front of it, processes of their own as the target's always are, $proxy (plain) and with a certificate
# $proxy_tls. $proxy_pids are theirs.
start_nginx() {
	app=$(free_port) proxy=$(free_port) proxy_tls=$(free_port)
	local way="proxy_pass http://app; proxy_http_version 1.1; proxy_set_header Connection \"\"; client_max_body_size 0;" tls=""
	[ ! -e "$dir/server.crt" ] || tls="server { listen 127.0.0.1:$proxy_tls ssl; ssl_certificate $dir/server.crt; ssl_certificate_key $dir/server.key; location / { $way } }"
	run_nginx app "server { listen 127.0.0.1:$app; listen [::1]:$app; location / { return 200 '{\"received\":1}'; } }"
	run_nginx proxy "upstream app { server 127.0.0.1:$app; keepalive 256; keepalive_requests 100000000; }
	server { listen 127.0.0.1:$proxy; location / { $way } ${counter:+location /counted { proxy_pass http://127.0.0.1:$counter; \}} }
	$tls"
	wait_for "nginx" 20 curl -sf "http://127.0.0.1:$proxy/"
	proxy_pids=$(pgrep -P "$nginx")
}

# $counter: an app that counts the bytes of what it is sent and says how many when asked.
start_counter() {
	counter=$(free_port)
	node -e '
		let bytes = 0;
		require("http").createServer((q, a) => {
			if (q.url === "/bytes") return void a.end(String(bytes));
			q.on("data", (d) => (bytes += d.length)).on("end", () => a.end("{}"));
		}).listen(+process.argv[1], "127.0.0.1")' "$counter" &
	pids+=($!)
	wait_for "the app that counts" 20 counted
}
counted() { curl -sf "http://127.0.0.1:$counter/bytes"; }

start_relay() { # name options… -> $relay, $dir/NAME.port
	local name=$1
	shift
	"$bin/creel-relay" serve --listen 127.0.0.1:0 --data "$dir/relay-$name" --port-file "$dir/$name.port" --log-level error "$@" \
		>"$dir/relay-$name.log" 2>&1 &
	relay=$!
	pids+=($relay)
	wait_for "the relay" 60 test -s "$dir/$name.port"
}

start_client() { # name relay-url options… -> $client, $url
	local name=$1 to=$2
	shift 2
	rm -f "$dir/$name.url"
	"$bin/creel" listen "$app" --relay "$to" --name bench --output quiet --ready-file "$dir/$name.url" --db "$dir/$name.db" "$@" \
		>"$dir/client-$name.log" 2>&1 &
	client=$!
	pids+=($client)
	wait_for "the tunnel" 60 test -s "$dir/$name.url"
	url=$(cat "$dir/$name.url")
}
