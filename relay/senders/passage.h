/* A sender's connection after 101 (RFC 9110 §7.8): carries bytes both ways between its socket, which libmicrohttpd
 * hands over, and the stream of the delivery that opened it (PROTOCOL.md §3, UPGRADE). They are not spooled, recorded
 * or resumed. It reads no more than the stream's windows allow, so that a slow app makes its sender wait. Loop thread.
 */
#pragma once

#include "relay/common/delivery.h"
#include "relay/senders/http_daemon.h"

#include <gnutls/gnutls.h>

/* The sender's end. libmicrohttpd 0.9.75 carries the bytes of an upgraded TLS connection through buffers of 4 bytes and
 * does not say when the sender closes, so they are read and written here, in its TLS session. Must outlive the
 * connection, because the session points to it. */
struct passage_wire {
	int fd;
	gnutls_session_t tls; /* NULL: plain */
	bool ours;            /* passage.c is reading; when libmicrohttpd reads, it finds nothing */
	/* When the connection is to be shut down, loop time in ms: set once the app has ended and only the sender is
	 * waited for, to patience_ms after it last took bytes. */
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
/* To be called when libmicrohttpd is done with the request. */
void passage_free(struct passage *p);
