/* Why the tunnel is not up: turns what is seen of the connection, its handshake and the relay's notices into reasons
 * (client/reason). Only codes decide, never the words of libwebsockets or a relay; but the words of a notice whose code
 * this client does not know are shown. */
#include "client/tunnel/tunnel_private.h"

#include "shared/secrets/secret_shape.h"
#include "shared/text/text.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define REFUSED_FIELD "creel-refused:"

/* ---- the handshake ---- */

/* The names that a relay gives in Creel-Refused (relay/common/refusals.def). */
static const struct {
	const char *name;
	enum reason reason;
} refusals[] = {
	{ "plaintext", REASON_RELAY_TLS_ONLY },      { "misdirected", REASON_RELAY_MISDIRECTED },
	{ "origin", REASON_RELAY_ORIGIN },           { "rate_refused", REASON_RELAY_RATE },
	{ "under_way", REASON_RELAY_UNDER_WAY },     { "no_upgrade", REASON_RELAY_NO_UPGRADE },
	{ "tunnel_here", REASON_RELAY_TUNNEL_HERE }, { "tunnel_below", REASON_RELAY_PASTED },
};

static void keep_location(struct tunnel *t, struct lws *wsi)
{
	char to[300];
	int len = lws_hdr_copy(wsi, to, sizeof to, WSI_TOKEN_HTTP_LOCATION);
	size_t path = strlen(WIRE_PATH);
	if (len < 0)
		len = 0;
	if ((size_t)len >= path && memcmp(to + len - path, WIRE_PATH, path) == 0)
		len -= (int)path;
	tunnel_set_detail(t, bytes_make(to, (size_t)len));
}

/* An answer of somebody who is not a creel relay, or of one that does not say why. */
static enum reason of_status(struct tunnel *t, struct lws *wsi, unsigned status)
{
	switch (status) {
	case 301:
	case 302:
	case 303:
	case 307:
	case 308:
		keep_location(t, wsi);
		return REASON_RELAY_SENDS_ON;
	case 401:
	case 403:
		return REASON_RELAY_FRONT_FORBIDS;
	case 502:
	case 503:
	case 504:
		return REASON_RELAY_FRONT_ALONE;
	case 426:
		return REASON_RELAY_NO_UPGRADE;
	case 200:
	case 204:
	case 400:
	case 404:
	case 405:
	case 406:
	case 410:
	case 501:
		return REASON_RELAY_OTHER_SERVER;
	default:
		return REASON_RELAY_OTHER_STATUS;
	}
}

enum reason tunnel_reason_of_handshake(struct tunnel *t, struct lws *wsi)
{
	char name[32] = "";
	unsigned status = lws_http_client_http_response(wsi);
	int len = lws_hdr_custom_copy(wsi, name, sizeof name, REFUSED_FIELD, (int)strlen(REFUSED_FIELD));
	if (status == 0)
		return REASON_NONE;
	if (status == 101)
		return REASON_RELAY_OTHER_WEBSOCKET;
	t->facts.status = (int)status;
	bool longer = strlen(t->path) > strlen(WIRE_PATH);
	for (size_t i = 0; len > 0 && i < sizeof refusals / sizeof *refusals; i++)
		if (strcmp(name, refusals[i].name) == 0 && !(longer && refusals[i].reason == REASON_RELAY_TUNNEL_HERE))
			return refusals[i].reason;
	if (longer)
		return REASON_RELAY_PASTED;
	return len > 0 ? REASON_RELAY_OTHER_STATUS : of_status(t, wsi, status);
}

/* ---- the way ---- */

enum reason tunnel_reason_of_resolver(int code)
{
	return code == EAI_NONAME ? REASON_RELAY_NAME_UNKNOWN : REASON_RELAY_NAME_UNANSWERED;
}

/* For the error of connect(). */
static enum reason of_errno(int error)
{
	switch (error) {
	case ECONNREFUSED:
		return REASON_RELAY_NOT_LISTENING;
	case ENETUNREACH:
	case EHOSTUNREACH:
	case ENETDOWN:
		return REASON_RELAY_NO_ROUTE;
	case EMFILE:
	case ENFILE:
		return REASON_TUNNEL_DESCRIPTORS;
	default:
		return REASON_RELAY_NOT_REACHED;
	}
}

/* lws 4.1.6 does not hand out why connect() failed. To an address of this machine, or of a network that cannot be
 * reached, it fails again at once: that is asked for once more, without waiting. */
static int ask_errno(const struct tunnel *t)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV }, *found;
	char port[8];
	int error = 0;
	socklen_t len = sizeof error;
	snprintf(port, sizeof port, "%d", t->port);
	if (getaddrinfo(t->dialed, port, &hints, &found) != 0)
		return 0;
	int fd = socket(found->ai_family, SOCK_STREAM, 0);
	if (fd < 0)
		error = errno;
	else if (fcntl(fd, F_SETFL, O_NONBLOCK) == 0 && connect(fd, found->ai_addr, found->ai_addrlen) != 0)
		error = errno;
	if (error == EINPROGRESS && getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) != 0)
		error = 0;
	if (fd >= 0)
		close(fd);
	freeaddrinfo(found);
	return error;
}

enum reason tunnel_reason_of_dial(const struct tunnel *t)
{
	if (t->stage == STAGE_ASKED)
		return t->tls_error ? certificate_tls_reason(t->tls_error) : REASON_RELAY_BROKE_OFF;
	if (t->stage == STAGE_TLS)
		return certificate_tls_reason(t->tls_error);
	return t->proxied ? REASON_PROXY_SHUT : of_errno(ask_errno(t));
}

enum reason tunnel_reason_of_look(struct tunnel *t, enum reason why, enum relay_look seen, const char *shown)
{
	if (t->proxied) {
		snprintf(t->detail, sizeof t->detail, "%s", shown);
		return proxy_dial_reason_of_look(why, seen);
	}
	switch (seen) {
	case RELAY_LOOK_NOTHING:
		break;
	case RELAY_LOOK_HTTP:
		return t->tls ? REASON_RELAY_NOT_TLS : why;
	case RELAY_LOOK_HTTP2:
		return REASON_RELAY_SPEAKS_HTTP2;
	case RELAY_LOOK_TLS:
		return t->tls ? why : REASON_RELAY_SPEAKS_TLS;
	case RELAY_LOOK_SOCKS:
		return REASON_RELAY_SPEAKS_SOCKS;
	case RELAY_LOOK_OTHER:
		snprintf(t->detail, sizeof t->detail, "%s", shown);
		return REASON_RELAY_NOT_HTTP;
	}
	return why;
}

/* ---- what the relay says ---- */

static bool looks_like_token(const struct tunnel *t)
{
	char token[SECRET_SHAPE_TOKEN + 1];
	size_t digits;
	bool right = secret_shape_token(bytes_of(t->options.token), token, &digits) == TOKEN_SHAPE_RIGHT;
	lws_explicit_bzero(token, sizeof token);
	return right;
}

static enum reason of_code(const struct tunnel *t, enum wire_notice code)
{
	bool stood = t->state == TUNNEL_ONLINE;
	switch (code) {
	case WIRE_NOTICE_UNAUTHORIZED:
		return stood                 ? REASON_TOKEN_REVOKED
		       : !t->options.token   ? REASON_TOKEN_MISSING
		       : looks_like_token(t) ? REASON_TOKEN_UNKNOWN
					     : REASON_TOKEN_SHAPE;
	case WIRE_NOTICE_NAME_TAKEN:
		return stood ? REASON_NAME_LOST : REASON_NAME_TAKEN;
	case WIRE_NOTICE_BAD_NAME:
		return REASON_NAME_BAD;
	case WIRE_NOTICE_REPLACED:
		return REASON_TUNNEL_REPLACED;
	case WIRE_NOTICE_VERSION:
		return REASON_TUNNEL_VERSION;
	case WIRE_NOTICE_LIMIT:
		return REASON_TUNNEL_LIMIT;
	case WIRE_NOTICE_GAP:
		return REASON_SPOOL_GAP;
	case WIRE_NOTICE_QUOTA:
		return REASON_SPOOL_FULL;
	case WIRE_NOTICE_PROTOCOL:
		return REASON_TUNNEL_FAULT_OF_OURS;
	case WIRE_NOTICE_SHUTDOWN:
		return REASON_RELAY_ENDING;
	case WIRE_NOTICE_NAMES:
		return REASON_NAMES_FULL;
	case WIRE_NOTICE_NAME_FORBIDDEN:
		return REASON_NAME_FORBIDDEN;
	}
	return REASON_RELAY_SAYS;
}

void tunnel_set_detail(struct tunnel *t, struct bytes words)
{
	struct buffer shown = { 0 };
	t->detail[0] = 0;
	if (text_sanitize(&shown, words, TEXT_LINE))
		snprintf(t->detail, sizeof t->detail, "%.*s", (int)shown.len, (const char *)shown.at);
	buffer_free(&shown);
}

enum reason tunnel_reason_of_notice(struct tunnel *t, const struct wire_note *note)
{
	enum reason reason = of_code(t, (enum wire_notice)note->code);
	t->facts.count = note->number;
	if (reason == REASON_RELAY_SAYS)
		tunnel_set_detail(t, note->text);
	return reason;
}

enum reason tunnel_reason_of_close(struct tunnel *t, int status)
{
	t->facts.status = status;
	switch (status) { /* RFC 6455 §7.4.1 */
	case 1000:
		return REASON_TUNNEL_ENDED;
	case 1001:
		return REASON_RELAY_ENDING;
	case 1002:
		return REASON_TUNNEL_FAULT_OF_OURS;
	default:
		return REASON_TUNNEL_CLOSED;
	}
}

/* ---- facts ---- */

const struct facts *tunnel_facts(struct tunnel *t)
{
	struct facts *f = &t->facts;
	f->relay = t->options.relay;
	f->host = t->host;
	f->port = t->port;
	f->base = t->base;
	f->proxy = t->proxy.shown;
	f->variable = t->proxy.variable;
	f->tunnel = *t->name ? t->name : t->options.name;
	f->detail = t->detail;
	f->limit_ms = (uint64_t)t->options.answer_within_ms;
	return f;
}

bool tunnel_token_is_for_others(enum reason reason)
{
	return reason == REASON_NAME_FORBIDDEN || reason == REASON_NAME_TAKEN;
}
