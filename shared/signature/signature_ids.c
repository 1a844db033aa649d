/* The id a provider gave its event: what its dashboard and its support know it by. */
#include "shared/signature/signature_private.h"
#include "shared/http/form.h"
#include "shared/signature/signature_tools.h"

#include <string.h>

#define ID_MOST 200

/* Fields that anybody may send: after those of the provider's row. */
static const char *const for_everybody[] = { "field:webhook-id", "field:svix-id", "field:ce-id" };

static bool begins(const char *place, const char *with)
{
	return strncmp(place, with, strlen(with)) == 0;
}

static bool read_place(const char *place, struct bytes headers, struct bytes body, struct buffer *out)
{
	struct bytes value;
	if (begins(place, "field:"))
		return headers_find(headers, place + strlen("field:"), &value) && value.len && value.len <= ID_MOST &&
		       buffer_append_bytes(out, value);
	if (begins(place, "form:"))
		return form_is(headers) && form_value(body, place + strlen("form:"), out);
	return signature_json_value(body, place, out, NULL);
}

static bool read_first(const char *const *places, size_t count, struct bytes headers, struct bytes body,
		       struct buffer *out)
{
	for (size_t i = 0; i < count && places[i]; i++) {
		out->len = 0;
		if (read_place(places[i], headers, body, out) && out->len && out->len <= ID_MOST)
			return true;
	}
	out->len = 0;
	return false;
}

static const struct signature_provider *row_of(struct bytes provider)
{
	for (size_t i = 0; i < signature_table_len; i++)
		if (bytes_equal(provider, bytes_of(signature_table[i].name)))
			return &signature_table[i];
	return NULL;
}

bool signature_event_id(struct bytes provider, struct bytes headers, struct bytes body, struct buffer *out)
{
	static const char *const envelope[] = { "id" };
	const struct signature_provider *p = row_of(provider);
	if ((p && read_first(p->ids, sizeof p->ids / sizeof *p->ids, headers, body, out)) ||
	    read_first(for_everybody, sizeof for_everybody / sizeof *for_everybody, headers, body, out))
		return true;
	/* Unknown providers: an envelope like Stripe's, whose id stands beside a type. */
	if (!provider.len && signature_json_value(body, "type", out, NULL) &&
	    read_first(envelope, 1, headers, body, out))
		return true;
	out->len = 0;
	return false;
}
