/* Signatures that are too old to be sent again as they are. */
#include "shared/providers/signature_sender.h"
#include "shared/signature/claim.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

/* Its signature need not hold, nor be one, for that. */
bool signature_signed_at(struct bytes provider, struct bytes headers, struct bytes body, int64_t *seconds)
{
	struct signature_input in = { .headers = headers, .body = body };
	struct claim c;
	char *name = bytes_dup_text(provider);
	const struct signature_provider *p = name ? signature_find(name) : NULL;
	free(name);
	if (!p)
		return false;
	if (!claim_read(p, &in, 0, &c) && !c.has_time && c.time.len)
		c.has_time = claim_read_time(c.scheme->unit, c.time, &c.time_s);
	*seconds = c.time_s;
	claim_free(&c);
	return c.has_time;
}

bool signature_is_stale(struct bytes provider, struct bytes headers, struct bytes body, int64_t at,
			struct signature_stale *out)
{
	struct signature_input in = { .headers = headers, .body = body };
	struct claim c;
	char *name = bytes_dup_text(provider);
	const struct signature_provider *p = name ? signature_find(name) : NULL;
	free(name);
	if (!p)
		return false;
	bool read = claim_read(p, &in, 0, &c);
	int64_t age = at - c.time_s, limit = c.has_expiry ? c.expires_s - c.time_s : c.scheme->age;
	bool stale = read && c.has_time && limit > 0 && (age > limit || (c.scheme->future && age < -limit));
	claim_free(&c);
	*out = (struct signature_stale){ .provider = p->name, .age = age, .limit = limit };
	return stale;
}

/* "22m": whole units, cut off. */
static void say_time(char out[24], int64_t seconds)
{
	if (seconds < 120)
		snprintf(out, 24, "%" PRId64 "s", seconds);
	else if (seconds < INT64_C(120) * 60)
		snprintf(out, 24, "%" PRId64 "m", seconds / 60);
	else if (seconds < INT64_C(48) * 3600)
		snprintf(out, 24, "%" PRId64 "h", seconds / 3600);
	else
		snprintf(out, 24, "%" PRId64 " days", seconds / 86400);
}

void signature_say_stale(const struct signature_stale *s, char out[SIGNATURE_STALE_LEN])
{
	char age[24], limit[24];
	say_time(age, s->age < 0 ? -s->age : s->age);
	say_time(limit, s->limit);
	snprintf(out, SIGNATURE_STALE_LEN, "signed %s %s: %s's libraries refuse after %s", age,
		 s->age < 0 ? "ahead of this clock" : "ago", s->provider, limit);
}
