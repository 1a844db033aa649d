/* Whether something takes connections where calls would go, for `creel doctor`: the forwarder's own way of connecting
 * and its reasons, but no request (doctor_ask.h sends one). A server in the clear is shown the beginning of a TLS
 * handshake on a second connection: if it accepts that, it speaks only TLS. Blocks, on a loop of its own. */
#pragma once

#include "client/app/forward_reason.h"

struct knock_at {
	const char *base; /* from forward_parse_target */
	/* Connects here instead of to the URL's host, whose certificate is still required; or NULL. */
	const char *address;
	const char *ca; /* issuers trusted beside the system's, PEM; or NULL */
	bool insecure;  /* any certificate */
	uint64_t limit_ms;
};

/* REASON_NONE: it answers. `detail` is filled for REASON_APP_NOT_HTTP. */
enum reason knock(const struct knock_at *at, char detail[FIRST_BYTES_SHOWN]);
