#include "relay/tunnels/carrier.h"

void carrier_sent(struct carrier *c, bool appended)
{
	if (!appended)
		carrier_close(c, 1011, "out of memory");
	c->ops->flush_soon(c->end);
}

void carrier_sent_late(struct carrier *c, bool appended)
{
	if (appended)
		c->ops->flush_late(c->end);
	else
		carrier_sent(c, false);
}

void carrier_send_note(struct carrier *c, enum wire_type type, enum wire_notice code, uint64_t number, const char *text)
{
	struct wire_note note = { (uint16_t)code, number, bytes_of(text) };
	carrier_sent(c, wire_encode_note(carrier_out(c), type, 0, &note));
}
