/* Tunnel handshakes under way, from the hand-over of a connection to its WELCOME. Their number is limited, in total and
 * for each address, and each has a deadline; relay/common/silent.h says which is closed when there are too many.
 *
 * A handshake under TLS keeps the loop busy for most of a millisecond. So they begin in turn, address by address, a few
 * milliseconds of them at a time with everybody's webhooks in between. Those that come to nothing are wasted work: when
 * there have been too many of them in a second, the next ones wait. Finished ones count for nothing, so clients that
 * all come back at once do not wait. Loop thread. */
#pragma once

#include "relay/links/tunnel_private.h"

/* A socket from hand-over to WSI_DESTROY: it waits for its turn, then it is libwebsockets's (the opaque user data). */
struct adopted {
	struct tunnel_adopted given;
	struct lws *wsi; /* NULL: it waits */
	int fd;          /* while it waits */
	bool tls;
	bool unfinished;                /* no WELCOME yet */
	bool has_deadline;              /* no WebSocket yet */
	struct silent_entry of_address; /* while it is unfinished */
	struct silent_entry turn;       /* while it waits */
	struct adopted *prev, *next;    /* of those with a deadline */
	uint64_t since;                 /* loop ms */
};

void handshakes_init(struct tunnel_server *s);
/* Takes a socket, whose handshake begins when its turn comes. Closes another one when there are too many. */
void handshakes_add(struct tunnel_server *s, int fd, bool tls, const struct tunnel_adopted *given);
/* To be called when it has become a WebSocket, whose HELLO has a deadline of its own. */
void handshakes_upgraded(struct tunnel_server *s, struct adopted *a);
/* To be called when its client was welcomed. */
void handshakes_finish(struct tunnel_server *s, struct adopted *a);
/* To be called when its socket is closed: frees it. */
void handshakes_forget(struct tunnel_server *s, struct adopted *a);
/* Closes those that took too long; once a second. */
void handshakes_check(struct tunnel_server *s);
/* Closes those that wait and takes no more; once is enough. */
void handshakes_close(struct tunnel_server *s);
