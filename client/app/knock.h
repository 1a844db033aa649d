/* Whether something takes connections where calls would go, for `creel doctor`: the forwarder's own way of connecting
 * and its reasons, and no request (doctor_ask.h sends one). A server in the clear is shown the beginning of a TLS
 * handshake on a second connection: one that takes it speaks TLS alone. Blocks, on a loop of its own. */
#pragma once

#include "client/app/forward_reason.h"

struct knock_at {
	const char *base;    /* from forward_parse_target */
	const char *address; /* in the place of the URL's host, whose certificate is still wanted; or NULL */
	const char *ca;      /* issuers trusted beside the system's, PEM; or NULL */
	bool insecure;       /* any certificate */
	uint64_t limit_ms;
};

/* REASON_NONE: it answers. `detail` is filled for REASON_APP_NOT_HTTP. */
enum reason knock(const struct knock_at *at, char detail[FIRST_BYTES_SHOWN]);
