#include "shared/program/log_digest.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KINDS 64 /* beyond them the kind that was quiet for longest makes room */

struct kind {
	char event[32], reason[96];
	enum log_level level;
	uint64_t until_ms; /* until then it is counted; 0: the place is free */
	uint64_t count;
};

struct log_digest {
	struct kind kinds[KINDS];
};

struct log_digest *log_digest_new(void)
{
	return calloc(1, sizeof(struct log_digest));
}

static void tell(struct kind *k)
{
	struct log_number count;
	if (k->count > 0)
		log_event(k->level, k->event, "reason", k->reason, "count", log_number(&count, (int64_t)k->count),
			  NULL);
	k->count = 0;
}

void log_digest_free(struct log_digest *d)
{
	for (size_t i = 0; d && i < KINDS; i++)
		tell(&d->kinds[i]);
	free(d);
}

/* The kind's place, or the one it may have: free, or quiet for longest. */
static struct kind *find(struct log_digest *d, const char *event, const char *reason)
{
	struct kind *oldest = &d->kinds[0];
	for (size_t i = 0; i < KINDS; i++) {
		struct kind *k = &d->kinds[i];
		if (strncmp(k->event, event, sizeof k->event - 1) == 0 &&
		    strncmp(k->reason, reason, sizeof k->reason - 1) == 0)
			return k;
		if (k->until_ms < oldest->until_ms)
			oldest = k;
	}
	tell(oldest);
	snprintf(oldest->event, sizeof oldest->event, "%s", event);
	snprintf(oldest->reason, sizeof oldest->reason, "%s", reason);
	oldest->until_ms = 0;
	return oldest;
}

bool log_digest_is_due(struct log_digest *d, enum log_level level, const char *event, const char *reason,
		       uint64_t now_ms)
{
	if (!d)
		return true;
	struct kind *k = find(d, event, reason);
	k->level = level;
	if (now_ms < k->until_ms) {
		k->count++;
		return false;
	}
	tell(k);
	k->until_ms = now_ms + LOG_DIGEST_MS;
	return true;
}

void log_digest_flush(struct log_digest *d, uint64_t now_ms)
{
	for (size_t i = 0; d && i < KINDS; i++) {
		struct kind *k = &d->kinds[i];
		if (k->count == 0 || now_ms < k->until_ms)
			continue;
		tell(k);
		k->until_ms = now_ms + LOG_DIGEST_MS; /* this was the line of the second that begins */
	}
}
