#!/usr/bin/env bash
# Builds the images and runs compose.yaml with an app that answers, by buildah and podman-compose: token, health check, a webhook
# from outside to the app by the names of the network, a restart with what waits, the end. Root only; all of it is in a network
# and folders of its own. Usage: try.sh   (after `make dist`)
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
if [ "${1:-}" != inside ]; then
	dir=$(mktemp -d)
	# runc mounts cgroups below the folder for a while.
	trap 'rm -rf "$dir" 2>/dev/null || { sleep 1; rm -rf "$dir"; }' EXIT
	unshare --net --mount --ipc --pid --fork --kill-child --mount-proc bash "$0" inside "$dir"
	exit
fi
dir=$2
cd "$dir"
say() { echo "try: $*"; }
fail() {
	echo "try: $*" >&2
	podman-compose -p tried -f compose.yaml logs >&2 2>/dev/null || true
	exit 1
}
ip link set lo up
# Addresses and names that podman's networks gave are kept on the machine.
for folder in /var/lib/cni /run/containers; do mkdir -p $folder && mount -t tmpfs none $folder; done
# Of this machine: what may be raised, and which of the two kinds of cgroups there are, podman does not find out by itself.
cat >containers.conf <<END
[engine]
runtime="runc"
cgroup_manager="cgroupfs"
events_logger="file"
tmp_dir="$dir/tmp"
[containers]
default_ulimits=["nofile=1024:$(ulimit -Hn)","nproc=1024:1024"]
log_driver="k8s-file"
[network]
network_config_dir="$dir/cni"
END
cat >storage.conf <<END
[storage]
driver="vfs"
graphroot="$dir/graph"
runroot="$dir/run"
END
export CONTAINERS_CONF=$dir/containers.conf CONTAINERS_STORAGE_CONF=$dir/storage.conf HOME=$dir

"$here/build.sh" >/dev/null
cat >app.c <<'END'
#include <arpa/inet.h>
#include <string.h>
#include <unistd.h>
int main(void)
{
	struct sockaddr_in all = { .sin_family = AF_INET, .sin_port = htons(3000) };
	static const char answer[] = "HTTP/1.1 200 OK\r\nContent-Length: 12\r\nConnection: close\r\n\r\nfrom the app";
	char asked[4096];
	int s = socket(AF_INET, SOCK_STREAM, 0), c;
	if (bind(s, (struct sockaddr *)&all, sizeof all) != 0 || listen(s, 9) != 0)
		return 1;
	while ((c = accept(s, NULL, NULL)) >= 0) {
		if (read(c, asked, sizeof asked) > 0 && write(c, answer, strlen(answer)) < 0)
			return 1;
		close(c);
	}
	return 1;
}
END
gcc -static -o app app.c
printf 'FROM scratch\nCOPY app /app\nENTRYPOINT ["/app"]\n' >Containerfile
buildah bud --quiet --isolation chroot --network host --format docker -t localhost/app . >/dev/null
sizes=$(podman image ls --format '{{.Repository}} {{.Size}}' | sort -u | paste -sd ,)
say "images: $sizes"

cp "$here/compose.yaml" .
compose() { podman-compose -p tried -f compose.yaml "$@"; }
CREEL_TOKEN=$(compose run --no-deps --rm relay token add laptop 2>err | tr -d '\r' | grep '^creel_') || { cat err; fail "no token was made"; }
export CREEL_TOKEN
compose up -d >up.log 2>&1 || { cat up.log; fail "compose up failed"; }
answer=""
deadline=$((SECONDS + 90)) # the names of the network, and the client's next try
until [ $SECONDS -gt $deadline ]; do
	answer=$(curl -s -m 5 -d '{"a":1}' http://127.0.0.1:8080/shop/hook) || true
	[ "$answer" != "from the app" ] || break
	sleep 0.2
done
[ "$answer" = "from the app" ] || fail "the webhook was not answered by the app but: $answer"
say "a webhook went from outside to the app"
podman healthcheck run tried_relay_1 >/dev/null || fail "the relay is not healthy"
podman exec tried_relay_1 /creel-relay status | grep -q '^shop .*online' || fail "status does not name the tunnel"
! podman exec tried_relay_1 /creel-relay token add other --data /elsewhere 2>/dev/null || fail "the root can be written"

podman stop -t 20 tried_client_1 >/dev/null
[ "$(curl -s -o /dev/null -w '%{http_code}' -d kept http://127.0.0.1:8080/shop/kept)" = 202 ] || fail "a webhook was not kept"
podman stop -t 20 tried_relay_1 >/dev/null
[ "$(podman inspect --format '{{.State.ExitCode}}' tried_relay_1)" = 0 ] || fail "the relay did not end well"
podman start tried_relay_1 tried_client_1 >/dev/null
podman exec tried_client_1 /creel wait path:/kept --since all --timeout 30s >/dev/null || fail "what waited did not come"
say "what waited came after both were stopped and started"
compose down >down.log 2>&1 || { cat down.log; fail "compose down failed"; }
