/* What brings frames to a client: its WebSocket at this relay (relay/tunnels/connection.h), or the way to the relay of
 * the cluster that has it (relay/crossing). Streams, the mailbox and the registry send through this alone, so that they
 * need not know which. Loop thread. */
#pragma once

#include "shared/base/buffer.h"
#include "shared/wire/wire.h"

/* What each does stands with its function below; `end` is the carrier's. */
struct carrier_ops {
	struct buffer *(*out)(void *end);
	void (*flush_soon)(void *end);
	void (*flush_late)(void *end);
	bool (*may_send_body)(const void *end);
	bool (*is_full)(const void *end);
	void (*sent_body)(void *end, size_t len);
	void (*received_body)(void *end, size_t len);
	void (*close)(void *end, int status, const char *reason);
};

struct carrier {
	const struct carrier_ops *ops;
	void *end;
};

/* The buffer that wire_encode_… appends frames to; carrier_sent must follow. Ask for it again for each frame. */
static inline struct buffer *carrier_out(struct carrier *c)
{
	return c->ops->out(c->end);
}

/* Body bytes may be sent now. If not, stream_pump_blocked is called when they may. */
static inline bool carrier_may_send_body(const struct carrier *c)
{
	return c->ops->may_send_body(c->end);
}

/* So much waits to be sent that frames which can be left out should be. */
static inline bool carrier_is_full(const struct carrier *c)
{
	return c->ops->is_full(c->end);
}

/* Counts body bytes that were appended against the connection's window. */
static inline void carrier_sent_body(struct carrier *c, size_t len)
{
	c->ops->sent_body(c->end, len);
}

/* Counts body bytes of the client that came, and gives it credit for more in good time. */
static inline void carrier_received_body(struct carrier *c, size_t len)
{
	c->ops->received_body(c->end, len);
}

/* Ends the client's connection with a status of RFC 6455 §7.4, after what was appended. */
static inline void carrier_close(struct carrier *c, int status, const char *reason)
{
	c->ops->close(c->end, status, reason);
}

/* To be called with the result of each wire_encode_…: sends what was appended at the end of this loop turn, or closes
 * when memory ran out. */
void carrier_sent(struct carrier *c, bool appended);
/* The same for what nobody waits for: it may leave some milliseconds later, with what comes after it. */
void carrier_sent_late(struct carrier *c, bool appended);
/* Sends a NOTICE or GOAWAY (`type`) with this code, number and sentence. */
void carrier_send_note(struct carrier *c, enum wire_type type, enum wire_notice code, uint64_t number,
		       const char *text);
