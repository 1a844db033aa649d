/* An app on a bare socket, on the same loop as the forwarder that calls it: what it says in which pieces, and what the
 * call came to. */
#pragma once

#include "client/app/forwarder.h"
#include "shared/base/clock.h"
#include "shared/http/headers.h"
#include "tests/unit/unit.h"

#include <arpa/inet.h>
#include <strings.h>

#define MOST_REQUESTS 4

struct app {
	uv_tcp_t server;
	int port, connections;
	const char *answer; /* NULL: break off without one */
	bool close_after;   /* the answer's end */
	bool reset_after;   /* the same, by a reset */
	bool silent;        /* after the first request on a connection, close it at the next */
	bool early;         /* answers the first bytes of a request */
	size_t cut;         /* the answer comes in two pieces, the first of these many bytes; 0: whole */
	struct buffer seen[MOST_REQUESTS];
	size_t count;
};

struct peer {
	uv_tcp_t tcp;
	uv_write_t write, rest_write;
	uv_timer_t between; /* the two pieces of an answer */
	struct app *app;
	struct buffer in;
	int requests;
};

struct call {
	int status;
	struct buffer head, body;
	struct buffer trailers, sent;
	int pauses, upgrades;
	struct forward *forward;
	bool over;
	struct forward_result result;
};

static uv_loop_t loop;

static void on_peer_closed(uv_handle_t *h)
{
	struct peer *p = h->data;
	buffer_free(&p->in);
	free(p);
}

static void on_timer_closed(uv_handle_t *h)
{
	struct peer *p = h->data;
	if (!p->app->reset_after || uv_tcp_close_reset(&p->tcp, on_peer_closed) != 0)
		uv_close((uv_handle_t *)&p->tcp, on_peer_closed);
}

static void close_peer(struct peer *p)
{
	if (!uv_is_closing((uv_handle_t *)&p->between))
		uv_close((uv_handle_t *)&p->between, on_timer_closed);
}

static void on_alloc(uv_handle_t *h, size_t size, uv_buf_t *buf)
{
	static char room[65536];
	(void)h;
	(void)size;
	*buf = uv_buf_init(room, sizeof room);
}

static void on_written(uv_write_t *w, int status)
{
	struct peer *p = w->data;
	if (status < 0 || p->app->close_after || p->app->reset_after)
		close_peer(p);
}

/* Length of the first whole request in `in`; 0 while it is not whole. */
static size_t whole_request(struct bytes in)
{
	const uint8_t *end = memmem(in.at, in.len, "\r\n\r\n", 4);
	if (!end)
		return 0;
	size_t head = (size_t)(end - in.at) + 4, body = 0;
	for (size_t i = 0; i + 2 < head; i++) {
		const char *line = (const char *)in.at + i;
		if (i > 0 && in.at[i - 1] != '\n')
			continue;
		if (strncasecmp(line, "Content-Length:", 15) == 0)
			body = strtoull(line + 15, NULL, 10);
		if (strncasecmp(line, "Transfer-Encoding: chunked", 26) == 0) {
			const uint8_t *last = memmem(in.at + head, in.len - head, "0\r\n", 3);
			const uint8_t *stop =
			    last ? memmem(last, in.len - (size_t)(last - in.at), "\r\n\r\n", 4) : NULL;
			return stop ? (size_t)(stop - in.at) + 4 : 0;
		}
	}
	return in.len >= head + body ? head + body : 0;
}

static void on_between(uv_timer_t *t)
{
	struct peer *p = t->data;
	const char *rest = p->app->answer + p->app->cut;
	uv_buf_t out = uv_buf_init((char *)(uintptr_t)rest, (unsigned)strlen(rest));
	p->rest_write.data = p;
	assert_int_equal(uv_write(&p->rest_write, (uv_stream_t *)&p->tcp, &out, 1, on_written), 0);
}

static void on_first_written(uv_write_t *w, int status)
{
	struct peer *p = w->data;
	(void)status;
	uv_timer_start(&p->between, on_between, 1, 0);
}

static void write_answer(struct peer *p, size_t len)
{
	uv_buf_t out = uv_buf_init((char *)(uintptr_t)p->app->answer, (unsigned)len);
	p->write.data = p;
	uv_write_cb after = p->app->cut ? on_first_written : on_written;
	assert_int_equal(uv_write(&p->write, (uv_stream_t *)&p->tcp, &out, 1, after), 0);
}

static void answer(struct peer *p, size_t len)
{
	struct app *a = p->app;
	assert_true(a->count < MOST_REQUESTS);
	assert_true(buffer_append(&a->seen[a->count++], p->in.at, len));
	buffer_consume(&p->in, len);
	if (!a->answer || (a->silent && p->requests++ > 0)) {
		close_peer(p);
		return;
	}
	write_answer(p, a->cut ? a->cut : strlen(a->answer));
}

static void on_read(uv_stream_t *s, ssize_t n, const uv_buf_t *buf)
{
	struct peer *p = s->data;
	size_t len;
	if (n < 0) {
		close_peer(p);
		return;
	}
	if (p->app->early) {
		if (p->requests++ == 0)
			write_answer(p, strlen(p->app->answer));
		return;
	}
	assert_true(buffer_append(&p->in, buf->base, (size_t)n));
	while (p->in.len > 0 && (len = whole_request(buffer_view(&p->in))) > 0)
		answer(p, len);
}

static void on_connection(uv_stream_t *server, int status)
{
	struct peer *p = calloc(1, sizeof *p);
	assert_int_equal(status, 0);
	assert_non_null(p);
	p->app = server->data;
	p->app->connections++;
	uv_tcp_init(&loop, &p->tcp);
	uv_timer_init(&loop, &p->between);
	p->tcp.data = p->between.data = p;
	assert_int_equal(uv_accept(server, (uv_stream_t *)&p->tcp), 0);
	uv_read_start((uv_stream_t *)&p->tcp, on_alloc, on_read);
}

static void app_open(struct app *a, const char *says)
{
	struct sockaddr_in here = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int len = sizeof here;
	memset(a, 0, sizeof *a);
	a->answer = says;
	uv_loop_init(&loop);
	uv_tcp_init(&loop, &a->server);
	a->server.data = a;
	assert_int_equal(uv_tcp_bind(&a->server, (struct sockaddr *)&here, 0), 0);
	assert_int_equal(uv_listen((uv_stream_t *)&a->server, 8, on_connection), 0);
	assert_int_equal(uv_tcp_getsockname(&a->server, (struct sockaddr *)&here, &len), 0);
	a->port = ntohs(here.sin_port);
}

static void close_walk(uv_handle_t *h, void *unused)
{
	(void)unused;
	if (h->data && h->type == UV_TCP && uv_is_active(h) && !uv_is_closing(h))
		uv_close(h, NULL);
}

static void app_close(struct app *a, struct forwarder *f)
{
	forwarder_close(f, NULL, NULL);
	uv_close((uv_handle_t *)&a->server, NULL);
	uv_run(&loop, UV_RUN_DEFAULT); /* the peers see their connections end */
	uv_walk(&loop, close_walk, NULL);
	assert_int_equal(uv_loop_close(&loop), 0);
	for (size_t i = 0; i < MOST_REQUESTS; i++)
		buffer_free(&a->seen[i]);
}

static void on_head(void *user, int status, struct bytes reason, struct bytes headers, uint64_t body_len)
{
	struct call *c = user;
	(void)reason;
	(void)body_len;
	c->status = status;
	assert_true(buffer_append_bytes(&c->head, headers));
}

static bool on_body(void *user, struct bytes piece)
{
	struct call *c = user;
	if (c->pauses > 0) {
		c->pauses--;
		uv_stop(&loop);
		return false;
	}
	assert_true(buffer_append_bytes(&c->body, piece));
	return true;
}

static void on_done(void *user, const struct forward_result *result)
{
	struct call *c = user;
	c->result = *result;
	c->over = true;
	uv_stop(&loop);
}

static void on_trailers(void *user, struct bytes trailers)
{
	struct call *c = user;
	assert_true(buffer_append_bytes(&c->trailers, trailers));
}

static void on_upgraded(void *user, const struct forward_result *so_far)
{
	struct call *c = user;
	assert_int_equal(so_far->status, 101);
	c->upgrades++;
}

static size_t on_upload(void *user, void *out, size_t most)
{
	struct call *c = user;
	size_t n = c->sent.len < most ? c->sent.len : most;
	memcpy(out, c->sent.at, n);
	buffer_consume(&c->sent, n);
	return n;
}

static const struct forward_ops ops = { .on_head = on_head,
					.on_body = on_body,
					.on_done = on_done,
					.on_upgraded = on_upgraded,
					.on_upload = on_upload,
					.on_trailers = on_trailers };

static void call_and_keep_head(struct forwarder *f, int port, const struct forward_request *r, struct call *c)
{
	struct error e = { 0 };
	char url[64];
	snprintf(url, sizeof url, "http://127.0.0.1:%d", port);
	c->forward = forward_start(f, url, r, &ops, c, &e);
	if (!c->forward)
		fail_msg("%s", e.text);
	while (!c->over) {
		uv_run(&loop, UV_RUN_DEFAULT);
		if (!c->over)
			forward_resume(c->forward);
	}
}

static void call(struct forwarder *f, int port, const struct forward_request *r, struct call *c)
{
	call_and_keep_head(f, port, r, c);
	buffer_free(&c->head);
}

static struct forwarder *make_forwarder(struct forward_options o)
{
	struct error e = { 0 };
	if (!o.timeout_ms)
		o.timeout_ms = 10000;
	struct forwarder *f = forwarder_new(&loop, &o, &e);
	assert_non_null(f);
	return f;
}
