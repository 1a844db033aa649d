/* A replayer over a store in a folder of its own, with an app on a socket. */
#pragma once

#include <arpa/inet.h>

#include "client/replay/replayer.h"
#include "shared/query/store_filter.h"
#include "tests/unit/shared/store_fixture.h"
#include "shared/query/store_query.h"

#define ANSWER "HTTP/1.1 201 Made\r\nContent-Length: 4\r\nX-App: yes\r\n\r\nfine"

struct app {
	uv_tcp_t server, peers[8];
	size_t calls;
	int port;
	struct buffer seen;
	uv_write_t writes[8];
	bool silent; /* never answers */
};

struct test {
	uv_loop_t loop;
	struct app app;
	struct store *store;
	struct replayer *replayer;
	struct forward_options forward;
	struct replayer_options options;
	char url[60];
	struct replayed result;
	struct error error;
	int done;
	bool failed;
};

static inline void on_alloc(uv_handle_t *h, size_t size, uv_buf_t *buf)
{
	static char room[65536];
	(void)h;
	(void)size;
	*buf = uv_buf_init(room, sizeof room);
}

static inline void on_read(uv_stream_t *s, ssize_t n, const uv_buf_t *buf)
{
	struct app *a = s->data;
	if (n < 0) {
		uv_read_stop(s);
		return;
	}
	assert_true(buffer_append(&a->seen, buf->base, (size_t)n));
	/* Every request here ends in these three bytes. */
	bool whole = a->seen.len > 3 && memcmp(a->seen.at + a->seen.len - 3, "END", 3) == 0;
	if (!whole || a->silent)
		return;
	uv_buf_t out = uv_buf_init(ANSWER, sizeof ANSWER - 1);
	uv_write(&a->writes[a->calls], s, &out, 1, NULL);
	a->calls++;
}

static inline void on_connection(uv_stream_t *server, int status)
{
	struct app *a = server->data;
	static size_t next;
	uv_tcp_t *peer = &a->peers[next++ % 8];
	assert_int_equal(status, 0);
	uv_tcp_init(server->loop, peer);
	peer->data = a;
	assert_int_equal(uv_accept(server, (uv_stream_t *)peer), 0);
	uv_read_start((uv_stream_t *)peer, on_alloc, on_read);
}

static inline void app_open(struct test *t)
{
	struct sockaddr_in here = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int len = sizeof here;
	uv_tcp_init(&t->loop, &t->app.server);
	t->app.server.data = &t->app;
	assert_int_equal(uv_tcp_bind(&t->app.server, (struct sockaddr *)&here, 0), 0);
	assert_int_equal(uv_listen((uv_stream_t *)&t->app.server, 8, on_connection), 0);
	assert_int_equal(uv_tcp_getsockname(&t->app.server, (struct sockaddr *)&here, &len), 0);
	t->app.port = ntohs(here.sin_port);
	snprintf(t->url, sizeof t->url, "http://127.0.0.1:%d/hooks?a=1", t->app.port);
}

static inline void begin(struct test *t)
{
	struct error e;
	memset(t, 0, sizeof *t);
	assert_int_equal(uv_loop_init(&t->loop), 0);
	app_open(t);
	t->store = open_store();
	t->forward = (struct forward_options){ .timeout_ms = 5000, .host_header = "rewrite" };
	t->options = (struct replayer_options){ .db = path, .forward = &t->forward };
	t->replayer = replayer_new(&t->loop, &t->options, &e);
	if (!t->replayer)
		fail_msg("%s", e.text);
}

static inline void close_handle(uv_handle_t *h, void *user)
{
	(void)user;
	if (!uv_is_closing(h))
		uv_close(h, NULL);
}

static inline void on_closed(void *user)
{
	*(bool *)user = true;
}

static inline void end(struct test *t)
{
	bool closed = false;
	replayer_close(t->replayer, on_closed, &closed);
	while (!closed)
		uv_run(&t->loop, UV_RUN_ONCE);
	uv_walk(&t->loop, close_handle, NULL);
	uv_run(&t->loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&t->loop), 0);
	store_close(t->store);
	buffer_free(&t->app.seen);
}

/* Options that were changed since: a replayer has its own. */
static inline void use_options(struct test *t)
{
	struct error e;
	bool closed = false;
	replayer_close(t->replayer, on_closed, &closed);
	while (!closed)
		uv_run(&t->loop, UV_RUN_ONCE);
	t->replayer = replayer_new(&t->loop, &t->options, &e);
	if (!t->replayer)
		fail_msg("%s", e.text);
}

static inline void in_transaction(struct store *s, bool fine, const struct error *e)
{
	struct error ignored;
	if (!fine)
		fail_msg("%s", e->text);
	assert_true(store_batch_ops.commit(s, &ignored));
}

static inline int64_t add_original(struct test *t, bool was_sent)
{
	struct store_delivery d = sample(1);
	struct error e;
	bool duplicate;
	int64_t id;
	d.headers = bytes_of("Host: x\r\nX-Order: 1\r\nContent-Length: 7\r\n");
	d.body = bytes_of("{}  END");
	d.body_size = d.body.len;
	assert_true(store_batch_ops.begin(t->store, &e));
	bool fine = store_insert_delivery(t->store, &d, &id, &duplicate, &e);
	struct store_attempt a = { .delivery_id = id, .result = ATTEMPT_OK, .status = 500, .url = bytes_of(t->url) };
	in_transaction(t->store, fine && (!was_sent || store_insert_attempt(t->store, &a, &e)), &e);
	return id;
}

static inline void on_done(void *user, const struct replayed *result, const struct error *e)
{
	struct test *t = user;
	t->result = *result;
	t->failed = e != NULL;
	if (e)
		t->error = *e;
	t->done++;
}

static inline void wait_done(struct test *t, int count)
{
	while (t->done < count)
		uv_run(&t->loop, UV_RUN_ONCE);
}

static inline void replay(struct test *t, int64_t id, const struct replay_change *change)
{
	int before = t->done;
	assert_non_null(replayer_start(t->replayer, id, change, on_done, t));
	assert_int_equal(t->done, before);
	wait_done(t, before + 1);
}

static inline void copy_row(void *user, const struct delivery_row *row)
{
	*(struct delivery_row *)user = *row;
}

static inline struct delivery_row row_of(struct test *t, int64_t id)
{
	struct delivery_row row;
	struct error e;
	if (!store_get(t->store, id, copy_row, &row, &e))
		fail_msg("%s", e.text);
	return row;
}

static inline bool seen(const struct test *t, const char *text)
{
	return memmem(t->app.seen.at, t->app.seen.len, text, strlen(text)) != NULL;
}

static inline void count_row(void *user, const struct delivery_row *row)
{
	(void)row;
	++*(int *)user;
}

static inline int edited(struct test *t)
{
	struct filter_error fe;
	struct error e;
	int n = 0;
	struct filter *f = filter_parse("is:edited", 0, &fe);
	struct store_search search = { .filter = f, .limit = 100, .row = count_row, .user = &n };
	assert_non_null(f);
	assert_true(store_filter(t->store, &search, &e));
	filter_free(f);
	return n;
}
