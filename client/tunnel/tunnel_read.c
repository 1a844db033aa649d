#include "client/tunnel/tunnel_read.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <wslay/wslay.h>

#define READ_MAX 65536
#define TURN_MAX 16     /* reads in a row, where others wait as well */
#define CONTROL_MAX 125 /* RFC 6455 §5.5 */

struct tunnel_reader {
	uv_poll_t poll;
	const struct tunnel_reader_ops *ops;
	void *user;
	int fd;       /* a second one of the socket: libuv watches a descriptor for one owner alone */
	SSL *tls;     /* lws's, or NULL */
	bool ended;   /* nothing is called any more */
	bool stopped; /* nothing is read any more */
	wslay_frame_context_ptr frames;
	size_t at, len;  /* in `bytes`: read and not taken apart */
	uint64_t seen;   /* of the frame's payload */
	bool in_frame;   /* more of it is to come */
	bool in_message; /* a data frame without FIN came */
	bool binary;     /* the message */
	uint8_t control[CONTROL_MAX];
	uint8_t bytes[READ_MAX];
};

static void wrong(struct tunnel_reader *r, const char *why)
{
	uv_poll_stop(&r->poll);
	r->stopped = true;
	r->ops->on_wrong(r->user, why);
}

/* ---- frames ---- */

static ssize_t give_bytes(uint8_t *out, size_t most, int flags, void *user)
{
	struct tunnel_reader *r = user;
	size_t n = r->len - r->at < most ? r->len - r->at : most;
	(void)flags;
	if (n == 0)
		return -1;
	memcpy(out, r->bytes + r->at, n);
	r->at += n;
	return (ssize_t)n;
}

static void take_control(struct tunnel_reader *r, const struct wslay_frame_iocb *f, bool whole)
{
	memcpy(r->control + r->seen - f->data_length, f->data, f->data_length);
	if (!whole)
		return;
	struct bytes payload = bytes_make(r->control, (size_t)r->seen);
	if (f->opcode == WSLAY_PING)
		r->ops->on_ping(r->user, payload);
	else if (f->opcode == WSLAY_PONG)
		r->ops->on_pong(r->user, payload);
	else
		r->ops->on_close(r->user, payload);
}

/* NULL when such a frame may begin. */
static const char *check_begin(struct tunnel_reader *r, const struct wslay_frame_iocb *f)
{
	if (f->rsv || f->mask)
		return "a WebSocket frame with bits that no server sets";
	switch (f->opcode) {
	case WSLAY_PING:
	case WSLAY_PONG:
	case WSLAY_CONNECTION_CLOSE:
		return f->payload_length <= CONTROL_MAX ? NULL : "a WebSocket control frame that is too long";
	case WSLAY_CONTINUATION_FRAME:
		return r->in_message ? NULL : "a WebSocket frame that continues nothing";
	case WSLAY_TEXT_FRAME:
	case WSLAY_BINARY_FRAME:
		if (r->in_message)
			return "a WebSocket message within another";
		r->in_message = true;
		r->binary = f->opcode == WSLAY_BINARY_FRAME;
		return NULL;
	default:
		return "a WebSocket frame of an unknown kind";
	}
}

static void take_piece(struct tunnel_reader *r, const struct wslay_frame_iocb *f)
{
	const char *why = r->in_frame ? NULL : check_begin(r, f);
	if (why) {
		wrong(r, why);
		return;
	}
	if (!r->in_frame)
		r->seen = 0;
	r->seen += f->data_length;
	bool whole = r->seen == f->payload_length;
	r->in_frame = !whole;
	if (wslay_is_ctrl_frame(f->opcode)) {
		take_control(r, f, whole);
		return;
	}
	bool ends = whole && f->fin;
	r->in_message = !ends;
	r->ops->on_message(r->user, bytes_make(f->data, f->data_length), r->binary, ends);
}

static void take_frames(struct tunnel_reader *r)
{
	struct wslay_frame_iocb f;
	while (!r->ended && !r->stopped) {
		memset(&f, 0, sizeof f);
		ssize_t n = wslay_frame_recv(r->frames, &f);
		if (n == WSLAY_ERR_WANT_READ)
			return;
		if (n < 0) {
			wrong(r, "a malformed WebSocket frame");
			return;
		}
		take_piece(r, &f);
	}
}

/* ---- bytes ---- */

/* How many came; 0: none are there now; -1: the connection has ended. */
static ssize_t read_some(struct tunnel_reader *r)
{
	if (!r->tls) {
		ssize_t n = recv(r->fd, r->bytes, sizeof r->bytes, 0);
		if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR))
			return 0;
		return n > 0 ? n : -1;
	}
	ERR_clear_error();
	int n = SSL_read(r->tls, r->bytes, (int)sizeof r->bytes);
	if (n > 0)
		return n;
	int why = SSL_get_error(r->tls, n);
	return why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE ? 0 : -1;
}

static void end(struct tunnel_reader *r)
{
	uv_poll_stop(&r->poll);
	r->stopped = true;
	r->ops->on_end(r->user);
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
	struct tunnel_reader *r = poll->data;
	(void)events;
	if (status < 0) { /* libuv has stopped it: the connection was reset */
		end(r);
		return;
	}
	/* What OpenSSL holds no descriptor tells of: of that all is read. */
	for (int turn = 0; (turn < TURN_MAX || r->tls) && !r->ended && !r->stopped; turn++) {
		ssize_t n = read_some(r);
		if (n < 0)
			end(r);
		if (n <= 0)
			return;
		r->at = 0;
		r->len = (size_t)n;
		r->ops->on_life(r->user);
		take_frames(r);
		if (!r->tls && (size_t)n < sizeof r->bytes)
			return;
	}
}

/* ---- life ---- */

static void on_closed(uv_handle_t *h)
{
	struct tunnel_reader *r = h->data;
	wslay_frame_context_free(r->frames);
	close(r->fd);
	free(r);
}

struct tunnel_reader *tunnel_reader_new(uv_loop_t *loop, int fd, struct ssl_st *tls,
					const struct tunnel_reader_ops *ops, void *user)
{
	static const struct wslay_frame_callbacks callbacks = { NULL, give_bytes, NULL };
	struct tunnel_reader *r = calloc(1, sizeof *r);
	if (!r)
		return NULL;
	r->ops = ops;
	r->user = user;
	r->tls = tls;
	r->fd = dup(fd);
	if (r->fd < 0 || wslay_frame_context_init(&r->frames, &callbacks, r) != 0)
		goto fail;
	if (uv_poll_init(loop, &r->poll, r->fd) != 0)
		goto fail_frames;
	r->poll.data = r;
	if (uv_poll_start(&r->poll, UV_READABLE, on_readable) != 0) {
		uv_close((uv_handle_t *)&r->poll, on_closed);
		return NULL;
	}
	if (r->tls)
		SSL_set_read_ahead(r->tls, 1); /* a record's head and body by one call */
	return r;
fail_frames:
	wslay_frame_context_free(r->frames);
fail:
	if (r->fd >= 0)
		close(r->fd);
	free(r);
	return NULL;
}

void tunnel_reader_free(struct tunnel_reader *r)
{
	if (!r)
		return;
	r->ended = true;
	uv_close((uv_handle_t *)&r->poll, on_closed);
}
