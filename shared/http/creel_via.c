#include "shared/http/creel_via.h"

#include "shared/http/headers.h"

#include <string.h>

struct list {
	uint8_t (*ids)[UUID_LEN];
	size_t count;
};

static void add(struct list *l, struct bytes text)
{
	uint8_t id[UUID_LEN];
	if (!uuid_from_text(text, id))
		return;
	if (l->count >= CREEL_VIA_MOST)
		memmove(l->ids[0], l->ids[1], (size_t)(CREEL_VIA_MOST - 1) * UUID_LEN);
	memcpy(l->ids[l->count < CREEL_VIA_MOST ? l->count : CREEL_VIA_MOST - 1], id, UUID_LEN);
	l->count++;
}

static struct bytes trimmed(struct bytes v)
{
	while (v.len > 0 && (v.at[v.len - 1] == ' ' || v.at[v.len - 1] == '\t'))
		v.len--;
	while (v.len > 0 && (*v.at == ' ' || *v.at == '\t'))
		v = bytes_make(v.at + 1, v.len - 1);
	return v;
}

static void add_all(struct list *l, struct bytes value)
{
	while (value.len > 0) {
		struct bytes one = bytes_until(value, ',');
		add(l, trimmed(one));
		size_t used = one.len < value.len ? one.len + 1 : one.len;
		value = bytes_make(value.at + used, value.len - used);
	}
}

static void add_fields(struct list *l, struct bytes headers, const char *field)
{
	struct bytes name, value;
	for (size_t pos = 0; headers_next(headers, &pos, &name, &value);)
		if (bytes_equal_nocase(name, field))
			add_all(l, value);
}

size_t creel_via_read(struct bytes headers, uint8_t ids[CREEL_VIA_MOST][UUID_LEN])
{
	struct list l = { .ids = ids };
	add_fields(&l, headers, "Creel-Via");
	add_fields(&l, headers, "Creel-Event-Id");
	return l.count;
}
