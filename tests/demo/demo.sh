#!/usr/bin/env bash
# `make demo`: one signed webhook through a real relay and client to a sample receiver, then its record. No questions asked.
set -eu
bin=${1:?usage: demo.sh BUILD_DIR}
dir=$(mktemp -d)
export XDG_DATA_HOME=$dir/data XDG_CONFIG_HOME=$dir/config XDG_STATE_HOME=$dir/state
pids=()
cleanup() {
	# bash 3.2 takes an empty list for an unset one.
	for p in ${pids[@]+"${pids[@]}"}; do kill "$p" 2>/dev/null || true; done
	wait 2>/dev/null || true
	rm -rf "$dir"
}
trap cleanup EXIT

# Waits until the file has a line, or the process that is to write it has ended.
first_line() {
	local deadline=$((SECONDS + 30))
	until [ -s "$1" ]; do
		if ! kill -0 "$2" 2>/dev/null || [ $SECONDS -ge $deadline ]; then
			echo "demo: $3 did not start; its output:" >&2
			cat "$dir"/*.log >&2
			exit 1
		fi
		sleep 0.05
	done
	head -n 1 "$1"
}

"$bin/sample-receiver" 0 >"$dir/receiver.log" 2>&1 &
pids+=($!)
receiver_port=$(first_line "$dir/receiver.log" $! "the sample receiver" | grep -oE '[0-9]+$')
"$bin/creel" dev "$receiver_port" --port 0 --ready-file "$dir/url" >"$dir/creel.log" 2>&1 &
pids+=($!)
url=$(first_line "$dir/url" $! "creel dev")
echo "Tunnel: $url -> http://localhost:$receiver_port"

body='{"zen":"Approachable is better than simple.","hook_id":1}'
secret=demo-secret
signature=$(printf %s "$body" | openssl dgst -sha256 -hmac "$secret" | sed 's/^.*= *//')
echo "Sending a signed GitHub ping:"
curl -sS --fail -X POST "$url/hooks/github" -H 'Content-Type: application/json' -H 'X-GitHub-Event: ping' \
	-H "X-Hub-Signature-256: sha256=$signature" --data-binary "$body"
echo
echo
echo "What creel recorded:"
"$bin/creel" show "$("$bin/creel" list -n 1 --json | sed -E 's/^\{"id": ?([0-9]+).*/\1/')"
recorded=$("$bin/creel" show 1 --request --body | openssl dgst -sha256 -hmac "$secret" | sed 's/^.*= *//')
echo
if [ "$recorded" = "$signature" ]; then
	echo "The signature holds over the recorded bytes: sha256=$recorded"
else
	echo "demo: the recorded bytes do not match the signature" >&2
	exit 1
fi
