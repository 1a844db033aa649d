/* Opens a connection to a target: resolves its name, tries its addresses side by side, and does TLS. Only loopback is
 * connected to unless the user said otherwise, whatever the name resolved to (relay/SECURITY.md). Loop thread. */
#pragma once

#include <uv.h>

#include "client/reason/reason.h"
#include "shared/base/bytes.h"
#include "shared/net/conn.h"

enum dial_failure {
	DIAL_FINE,
	DIAL_REFUSED,     /* nothing listens there */
	DIAL_NO_SOCKET,   /* a unix socket's path is not there */
	DIAL_UNRESOLVED,  /* the name means no address */
	DIAL_NOT_LOCAL,   /* none of its addresses is this machine's */
	DIAL_NO_ACCESS,   /* a unix socket that this user may not use */
	DIAL_DESCRIPTORS, /* no more files may be open */
	DIAL_MEMORY,
	DIAL_BROKEN, /* another error of the socket, in conn_failure.error */
	DIAL_TLS,    /* conn_failure says what */
};

struct dial_to {
	const char *host; /* a name, an address without brackets, or a unix socket's path */
	uint16_t port;    /* 0: `host` is a path */
	SSL_CTX *tls;     /* NULL: plain */
	const char *name; /* the name that the certificate must be for; NULL: host */
	bool verify;      /* the certificate must be good, and that name's */
	bool allow_remote;
};

/* Settings for TLS connections (1.2 or newer) that trust the system's issuers and those in the PEM file `ca` (may be
 * NULL). The caller frees them. NULL: out of memory, or the file cannot be read. */
SSL_CTX *dial_tls_context(const char *ca);

struct dial;

struct dial_ops {
	/* Connected, TLS and all. *c changes hands. */
	void (*done)(void *user, struct conn *c);
	void (*failed)(void *user, enum dial_failure why, const struct conn_failure *how);
};

/* Strings and context must live until the end. One of the ops is called later, never during this call; the dial is
 * freed when it returns. NULL: out of memory. */
struct dial *dial_start(uv_loop_t *loop, const struct dial_to *to, const struct dial_ops *ops, void *user);
/* The reason to give when the dial is given up now: REASON_APP_TLS_SILENT where the target took the connection and TLS
 * is being set up, else REASON_APP_NOT_TAKEN. */
enum reason dial_reason_of_wait(const struct dial *d);
/* Ends and frees the dial; no op is called any more. */
void dial_cancel(struct dial *d);
