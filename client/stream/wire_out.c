#include "client/stream/wire_out.h"

#include "shared/wire/link.h"

static void append_or_close(struct link *l, bool appended)
{
	if (!appended)
		link_close(l, 1011, "out of memory");
	link_flush_soon(l);
}

static bool may_send(void *link, bool is_long)
{
	return is_long ? link_may_send_long(link) : link_may_send_body(link);
}

static bool is_full(void *link)
{
	return link_is_full(link);
}

static void recorded(void *link, uint64_t stream, const uint8_t event_id[UUID_LEN])
{
	append_or_close(link, wire_encode_event_id(link_out(link), WIRE_RECORDED, stream, event_id));
}

static void response(void *link, uint64_t stream, uint8_t flags, const struct wire_response *r)
{
	append_or_close(link, wire_encode_response(link_out(link), stream, flags, r));
	link_sent_body(link, r->body.len);
}

static void data(void *link, uint64_t stream, uint8_t flags, struct bytes piece)
{
	struct buffer *out = piece.len < WIRE_DATA_CHUNK ? link_out(link) : link_out_long(link);
	append_or_close(link, wire_encode_data(out, stream, flags, piece));
	if (!(flags & WIRE_TRAILERS))
		link_sent_body(link, piece.len);
}

static void reset(void *link, uint64_t stream, enum wire_reset code, const char *reason)
{
	append_or_close(link, wire_encode_reset(link_out(link), stream, code, bytes_of(reason)));
}

static void window(void *link, uint64_t stream, uint32_t credit)
{
	append_or_close(link, wire_encode_window(link_out(link), stream, credit));
}

static void received(void *link, size_t len)
{
	link_received_body(link, len);
}

static void close_link(void *link, int status, const char *reason)
{
	link_close(link, status, reason);
}

const struct wire_ops wire_out_ops = {
	may_send, is_full, recorded, response, data, reset, window, received, close_link
};

bool wire_out_fail(const struct wire_out *w, const char *reason)
{
	w->ops->close(w->link, 1002, reason);
	return false;
}
