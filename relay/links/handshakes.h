/* Tunnel handshakes under way: what libwebsockets holds and is no WebSocket yet. They are few at once, in all and of
 * one address, and each has a deadline from the moment it was handed over; who goes when there are too many is said in
 * relay/common/silent.h. Loop thread. */
#pragma once

#include "relay/links/tunnel_private.h"

/* A socket that libwebsockets holds: its wsi's opaque user data, from hand-over to WSI_DESTROY. */
struct adopted {
	struct tunnel_adopted given;
	struct lws *wsi;
	bool unfinished;
	struct silent_entry of_address;
	struct adopted *prev, *next; /* of those that are unfinished */
	uint64_t since;              /* loop ms */
};

/* Notes a handshake that begins, and closes another one where there are too many. */
void handshakes_begin(struct tunnel_server *s, struct adopted *a);
/* It is a WebSocket now, or gone. Once is enough. */
void handshakes_end(struct tunnel_server *s, struct adopted *a);
/* Closes those that took too long; once a second. */
void handshakes_check(struct tunnel_server *s);
