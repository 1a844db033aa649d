/* "#42 -> #405  200 OK  2ms (Enter opens it)": what became of a replay, read when it is over. */
#include <stdio.h>
#include <string.h>

#include "tui/deeds/tui_deeds.h"
#include "shared/text/text_figures.h"
#include "tui/state/words.h"

static void tell(struct tui *t, const struct document *d)
{
	struct outcome *o = &t->outcome;
	int64_t replay = o->replay;
	const struct attempt_row *last = d->attempt_count ? &d->attempts[d->attempt_count - 1] : NULL;
	const struct delivery_row *row = &d->item.row;
	char status[8], took[8], text[400];
	enum role role = words_status(status, row);
	struct bytes words = { 0 };
	if (last && role == ROLE_NO_ANSWER)
		words = last->error;
	else if (last && last->status == row->status)
		words = last->reason;
	text_took(took, row->took_us);
	snprintf(text, sizeof text, "#%lld -> #%lld  %s%s%.*s  %s (Enter opens it)%s%s", (long long)o->of,
		 (long long)replay, status, words.len ? " " : "", (int)(words.len < 120 ? words.len : 120),
		 words.len ? (const char *)words.at : "", took, *o->why ? ": it was " : "", o->why);
	if (role == ROLE_2XX || role == ROLE_3XX)
		tui_say(t, "%s", text);
	else
		tui_warn(t, "%s", text);
	o->replay = replay; /* which another sentence takes back */
}

static void on_document(void *user, uint64_t generation, struct document *d)
{
	struct tui *t = user;
	if (generation == t->outcome.generation) {
		t->outcome.generation = 0;
		if (d->trouble)
			tui_warn(t, "#%lld -> #%lld: %s", (long long)t->outcome.of, (long long)t->outcome.replay,
				 d->trouble);
		else
			tell(t, d);
	}
	document_free(d);
}

void tui_outcome_ask(struct tui *t, int64_t of, int64_t replay, const char *why)
{
	struct outcome *o = &t->outcome;
	*o = (struct outcome){ .of = of, .replay = replay, .generation = ++t->next_generation };
	snprintf(o->why, sizeof o->why, "%s", why);
	t->deps.source->get(t->deps.source_self, replay, SOURCE_REQUEST, 0, 0, o->generation, on_document, t);
}

bool tui_outcome_open(struct tui *t)
{
	int64_t replay = t->outcome.replay;
	if (!replay)
		return false;
	t->outcome.replay = 0;
	tui_open_delivery(t, replay);
	return true;
}
