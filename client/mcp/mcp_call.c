#include "client/mcp/mcp_call.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

#define COMPLAINT_MOST 4096
#define WORDS_MOST 300

struct mcp_call {
	uv_process_t process;
	uv_pipe_t output, complaint;
	int open; /* handles */
	bool alive;
	char chunk[65536];
	struct mcp_end end;
	void (*done)(void *user, struct mcp_end *end);
	void *user;
};

static void on_closed(uv_handle_t *h)
{
	struct mcp_call *c = h->data;
	if (--c->open > 0)
		return;
	c->done(c->user, &c->end);
	free(c);
}

static void on_exit_of(uv_process_t *p, int64_t status, int signal)
{
	struct mcp_call *c = p->data;
	c->alive = false;
	c->end.status = signal ? -1 : (int)status;
	uv_close((uv_handle_t *)p, on_closed);
}

static void on_alloc(uv_handle_t *h, size_t size, uv_buf_t *buf)
{
	struct mcp_call *c = h->data;
	(void)size;
	*buf = uv_buf_init(c->chunk, sizeof c->chunk);
}

static void on_read(uv_stream_t *s, ssize_t len, const uv_buf_t *buf)
{
	struct mcp_call *c = s->data;
	bool output = s == (uv_stream_t *)&c->output;
	struct buffer *to = output ? &c->end.output : &c->end.complaint;
	size_t most = output ? MCP_OUTPUT_MOST : COMPLAINT_MOST;
	if (len < 0) {
		uv_close((uv_handle_t *)s, on_closed);
		return;
	}
	size_t room = most - to->len, take = (size_t)len < room ? (size_t)len : room;
	bool fits = buffer_append(to, buf->base, take) && take == (size_t)len;
	if (output && !fits && !c->end.too_long) {
		c->end.too_long = true;
		mcp_call_stop(c);
	}
}

/* creel ARG… with --db and --config before what may follow "--". */
static bool make_arguments(char *const *words, const char *db, const char *config, char **out)
{
	size_t n = 0;
	out[n++] = (char *)"creel";
	out[n++] = words[0];
	if (db) {
		out[n++] = (char *)"--db";
		out[n++] = (char *)db;
	}
	if (config) {
		out[n++] = (char *)"--config";
		out[n++] = (char *)config;
	}
	for (size_t i = 1; words[i]; i++) {
		if (n + 1 == WORDS_MOST)
			return false;
		out[n++] = words[i];
	}
	out[n] = NULL;
	return true;
}

struct mcp_call *mcp_call_start(uv_loop_t *loop, char *const *words, const char *db, const char *config,
				void (*done)(void *user, struct mcp_end *end), void *user, struct error *e)
{
	char path[4096], *arguments[WORDS_MOST];
	size_t size = sizeof path;
	struct mcp_call *c = calloc(1, sizeof *c);
	if (!c || !make_arguments(words, db, config, arguments) || uv_exepath(path, &size) != 0) {
		free(c);
		error_set(e, EXIT_STORE, "creel cannot start itself again");
		return NULL;
	}
	c->done = done;
	c->user = user;
	uv_stdio_container_t files[] = {
		{ .flags = UV_IGNORE },
		{ .flags = UV_CREATE_PIPE | UV_WRITABLE_PIPE, .data.stream = (uv_stream_t *)&c->output },
		{ .flags = UV_CREATE_PIPE | UV_WRITABLE_PIPE, .data.stream = (uv_stream_t *)&c->complaint },
	};
	const uv_process_options_t options = {
		.exit_cb = on_exit_of, .file = path, .args = arguments, .stdio = files, .stdio_count = 3
	};
	uv_pipe_init(loop, &c->output, 0);
	uv_pipe_init(loop, &c->complaint, 0);
	c->process.data = c->output.data = c->complaint.data = c;
	c->open = 3;
	int code = uv_spawn(loop, &c->process, &options);
	if (code != 0) {
		/* `done` says it, as for one that ended badly. */
		if (!buffer_printf(&c->end.complaint, "creel cannot be started: %s", uv_strerror(code)))
			c->end.complaint.len = 0;
		c->end.status = -1;
		uv_close((uv_handle_t *)&c->process, on_closed);
		uv_close((uv_handle_t *)&c->output, on_closed);
		uv_close((uv_handle_t *)&c->complaint, on_closed);
		return c;
	}
	c->alive = true;
	uv_read_start((uv_stream_t *)&c->output, on_alloc, on_read);
	uv_read_start((uv_stream_t *)&c->complaint, on_alloc, on_read);
	return c;
}

void mcp_call_stop(struct mcp_call *c)
{
	if (c->alive)
		uv_process_kill(&c->process, SIGTERM);
}
