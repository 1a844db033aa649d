/* Whether the app answers as fast as its senders want, judged by the record. */
#include "client/doctor/doctor.h"
#include "shared/providers/signature_sender.h"
#include "shared/query/store_query.h"
#include "shared/store/store.h"

#include <stdio.h>
#include <string.h>

#define LOOKED_AT 200

struct late {
	int64_t ids[LOOKED_AT];
	char providers[LOOKED_AT][32];
	size_t count, looked_at;
	bool somebody_waited; /* of the delivery that is looked at */
};

static void on_row(void *user, const struct delivery_row *row)
{
	struct late *l = user;
	uint32_t waits = signature_waits_ms(row->provider);
	l->looked_at++;
	if (row->origin != ORIGIN_LIVE || !waits || row->took_us <= (int64_t)waits * 1000 || l->count == LOOKED_AT)
		return;
	l->ids[l->count] = row->id;
	snprintf(l->providers[l->count++], 32, "%.*s", (int)row->provider.len, (const char *)row->provider.at);
}

/* With --ack immediate the relay answered, and nobody waited for the app. */
static void on_attempt(void *user, const struct attempt_row *a)
{
	struct late *l = user;
	l->somebody_waited = l->somebody_waited || a->answered_at_us || a->cut == ANSWER_CUT_SENDER_GONE;
}

static bool keep_those_that_waited(struct store *s, struct late *l, struct error *e)
{
	size_t kept = 0;
	for (size_t i = 0; i < l->count; i++) {
		l->somebody_waited = false;
		if (!store_list_attempts(s, l->ids[i], on_attempt, l, e))
			return false;
		if (!l->somebody_waited)
			continue;
		memmove(l->providers[kept++], l->providers[i], sizeof l->providers[i]);
	}
	l->count = kept;
	return true;
}

static void say(const struct late *l, char out[DOCTOR_SENDERS_LEN])
{
	int at = snprintf(out, DOCTOR_SENDERS_LEN, "of its last %zu webhooks %zu %s answered later than %s waits",
			  l->looked_at, l->count, l->count == 1 ? "was" : "were",
			  l->count == 1 ? "its sender" : "their sender");
	for (size_t i = 0, named = 0; i < l->count && named < 4; i++) {
		size_t same = 0;
		bool before = false;
		for (size_t k = 0; k < l->count; k++) {
			bool is = strcmp(l->providers[k], l->providers[i]) == 0;
			same += is;
			before = before || (is && k < i);
		}
		if (before || at >= DOCTOR_SENDERS_LEN)
			continue;
		at += snprintf(out + at, (size_t)(DOCTOR_SENDERS_LEN - at), "%s%s %u s (%zu)", named++ ? ", " : ": ",
			       l->providers[i], signature_waits_ms(bytes_of(l->providers[i])) / 1000, same);
	}
}

bool doctor_senders_late(const char *path, char out[DOCTOR_SENDERS_LEN])
{
	static struct late l; /* of a command's only thread, and large */
	struct store *s = NULL;
	struct error e;
	memset(&l, 0, sizeof l);
	bool fine = store_open(&s, path, STORE_READ_ONLY, &e) && store_list(s, 0, LOOKED_AT, on_row, &l, &e) &&
		    keep_those_that_waited(s, &l, &e);
	store_close(s);
	if (!fine || !l.count)
		return false;
	say(&l, out);
	return true;
}
