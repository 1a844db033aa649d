/* The id a provider gave its event: what its dashboard and its support know it by. */
#include "shared/providers/signature_sender.h"
#include "shared/content/body.h"
#include "shared/json/json_body.h"
#include "shared/signature/place.h"
#include "shared/signature/signature_tools.h"

#include <string.h>

#define ID_MOST 200

/* Fields that anybody may send: after those of the provider's row. */
static const char *const for_everybody[] = { "field:webhook-id", "field:svix-id", "field:ce-id" };

static bool read_place(const char *place, struct bytes headers, struct bytes body, struct buffer *out)
{
	const struct signature_input in = { .headers = headers, .body = body };
	return place_read(place, &in, 0, out);
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
	struct body said;
	body_open(&said, headers, body, JSON_BODY_MOST);
	body = body_text(&said);
	bool found = (p && read_first(p->ids, sizeof p->ids / sizeof *p->ids, headers, body, out)) ||
		     read_first(for_everybody, sizeof for_everybody / sizeof *for_everybody, headers, body, out);
	/* Unknown providers: an envelope like Stripe's, whose id stands beside a type. */
	if (!found && !provider.len)
		found = json_body_value(body, "type", out, NULL) && read_first(envelope, 1, headers, body, out);
	body_free(&said);
	if (!found)
		out->len = 0;
	return found;
}
