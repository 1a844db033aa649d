#include "shared/collections/collection_write.h"

#include <string.h>

#include "shared/syntax/variables.h"
#include "shared/http/headers.h"
#include "shared/http/hop_by_hop.h"
#include "shared/json/json_bytes.h"
#include "shared/text/text.h"

bool collection_write_fits(struct bytes body)
{
	return json_can_hold(body) && !variables_in(body);
}

static json_t *from_latin1(struct bytes in)
{
	struct buffer text = { 0 };
	bool fine = true;
	for (size_t i = 0; fine && i < in.len; i++) {
		uint8_t c = in.at[i];
		fine = c < 0x80 ? buffer_put_u8(&text, c)
				: buffer_put_u8(&text, (uint8_t)(0xc0 | c >> 6)) &&
				      buffer_put_u8(&text, (uint8_t)(0x80 | (c & 0x3f)));
	}
	json_t *value = fine ? json_from_bytes(buffer_view(&text)) : NULL;
	buffer_free(&text);
	return value;
}

json_t *collection_write_fields(struct bytes block, const char *name_member, bool latin1, bool *bad)
{
	struct hop_by_hop hops = { 0 };
	struct bytes name, value;
	json_t *list = json_array();
	bool fine = hop_by_hop_find(&hops, block) && list;
	*bad = false;
	for (size_t pos = 0; fine && headers_next(block, &pos, &name, &value);) {
		if (hop_by_hop_has(&hops, name))
			continue;
		*bad = *bad || (!latin1 && !json_can_hold(value));
		fine =
		    json_array_append_new(list, json_pack("{s:o, s:o}", name_member, json_from_bytes(name), "value",
							  latin1 ? from_latin1(value) : json_from_bytes(value))) == 0;
	}
	hop_by_hop_free(&hops);
	if (fine && !*bad)
		return list;
	json_decref(list);
	return NULL;
}

static bool is_plain_in_url(uint8_t c)
{
	return c > 0x20 && c < 0x7f && !strchr("\"<>#", c);
}

bool collection_write_target(struct bytes target, struct buffer *out)
{
	bool fine = !target.len || target.at[0] == '/' || buffer_put_u8(out, '/');
	for (size_t i = 0; fine && i < target.len; i++) {
		uint8_t c = target.at[i], next = i + 1 < target.len ? target.at[i + 1] : 0;
		/* Nor with a % that an escape after it would begin with. */
		bool opens = c == '{' && (next == '{' || next == '%' || !is_plain_in_url(next));
		bool plain = is_plain_in_url(c) && !opens;
		fine = plain ? buffer_put_u8(out, c) : buffer_printf(out, "%%%02X", c);
	}
	return fine;
}

bool collection_write_url(const struct transcript *x, struct bytes base, struct buffer *out)
{
	return buffer_append_bytes(out, base) && collection_write_target(buffer_view(&x->target), out);
}

/* Only where the URL does not have it as it is. */
static bool put_target(const struct transcript *x, json_t *own)
{
	struct bytes exact = buffer_view(&x->target);
	struct buffer escaped = { 0 };
	bool fine = collection_write_target(exact, &escaped);
	if (fine && !bytes_equal(exact, buffer_view(&escaped)))
		fine = json_can_hold(exact) ? json_object_set_new(own, "target", json_from_bytes(exact)) == 0
					    : json_object_set_new(own, "target_base64", json_from_base64(exact)) == 0;
	buffer_free(&escaped);
	return fine;
}

json_t *collection_write_own(const struct transcript *x)
{
	char id[UUID_TEXT_LEN + 1], at[TEXT_TIME_LEN];
	uuid_format(x->event_id, id);
	text_format_time(at, x->received_at_us);
	json_t *own = json_pack("{s:s, s:s}", "event_id", id, "received_at", at);
	if (own && put_target(x, own))
		return own;
	json_decref(own);
	return NULL;
}
