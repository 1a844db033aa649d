/* Sends deliveries to the app again: one at once, several after a question, with their progress in the strip. */
#include <stdio.h>
#include <stdlib.h>

#include "shared/base/clock.h"
#include "tui/deeds/tui_deeds.h"
#include "tui/questions/sheet_confirm.h"
#include "tui/questions/target.h"

enum shown_by { SHOWN_BY_MESSAGE /* one delivery */, SHOWN_BY_STRIP };

/* A replay that was begun. It outlives the inspector when the inspector is left before it is over. */
struct replay_run {
	struct replay_run *next;
	struct tui *t; /* NULL: left */
	int64_t handle, id;
	enum shown_by shown_by;
	bool over, begun;
	char why[160]; /* it may be refused, of one delivery: its signature is too old */
};

static void unlink_run(struct replay_run *r)
{
	for (struct replay_run **at = r->t ? &r->t->runs : NULL; at && *at; at = &(*at)->next)
		if (*at == r) {
			*at = r->next;
			return;
		}
}

/* The first one that went wrong, with the number it is found by. */
static void tell_trouble(struct tui *t, const struct replay_progress *p)
{
	char sentence[sizeof t->screen.ui.message];
	if (p->trouble_id)
		snprintf(sentence, sizeof sentence, "#%lld: %s", (long long)p->trouble_id, p->trouble);
	else
		snprintf(sentence, sizeof sentence, "%s", p->trouble);
	tui_event(t, sentence);
}

static void tell_strip(struct tui *t, const struct replay_progress *p)
{
	struct strip *strip = &t->screen.ui.strip;
	strip->progress = *p;
	strip->progress.trouble = NULL;
	if (p->over) {
		strip->running = false;
		strip->ended_us = clock_now_us();
	}
	if (p->over && p->trouble)
		tell_trouble(t, p);
}

static void tell_one(struct tui *t, const struct replay_run *r, const struct replay_progress *p)
{
	int64_t id = r->id;
	if (!p->over)
		return;
	if (p->trouble)
		tui_warn(t, "#%lld: %s", (long long)id, p->trouble);
	else if (p->sent)
		tui_outcome_ask(t, id, p->last_id, p->ok ? "" : r->why);
	else
		tui_warn(t, "#%lld was not sent", (long long)id);
}

static void on_progress(void *user, const struct replay_progress *p)
{
	struct replay_run *r = user;
	if (r->t && r->shown_by == SHOWN_BY_STRIP)
		tell_strip(r->t, p);
	else if (r->t)
		tell_one(r->t, r, p);
	if (r->t)
		tui_draw_soon(r->t);
	r->over = p->over;
	if (r->over && r->begun) {
		unlink_run(r);
		free(r);
	}
}

static size_t count_stale(struct tui *t, const int64_t *ids, size_t count, char out[160])
{
	out[0] = '\0';
	return t->deps.deeds->stale ? t->deps.deeds->stale(t->deps.deeds_self, ids, count, out) : 0;
}

static bool start_run(struct tui *t, const struct replay_request *request, enum shown_by shown_by, struct error *e)
{
	struct replay_run *r = calloc(1, sizeof *r);
	if (!r)
		return error_set(e, EXIT_NO, "out of memory: nothing was sent");
	*r = (struct replay_run){ .t = t, .id = request->ids[0], .shown_by = shown_by };
	if (request->count == 1 && !request->resign && !request->edited.len)
		(void)count_stale(t, request->ids, 1, r->why);
	r->handle = t->deps.deeds->replay(t->deps.deeds_self, request, on_progress, r, e);
	bool fine = r->handle != 0;
	if (fine && shown_by == SHOWN_BY_STRIP)
		t->screen.ui.strip.handle = r->handle;
	if (!fine || r->over) {
		free(r);
		return fine;
	}
	r->begun = true;
	r->next = t->runs;
	t->runs = r;
	return true;
}

bool tui_replay_one(struct tui *t, const struct replay_request *request, struct error *e)
{
	const char *target = t->screen.ui.client.target;
	tui_say(t, "#%lld -> sending %s%s", (long long)request->ids[0], *target ? "to " : "to where it went before",
		target);
	return start_run(t, request, SHOWN_BY_MESSAGE, e);
}

/* What the replay makes are the deliveries after the newest one of now. */
static void on_newest(void *user, uint64_t generation, struct page *p)
{
	struct tui *t = user;
	struct strip *strip = &t->screen.ui.strip;
	struct error e = { 0 };
	int64_t newest = p->count ? p->items[p->count - 1].row.id : 0;
	page_free(p);
	if (generation != t->newest_generation || strip->running)
		return;
	t->newest_generation = 0;
	*strip = (struct strip){ .shown = true,
				 .running = true,
				 .progress = { .total = t->ids.count },
				 .begun_us = clock_now_us(),
				 .first_id = newest };
	struct replay_request request = { .ids = t->ids.at, .count = t->ids.count };
	if (!start_run(t, &request, SHOWN_BY_STRIP, &e)) {
		strip->shown = strip->running = false;
		tui_warn(t, "%s", e.text);
	}
	tui_draw_soon(t);
}

static void replay_one(struct tui *t, const struct effect_replay *replay)
{
	struct replay_request request = { .ids = t->ids.at, .count = 1, .resign = replay->resign };
	struct error e = { 0 };
	char why[160];
	if (!replay->confirmed && count_stale(t, t->ids.at, 1, why) && t->screen.ui.client.secrets[0])
		sheet_stale(&t->screen.sheet, &t->screen.ui, replay->which.id, why);
	else if (!tui_replay_one(t, &request, &e))
		tui_warn(t, "%s", e.text);
}

static void ask_for_all(struct tui *t, enum which_kind which)
{
	char why[160];
	size_t stale = count_stale(t, t->ids.at, t->ids.count, why);
	sheet_replay(&t->screen.sheet, &t->screen.ui, t->ids.count, stale, which);
}

static void replay_gathered(struct tui *t, const struct effect *e)
{
	const struct client_state *client = &t->screen.ui.client;
	/* What leaves this machine is asked about, however little it is. */
	bool far = client->running && client->target[0] && !target_is_local(client->target);
	if (e->replay.which.kind == WHICH_ONE && !far) {
		replay_one(t, &e->replay);
	} else if (t->screen.ui.strip.running) {
		tui_warn(t, "a replay is running: X stops it");
	} else if (e->replay.confirmed) {
		t->newest_generation = ++t->next_generation;
		t->deps.source->page(t->deps.source_self, "", 0, false, 1, t->newest_generation, on_newest, t);
	} else {
		ask_for_all(t, e->replay.which.kind);
	}
}

void tui_replay(struct tui *t, const struct effect *e)
{
	tui_gather(t, &e->replay.which, e, replay_gathered);
}

void tui_replay_stop(struct tui *t, const struct effect *e)
{
	const struct strip *strip = &t->screen.ui.strip;
	(void)e;
	if (!strip->running)
		return;
	tui_say(t, "stopping: what is on its way is waited for");
	t->deps.deeds->stop(t->deps.deeds_self, strip->handle);
}

void tui_replay_end(struct tui *t, enum tui_replays how)
{
	struct replay_run *next;
	for (struct replay_run *r = t->runs; r; r = next) {
		next = r->next;
		r->t = NULL;
		if (how == REPLAYS_STOP) /* may end it within the call */
			t->deps.deeds->stop(t->deps.deeds_self, r->handle);
	}
	t->runs = NULL;
}
