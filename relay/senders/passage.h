/* A sender's connection after 101 (RFC 9110 §7.8): bytes both ways between its socket, which libmicrohttpd hands over,
 * and the stream of the delivery that opened it (PROTOCOL.md §3, UPGRADE). Nothing of it is spooled, recorded or
 * resumed. Reads no more than the stream's windows allow, so a slow app makes its sender wait. Loop thread. */
#pragma once

#include "relay/common/delivery.h"
#include "relay/senders/http_daemon.h"

#include <gnutls/gnutls.h>

/* The sender's end. libmicrohttpd 0.9.75 carries an upgraded TLS connection's bytes through buffers of 4 bytes and does
 * not tell when the sender closes, so they are read and written here, in its session. Must outlive the connection, for
 * the session keeps pointing to it. */
struct passage_wire {
	int fd;
	gnutls_session_t tls; /* NULL: plain */
	bool ours;            /* a call of this file; libmicrohttpd's find nothing to read */
	/* Loop time in ms, set once the app has ended and only the sender is waited for: so long after it last took
	 * bytes the connection is to be shut down. */
	uint64_t *deadline;
	int64_t patience_ms;
};

struct passage;

/* `early`: what came behind the request's head; copied. Takes the delivery's `wake` and `window_opened`. NULL when out
 * of memory: the caller closes `urh`. The daemon and the delivery must outlive it. */
struct passage *passage_open(uv_loop_t *loop, struct delivery *d, struct http_daemon *daemon,
			     struct MHD_UpgradeResponseHandle *urh, struct passage_wire *wire, struct bytes early);
/* Gives the socket back to libmicrohttpd, which closes it. May be called more than once. */
void passage_end(struct passage *p);
/* When libmicrohttpd is done with the request. */
void passage_free(struct passage *p);
