#include "relay/senders/passage.h"

#include "relay/tunnels/delivery_streams.h"
#include "relay/tunnels/stream.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>

#define PIECE 16384
#define PIECES_A_TURN 8 /* then the others' turn */

struct passage {
	struct delivery *delivery;
	struct http_daemon *daemon;
	struct MHD_UpgradeResponseHandle *urh; /* NULL: given back */
	struct passage_wire *wire;
	size_t unsent; /* bytes GnuTLS has taken and could not send yet */
	uv_poll_t poll;
	int watched;
	struct buffer early;
	size_t early_at;
	bool hung_up; /* the sender sends no more, and the app was told */
};

static void on_event(uv_poll_t *h, int status, int events);

/* ---- the sender's end ---- */

static ssize_t pull(gnutls_transport_ptr_t user, void *out, size_t most)
{
	struct passage_wire *w = user;
	ssize_t n = -1;
	errno = EAGAIN;
	if (w->ours)
		n = recv(w->fd, out, most, MSG_DONTWAIT);
	if (n < 0)
		gnutls_transport_set_errno(w->tls, errno);
	return n;
}

static ssize_t push(gnutls_transport_ptr_t user, const void *at, size_t len)
{
	struct passage_wire *w = user;
	ssize_t n = send(w->fd, at, len, MSG_NOSIGNAL | MSG_DONTWAIT);
	if (n < 0)
		gnutls_transport_set_errno(w->tls, errno);
	return n;
}

static void take_session(struct passage_wire *w)
{
	if (!w->tls)
		return;
	gnutls_transport_set_ptr(w->tls, w);
	gnutls_transport_set_pull_function(w->tls, pull);
	gnutls_transport_set_push_function(w->tls, push);
}

static bool is_again(const struct passage_wire *w, ssize_t n)
{
	return w->tls ? n == GNUTLS_E_AGAIN || n == GNUTLS_E_INTERRUPTED : n < 0 && (errno == EAGAIN || errno == EINTR);
}

/* As recv: 0 or less and not is_again: it sends no more. */
static ssize_t wire_read(struct passage_wire *w, void *out, size_t most)
{
	if (!w->tls)
		return recv(w->fd, out, most, MSG_DONTWAIT);
	w->ours = true;
	ssize_t n = gnutls_record_recv(w->tls, out, most);
	w->ours = false;
	return n;
}

/* What GnuTLS could not send it must be asked to go on with, and nothing else. */
static ssize_t wire_write(struct passage *p, const void *at, size_t len)
{
	struct passage_wire *w = p->wire;
	if (!w->tls)
		return send(w->fd, at, len, MSG_NOSIGNAL | MSG_DONTWAIT);
	w->ours = true;
	ssize_t n = p->unsent ? gnutls_record_send(w->tls, NULL, 0) : gnutls_record_send(w->tls, at, len);
	w->ours = false;
	p->unsent = is_again(w, n) ? (p->unsent ? p->unsent : len) : 0;
	return n;
}

/* ---- the passage ---- */

void passage_end(struct passage *p)
{
	if (!p->urh)
		return;
	struct MHD_UpgradeResponseHandle *urh = p->urh;
	p->urh = NULL;
	uv_poll_stop(&p->poll);
	MHD_upgrade_action(urh, MHD_UPGRADE_ACTION_CLOSE);
	http_daemon_settle(p->daemon);
}

/* To the app. False: not now; stream_may_pass calls again through `window_opened`. */
static bool pass_on(struct passage *p, struct bytes piece, bool end)
{
	struct stream *st = p->delivery->answerer;
	if (!st || !stream_may_pass(st))
		return false;
	stream_pass(st, piece, end);
	return true;
}

static bool pass_early(struct passage *p)
{
	struct bytes rest = bytes_make(p->early.at + p->early_at, p->early.len - p->early_at);
	if (rest.len && !pass_on(p, rest, false))
		return false;
	p->early_at = p->early.len;
	return true;
}

/* The sender's bytes, as far as the windows go. */
static void read_some(struct passage *p)
{
	uint8_t piece[PIECE];
	for (int i = 0; i < PIECES_A_TURN && p->urh && !p->hung_up; i++) {
		struct stream *st = p->delivery->answerer;
		if (!pass_early(p) || !st || !stream_may_pass(st))
			return;
		ssize_t n = wire_read(p->wire, piece, sizeof piece);
		if (is_again(p->wire, n))
			return;
		p->hung_up = n <= 0;
		pass_on(p, bytes_make(piece, n > 0 ? (size_t)n : 0), n <= 0);
	}
}

/* The app's bytes. False: the socket takes no more now. */
static bool write_some(struct passage *p)
{
	struct delivery *d = p->delivery;
	while (p->urh && d->answer_at < d->answer_body.len) {
		size_t left = d->answer_body.len - d->answer_at;
		ssize_t n = wire_write(p, d->answer_body.at + d->answer_at, left < PIECE ? left : PIECE);
		if (is_again(p->wire, n))
			return false;
		if (n < 0) {
			passage_end(p);
			return true;
		}
		d->answer_at += (size_t)n;
		if (d->answer_at == d->answer_body.len)
			d->answer_body.len = d->answer_at = 0;
		delivery_consumed(d, (size_t)n);
	}
	return true;
}

static void go_on(struct passage *p)
{
	struct delivery *d = p->delivery;
	if (!p->urh)
		return;
	bool drained = write_some(p);
	/* What broke off does not wait for a sender that does not read. */
	if (p->urh && (d->phase == PHASE_ABORTED || (drained && d->phase == PHASE_DONE)))
		passage_end(p);
	if (!p->urh)
		return;
	if (d->phase == PHASE_DONE)
		*p->wire->deadline = uv_now(p->poll.loop) + (uint64_t)p->wire->patience_ms;
	read_some(p);
	struct stream *st = d->answerer;
	bool reads = st && !p->hung_up && p->early_at == p->early.len && stream_may_pass(st);
	int wanted = (reads ? UV_READABLE : 0) | (drained ? 0 : UV_WRITABLE);
	/* What GnuTLS has decrypted already makes no event. */
	if (reads && p->wire->tls && gnutls_record_check_pending(p->wire->tls) > 0)
		wanted |= UV_WRITABLE;
	if (wanted == p->watched)
		return;
	p->watched = wanted;
	/* With nothing to wait for, its end alone would wake the loop for ever. */
	if (wanted ? uv_poll_start(&p->poll, wanted, on_event) != 0 : uv_poll_stop(&p->poll) != 0)
		passage_end(p);
}

static void on_event(uv_poll_t *h, int status, int events)
{
	struct passage *p = h->data;
	(void)events;
	if (status < 0)
		passage_end(p);
	else
		go_on(p);
}

static void on_delivery(struct delivery *d)
{
	go_on(d->owner);
}

struct passage *passage_open(uv_loop_t *loop, struct delivery *d, struct http_daemon *daemon,
			     struct MHD_UpgradeResponseHandle *urh, struct passage_wire *wire, struct bytes early)
{
	struct passage *p = calloc(1, sizeof *p);
	if (!p || !buffer_append_bytes(&p->early, early) || uv_poll_init_socket(loop, &p->poll, wire->fd) != 0) {
		if (p)
			buffer_free(&p->early);
		free(p);
		return NULL;
	}
	p->delivery = d;
	p->daemon = daemon;
	p->urh = urh;
	p->wire = wire;
	take_session(wire);
	p->poll.data = p;
	d->owner = p;
	d->wake = d->window_opened = on_delivery;
	go_on(p);
	return p;
}

static void on_closed(uv_handle_t *h)
{
	free(h->data);
}

void passage_free(struct passage *p)
{
	passage_end(p);
	buffer_free(&p->early);
	uv_close((uv_handle_t *)&p->poll, on_closed);
}
