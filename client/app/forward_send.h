/* The request of one call on its way to the app: its head, then its body from where it lies (memory, disk), its
 * trailers, or, after 101, what the sender goes on to say. It writes as much as the connection takes, and never blocks.
 * Loop thread. */
#pragma once

#include "client/app/forwarder.h"
#include "shared/net/conn.h"

struct forward_send {
	const struct forward_request *request;                   /* borrowed for as long as this is used */
	size_t (*on_upload)(void *user, void *out, size_t most); /* forward_ops */
	void *user;
	struct buffer head;
	struct buffer piece; /* bytes that cannot be sent from where they lie */
	size_t head_at, piece_at;
	uint64_t body_at;
	uint64_t sent; /* bytes that the system has taken on this connection */
	bool last_piece;
	bool all;     /* nothing is left to be sent */
	bool failed;  /* the connection takes no more; an answer may lie there all the same */
	bool starved; /* on_upload had nothing */
};

/* Begins at the first byte, on a new connection, once the head is in s->head. */
void forward_send_begin(struct forward_send *s);

/* Sends as much as the connection takes now. `upgraded`: the app has agreed to speak another protocol. False: out of
 * memory, or a body on disk cannot be read back. */
MUST_CHECK bool forward_send_some(struct forward_send *s, struct conn *c, bool upgraded);

/* Whether there is something to be written once the connection takes it. */
bool forward_send_has_more(const struct forward_send *s, bool upgraded);

/* Whether it is certain that no app has read what was sent, now that the connection ended as `how` says. Either the
 * other end took none of it; or the connection was reset, as systems do when a program closes with bytes unread, and
 * the request is one that every program reads whole or not at all. */
bool forward_send_is_unread(const struct forward_send *s, const struct conn *c, const struct conn_failure *how);

void forward_send_free(struct forward_send *s);
