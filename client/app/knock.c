#include "client/app/knock.h"

#include "client/app/forward_private.h"
#include "client/common/resolve.h"
#include "shared/net/loopback.h"
#include "shared/program/loop.h"

#include <arpa/inet.h>
#include <string.h>

#define GREETING_MS 150 /* a server that speaks first does it at once */
#define PROBE_MS 1000

enum knock_state { KNOCK_DIALING, KNOCK_LISTENING, KNOCK_PROBING, KNOCK_OVER };

struct knock {
	const struct knock_at *at;
	struct app app;
	uv_loop_t loop;
	uv_timer_t timer;
	uv_poll_t poll;
	enum knock_state state;
	SSL_CTX *tls;
	struct dial *dial;
	struct conn conn;
	char *detail;
	enum reason reason;
};

static void finish(struct knock *k, enum reason reason)
{
	if (k->dial)
		dial_cancel(k->dial);
	k->dial = NULL;
	if (k->state == KNOCK_LISTENING)
		uv_close((uv_handle_t *)&k->poll, NULL);
	conn_close(&k->conn);
	uv_close((uv_handle_t *)&k->timer, NULL);
	k->state = KNOCK_OVER;
	k->reason = reason;
}

static bool dial(struct knock *k, SSL_CTX *tls, bool verify, const struct dial_ops *ops)
{
	struct dial_to to = { .host = k->at->address ? k->at->address : k->app.host,
			      .port = k->app.port,
			      .tls = tls,
			      .name = k->app.host,
			      .verify = verify,
			      .allow_remote = true };
	k->dial = dial_start(&k->loop, &to, ops, k);
	if (!k->dial)
		finish(k, REASON_APP_MEMORY);
	return k->dial != NULL;
}

/* ---- does it speak TLS? ---- */

static void on_probed(void *user, struct conn *c)
{
	struct knock *k = user;
	k->dial = NULL;
	conn_close(c);
	finish(k, REASON_APP_SPEAKS_TLS);
}

static void on_not_probed(void *user, enum dial_failure why, const struct conn_failure *how)
{
	struct knock *k = user;
	k->dial = NULL;
	bool tls = why == DIAL_TLS && (how->kind == CONN_TLS_ALERT || how->kind == CONN_TLS_CERT);
	finish(k, tls ? REASON_APP_SPEAKS_TLS : REASON_NONE);
}

static void on_timer(uv_timer_t *h);

static void probe(struct knock *k)
{
	static const struct dial_ops ops = { on_probed, on_not_probed };
	uv_close((uv_handle_t *)&k->poll, NULL);
	k->state = KNOCK_PROBING;
	conn_close(&k->conn);
	if (!k->app.port)
		finish(k, REASON_NONE);
	else if (dial(k, k->tls, false, &ops))
		uv_timer_start(&k->timer, on_timer, PROBE_MS, 0);
}

/* ---- does it speak first? ---- */

static void on_greeting(uv_poll_t *h, int status, int events)
{
	struct knock *k = h->data;
	uint8_t bytes[64];
	ssize_t n = conn_read(&k->conn, bytes, sizeof bytes);
	(void)status;
	(void)events;
	if (n == CONN_AGAIN)
		return;
	if (n == CONN_ENDED || n == CONN_BROKEN) {
		finish(k, n == CONN_ENDED ? REASON_APP_CLOSED : REASON_APP_RESET);
		return;
	}
	struct bytes said = bytes_make(bytes, (size_t)n);
	first_bytes_show(said, k->detail);
	finish(k, forward_reason_of_bytes(said));
}

static void on_dialled(void *user, struct conn *c)
{
	struct knock *k = user;
	k->dial = NULL;
	k->conn = *c;
	if (k->app.tls) {
		finish(k, REASON_NONE);
		return;
	}
	if (uv_poll_init_socket(&k->loop, &k->poll, k->conn.fd) != 0) {
		finish(k, REASON_APP_MEMORY);
		return;
	}
	k->poll.data = k;
	k->state = KNOCK_LISTENING;
	uv_poll_start(&k->poll, UV_READABLE, on_greeting);
	uv_timer_start(&k->timer, on_timer, GREETING_MS, 0);
}

static void on_not_dialled(void *user, enum dial_failure why, const struct conn_failure *how)
{
	struct knock *k = user;
	k->dial = NULL;
	finish(k, forward_reason_of_dial(why, how));
}

static void on_timer(uv_timer_t *h)
{
	struct knock *k = h->data;
	switch (k->state) {
	case KNOCK_DIALING:
		finish(k, dial_reason_of_wait(k->dial));
		return;
	case KNOCK_LISTENING:
		probe(k);
		return;
	case KNOCK_PROBING: /* it waits for the end of what it takes for a request */
		finish(k, REASON_NONE);
		return;
	case KNOCK_OVER:
		break;
	}
}

/* ---- the whole ---- */

/* A name that nobody answers for would hold up the loop's end. */
static bool is_known(const struct knock *k)
{
	const char *host = k->at->address ? k->at->address : k->app.host;
	uint8_t any[16];
	struct addrinfo *found = NULL;
	if (!k->app.port || loopback_is_name(host) || inet_pton(AF_INET, host, any) == 1 ||
	    inet_pton(AF_INET6, host, any) == 1)
		return true;
	int code = resolve_name(host, (int64_t)k->at->limit_ms, &found);
	if (found)
		freeaddrinfo(found);
	return code == 0;
}

enum reason knock(const struct knock_at *at, char detail[FIRST_BYTES_SHOWN])
{
	static const struct dial_ops ops = { on_dialled, on_not_dialled };
	struct knock k = { .at = at, .conn.fd = -1, .detail = detail, .reason = REASON_APP_MEMORY };
	detail[0] = 0;
	if (!forward_take_apart(&k.app, at->base))
		goto out;
	k.reason = REASON_APP_NAME_UNKNOWN;
	if (!is_known(&k))
		goto out;
	k.reason = at->ca ? REASON_APP_CA_FILE : REASON_APP_MEMORY;
	if (!(k.tls = dial_tls_context(at->ca)))
		goto out;
	k.reason = REASON_APP_DESCRIPTORS;
	if (!loop_open(&k.loop, EXIT_TARGET, NULL))
		goto out;
	k.reason = REASON_APP_MEMORY;
	uv_timer_init(&k.loop, &k.timer);
	k.timer.data = &k;
	if (dial(&k, k.app.tls ? k.tls : NULL, !at->insecure, &ops))
		uv_timer_start(&k.timer, on_timer, at->limit_ms, 0);
	uv_run(&k.loop, UV_RUN_DEFAULT);
	uv_loop_close(&k.loop);
out:
	SSL_CTX_free(k.tls);
	forward_free_parts(&k.app);
	return k.reason;
}
