/* Who sent a webhook, and what is known of that sender: which event it says it is, under which id, when it was signed,
 * how long the sender waits for an answer. From fields and body alone. Pure; any thread. */
#pragma once

#include "shared/signature/signature.h"

struct signature_origin {
	const char *provider;                       /* a name, of the table or not, or NULL */
	const struct signature_provider *signature; /* NULL: none of the table, or unsure which of several */
	struct buffer event;                        /* empty: unknown */
	bool is_signed;                             /* carries what looks like a signature */
};
/* False when out of memory. The caller frees event. */
MUST_CHECK bool signature_recognise(struct bytes headers, struct bytes body, struct signature_origin *out);
/* Whether the delivery could be of this provider, going by the fields it signs with. */
bool signature_may_be(const struct signature_provider *p, struct bytes headers, struct bytes body);
/* When it was signed, as the sender says: seconds since 1970; `provider` as recorded. False: it does not say. */
bool signature_signed_at(struct bytes provider, struct bytes headers, struct bytes body, int64_t *seconds);
/* A signature whose time is outside of what the provider's libraries allow. */
struct signature_stale {
	const char *provider;
	int64_t age, limit; /* seconds; age negative: in the future */
};
#define SIGNATURE_STALE_LEN 160
/* Whether those libraries would refuse it at that moment for its age; `provider` as recorded. */
bool signature_is_stale(struct bytes provider, struct bytes headers, struct bytes body, int64_t at,
			struct signature_stale *out);
/* "signed 22m ago: stripe's libraries refuse after 5m" */
void signature_say_stale(const struct signature_stale *s, char out[SIGNATURE_STALE_LEN]);
/* How long the provider, as recorded, waits for an answer, in milliseconds. 0: not known. */
uint32_t signature_waits_ms(struct bytes provider);
#define SIGNATURE_WAITS_LEN 200
/* A sentence for an answer that came later than it waits; false for others. */
bool signature_waits_say(struct bytes provider, uint64_t took_us, char out[SIGNATURE_WAITS_LEN]);
/* The id the sender gave the event (Stripe's evt_…, X-GitHub-Delivery, webhook-id, …), at most 200 bytes, of any kind.
 * `provider` as recorded; empty: not known. False: there is none, or no memory. */
bool signature_event_id(struct bytes provider, struct bytes headers, struct bytes body, struct buffer *out);
