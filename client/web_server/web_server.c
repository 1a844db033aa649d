#include "client/web_server/web_server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include <microhttpd.h>

#include "client/web_server/web_assets.h"
#include "client/web_server/web_door.h"
#include "client/web_server/web_guard.h"
#include "shared/base/clock.h"
#include "shared/program/loop.h"

#define CONNECTIONS 64
#define IDLE_SECONDS 30
#define HEAD_MOST (16u << 10)
#define HEAD_MEMORY (24u << 10) /* of such a head, and what libmicrohttpd keeps beside it */
#define BODY_MOST (64u << 10)
#define BODY_MOST_EDITED (90u << 20) /* 64 MiB as base64 */
#define FAILURES_MOST 20             /* a minute, without a token or with a wrong one */

enum call_state { CALL_READING, CALL_ASKED, CALL_ANSWERED };

/* A request on its way. */
struct call {
	struct call *next; /* of those for the loop */
	struct web_server *server;
	struct MHD_Connection *connection;
	struct web_exchange *exchange;
	char *uri;
	enum call_state state;
	bool begun, too_large;
	size_t body_most;
};

struct web_server {
	struct web_server_options options;
	struct web_key key;
	struct MHD_Daemon *daemon;
	unsigned port;
	uv_async_t wake;
	uv_mutex_t mutex;          /* of `first`, `last`, `closing` */
	struct call *first, *last; /* for the loop */
	bool closing;
	size_t asked; /* the loop's count of those it has to answer */
	/* The server's thread. */
	unsigned failures;
	uint64_t failures_since_ms;
	void (*closed)(void *user);
	void *closed_user;
};

/* ---- answers ---- */

static const char policy[] =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'";

static bool add(struct MHD_Response *r, const char *name, const char *value)
{
	return MHD_add_response_header(r, name, value) == MHD_YES;
}

static bool add_usual(struct MHD_Response *r, const struct web_exchange *x)
{
	return add(r, "Content-Security-Policy", x->policy ? x->policy : policy) &&
	       add(r, "X-Content-Type-Options", "nosniff") && add(r, "Referrer-Policy", "no-referrer") &&
	       add(r, "Cross-Origin-Opener-Policy", "same-origin") &&
	       add(r, "Cross-Origin-Resource-Policy", "same-origin") &&
	       add(r, "Permissions-Policy",
		   "camera=(), microphone=(), geolocation=(), usb=(), clipboard-write=(self)") &&
	       (x->policy || add(r, "X-Frame-Options", "DENY")) &&
	       add(r, "Cache-Control", x->cached ? "no-cache" : "no-store") &&
	       (!x->type || add(r, "Content-Type", x->type));
}

static bool add_own(struct MHD_Response *r, const struct web_exchange *x)
{
	const char *at = (const char *)x->headers.at, *end = at + x->headers.len;
	while (at && at < end) {
		char name[60], value[WEB_LINE_MOST];
		const char *colon = memchr(at, ':', (size_t)(end - at)), *line = memchr(at, '\n', (size_t)(end - at));
		if (!colon || !line || line < colon)
			return false;
		snprintf(name, sizeof name, "%.*s", (int)(colon - at), at);
		snprintf(value, sizeof value, "%.*s", (int)(line - colon - 2), colon + 2);
		if (!add(r, name, value))
			return false;
		at = line + 1;
	}
	return true;
}

static enum MHD_Result send_response(struct MHD_Connection *c, const struct web_exchange *x, struct MHD_Response *r)
{
	if (!r)
		return MHD_NO;
	enum MHD_Result result = add_usual(r, x) && add_own(r, x) ? MHD_queue_response(c, x->status, r) : MHD_NO;
	MHD_destroy_response(r);
	return result;
}

static enum MHD_Result send_answer(struct call *call)
{
	struct web_exchange *x = call->exchange;
	struct MHD_Response *r;
	if (x->status == 0)
		web_problem(x, 503, "store", "out of memory");
	if (x->in_file && (r = MHD_create_response_from_fd64(x->file_len, x->file))) {
		x->in_file = false; /* it is closed with the response */
		return send_response(call->connection, x, r);
	}
	if (x->in_file)
		web_problem(x, 503, "store", "out of memory");
	/* The memory goes to the answer: a body may be long. */
	r = x->answer.len ? MHD_create_response_from_buffer(x->answer.len, x->answer.at, MHD_RESPMEM_MUST_FREE)
			  : MHD_create_response_from_buffer(0, (void *)(uintptr_t) "", MHD_RESPMEM_PERSISTENT);
	if (r && x->answer.len)
		x->answer = (struct buffer){ 0 };
	return send_response(call->connection, x, r);
}

static enum MHD_Result send_asset(struct call *call)
{
	struct web_exchange *x = call->exchange;
	const struct web_asset *a = web_assets_find(x->path);
	if (!a) {
		web_problem(x, 404, "not-found", "there is no such file of the page");
		return send_answer(call);
	}
	x->cached = true;
	x->type = a->type;
	bool packed =
	    web_assets_may_pack(MHD_lookup_connection_value(call->connection, MHD_HEADER_KIND, "Accept-Encoding"));
	const char *etag = packed ? a->packed_etag : a->etag;
	bool same = web_has_already(x, etag);
	struct bytes text = packed ? a->packed : a->text;
	x->status = same ? 304 : 200;
	if (!web_answer_header(x, "ETag: %s", etag) || !web_answer_header(x, "Vary: Accept-Encoding") ||
	    (packed && !same && !web_answer_header(x, "Content-Encoding: gzip")))
		return MHD_NO;
	return send_response(
	    call->connection, x,
	    MHD_create_response_from_buffer(same ? 0 : text.len, (void *)(uintptr_t)text.at, MHD_RESPMEM_PERSISTENT));
}

/* ---- what is asked ---- */

static enum MHD_Result on_param(void *user, enum MHD_ValueKind kind, const char *name, const char *value)
{
	struct web_exchange *x = user;
	(void)kind;
	if (x->param_count == WEB_PARAMS_MOST)
		return MHD_NO;
	x->params[x->param_count++] = (struct web_pair){ name, value ? value : "" };
	return MHD_YES;
}

/* Counts fields of one name, and keeps the last. */
struct seen {
	const char *name, *value;
	size_t count;
};

static enum MHD_Result on_field(void *user, enum MHD_ValueKind kind, const char *name, const char *value)
{
	struct seen *s = user;
	(void)kind;
	if (strcasecmp(name, s->name) == 0) {
		s->value = value ? value : "";
		s->count++;
	}
	return MHD_YES;
}

static struct seen find(struct MHD_Connection *c, const char *name)
{
	struct seen s = { .name = name };
	MHD_get_connection_values(c, MHD_HEADER_KIND, on_field, &s);
	return s;
}

struct cookies {
	const struct web_server *server;
	char name[24];
	bool right;
};

/* Pages of other ports may set cookies of this name, too: one that is right is enough. */
static enum MHD_Result on_cookie(void *user, enum MHD_ValueKind kind, const char *name, const char *value)
{
	struct cookies *c = user;
	(void)kind;
	c->right = c->right || (strcmp(name, c->name) == 0 && web_key_same(c->server->key.cookie, value));
	return MHD_YES;
}

static bool has_cookie(const struct web_server *s, struct MHD_Connection *c)
{
	struct cookies found = { .server = s };
	snprintf(found.name, sizeof found.name, "creel_%u", s->port);
	MHD_get_connection_values(c, MHD_COOKIE_KIND, on_cookie, &found);
	return found.right;
}

static bool has_bearer(const struct web_server *s, struct MHD_Connection *c)
{
	const char *value = find(c, "Authorization").value;
	return value && strncasecmp(value, "Bearer ", 7) == 0 && web_key_same(s->key.token, value + 7);
}

static bool is_loopback(struct MHD_Connection *c)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(c, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
	const struct sockaddr_in *in = info ? (const struct sockaddr_in *)(const void *)info->client_addr : NULL;
	return in && in->sin_family == AF_INET && ntohl(in->sin_addr.s_addr) >> 24 == 127;
}

static enum web_method method_of(const char *name)
{
	static const char *const names[] = { "GET", "HEAD", "POST", "DELETE" };
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (strcmp(names[i], name) == 0)
			return (enum web_method)i;
	return WEB_OTHER;
}

static enum web_guard_verdict judge(const struct call *call)
{
	struct web_server *s = call->server;
	struct MHD_Connection *c = call->connection;
	const struct web_exchange *x = call->exchange;
	struct seen host = find(c, "Host"), origin = find(c, "Origin"), page = find(c, "Creel-Page");
	const struct web_guard_head head = {
		.method = x->method,
		.loopback = is_loopback(c),
		.port = s->port,
		.hosts = host.count,
		.host = host.value,
		.origins = origin.count,
		.origin = origin.value,
		.site = find(c, "Sec-Fetch-Site").value,
		.mode = find(c, "Sec-Fetch-Mode").value,
		.dest = x->fetch_dest,
		.content_type = find(c, "Content-Type").value,
		.page = page.value && strcmp(page.value, "1") == 0,
		.bearer = has_bearer(s, c),
		.cookie = has_cookie(s, c),
		.token = web_key_same(s->key.token, web_param(x, "token")),
		.open = s->options.ngrok && web_door_is_open(x->path),
		.asset = strncmp(x->path, "/page/", 6) == 0,
	};
	return web_guard(&head);
}

/* Guessing is slow; who has a cookie or token notices nothing of it. */
static bool fails_too_often(struct web_server *s)
{
	uint64_t now = clock_steady_ms();
	if (now - s->failures_since_ms > 60000) {
		s->failures_since_ms = now;
		s->failures = 0;
	}
	return ++s->failures > FAILURES_MOST;
}

static enum MHD_Result refuse(struct call *call, enum web_guard_verdict verdict)
{
	struct web_door door = { verdict, call->server->port, false };
	if (verdict == WEB_GUARD_TOKEN)
		door.too_often = fails_too_often(call->server);
	web_door_refuse(call->exchange, &door);
	return send_answer(call);
}

static bool is_absolute(const char *uri)
{
	return *uri != '/';
}

static void fill(struct call *call, const char *path, const char *method)
{
	struct web_exchange *x = call->exchange;
	struct MHD_Connection *c = call->connection;
	x->method = method_of(method);
	x->path = path;
	x->link = call->uri;
	x->range = find(c, "Range").value;
	x->if_range = find(c, "If-Range").value;
	x->if_none_match = find(c, "If-None-Match").value;
	x->last_event_id = find(c, "Last-Event-ID").value;
	x->fetch_dest = find(c, "Sec-Fetch-Dest").value;
	x->accept = find(c, "Accept").value;
	call->body_most = x->method == WEB_POST && strcmp(path, "/api/replays") == 0 ? BODY_MOST_EDITED : BODY_MOST;
}

static bool declares_too_much(const struct call *call)
{
	const char *length = find(call->connection, "Content-Length").value;
	return length && strtoull(length, NULL, 10) > call->body_most;
}

/* Whether it is said once, and in one way, where the body ends (RFC 9112 §6). A value that is no number is refused by
 * libmicrohttpd; of two it takes one, and waits for what never comes, or takes the rest for the next request. */
static bool is_framed_once(const struct call *call)
{
	struct seen length = find(call->connection, "Content-Length");
	struct seen coding = find(call->connection, "Transfer-Encoding");
	if (length.count + coding.count > 1)
		return false;
	return coding.count ? strcasecmp(coding.value, "chunked") == 0
			    : !length.count || (*length.value && !length.value[strspn(length.value, "0123456789")]);
}

static size_t head_len(const struct call *call)
{
	const union MHD_ConnectionInfo *info =
	    MHD_get_connection_info(call->connection, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);
	return info ? info->header_size : 0;
}

static enum MHD_Result begin(struct call *call, const char *path, const char *method)
{
	struct web_exchange *x = call->exchange;
	call->begun = true;
	fill(call, path, method);
	int params = MHD_get_connection_values(call->connection, MHD_GET_ARGUMENT_KIND, NULL, NULL);
	MHD_get_connection_values(call->connection, MHD_GET_ARGUMENT_KIND, on_param, x);
	if (!is_framed_once(call)) {
		web_problem(x, 400, "media-type",
			    "it is not clear where the body ends: one Content-Length, a number, or Transfer-Encoding: "
			    "chunked says so");
		return web_answer_header(x, "Connection: close") ? send_answer(call) : MHD_NO;
	}
	enum web_guard_verdict verdict = is_absolute(call->uri) ? WEB_GUARD_HOST : judge(call);
	if (verdict != WEB_GUARD_PASS)
		return refuse(call, verdict);
	if (!web_params_fine(x, params, call->uri))
		return send_answer(call);
	if (head_len(call) > HEAD_MOST) {
		web_problem(x, 431, "too-large", "the request's head has %zu bytes, and %u are the most",
			    head_len(call), HEAD_MOST);
		return send_answer(call);
	}
	if (declares_too_much(call)) {
		web_problem(x, 413, "too-large", "the body is longer than %zu bytes", call->body_most);
		return send_answer(call);
	}
	return MHD_YES;
}

static enum MHD_Result take_body(struct call *call, const char *piece, size_t *len)
{
	struct buffer *body = &call->exchange->body;
	if (!call->too_large && (*len > call->body_most - body->len || !buffer_append(body, piece, *len)))
		call->too_large = true;
	*len = 0;
	return MHD_YES;
}

/* ---- to the loop and back ---- */

static enum MHD_Result hand_over(struct call *call)
{
	struct web_server *s = call->server;
	uv_mutex_lock(&s->mutex);
	bool closing = s->closing;
	if (!closing) {
		call->state = CALL_ASKED;
		MHD_suspend_connection(call->connection);
		call->next = NULL;
		if (s->last)
			s->last->next = call;
		else
			s->first = call;
		s->last = call;
		uv_async_send(&s->wake);
	}
	uv_mutex_unlock(&s->mutex);
	if (!closing)
		return MHD_YES;
	web_problem_busy(call->exchange, "creel is ending");
	return send_answer(call);
}

static bool closing(struct web_server *s)
{
	uv_mutex_lock(&s->mutex);
	bool is = s->closing;
	uv_mutex_unlock(&s->mutex);
	return is;
}

static enum MHD_Result open_stream(struct call *call)
{
	struct web_exchange *x = call->exchange;
	int64_t after;
	if (x->method != WEB_GET && x->method != WEB_HEAD) {
		web_problem(x, 405, "method", "this address is asked by GET, HEAD alone");
		(void)web_answer_header(x, "Allow: GET, HEAD");
		return send_answer(call);
	}
	if (!web_params_known(x, " filter after ") || !web_param_number(x, "after", 0, INT64_MAX, 0, &after))
		return send_answer(call);
	x->status = 200;
	x->type = "text/event-stream";
	if (x->method == WEB_HEAD)
		return send_answer(call);
	bool ends = closing(call->server);
	struct MHD_Response *r = ends ? NULL : web_events_open(call->server->options.events, call->connection, x);
	if (r)
		return send_response(call->connection, x, r);
	web_problem_busy(x, ends ? "creel is ending"
				 : "32 streams are open, which is all there are: close a page that is not needed");
	return send_answer(call);
}

static enum MHD_Result dispatch(struct call *call)
{
	struct web_exchange *x = call->exchange;
	bool reads = x->method == WEB_GET || x->method == WEB_HEAD;
	if (call->too_large) {
		web_problem(x, 413, "too-large", "the body is longer than %zu bytes", call->body_most);
		return send_answer(call);
	}
	if (reads && web_param(x, "token")) {
		struct web_door door = { WEB_GUARD_PASS, call->server->port, false };
		web_door_enter(x, &door, call->server->key.cookie, find(call->connection, "Sec-Fetch-Site").value);
		return send_answer(call);
	}
	if (reads && strncmp(x->path, "/page/", 6) == 0)
		return send_asset(call);
	if (strcmp(x->path, "/api/events") == 0)
		return open_stream(call);
	return hand_over(call);
}

static enum MHD_Result on_request(void *user, struct MHD_Connection *c, const char *url, const char *method,
				  const char *version, const char *piece, size_t *len, void **state)
{
	struct call *call = *state;
	(void)user;
	(void)version;
	if (!call || !call->exchange || !call->uri)
		return MHD_NO;
	call->connection = c;
	if (!call->begun)
		return begin(call, url, method);
	if (*len)
		return take_body(call, piece, len);
	if (call->state == CALL_ANSWERED)
		return send_answer(call);
	return call->state == CALL_READING ? dispatch(call) : MHD_YES;
}

static void *on_uri(void *user, const char *uri, struct MHD_Connection *c)
{
	struct call *call = calloc(1, sizeof *call);
	if (!call)
		return NULL;
	call->server = user;
	call->connection = c;
	call->uri = strdup(uri);
	call->exchange = calloc(1, sizeof *call->exchange);
	if (call->exchange) {
		call->exchange->call = call;
		call->exchange->beside = call->server->options.db;
	}
	return call;
}

static void on_over(void *user, struct MHD_Connection *c, void **state, enum MHD_RequestTerminationCode how)
{
	struct call *call = *state;
	(void)user;
	(void)c;
	(void)how;
	if (!call)
		return;
	web_exchange_free(call->exchange);
	free(call->uri);
	free(call);
	*state = NULL;
}

static void finish_close(struct web_server *s);

static void on_wake(uv_async_t *handle)
{
	struct web_server *s = handle->data;
	uv_mutex_lock(&s->mutex);
	struct call *call = s->first;
	s->first = s->last = NULL;
	uv_mutex_unlock(&s->mutex);
	while (call) {
		struct call *next = call->next;
		s->asked++;
		s->options.ask(s->options.user, call->exchange);
		call = next;
	}
	finish_close(s);
}

void web_server_answer(struct web_server *s, struct web_exchange *x)
{
	struct call *call = x->call;
	call->state = CALL_ANSWERED;
	s->asked--;
	MHD_resume_connection(call->connection);
	finish_close(s);
}

/* ---- life ---- */

static int listen_on(int port, const char *option, unsigned *bound, struct error *e)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
	socklen_t size = sizeof address;
	int on = 1, fd = socket(AF_INET, SOCK_STREAM, 0);
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	bool fine = fd >= 0 && fcntl(fd, F_SETFD, FD_CLOEXEC) == 0 && fcntl(fd, F_SETFL, O_NONBLOCK) == 0 &&
		    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0 &&
		    bind(fd, (struct sockaddr *)&address, size) == 0 && listen(fd, CONNECTIONS) == 0 &&
		    getsockname(fd, (struct sockaddr *)&address, &size) == 0;
	if (fine) {
		*bound = ntohs(address.sin_port);
		return fd;
	}
	if (errno == EADDRINUSE)
		error_set(e, EXIT_USAGE,
			  "port %d is taken, by another `creel web` or by ngrok perhaps: %s takes another one", port,
			  option);
	else
		error_set(e, EXIT_USAGE, "nothing can be served on 127.0.0.1:%d: %s", port, strerror(errno));
	if (fd >= 0)
		close(fd);
	return -1;
}

static bool start_daemon(struct web_server *s, struct error *e)
{
	int fd = listen_on(s->options.port, s->options.port_option, &s->port, e);
	if (fd < 0)
		return false;
	s->daemon = MHD_start_daemon(MHD_USE_AUTO | MHD_USE_INTERNAL_POLLING_THREAD | MHD_ALLOW_SUSPEND_RESUME, 0, NULL,
				     NULL, on_request, s, MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_CONNECTION_LIMIT,
				     (unsigned)CONNECTIONS, MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)IDLE_SECONDS,
				     MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)HEAD_MEMORY,
				     MHD_OPTION_NOTIFY_COMPLETED, on_over, s, MHD_OPTION_URI_LOG_CALLBACK, on_uri, s,
				     MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_END);
	if (s->daemon)
		return true;
	close(fd);
	return error_set(e, EXIT_USAGE, "the page's server cannot start: %s", strerror(errno));
}

struct web_server *web_server_new(uv_loop_t *loop, const struct web_server_options *o, struct error *e)
{
	struct web_server *s = calloc(1, sizeof *s);
	if (!s || uv_mutex_init(&s->mutex) != 0) {
		free(s);
		error_set(e, EXIT_STORE, "out of memory");
		return NULL;
	}
	s->options = *o;
	s->key = *o->key;
	s->wake.data = s;
	int code = uv_async_init(loop, &s->wake, on_wake);
	if (code) {
		loop_fail(code, EXIT_STORE, e);
	} else if (start_daemon(s, e)) {
		return s;
	} else {
		web_server_close(s, NULL, NULL);
		return NULL;
	}
	uv_mutex_destroy(&s->mutex);
	free(s);
	return NULL;
}

unsigned web_server_port(const struct web_server *s)
{
	return s->port;
}

static void on_wake_closed(uv_handle_t *handle)
{
	struct web_server *s = handle->data;
	void (*closed)(void *) = s->closed;
	void *user = s->closed_user;
	uv_mutex_destroy(&s->mutex);
	web_key_wipe(&s->key);
	free(s);
	if (closed)
		closed(user);
}

static void finish_close(struct web_server *s)
{
	uv_mutex_lock(&s->mutex);
	bool over = s->closing && !s->first && s->asked == 0 && !uv_is_closing((uv_handle_t *)&s->wake);
	uv_mutex_unlock(&s->mutex);
	if (!over)
		return;
	if (s->daemon)
		MHD_stop_daemon(s->daemon);
	s->daemon = NULL;
	uv_close((uv_handle_t *)&s->wake, on_wake_closed);
}

void web_server_close(struct web_server *s, void (*closed)(void *user), void *user)
{
	s->closed = closed;
	s->closed_user = user;
	uv_mutex_lock(&s->mutex);
	s->closing = true;
	uv_mutex_unlock(&s->mutex);
	finish_close(s);
}
