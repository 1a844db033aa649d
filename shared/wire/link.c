/* One end of a creel.v1 WebSocket: see link.h. */
#include "shared/wire/link.h"

#include <libwebsockets.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

/* A message ends at the next frame's end once it holds this much, because lws copies what the socket does not take. */
#define MESSAGE_SOFT_LIMIT (256u << 10)
#define OUT_FIRST 1024 /* bytes that the buffer begins with */
#define UNASKED_MOST (8u << 10)
/* What was sent is cut off the front of the buffer once it is longer than this, and than half of what waits: then no
 * byte is moved more than twice. */
#define SENT_KEEP (256u << 10)
#define CLOSE_FLUSH_SECONDS 5 /* how long a peer that does not read may delay a close */
#define LEFT_TO_SHORT (WIRE_LINK_WINDOW / 8)
#define LONG_ROOM (512u << 10)                      /* the buffer while long bodies are sent: two messages */
#define LONG_QUEUE (LONG_ROOM - (64u << 10) - 4096) /* so that what comes to it then does not have it grow */
#define MUCH (64 << 10)                             /* bytes; what pongs come to is far less */
#define MAX_SEND_WINDOW (INT64_C(1) << 31)
/* lws keeps the name to itself, and the place in its enum free. */
#define LWS_WRITE_CLOSE ((enum lws_write_protocol)4)
#define CLOSE_REASON_MAX 123 /* RFC 6455 §5.5: a control frame's payload is 125 bytes, 2 are the status */

struct link {
	struct lws *wsi;
	uv_idle_t flush; /* active while there is something to send: runs before the loop sleeps again */
	bool broken;
	const struct link_ops *ops;
	void *user;
	/* LWS_PRE free bytes, then frames; lws writes its header before out.at + out_start. There while it holds any.
	 */
	struct buffer out;
	size_t out_start;
	bool full;         /* LINK_QUEUE bytes were in it, and half of them still are */
	bool long_waits;   /* link_may_send_long was false, as LONG_QUEUE bytes were in it */
	uint64_t moved_at; /* loop ms: when some of it left last, or when the first of what waits was appended */
	int queued;        /* what the system held then, as link_stalled_ms last saw it */
	int seen_queued;   /* the same of link_moves */
	struct buffer in;  /* the beginning of a frame whose rest has not come */
	int64_t send_window;
	int64_t receive_window;
	size_t credit_due;
	int close_status; /* 0: open */
	bool close_sent;
	char close_reason[CLOSE_REASON_MAX + 1];
};

static void on_flush(uv_idle_t *h);

struct link *link_new(uv_loop_t *loop, struct lws *wsi, const struct link_ops *ops, void *user)
{
	struct link *l = calloc(1, sizeof *l);
	if (!l)
		return NULL;
	l->wsi = wsi;
	l->ops = ops;
	l->user = user;
	l->send_window = l->receive_window = WIRE_LINK_WINDOW;
	uv_idle_init(loop, &l->flush);
	l->flush.data = l;
	return l;
}

static void on_flush_closed(uv_handle_t *h)
{
	free(h->data);
}

void link_free(struct link *l)
{
	if (!l)
		return;
	buffer_free(&l->out);
	buffer_free(&l->in);
	uv_close((uv_handle_t *)&l->flush, on_flush_closed);
}

struct buffer *link_out(struct link *l)
{
	if (l->out.at)
		return &l->out;
	/* What is appended without the room before it never leaves. */
	if (buffer_reserve(&l->out, OUT_FIRST)) {
		memset(l->out.at, 0, LWS_PRE);
		l->out.len = l->out_start = LWS_PRE;
	} else {
		l->broken = true;
	}
	l->moved_at = uv_now(l->flush.loop);
	return &l->out;
}

struct buffer *link_out_long(struct link *l)
{
	struct buffer *out = link_out(l);
	if (out->cap < LONG_ROOM && !buffer_reserve(out, LONG_ROOM - out->len))
		l->broken = true;
	return out;
}

void link_flush_soon(struct link *l)
{
	uv_idle_start(&l->flush, on_flush);
}

/* Bytes appended and not yet handed to lws. */
static size_t pending_len(const struct link *l)
{
	return l->out.len - l->out_start;
}

/* lws keeps what the socket does not take: of a little that costs less than asking, by a system call, whether it would.
 */
static bool is_choked(const struct link *l)
{
	return pending_len(l) <= UNASKED_MOST ? lws_partial_buffered(l->wsi) != 0 : lws_send_pipe_choked(l->wsi) != 0;
}

/* Written at once where the socket takes it: asking lws for a writable callback re-registers the descriptor with libuv
 * twice, and costs a turn of the loop. */
static void on_flush(uv_idle_t *h)
{
	struct link *l = h->data;
	uv_idle_stop(&l->flush);
	if (is_choked(l)) {
		lws_callback_on_writable(l->wsi);
	} else if (link_on_writable(l) < 0) {
		/* Only a callback of lws may end the connection. */
		l->broken = true;
		lws_callback_on_writable(l->wsi);
	}
}

bool link_may_send_body(const struct link *l)
{
	return l->send_window > 0 && !link_is_full(l);
}

bool link_may_send_long(struct link *l)
{
	l->long_waits |= pending_len(l) >= LONG_QUEUE;
	if (l->long_waits)
		return false;
	return l->send_window > LEFT_TO_SHORT && !link_is_full(l);
}

bool link_is_full(const struct link *l)
{
	return l->full || pending_len(l) >= LINK_QUEUE;
}

/* What the system holds of what was sent and the other end has not acknowledged; 0 where it does not tell. */
static int queued_bytes(const struct link *l)
{
	int bytes = 0;
	int fd = lws_get_socket_fd(l->wsi);
#ifdef __APPLE__
	socklen_t len = sizeof bytes;
	return getsockopt(fd, SOL_SOCKET, SO_NWRITE, &bytes, &len) == 0 ? bytes : 0;
#else
	return ioctl(fd, TIOCOUTQ, &bytes) == 0 ? bytes : 0;
#endif
}

uint64_t link_stalled_ms(struct link *l)
{
	uint64_t now = uv_now(l->flush.loop);
	if (pending_len(l) == 0 && !lws_partial_buffered(l->wsi))
		return 0;
	/* Over a slow line one message may take longer than a stall does. */
	int queued = queued_bytes(l);
	if (queued != l->queued)
		l->moved_at = now;
	l->queued = queued;
	return now - l->moved_at;
}

bool link_moves(struct link *l)
{
	int queued = queued_bytes(l), before = l->seen_queued;
	l->seen_queued = queued;
	return queued > MUCH && queued != before;
}

void link_sent_body(struct link *l, size_t len)
{
	l->send_window -= (int64_t)len;
}

void link_received_body(struct link *l, size_t len)
{
	if (len == 0 || l->close_status)
		return;
	if (l->receive_window <= 0) {
		link_close(l, 1002, "body bytes beyond the connection's window");
		return;
	}
	l->receive_window -= (int64_t)len;
	l->credit_due += len;
	if (l->credit_due < WIRE_LINK_WINDOW / 4)
		return;
	if (!wire_encode_window(link_out(l), 0, (uint32_t)l->credit_due)) {
		link_close(l, 1011, "out of memory");
		return;
	}
	l->receive_window += (int64_t)l->credit_due;
	l->credit_due = 0;
	link_flush_soon(l);
}

void link_set_timeout(struct lws *wsi, int reason, int seconds)
{
	lws_set_timeout(wsi, (enum pending_timeout)reason, seconds);
	lws_cancel_service(lws_get_context(wsi));
}

void link_close(struct link *l, int status, const char *reason)
{
	if (l->close_status)
		return;
	l->close_status = status;
	size_t len = strlen(reason);
	if (len > CLOSE_REASON_MAX)
		len = CLOSE_REASON_MAX;
	memcpy(l->close_reason, reason, len);
	l->close_reason[len] = 0;
	link_set_timeout(l->wsi, PENDING_TIMEOUT_CLOSE_SEND, CLOSE_FLUSH_SECONDS);
	link_flush_soon(l);
}

bool link_fail(struct link *l, const char *reason)
{
	link_close(l, 1002, reason);
	return false;
}

int link_close_status(const struct link *l)
{
	return l->close_status;
}

const char *link_close_reason(const struct link *l)
{
	return l->close_reason;
}

static bool take_link_credit(struct link *l, const struct wire_frame *frame)
{
	uint32_t credit;
	if (!wire_decode_window(frame->payload, &credit) || l->send_window + credit > MAX_SEND_WINDOW)
		return link_fail(l, "bad WINDOW frame");
	bool was_shut = !link_may_send_body(l), was_low = !link_may_send_long(l);
	l->send_window += credit;
	if ((was_shut && link_may_send_body(l)) || (was_low && link_may_send_long(l)))
		l->ops->on_credit(l->user);
	return true;
}

/* Hands out the whole frames at the front; *used bytes are done with. False when the connection is to be closed. */
static bool take_frames(struct link *l, struct bytes data, size_t *used)
{
	*used = 0;
	while (data.len > *used) {
		struct wire_frame frame;
		size_t step;
		struct bytes rest = { data.at + *used, data.len - *used };
		switch (wire_decode_frame(rest, &frame, &step)) {
		case WIRE_MORE:
			return true;
		case WIRE_MALFORMED:
			return link_fail(l, "malformed frame");
		case WIRE_OK:
			break;
		}
		*used += step;
		bool fine = frame.type == WIRE_WINDOW && frame.stream == 0 ? take_link_credit(l, &frame)
									   : l->ops->on_frame(l->user, &frame);
		if (!fine || l->close_status)
			return false;
	}
	return true;
}

void link_on_receive(struct link *l, struct bytes piece, bool binary, bool ends)
{
	if (l->close_status)
		return; /* only waiting for our last frames to leave */
	if (!binary) {
		link_close(l, 1003, "creel.v1 speaks binary messages");
		return;
	}
	struct bytes data = piece;
	bool kept = l->in.len > 0;
	if (kept) {
		if (!buffer_append_bytes(&l->in, piece)) {
			link_close(l, 1011, "out of memory");
			return;
		}
		data = buffer_view(&l->in);
	}
	size_t used;
	if (!take_frames(l, data, &used))
		return;
	if (kept) {
		buffer_consume(&l->in, used);
	} else if (used < data.len && !buffer_append(&l->in, data.at + used, data.len - used)) {
		link_close(l, 1011, "out of memory");
		return;
	}
	if (ends && l->in.len > 0)
		link_close(l, 1002, "a message ended inside a frame");
}

/* The bytes of whole frames that go into the next message. */
static size_t next_message_len(const struct link *l)
{
	size_t pending = pending_len(l), n = 0;
	if (pending <= MESSAGE_SOFT_LIMIT)
		return pending;
	while (n < MESSAGE_SOFT_LIMIT && n < pending)
		n += WIRE_HEADER_LEN + bytes_get_u32(l->out.at + l->out_start + n);
	return n;
}

static void drop_sent(struct link *l, bool was_full)
{
	size_t left = pending_len(l);
	l->moved_at = uv_now(l->flush.loop);
	if (left == 0) {
		buffer_free(&l->out);
		l->out_start = 0;
	} else if (l->out_start > SENT_KEEP && l->out_start > left / 2) {
		memmove(l->out.at + LWS_PRE, l->out.at + l->out_start, left);
		l->out_start = LWS_PRE;
		l->out.len = LWS_PRE + left;
	}
	l->full = was_full && left > LINK_QUEUE / 2;
}

/* Written by hand: with libuv Debian's lws 4.1.6 (built with _DEBUG) closes twice at once ("uv repeat test"), so the
 * frame that lws_close_reason prepares never leaves. The peer's close, or the timeout set by link_close, ends the
 * connection. */
static int write_close(struct link *l, const void *payload, size_t len)
{
	uint8_t frame[LWS_PRE + 2 + CLOSE_REASON_MAX];
	memcpy(frame + LWS_PRE, payload, len);
	l->close_sent = true;
	return lws_write(l->wsi, frame + LWS_PRE, len, LWS_WRITE_CLOSE) < 0 ? -1 : 0;
}

static int send_close(struct link *l)
{
	uint8_t payload[2 + CLOSE_REASON_MAX];
	size_t len = strlen(l->close_reason);
	bytes_set_u16(payload, (uint16_t)l->close_status);
	memcpy(payload + 2, l->close_reason, len);
	return write_close(l, payload, 2 + len);
}

void link_answer_close(struct link *l, struct bytes payload)
{
	if (!l->close_sent && !l->broken && write_close(l, payload.at, payload.len < 2 ? 0 : 2) < 0)
		l->broken = true;
}

int link_on_writable(struct link *l)
{
	if (l->broken)
		return -1;
	size_t n = next_message_len(l);
	if (n > 0) {
		/* lws 4.1.6 masks a client's payload in place and keeps its own copy of what the socket did not take.
		 */
		if (lws_write(l->wsi, l->out.at + l->out_start, n, LWS_WRITE_BINARY) < (int)n)
			return -1;
		bool was_full = link_is_full(l);
		l->out_start += n;
		drop_sent(l, was_full);
		bool long_waited = l->long_waits;
		l->long_waits = long_waited && pending_len(l) > LONG_QUEUE / 2;
		if (((was_full && !link_is_full(l)) || (long_waited && !l->long_waits)) && !l->close_status)
			l->ops->on_credit(l->user);
		if (pending_len(l) > 0 || l->close_status)
			link_flush_soon(l);
		return 0;
	}
	return l->close_status && !l->close_sent ? send_close(l) : 0;
}
