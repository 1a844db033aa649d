#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shared/base/clock.h"
#include "shared/disk/file.h"
#include "tui/desk/tui_private.h"
#include "tui/questions/sheet_confirm.h"
#include "tui/questions/target.h"

#define GATHER_PAGE 1000
#define GATHER_MOST 100000

/* A replay that was begun. It outlives the inspector when the inspector is left before it is over. */
struct replay_run {
	struct replay_run *next;
	struct tui *t; /* NULL: left */
	int64_t handle, id;
	bool strip; /* its progress is the strip's; else one delivery */
	bool over, begun;
	char why[160]; /* it may be refused, of one delivery: its signature is too old */
};

/* ---- replays ---- */

static void unlink_run(struct replay_run *r)
{
	for (struct replay_run **at = r->t ? &r->t->doing.runs : NULL; at && *at; at = &(*at)->next)
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
		tui_say(t, true, "#%lld: %s", (long long)id, p->trouble);
	else if (p->ok)
		tui_say(t, false, "#%lld was sent again, as #%lld", (long long)id, (long long)p->last_id);
	else if (p->sent)
		tui_say(t, true, "#%lld was sent again, as #%lld, and refused%s%s", (long long)id,
			(long long)p->last_id, *r->why ? ": it was " : "", r->why);
	else
		tui_say(t, true, "#%lld was not sent", (long long)id);
}

static void on_progress(void *user, const struct replay_progress *p)
{
	struct replay_run *r = user;
	if (r->t && r->strip)
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

static bool start_run(struct tui *t, const struct replay_request *request, bool strip, struct error *e)
{
	struct replay_run *r = calloc(1, sizeof *r);
	if (!r)
		return error_set(e, EXIT_NO, "out of memory: nothing was sent");
	*r = (struct replay_run){ .t = t, .id = request->ids[0], .strip = strip };
	if (request->count == 1 && !request->resign && !request->edited.len)
		(void)count_stale(t, request->ids, 1, r->why);
	r->handle = t->deps.deeds->replay(t->deps.deeds_self, request, on_progress, r, e);
	bool fine = r->handle != 0;
	if (fine && strip)
		t->screen.ui.strip.handle = r->handle;
	if (!fine || r->over) {
		free(r);
		return fine;
	}
	r->begun = true;
	r->next = t->doing.runs;
	t->doing.runs = r;
	return true;
}

bool tui_replay_one(struct tui *t, const struct replay_request *request, struct error *e)
{
	const char *target = t->screen.ui.client.target;
	tui_say(t, false, "#%lld is sent again, %s%s", (long long)request->ids[0],
		*target ? "to " : "to where it went before", target);
	return start_run(t, request, false, e);
}

/* What the replay makes are the deliveries behind the newest one of now. */
static void on_newest(void *user, uint64_t generation, struct page *p)
{
	struct tui *t = user;
	struct deeds *d = &t->doing;
	struct strip *strip = &t->screen.ui.strip;
	struct error e = { 0 };
	int64_t newest = p->count ? p->items[p->count - 1].row.id : 0;
	page_free(p);
	if (generation != d->newest_generation || strip->running)
		return;
	d->newest_generation = 0;
	*strip = (struct strip){ .shown = true,
				 .running = true,
				 .progress = { .total = d->id_count },
				 .begun_us = clock_now_us(),
				 .first_id = newest };
	struct replay_request request = { .ids = d->ids, .count = d->id_count };
	if (!start_run(t, &request, true, &e)) {
		strip->shown = strip->running = false;
		tui_say(t, true, "%s", e.text);
	}
	tui_draw_soon(t);
}

static void replay(struct tui *t, const struct effect *e)
{
	struct deeds *d = &t->doing;
	struct error err = { 0 };
	const struct client_state *client = &t->screen.ui.client;
	char why[160];
	/* What leaves this machine is asked about, however little it is. */
	bool far = client->running && client->target[0] && !target_is_local(client->target);
	if (e->id && d->id_count == 1 && !far) {
		/* flag: it was asked about; number: to be signed anew. */
		struct replay_request request = { .ids = d->ids, .count = 1, .resign = e->flag && e->number };
		if (!e->flag && count_stale(t, d->ids, 1, why) && client->secrets[0]) {
			sheet_stale(&t->screen.sheet, &t->screen.ui, e->id, why);
			return;
		}
		if (!tui_replay_one(t, &request, &err))
			tui_say(t, true, "%s", err.text);
	} else if (t->screen.ui.strip.running) {
		tui_say(t, true, "a replay is running: X stops it");
	} else if (e->flag) {
		d->newest_generation = ++t->next_generation;
		t->deps.source->page(t->deps.source_self, "", 0, false, 1, d->newest_generation, on_newest, t);
	} else {
		sheet_replay(&t->screen.sheet, &t->screen.ui, d->id_count, count_stale(t, d->ids, d->id_count, why),
			     e->other == -1              ? "that match the filter"
			     : e->id && d->id_count == 1 ? "delivery"
							 : "marked");
	}
}

static void stop(struct tui *t)
{
	const struct strip *strip = &t->screen.ui.strip;
	if (!strip->running)
		return;
	tui_say(t, false, "stopping: what is on its way is waited for");
	t->deps.deeds->stop(t->deps.deeds_self, strip->handle);
}

/* ---- export ---- */

static void ask_path(struct tui *t, const struct effect *e)
{
	const struct deeds *d = &t->doing;
	struct effect prompt = { .kind = EFFECT_PROMPT, .number = PROMPT_PATH };
	if (e->text[0])
		memcpy(prompt.text, e->text, sizeof prompt.text);
	else
		export_format_propose(prompt.text, sizeof prompt.text, (enum export_format)e->number, d->ids,
				      d->id_count);
	tui_carry_out(t, &prompt);
	t->screen.prompt.pending = (struct effect){ .number = e->number, .other = IDS_KEPT };
}

static char *whole_path(const char *typed)
{
	const char *home = getenv("HOME");
	char *path = NULL;
	if (strncmp(typed, "~/", 2) != 0 || !home || !*home)
		return strdup(typed);
	return asprintf(&path, "%s%s", home, typed + 1) > 0 ? path : NULL;
}

/* In the place of one that is there: written beside it first, so that it stays when that fails. */
static bool export_over(struct tui *t, const char *format, const char *path, struct error *e)
{
	const struct deeds *d = &t->doing;
	struct stat s;
	char *draft = NULL;
	if (stat(path, &s) == 0 && !S_ISREG(s.st_mode))
		return error_set(e, EXIT_NO, "%s is no file", path);
	if (asprintf(&draft, "%s.%lld.new", path, (long long)getpid()) < 0)
		return error_set(e, EXIT_NO, "out of memory");
	bool fine = t->deps.deeds->export(t->deps.deeds_self, d->ids, d->id_count, format, draft, NULL, e);
	if (fine && !file_place(draft, path))
		fine = error_set(e, EXIT_NO, "cannot write %s: %s", path, strerror(errno));
	free(draft);
	return fine;
}

static void export_now(struct tui *t, const struct effect *e)
{
	const struct deeds *d = &t->doing;
	const char *format = export_format_names[e->number < EXPORT_COUNT ? e->number : 0];
	char *path = whole_path(e->text);
	struct error err = { 0 };
	struct stat s;
	bool there = path && lstat(path, &s) == 0, fine = false;
	if (!path) {
		error_set(&err, EXIT_NO, "out of memory");
	} else if (there && !e->flag) {
		struct effect again = { .number = e->number, .other = IDS_KEPT };
		memcpy(again.text, e->text, sizeof again.text);
		sheet_overwrite(&t->screen.sheet, &again);
		free(path);
		return;
	} else if (there) {
		fine = export_over(t, format, path, &err);
	} else {
		fine = t->deps.deeds->export(t->deps.deeds_self, d->ids, d->id_count, format, path, NULL, &err);
	}
	if (!fine)
		tui_say(t, true, "%s", err.text);
	else if (d->id_count == 1)
		tui_say(t, false, "#%lld is in %s", (long long)d->ids[0], e->text);
	else
		tui_say(t, false, "%zu deliveries are in %s", d->id_count, e->text);
	free(path);
}

/* ---- deleting ---- */

static void delete_now(struct tui *t)
{
	struct deeds *d = &t->doing;
	struct error e = { 0 };
	if (!t->deps.deeds->delete (t->deps.deeds_self, d->ids, d->id_count, &e)) {
		tui_say(t, true, "%s", e.text);
		return;
	}
	const struct item *chosen = list_chosen(&t->screen.ui.list);
	bool fine = true;
	for (size_t i = 0; i < d->id_count; i++) {
		t->chosen_deleted = t->chosen_deleted || (chosen && chosen->row.id == d->ids[i]);
		fine = list_mark(&t->screen.ui.list, d->ids[i], false) && fine;
	}
	if (d->id_count == 1)
		tui_say(t, false, "#%lld is deleted", (long long)d->ids[0]);
	else
		tui_say(t, false, "%zu deliveries are deleted", d->id_count);
}

/* ---- which deliveries ---- */

static void with_ids(struct tui *t, const struct effect *e)
{
	struct deeds *d = &t->doing;
	if (d->id_count == 0)
		tui_say(t, true, "there is no delivery to do that with");
	else if (e->kind == EFFECT_REPLAY)
		replay(t, e);
	else if (e->kind == EFFECT_ASK_PATH)
		ask_path(t, e);
	else if (e->kind == EFFECT_EXPORT)
		export_now(t, e);
	else if (e->flag)
		delete_now(t);
	else
		sheet_delete(&t->screen.sheet, d->ids, d->id_count);
}

static bool keep_id(struct deeds *d, int64_t id)
{
	if (d->id_count == d->id_room) {
		size_t room = d->id_room ? d->id_room * 2 : 64;
		int64_t *more = realloc(d->ids, room * sizeof *more);
		if (!more)
			return false;
		d->ids = more;
		d->id_room = room;
	}
	d->ids[d->id_count++] = id;
	return true;
}

static void on_gathered(void *user, uint64_t generation, struct page *p);

static void gather_more(struct tui *t)
{
	struct deeds *d = &t->doing;
	d->gather_generation = ++t->next_generation;
	t->deps.source->page(t->deps.source_self, d->gather_filter, d->id_count ? d->ids[d->id_count - 1] : 0, true,
			     GATHER_PAGE, d->gather_generation, on_gathered, t);
}

static void on_gathered(void *user, uint64_t generation, struct page *p)
{
	struct tui *t = user;
	struct deeds *d = &t->doing;
	bool fine = true, more = p->more_after && p->count, part = p->searched != 0;
	if (generation != d->gather_generation) {
		page_free(p);
		return;
	}
	for (size_t i = 0; fine && i < p->count; i++)
		if (!d->id_count || p->items[i].row.id > d->ids[d->id_count - 1])
			fine = keep_id(d, p->items[i].row.id);
	if (!fine || p->trouble || d->id_count > GATHER_MOST) {
		d->gather_generation = 0;
		if (p->trouble)
			tui_say(t, true, "%s", p->trouble);
		else
			tui_say(t, true,
				fine ? "more than %d match: narrow the filter first"
				     : "out of memory for %d deliveries",
				GATHER_MOST);
	} else if (part) {
		tui_say(t, false, "looking for all that match: %zu so far (Esc stops)", d->id_count);
	} else if (more) {
		gather_more(t);
	} else {
		d->gather_generation = 0;
		t->screen.ui.message[0] = '\0';
		with_ids(t, &d->gathering);
	}
	page_free(p);
	tui_draw_soon(t);
}

bool tui_stop_gathering(struct tui *t)
{
	bool was = t->doing.gather_generation != 0;
	t->doing.gather_generation = 0; /* what comes is dropped */
	if (was)
		tui_say(t, false, "stopped: nothing was done");
	return was;
}

/* One, those marked, those kept since the question, or all that match, which takes a while. */
static void gather(struct tui *t, const struct effect *e)
{
	struct deeds *d = &t->doing;
	const struct list_model *m = &t->screen.ui.list;
	bool fine = true;
	d->gather_generation = 0; /* another one is no longer waited for */
	if (e->other == IDS_KEPT) {
		with_ids(t, e);
		return;
	}
	d->id_count = 0;
	if (e->other == -1 && !t->screen.ui.filter[0]) {
		tui_say(t, true, "there is no filter: f makes one, m marks");
		return;
	}
	if (e->other == -1) {
		d->gathering = *e;
		memcpy(d->gather_filter, t->screen.ui.filter, sizeof d->gather_filter);
		tui_say(t, false, "looking for all that match (Esc stops)");
		gather_more(t);
		return;
	}
	const struct view *top = screen_top(&t->screen);
	int64_t one = e->id;
	if (!one && !m->mark_count && top->ops->current)
		one = top->ops->current(top, &t->screen.ui);
	if (one)
		fine = keep_id(d, one);
	for (size_t i = 0; fine && !one && i < m->mark_count; i++)
		fine = keep_id(d, m->marks[i]);
	if (fine)
		with_ids(t, e);
	else
		tui_say(t, true, "out of memory");
}

bool tui_deed(struct tui *t, struct effect *e)
{
	switch (e->kind) {
	case EFFECT_REPLAY:
	case EFFECT_ASK_PATH:
	case EFFECT_EXPORT:
	case EFFECT_DELETE:
		gather(t, e);
		return true;
	case EFFECT_STOP:
		stop(t);
		return true;
	case EFFECT_COPY_MENU:
		tui_copy_menu(t, e->id);
		return true;
	case EFFECT_COPY:
		tui_copy(t, e);
		return true;
	case EFFECT_EDIT:
		tui_edit(t, e);
		return true;
	case EFFECT_SEND:
		tui_send_edited(t, e);
		return true;
	default:
		return false;
	}
}

void tui_deeds_end(struct tui *t, bool stop_replays)
{
	struct deeds *d = &t->doing;
	struct replay_run *next;
	for (struct replay_run *r = d->runs; r; r = next) {
		next = r->next;
		r->t = NULL;
		if (stop_replays) /* may end it within the call */
			t->deps.deeds->stop(t->deps.deeds_self, r->handle);
	}
	d->runs = NULL;
	if (d->clip)
		clip_forget(d->clip);
	d->clip = NULL;
	tui_edit_end(t);
	free(d->ids);
	d->ids = NULL;
	d->id_count = d->id_room = 0;
}
