/* The way to the relay as deliveries see it: the few things that a client says on a connection. A struct wire_out is
 * the relay's link (wire_out_ops), or what a test puts in its place. Loop thread. */
#pragma once

#include "shared/wire/wire.h"

struct wire_ops {
	/* Whether a frame with body bytes may be sent now, as the connection's window has it; `is_long` for an answer
	 * that leaves a part of the window to the short ones. */
	bool (*may_send)(void *link, bool is_long);
	/* So much waits for the relay to read it that heads wait, too. */
	bool (*is_full)(void *link);
	void (*recorded)(void *link, uint64_t stream, const uint8_t event_id[UUID_LEN]);
	/* `flags` is 0 or WIRE_END. Body bytes are taken off the connection's window. */
	void (*response)(void *link, uint64_t stream, uint8_t flags, const struct wire_response *r);
	/* `flags`: the same, or WIRE_END | WIRE_TRAILERS. */
	void (*data)(void *link, uint64_t stream, uint8_t flags, struct bytes piece);
	void (*reset)(void *link, uint64_t stream, enum wire_reset code, const char *reason);
	/* Credit of a stream goes back to the relay. */
	void (*window)(void *link, uint64_t stream, uint32_t credit);
	/* So many body bytes came: credit of the connection goes back in good time. */
	void (*received)(void *link, size_t len);
	/* Closes the connection with a WebSocket status (RFC 6455 §7.4). */
	void (*close)(void *link, int status, const char *reason);
};

struct wire_out {
	const struct wire_ops *ops;
	void *link;
	uint32_t features; /* enum wire_feature: the relay's */
};

/* For a struct link (shared/wire/link.h). The connection is closed when there is no memory for a frame. */
extern const struct wire_ops wire_out_ops;

/* Closes the connection as RFC 6455's 1002, a fault of the relay's. Returns false. */
bool wire_out_fail(const struct wire_out *w, const char *reason);
