#include "relay/control/control.h"

#include "relay/control/control_path.h"
#include "relay/control/control_status.h"
#include "relay/net/challenges.h"
#include "relay/senders/listener.h"
#include "relay/registry/registry.h"
#include "shared/base/clock.h"
#include "shared/program/log.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <utlist.h>

#define LINE_MOST 600
#define CALLS_MOST 16

struct call {
	uv_pipe_t pipe;
	uv_write_t write;
	struct control *control;
	struct call *prev, *next; /* utlist */
	char line[LINE_MOST + 1];
	size_t len;
	struct buffer answer;
	struct spool_copy *copy; /* NULL: the answer is all that there is to send */
	bool is_last;            /* of the copy: all of it is on its way */
};

struct control {
	struct relay *relay;
	uv_pipe_t pipe;
	struct call *calls;
	size_t count;
	uint64_t since_us;
};

static void on_call_closed(uv_handle_t *h)
{
	struct call *call = h->data;
	buffer_free(&call->answer);
	free(call);
}

static void end_call(struct call *call)
{
	if (uv_is_closing((uv_handle_t *)&call->pipe))
		return;
	spool_copy_free(call->copy);
	call->copy = NULL;
	DL_DELETE(call->control->calls, call);
	call->control->count--;
	uv_close((uv_handle_t *)&call->pipe, on_call_closed);
}

/* The next piece of a copy is read when the one before it was taken: what is in memory is one of them. */
static void on_written(uv_write_t *w, int status)
{
	struct call *call = w->data;
	if (status == 0 && call->copy && !call->is_last)
		spool_copy_next(call->copy);
	else
		end_call(call);
}

static void send_answer(struct call *call)
{
	uv_buf_t part = uv_buf_init((char *)call->answer.at, (unsigned)call->answer.len);
	call->write.data = call;
	if (part.len == 0 || uv_write(&call->write, (uv_stream_t *)&call->pipe, &part, 1, on_written) != 0)
		end_call(call);
}

static void on_piece(void *user, struct bytes piece, bool is_last, const struct error *e)
{
	struct call *call = user;
	call->answer.len = 0;
	call->is_last = is_last;
	if (e)
		log_event(LOG_WARN, "backup_failed", "failure", e->text, NULL);
	if (e || !buffer_append_bytes(&call->answer, piece))
		end_call(call); /* the command sees that the end is missing */
	else
		send_answer(call);
}

static bool backup(struct call *call, struct error *e)
{
	call->copy = spool_copy_new(call->control->relay->registry->table.spool, on_piece, call);
	return call->copy || error_set(e, EXIT_RELAY, "out of memory");
}

static bool drop(struct relay *r, const char *name, struct error *e)
{
	struct tunnel *t = tunnel_find(&r->registry->table, name);
	if (!t)
		return error_set(e, EXIT_USAGE, "there is no tunnel %.64s; `creel-relay tunnel list` shows them", name);
	if (registry_drop(t, "the relay's operator closed this tunnel") == 0)
		return error_set(e, EXIT_NO, "no client holds the tunnel %.64s", name);
	log_event(LOG_INFO, "tunnel_dropped", "tunnel", name, NULL);
	return true;
}

/* "begin KIND KEY VALUE", or "done" or "failed" in its place: from the hook of uacme (relay/acme/acme.h). */
static bool challenge(struct relay *r, const char *line, struct error *e)
{
	char verb[8], kind[8], key[256], value[256];
	if (!r->challenges || sscanf(line, "%7s %7s %255s %255s", verb, kind, key, value) != 4)
		return error_set(e, EXIT_USAGE, "that challenge is not one of this relay's");
	enum challenge_kind which = strcmp(kind, "http") == 0 ? CHALLENGE_HTTP : CHALLENGE_ALPN_CERT;
	/* By port 80 where there is one for it, else by port 443; the authority offers its types in any order. */
	if ((which == CHALLENGE_HTTP) != (listener_for_acme(&r->settings) != NULL))
		return error_set(e, EXIT_NO, "another type of challenge is to be taken");
	if (strcmp(verb, "begin") != 0)
		challenges_remove(r->challenges, which, key);
	else if (!challenges_put(r->challenges, which, key, value))
		return error_set(e, EXIT_NO, "too many challenges are open");
	return true;
}

static bool carry_out(struct call *call, struct buffer *out, struct error *e)
{
	const struct control *c = call->control;
	const char *line = call->line;
	if (strcmp(line, "backup") == 0)
		return backup(call, e);
	if (strcmp(line, "status") == 0)
		return control_status(c->relay, c->since_us, out, e);
	if (strncmp(line, "drop ", 5) == 0)
		return drop(c->relay, line + 5, e);
	if (strncmp(line, "challenge ", 10) == 0)
		return challenge(c->relay, line + 10, e);
	return error_set(e, EXIT_USAGE, "this relay, " CREEL_VERSION ", does not know that request");
}

static void answer(struct call *call)
{
	struct error e;
	struct buffer *out = &call->answer;
	bool fine = buffer_append_text(out, "ok\n");
	if (fine && !carry_out(call, out, &e)) {
		buffer_free(out);
		fine = buffer_printf(out, "no %d %s\n", (int)e.code, e.text);
	}
	if (fine)
		send_answer(call);
	else
		end_call(call);
}

static void on_room(uv_handle_t *h, size_t suggested, uv_buf_t *out)
{
	struct call *call = h->data;
	(void)suggested;
	*out = uv_buf_init(call->line + call->len, (unsigned)(LINE_MOST - call->len));
}

static void on_read(uv_stream_t *stream, ssize_t len, const uv_buf_t *part)
{
	struct call *call = stream->data;
	(void)part;
	if (len < 0) { /* also when the line is full */
		end_call(call);
		return;
	}
	call->len += (size_t)len;
	char *end = memchr(call->line, '\n', call->len);
	if (!end)
		return;
	*end = 0;
	uv_read_stop(stream);
	answer(call);
}

static void on_call(uv_stream_t *server, int status)
{
	struct control *c = server->data;
	struct call *call = status == 0 ? calloc(1, sizeof *call) : NULL;
	if (!call)
		return;
	uv_pipe_init(c->relay->loop, &call->pipe, 0);
	call->pipe.data = call;
	call->control = c;
	DL_APPEND(c->calls, call);
	c->count++;
	if (uv_accept(server, (uv_stream_t *)&call->pipe) != 0 || c->count > CALLS_MOST ||
	    uv_read_start((uv_stream_t *)&call->pipe, on_room, on_read) != 0)
		end_call(call);
}

static void on_closed(uv_handle_t *h)
{
	free(h->data);
}

struct control *control_new(struct relay *relay, struct error *e)
{
	struct control *c = calloc(1, sizeof *c);
	const char *folder = relay->settings.data;
	int fd = c ? control_path_listen(folder) : -1;
	if (fd < 0) {
		error_set(e, EXIT_STORE, "no socket can be made for the commands that ask the relay of %s: %s", folder,
			  c ? strerror(errno) : "out of memory");
		free(c);
		return NULL;
	}
	c->relay = relay;
	c->since_us = clock_now_us();
	uv_pipe_init(relay->loop, &c->pipe, 0);
	c->pipe.data = c;
	int code = uv_pipe_open(&c->pipe, fd);
	if (code != 0)
		close(fd);
	else
		code = uv_listen((uv_stream_t *)&c->pipe, CALLS_MOST, on_call);
	if (code == 0)
		return c;
	error_set(e, EXIT_RELAY, "the socket for the commands that ask the relay of %s cannot be listened on: %s",
		  folder, uv_strerror(code));
	control_path_remove(folder);
	uv_close((uv_handle_t *)&c->pipe, on_closed);
	return NULL;
}

void control_close(struct control *c)
{
	if (!c)
		return;
	control_path_remove(c->relay->settings.data);
	while (c->calls)
		end_call(c->calls);
	uv_close((uv_handle_t *)&c->pipe, on_closed);
}
