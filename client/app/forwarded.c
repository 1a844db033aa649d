#include "client/app/forwarded.h"

#include "shared/http/creel_via.h"
#include "shared/http/headers.h"

#include <string.h>

static const struct {
	const char *name;
	enum forwarded_field field;
} fields[] = {
	{ "x-forwarded-for", FORWARDED_FOR },   { "x-forwarded-proto", FORWARDED_PROTO },
	{ "x-forwarded-host", FORWARDED_HOST }, { "creel-event-id", FORWARDED_CREEL },
	{ "creel-attempt", FORWARDED_CREEL },   { "creel-via", FORWARDED_CREEL },
};

/* Whether `name` is `field`, an underscore standing for a hyphen. */
static bool is_like(struct bytes name, const char *field, bool *underscored)
{
	*underscored = false;
	for (size_t i = 0; i < name.len; i++) {
		char c = (char)(name.at[i] >= 'A' && name.at[i] <= 'Z' ? name.at[i] | 0x20 : name.at[i]);
		if (c == '_' && field[i] == '-')
			*underscored = true;
		else if (c != field[i]) /* its final NUL as well: no name holds one */
			return false;
	}
	return field[name.len] == 0;
}

#define LEN_SHORTEST (sizeof "creel-via" - 1)

enum forwarded_field forwarded_field_of(struct bytes name)
{
	bool underscored;
	if (name.len < LEN_SHORTEST)
		return FORWARDED_OTHER;
	for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
		if (is_like(name, fields[i].name, &underscored))
			return underscored ? FORWARDED_LOOKALIKE : fields[i].field;
	return FORWARDED_OTHER;
}

/* The address alone of "192.0.2.1:5", "[2001:db8::1]:5" or one of them without its port. */
static struct bytes address_of(struct bytes peer)
{
	const uint8_t *bracket = peer.len > 0 && peer.at[0] == '[' ? memchr(peer.at, ']', peer.len) : NULL;
	if (bracket)
		return bytes_make(peer.at + 1, (size_t)(bracket - peer.at) - 1);
	const uint8_t *colon = peer.len > 0 ? memchr(peer.at, ':', peer.len) : NULL;
	return colon ? bytes_make(peer.at, (size_t)(colon - peer.at)) : peer;
}

static bool is_blank(uint8_t c)
{
	return c == ' ' || c == '\t';
}

static struct bytes trimmed(struct bytes v)
{
	while (v.len > 0 && is_blank(v.at[v.len - 1]))
		v.len--;
	while (v.len > 0 && is_blank(*v.at))
		v = bytes_make(v.at + 1, v.len - 1);
	return v;
}

static bool append_entry(struct buffer *out, size_t start, struct bytes entry)
{
	return entry.len == 0 ||
	       ((out->len == start || buffer_append(out, ", ", 2)) && buffer_append_bytes(out, entry));
}

bool forwarded_for_value(struct buffer *out, struct bytes headers, struct bytes peer)
{
	struct bytes name, value;
	size_t start = out->len;
	bool fine = true;
	for (size_t pos = 0; fine && headers_next(headers, &pos, &name, &value);)
		if (forwarded_field_of(name) == FORWARDED_FOR)
			fine = append_entry(out, start, trimmed(value));
	return fine && append_entry(out, start, address_of(peer));
}

bool forwarded_via_value(struct buffer *out, struct bytes headers)
{
	uint8_t ids[CREEL_VIA_MOST][UUID_LEN];
	char text[UUID_TEXT_LEN + 1];
	size_t count = creel_via_read(headers, ids), start = out->len;
	bool fine = true;
	for (size_t i = 0; fine && i < count && i < CREEL_VIA_MOST; i++) {
		uuid_format(ids[i], text);
		fine = append_entry(out, start, bytes_of(text));
	}
	return fine;
}

/* The next of the three. */
static bool next_field(struct bytes headers, size_t *pos, enum forwarded_field *field, struct bytes *value)
{
	struct bytes name;
	while (headers_next(headers, pos, &name, value)) {
		*field = forwarded_field_of(name);
		if (*field == FORWARDED_FOR || *field == FORWARDED_PROTO || *field == FORWARDED_HOST)
			return true;
	}
	return false;
}

bool forwarded_same(struct bytes a, struct bytes b)
{
	enum forwarded_field of_a = FORWARDED_FOR, of_b = FORWARDED_FOR;
	struct bytes value_a, value_b;
	size_t at_a = 0, at_b = 0;
	for (;;) {
		bool more = next_field(a, &at_a, &of_a, &value_a);
		if (more != next_field(b, &at_b, &of_b, &value_b))
			return false;
		if (!more)
			return true;
		if (of_a != of_b || !bytes_equal(value_a, value_b))
			return false;
	}
}
