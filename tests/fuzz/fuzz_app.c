/* What an app sends, through a call of it, over a socket pair that stands for a kept connection. Whether it comes at
 * once or in pieces, the call's end is the same: status, reason, fields, body, trailers, result. What is handed on as
 * fields can be sent. The first byte of the input says what was asked, the second how long the pieces are. */
#include "client/app/forward_private.h"
#include "shared/http/headers.h"
#include "shared/wire/wire.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define NOBODY "unix:/nonexistent/app" /* where a call is tried anew */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct outcome {
	int status, result;
	uint64_t body_len;
	struct buffer head, body, trailers;
	bool over;
};

static void check(bool condition)
{
	if (!condition)
		abort();
}

static void on_head(void *user, int status, struct bytes reason, struct bytes headers, uint64_t body_len)
{
	struct outcome *o = user;
	check(status >= 200 && status <= 999 && o->status == 0 && headers_valid(headers));
	o->status = status;
	o->body_len = body_len;
	check(buffer_append_bytes(&o->head, reason) && buffer_append(&o->head, "\r\n", 2) &&
	      buffer_append_bytes(&o->head, headers));
}

static bool on_body(void *user, struct bytes piece)
{
	struct outcome *o = user;
	check(o->status != 0 && buffer_append_bytes(&o->body, piece));
	return true;
}

static void on_trailers(void *user, struct bytes trailers)
{
	struct outcome *o = user;
	check(headers_valid(trailers) && buffer_append_bytes(&o->trailers, trailers));
}

static void on_done(void *user, const struct forward_result *result)
{
	struct outcome *o = user;
	check(!o->over);
	o->over = true;
	o->result = (int)result->result;
	bool counted = result->result == ATTEMPT_OK && o->body_len != WIRE_UNKNOWN_LENGTH && o->body.len > 0;
	check(!counted || o->body.len == o->body_len);
}

static const struct forward_ops ops = {
	.on_head = on_head, .on_body = on_body, .on_done = on_done, .on_trailers = on_trailers
};

/* The app's end: reads the request, so that it is not sent again, and sends `says` in pieces. */
static void answer(uv_loop_t *loop, int fd, struct bytes says, size_t piece, const struct outcome *o)
{
	char request[4096];
	uv_run(loop, UV_RUN_NOWAIT);
	check(recv(fd, request, sizeof request, MSG_DONTWAIT) > 0);
	while (says.len > 0 && !o->over) {
		size_t n = says.len < piece ? says.len : piece;
		ssize_t sent = send(fd, says.at, n, MSG_DONTWAIT | MSG_NOSIGNAL);
		uv_run(loop, UV_RUN_NOWAIT);
		if (sent > 0)
			says = bytes_make(says.at + sent, says.len - (size_t)sent);
	}
	shutdown(fd, SHUT_WR);
}

static struct outcome call(struct bytes says, bool head_only, size_t piece)
{
	uv_loop_t loop;
	struct error e = { 0 };
	struct outcome o = { 0 };
	struct forward_options options = { .timeout_ms = 30000 };
	struct forward_request r = { .method = bytes_of(head_only ? "HEAD" : "POST"),
				     .target = bytes_of("/"),
				     .headers = bytes_make("", 0),
				     .attempt = 1,
				     .once = true };
	int ends[2];
	struct conn c;
	check(uv_loop_init(&loop) == 0 && socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
	struct forwarder *f = forwarder_new(&loop, &options, &e);
	check(f != NULL);
	struct app *app = forwarder_app(f, NOBODY);
	conn_open(&c, ends[0]);
	struct app_conn *a = app ? forwarder_adopt(f, app, NULL, &c) : NULL;
	check(a != NULL);
	forwarder_keep(a);
	check(forward_start(f, NOBODY, &r, &ops, &o, &e) != NULL);
	answer(&loop, ends[1], says, piece, &o);
	while (!o.over)
		uv_run(&loop, UV_RUN_ONCE);
	forwarder_close(f, NULL, NULL);
	uv_run(&loop, UV_RUN_DEFAULT);
	check(uv_loop_close(&loop) == 0);
	close(ends[1]);
	return o;
}

static void free_outcome(struct outcome *o)
{
	buffer_free(&o->head);
	buffer_free(&o->body);
	buffer_free(&o->trailers);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 2)
		return 0;
	bool head_only = data[0] & 1;
	struct bytes says = bytes_make(data + 2, size - 2);
	struct outcome once = call(says, head_only, says.len), pieces = call(says, head_only, 1 + data[1]);
	check(once.status == pieces.status && once.result == pieces.result && once.body_len == pieces.body_len);
	check(bytes_equal(buffer_view(&once.head), buffer_view(&pieces.head)));
	check(bytes_equal(buffer_view(&once.trailers), buffer_view(&pieces.trailers)));
	/* Of one that turned out to be malformed more or less was handed on before. */
	check(once.result != ATTEMPT_OK || bytes_equal(buffer_view(&once.body), buffer_view(&pieces.body)));
	free_outcome(&once);
	free_outcome(&pieces);
	return 0;
}
