#!/usr/bin/env bash
# Fetches the npm packages of the end-to-end tests, the providers' own libraries among them, when they are not there.
# `make test` does it first: a registry that cannot be reached is to be known before minutes of building, not after.
set -u
cd "$(dirname "$0")" || exit 1

# npm writes node_modules/.package-lock.json last: not newer than our lock means missing, half done or stale.
if [ node_modules/.package-lock.json -nt package-lock.json ]; then exit 0; fi
if ! log=$(mktemp); then exit 1; fi
trap 'rm -f "$log"' EXIT
if npm ci --ignore-scripts --no-audit --no-fund --loglevel=error >"$log" 2>&1; then
	touch node_modules/.package-lock.json
	exit 0
fi
registry=$(npm config get registry 2>/dev/null)
code=$(sed -n 's/^npm \(ERR!\|error\) code //p' "$log" | head -n 1)
case $code in
*CERT* | *ISSUER* | *SELF_SIGNED*) todo="its certificate is not trusted here ($code): name your company's CA file in NODE_EXTRA_CA_CERTS" ;;
EAI_AGAIN | ENOTFOUND | ECONN* | ETIMEDOUT | EHOSTUNREACH | ENETUNREACH | ERR_SOCKET_TIMEOUT)
	todo="it cannot be reached ($code): look at the network, at HTTPS_PROXY, or set another by \`npm config set registry URL\`"
	;;
*) todo="npm ended with ${code:-no code}; what it said stands above" && cat "$log" >&2 ;;
esac
echo "make test: the packages of the end-to-end tests cannot be fetched from the npm registry ${registry:-?}: $todo" >&2
exit 1
