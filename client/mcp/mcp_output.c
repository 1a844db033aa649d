#include "client/mcp/mcp_output.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define QUEUED_MOST ((size_t)8 << 20) /* bytes; then it is full */
#define LOOK_MS 1000

struct line {
	uv_write_t write;
	struct mcp_output *output;
	char *text; /* with its end in the place of the NUL */
	size_t len;
};

struct mcp_output {
	const struct mcp_output_ops *ops;
	void *user;
	uv_pipe_t pipe;
	uv_timer_t look;
	bool is_pipe; /* files and terminals are written to at once */
	bool lost, ending;
	size_t queued; /* bytes */
	int open;      /* handles */
};

struct mcp_output *mcp_output_new(uv_loop_t *loop, const struct mcp_output_ops *ops, void *user)
{
	struct mcp_output *o = calloc(1, sizeof *o);
	if (!o)
		return NULL;
	o->ops = ops;
	o->user = user;
	uv_pipe_init(loop, &o->pipe, 0);
	uv_timer_init(loop, &o->look);
	o->pipe.data = o->look.data = o;
	o->open = 2;
	o->is_pipe = uv_guess_handle(STDOUT_FILENO) == UV_NAMED_PIPE && uv_pipe_open(&o->pipe, STDOUT_FILENO) == 0;
	return o;
}

void mcp_output_free(struct mcp_output *o)
{
	free(o);
}

static void lose(struct mcp_output *o)
{
	if (o->lost)
		return;
	o->lost = true;
	o->ops->lost(o->user);
}

/* ---- writing ---- */

static void write_all(struct mcp_output *o, const char *at, size_t len)
{
	while (len > 0 && !o->lost) {
		ssize_t n = write(STDOUT_FILENO, at, len);
		struct pollfd wait = { .fd = STDOUT_FILENO, .events = POLLOUT };
		if (n > 0) {
			at += n;
			len -= (size_t)n;
		} else if (errno == EAGAIN) {
			poll(&wait, 1, -1);
		} else if (errno != EINTR) {
			lose(o);
		}
	}
}

static void close_all(struct mcp_output *o);

static void on_written(uv_write_t *write, int status)
{
	struct line *line = (struct line *)write->data;
	struct mcp_output *o = line->output;
	bool was_full = mcp_output_is_full(o);
	o->queued -= line->len;
	free(line->text);
	free(line);
	if (status < 0 && status != UV_ECANCELED)
		lose(o);
	if (was_full && !mcp_output_is_full(o) && !o->lost && !o->ending)
		o->ops->drained(o->user);
	if (o->ending && o->queued == 0)
		close_all(o);
}

/* Takes the text. */
static void write_line(struct mcp_output *o, char *text, size_t len)
{
	struct line *line = malloc(sizeof *line);
	if (!line) {
		free(text);
		lose(o);
		return;
	}
	*line = (struct line){ .output = o, .text = text, .len = len };
	line->write.data = line;
	uv_buf_t part = uv_buf_init(text, (unsigned)len);
	if (uv_write(&line->write, (uv_stream_t *)&o->pipe, &part, 1, on_written) == 0) {
		o->queued += len;
		return;
	}
	free(text);
	free(line);
	lose(o);
}

void mcp_output_put(struct mcp_output *o, json_t *message)
{
	/* One line: jansson escapes control characters. What is not ASCII stays as it is. */
	char *text = message && !o->lost && !o->ending ? json_dumps(message, JSON_COMPACT) : NULL;
	json_decref(message);
	if (!text)
		return;
	size_t len = strlen(text);
	text[len++] = '\n';
	if (o->is_pipe) {
		write_line(o, text, len);
		return;
	}
	write_all(o, text, len);
	free(text);
}

bool mcp_output_is_full(const struct mcp_output *o)
{
	return o->queued > QUEUED_MOST;
}

/* ---- its end ---- */

static void on_look(uv_timer_t *timer)
{
	struct pollfd reader = { .fd = STDOUT_FILENO };
	if (poll(&reader, 1, 0) > 0 && (reader.revents & (POLLERR | POLLHUP | POLLNVAL)))
		lose(timer->data);
}

void mcp_output_watch(struct mcp_output *o)
{
	if (o->is_pipe && !o->ending)
		uv_timer_start(&o->look, on_look, LOOK_MS, LOOK_MS);
}

static void on_closed(uv_handle_t *h)
{
	struct mcp_output *o = h->data;
	if (--o->open == 0)
		o->ops->closed(o->user);
}

static void close_all(struct mcp_output *o)
{
	if (uv_is_closing((uv_handle_t *)&o->look))
		return;
	uv_close((uv_handle_t *)&o->look, on_closed);
	uv_close((uv_handle_t *)&o->pipe, on_closed); /* what waits is cancelled */
}

void mcp_output_end(struct mcp_output *o, bool drop)
{
	o->ending = true;
	if (drop || o->lost || o->queued == 0)
		close_all(o);
}

/* ---- batches ---- */

struct mcp_batch {
	json_t *answers;
	size_t holders;
};

struct mcp_batch *mcp_batch_new(void)
{
	struct mcp_batch *b = calloc(1, sizeof *b);
	if (b && (b->answers = json_array())) {
		b->holders = 1;
		return b;
	}
	free(b);
	return NULL;
}

void mcp_batch_hold(struct mcp_batch *b)
{
	b->holders++;
}

void mcp_batch_put(struct mcp_batch *b, json_t *answer)
{
	(void)json_array_append_new(b->answers, answer);
}

void mcp_batch_release(struct mcp_batch *b, struct mcp_output *o)
{
	if (--b->holders)
		return;
	if (json_array_size(b->answers))
		mcp_output_put(o, b->answers);
	else
		json_decref(b->answers);
	free(b);
}
