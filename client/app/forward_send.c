#include "client/app/forward_send.h"

#include "client/app/forward_head.h"
#include "shared/http/headers.h"
#include "shared/http/http1.h"

#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#define PIECE_MOST (64u << 10) /* of a body that is on disk, or of an upload */
/* Then the others' turn: an app that reads as fast as this writes would be given all of a large body in one. */
#define SEND_A_TURN (256u << 10)
#define READ_BY_ANYBODY 4096 /* bytes that every server reads at once, or not at all */

void forward_send_begin(struct forward_send *s)
{
	s->head_at = s->piece_at = s->piece.len = 0;
	s->body_at = s->sent = 0;
	s->last_piece = s->all = s->failed = false;
}

/* Without those that would frame or route the request anew (RFC 9110 §6.5.1): a relay, or a file, may say anything.
 * False: out of memory. */
static bool put_trailers(struct buffer *out, struct bytes block)
{
	struct bytes name, value;
	size_t from = 0;
	bool fine = true;
	for (size_t at = 0; fine && headers_next(block, &at, &name, &value); from = at)
		fine =
		    http1_trailer_forbidden(name) || buffer_append_bytes(out, bytes_make(block.at + from, at - from));
	return fine;
}

/* The next bytes that do not lie ready: of a body on disk, in chunks before trailers. False: out of memory, or the file
 * cannot be read back. */
static bool fill_piece(struct forward_send *s)
{
	uint64_t left = forward_body_len(s->request) - s->body_at;
	size_t n = left < PIECE_MOST ? (size_t)left : PIECE_MOST;
	bool chunked = s->request->trailers.len > 0;
	s->piece.len = s->piece_at = 0;
	if (n == 0 && !chunked) {
		s->last_piece = true;
		return true;
	}
	if (n == 0) {
		s->last_piece = true;
		return buffer_append(&s->piece, "0\r\n", 3) && put_trailers(&s->piece, s->request->trailers) &&
		       buffer_append(&s->piece, "\r\n", 2);
	}
	if (chunked && !buffer_printf(&s->piece, "%zx\r\n", n))
		return false;
	if (!buffer_reserve(&s->piece, n + 2))
		return false;
	if (!s->request->spilled)
		memcpy(s->piece.at + s->piece.len, s->request->body.at + s->body_at, n);
	else if (!spill_copy(s->request->spilled, s->body_at, s->piece.at + s->piece.len, n))
		return false;
	s->piece.len += n;
	s->body_at += n;
	return !chunked || buffer_append(&s->piece, "\r\n", 2);
}

static bool fill_upload(struct forward_send *s, bool upgraded)
{
	s->piece.len = s->piece_at = 0;
	if (!upgraded)
		return true;
	if (!buffer_reserve(&s->piece, PIECE_MOST))
		return false;
	s->piece.len = s->on_upload(s->user, s->piece.at, PIECE_MOST);
	s->starved = s->piece.len == 0;
	return true;
}

/* A body in memory goes out from where it lies. */
static bool lies_ready(const struct forward_send *s)
{
	return !s->request->spilled && s->request->trailers.len == 0 && !s->request->upgrade;
}

static bool fill(struct forward_send *s, bool upgraded)
{
	if (s->request->upgrade)
		return fill_upload(s, upgraded);
	if (lies_ready(s) || s->last_piece)
		return true;
	return fill_piece(s);
}

/* What is to be written now, in order: head, body, piece. */
static void gather(const struct forward_send *s, struct iovec pieces[3])
{
	memset(pieces, 0, 3 * sizeof *pieces);
	if (s->head_at < s->head.len)
		pieces[0] = (struct iovec){ s->head.at + s->head_at, s->head.len - s->head_at };
	if (lies_ready(s) && s->body_at < s->request->body.len)
		pieces[1] = (struct iovec){ (void *)(uintptr_t)(s->request->body.at + s->body_at),
					    s->request->body.len - (size_t)s->body_at };
	if (s->piece_at < s->piece.len)
		pieces[2] = (struct iovec){ s->piece.at + s->piece_at, s->piece.len - s->piece_at };
}

/* The system took the first n bytes of what was gathered. */
static void advance(struct forward_send *s, const struct iovec pieces[3], size_t n)
{
	s->sent += n;
	size_t of_head = n < pieces[0].iov_len ? n : pieces[0].iov_len;
	s->head_at += of_head;
	n -= of_head;
	size_t of_body = n < pieces[1].iov_len ? n : pieces[1].iov_len;
	s->body_at += of_body;
	s->piece_at += n - of_body;
	if (lies_ready(s))
		s->all = s->head_at == s->head.len && s->body_at == s->request->body.len;
	else
		s->all = s->last_piece && s->piece_at == s->piece.len;
}

bool forward_send_some(struct forward_send *s, struct conn *c, bool upgraded)
{
	uint64_t until = s->sent + SEND_A_TURN;
	while (!s->all && !s->failed && s->sent < until) {
		struct iovec pieces[3], filled[3];
		int count = 0;
		if (s->piece_at == s->piece.len && !fill(s, upgraded))
			return false;
		gather(s, pieces);
		for (int i = 0; i < 3; i++)
			if (pieces[i].iov_len > 0)
				filled[count++] = pieces[i];
		if (count == 0) { /* of an upload there may be more at any time */
			s->all = !s->request->upgrade;
			return true;
		}
		ssize_t n = conn_writev(c, filled, count);
		if (n == CONN_AGAIN)
			return true;
		if (n < 0)
			s->failed = true;
		else
			advance(s, pieces, (size_t)n);
	}
	return true;
}

bool forward_send_has_more(const struct forward_send *s, bool upgraded)
{
	bool waits = s->request->upgrade && (s->starved || !upgraded) && s->head_at == s->head.len &&
		     s->piece_at == s->piece.len;
	return !s->all && !s->failed && !waits;
}

/* Behind the end that the app sent before it got the request, Linux tells a reset by SO_ERROR alone. */
static bool was_reset(const struct conn *c, const struct conn_failure *how)
{
	int error = 0;
	socklen_t len = sizeof error;
	if (how->kind == CONN_ERRNO)
		return how->error == ECONNRESET || how->error == EPIPE;
	return how->kind == CONN_FINE && getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &error, &len) == 0 &&
	       (error == ECONNRESET || error == EPIPE);
}

bool forward_send_is_unread(const struct forward_send *s, const struct conn *c, const struct conn_failure *how)
{
	int waiting = 0;
#ifdef TIOCOUTQ
	if (s->sent == 0 || (ioctl(c->fd, TIOCOUTQ, &waiting) == 0 && (uint64_t)waiting >= s->sent))
		return true;
#endif
	return s->sent == 0 || (was_reset(c, how) && s->sent <= READ_BY_ANYBODY && waiting == 0);
}

void forward_send_free(struct forward_send *s)
{
	buffer_free(&s->head);
	buffer_free(&s->piece);
}
