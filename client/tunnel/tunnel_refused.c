/* What a relay that answers the handshake with anything but 101 has against it. Its sentence lws does not hand out: the
 * status and the name in Creel-Refused tell (relay/common/http_rules.c). */
#include "client/tunnel/tunnel_private.h"

#include <string.h>

#define FIELD "creel-refused:"

static const struct {
	const char *name;
	bool stop; /* trying again changes nothing */
	const char *why;
} reasons[] = {
	{ "plaintext", true, "it takes tunnels over TLS alone: write https:// in the place of http://" },
	{ "misdirected", true,
	  "it serves only its own machine and does not answer to this name: give it the name with --public-url or "
	  "--domain, or use the one that it has" },
	{ "origin", true,
	  "the handshake came to it with an Origin field, which creel does not send: a proxy on the way adds it" },
	{ "rate_refused", false,
	  "it has refused so many handshakes from here that it says no more why; wait a little" },
	{ "under_way", false,
	  "it has as many connections of this address open as it takes from one: close some, or have its "
	  "--max-connections-per-address raised" },
	{ "no_upgrade", false, "the handshake came to it as no WebSocket: a proxy on the way must pass Upgrade on" },
	{ "tunnel_here", false,
	  "the handshake came to it on a connection for webhooks: a proxy on the way must pass the WebSocket upgrade, "
	  "or the ALPN protocol creel/1, on" },
};

enum tunnel_refused tunnel_read_refused(struct lws *wsi, char *why, size_t size)
{
	char name[32] = "";
	unsigned status = lws_http_client_http_response(wsi);
	int len = lws_hdr_custom_copy(wsi, name, sizeof name, FIELD, (int)strlen(FIELD));
	if (status == 0 || status == 101)
		return TUNNEL_NOT_ANSWERED;
	for (size_t i = 0; len > 0 && i < sizeof reasons / sizeof *reasons; i++)
		if (strcmp(name, reasons[i].name) == 0) {
			snprintf(why, size, "%s", reasons[i].why);
			return reasons[i].stop ? TUNNEL_REFUSED : TUNNEL_NOT_OPENED;
		}
	snprintf(why, size,
		 "it answered %u in the place of a tunnel: is a creel relay there, and does a proxy in front "
		 "of it work?",
		 status);
	return TUNNEL_NOT_OPENED;
}
