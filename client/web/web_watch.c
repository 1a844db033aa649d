#include "client/web/web_watch.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "client/json/json_fields.h"
#include "client/web/web_private.h"
#include "client/web_views/web_rows.h"
#include "shared/base/clock.h"
#include "shared/query/item.h"
#include "shared/query/store_filter.h"

#define LOOK_MS 100
#define STATE_EVERY 10 /* looks */
#define ALIVE_EVERY 150
#define OPEN_MOST 256
#define AT_ONCE 64
#define KNOWN_MOST 64

/* A delivery that is not over, as it was last told. */
struct open {
	int64_t id;
	enum delivery_state state;
	int status, attempts;
	int64_t took_us;
};

/* The newest deliveries that were told, the newest last, and whose numbers they are: the numbers of the newest are
 * given again when these are deleted. */
struct known_one {
	int64_t id;
	uint8_t event_id[UUID_LEN];
};

struct known {
	struct known_one at[KNOWN_MOST];
	size_t count;
};

struct look;

struct web_watch {
	struct web *web;
	uv_timer_t timer;
	uint64_t looks;
	unsigned files; /* as inspect_source_files said */
	bool begun;     /* `known` is */
	struct known known;
	int64_t oldest;
	struct open open[OPEN_MOST];
	size_t open_count;
	struct look *under_way;
	struct client_state told;
	void (*closed)(void *user);
	void *closed_user;
};

/* One look at the record: what is known goes along, what was found comes back. */
struct look {
	struct web_watch *watch; /* NULL: it closed */
	struct store *store;     /* the worker's, while it looks */
	unsigned files;          /* that it began with */
	bool begun, failed;
	struct known known;
	int64_t oldest;
	struct open open[OPEN_MOST];
	size_t open_count, fresh;
	json_t *events; /* [name, id, data] */
};

/* ---- on the worker ---- */

static bool is_over(enum delivery_state state)
{
	return state == DELIVERY_DELIVERED || state == DELIVERY_FAILED || state == DELIVERY_REFUSED;
}

static struct open open_of(const struct delivery_row *row)
{
	return (struct open){ row->id, row->state, row->status, row->attempts, row->took_us };
}

static void add_open(struct look *l, const struct delivery_row *row)
{
	if (!is_over(row->state) && l->open_count < OPEN_MOST)
		l->open[l->open_count++] = open_of(row);
}

static void add_event(struct look *l, const char *name, int64_t id, json_t *data)
{
	json_t *event = data ? json_pack("[s, I, o]", name, (json_int_t)id, data) : NULL;
	if (!event || json_array_append_new(l->events, event) != 0)
		l->failed = true;
}

static void on_open(void *user, const struct delivery_row *row)
{
	add_open(user, row);
}

static void on_id(void *user, const struct delivery_row *row)
{
	*(int64_t *)user = row->id;
}

static int64_t newest_of(const struct known *k)
{
	return k->count ? k->at[k->count - 1].id : 0;
}

static void on_one(void *user, const struct delivery_row *row)
{
	struct known_one *k = user;
	k->id = row->id;
	memcpy(k->event_id, row->event_id, sizeof k->event_id);
}

static void add_known(struct known *k, const struct delivery_row *row)
{
	if (k->count == KNOWN_MOST)
		memmove(k->at, k->at + 1, --k->count * sizeof *k->at);
	on_one(&k->at[k->count++], row);
}

/* Newest first, from the end of the room. */
static void on_known(void *user, const struct delivery_row *row)
{
	struct known *k = user;
	on_one(&k->at[KNOWN_MOST - ++k->count], row);
}

static bool read_known(struct known *k, struct store *s, struct error *e)
{
	const struct store_search newest = { .limit = KNOWN_MOST, .row = on_known, .user = k };
	k->count = 0;
	bool fine = store_filter(s, &newest, e);
	memmove(k->at, k->at + KNOWN_MOST - k->count, k->count * sizeof *k->at);
	return fine;
}

static void on_fresh(void *user, const struct delivery_row *row)
{
	struct look *l = user;
	add_known(&l->known, row);
	l->fresh++;
	add_open(l, row);
	if (l->fresh <= AT_ONCE)
		add_event(l, "delivery", row->id, web_row(l->store, row));
}

/* Too many for rows: the pages read their windows anew. */
static bool pass_over_rest(struct look *l, struct store *s, struct error *e)
{
	int64_t before = newest_of(&l->known);
	if (l->fresh <= AT_ONCE)
		return true;
	if (!read_known(&l->known, s, e))
		return false;
	int64_t newest = newest_of(&l->known);
	add_event(l, "more", newest,
		  json_pack("{s:I, s:I}", "newest_id", (json_int_t)newest, "count",
			    (json_int_t)newest - (json_int_t)before + 1));
	return true;
}

static bool same(const struct open *a, const struct open *b)
{
	return a->state == b->state && a->status == b->status && a->attempts == b->attempts && a->took_us == b->took_us;
}

static json_t *attempt_json(struct store *s, const struct delivery_row *row)
{
	json_t *j = json_pack("{s:I, s:i, s:o, s:o, s:s, s:o}", "id", (json_int_t)row->id, "attempt", row->attempts,
			      "status", row->status ? json_integer(row->status) : json_null(), "duration_ms",
			      row->took_us >= 0 ? json_real((double)row->took_us / 1000) : json_null(), "state",
			      store_state_name(row->state), "delivery", web_row(s, row));
	return j;
}

/* Reads those that were not over again; what is over or gone leaves the list. */
static bool look_at_open(struct look *l, struct store *s, size_t count, struct error *e)
{
	size_t kept = 0;
	bool fine = true;
	json_t *gone = json_array();
	for (size_t i = 0; i < l->open_count; i++) {
		struct item item = { 0 };
		struct open now = l->open[i];
		if (fine && i < count && !item_read(s, now.id, &item, e)) {
			fine =
			    e->code == EXIT_USAGE && json_array_append_new(gone, json_integer((json_int_t)now.id)) == 0;
			continue;
		}
		if (fine && i < count) {
			now = open_of(&item.row);
			if (!same(&now, &l->open[i]))
				add_event(l, "attempt", now.id, attempt_json(s, &item.row));
		}
		if (!is_over(now.state))
			l->open[kept++] = now;
		item_free(&item);
	}
	l->open_count = kept;
	if (json_array_size(gone))
		add_event(l, "gone", 0, json_pack("{s:O}", "ids", gone));
	json_decref(gone);
	return fine;
}

static bool look_at_oldest(struct look *l, struct store *s, struct error *e)
{
	int64_t oldest = 0;
	const struct store_search search = { .forward = true, .limit = 1, .row = on_id, .user = &oldest };
	if (!store_filter(s, &search, e))
		return false;
	if (l->oldest && oldest > l->oldest)
		add_event(l, "gone", 0, json_pack("{s:I}", "before", (json_int_t)oldest));
	l->oldest = oldest;
	return true;
}

static bool begin(struct look *l, struct store *s, struct error *e)
{
	struct filter_error ignored;
	struct filter *f = filter_parse("state:waiting,sending,held", clock_now_us(), &ignored);
	struct store_search open = { .filter = f, .limit = OPEN_MOST, .row = on_open, .user = l };
	bool fine = f && read_known(&l->known, s, e) && store_filter(s, &open, e);
	filter_free(f);
	return fine;
}

/* Whether the i-th of those that are known is still who it was. */
static bool is_there(const struct look *l, size_t i, struct store *s, bool *there, struct error *e)
{
	struct known_one found = { .id = 0 };
	const struct store_search one = {
		.anchor = l->known.at[i].id - 1, .forward = true, .limit = 1, .row = on_one, .user = &found
	};
	bool fine = store_filter(s, &one, e);
	*there = found.id == l->known.at[i].id && memcmp(found.event_id, l->known.at[i].event_id, UUID_LEN) == 0;
	return fine;
}

/* The numbers of the newest come again when these were deleted: who has them now is told with whatever came after. */
static bool look_at_newest(struct look *l, struct store *s, struct error *e)
{
	json_t *gone = json_array();
	size_t before = l->known.count;
	bool there = false, fine = gone != NULL;
	for (; fine && l->known.count; l->known.count--) {
		fine = is_there(l, l->known.count - 1, s, &there, e);
		if (!fine || there)
			break;
		fine = json_array_append_new(gone, json_integer((json_int_t)newest_of(&l->known))) == 0;
	}
	/* Perhaps more than were known: who reads anew sees what there is. */
	bool all = fine && before && !l->known.count;
	if (all)
		add_event(l, "reset", 0, json_object());
	else if (fine && l->known.count < before)
		add_event(l, "gone", 0, json_pack("{s:O}", "ids", gone));
	json_decref(gone);
	return all ? read_known(&l->known, s, e) : fine;
}

static void on_look(void *user, struct store *s, const struct error *none)
{
	struct look *l = user;
	struct error e = { 0 };
	size_t known = l->open_count;
	(void)none;
	l->store = s;
	bool fine = s && (l->begun ? look_at_newest(l, s, &e) : begin(l, s, &e));
	struct store_search fresh = {
		.anchor = newest_of(&l->known), .forward = true, .limit = AT_ONCE + 1, .row = on_fresh, .user = l
	};
	if (fine && l->begun)
		fine = store_filter(s, &fresh, &e) && pass_over_rest(l, s, &e) && look_at_open(l, s, known, &e);
	l->failed = !fine || !look_at_oldest(l, s, &e) || l->failed;
}

/* ---- on the loop ---- */

static void tell(struct web_watch *w, const struct look *l)
{
	json_t *event;
	size_t i;
	json_array_foreach(l->events, i, event)
	    web_events_put(w->web->events, json_string_value(json_array_get(event, 0)),
			   json_integer_value(json_array_get(event, 1)), json_incref(json_array_get(event, 2)));
}

/* What arrived after a page had read its window and before this look is news to nobody else: the page reads it anew. */
static void tell_first(struct web_watch *w)
{
	web_events_put(w->web->events, "reset", 0, json_object());
}

static void on_looked(void *user)
{
	struct look *l = user;
	struct web_watch *w = l->watch;
	if (w) {
		w->under_way = NULL;
		/* Another record took the place of the one that is known: what was found there is nobody's news. */
		if (!l->failed && l->files == inspect_source_files(w->web->source)) {
			if (!l->begun)
				tell_first(w);
			tell(w, l);
			w->begun = true;
			w->known = l->known;
			w->oldest = l->oldest;
			w->open_count = l->open_count;
			memcpy(w->open, l->open, sizeof w->open);
		}
	}
	json_decref(l->events);
	free(l);
}

static void look(struct web_watch *w)
{
	struct look *l = calloc(1, sizeof *l);
	if (!l)
		return;
	l->watch = w;
	l->begun = w->begun;
	l->files = w->files;
	l->known = w->known;
	l->oldest = w->oldest;
	l->open_count = w->open_count;
	memcpy(l->open, w->open, sizeof l->open);
	l->events = json_array();
	if (l->events && inspect_source_work(w->web->source, INSPECT_LOOK, on_look, on_looked, l)) {
		w->under_way = l;
		return;
	}
	json_decref(l->events);
	free(l);
}

json_t *web_watch_state(const struct client_state *c)
{
	struct json_fields f = json_fields_begin(NULL);
	json_fields_put(&f, "running", json_boolean(c->running));
	json_fields_text(&f, "state", bytes_of(c->running ? c->state : "none"));
	json_fields_text_or_null(&f, "detail", bytes_of(c->detail));
	json_fields_text_or_null(&f, "url", bytes_of(c->url));
	json_fields_text_or_null(&f, "tunnel", bytes_of(c->tunnel));
	json_fields_text_or_null(&f, "target", bytes_of(c->target));
	json_fields_text_or_null(&f, "relay", bytes_of(c->relay));
	json_fields_text_or_null(&f, "secrets", bytes_of(c->secrets));
	json_fields_put(&f, "lag_ms", c->lag_us ? json_real((double)c->lag_us / 1000) : json_null());
	if (c->confirmed_at_us)
		json_fields_time(&f, "confirmed_at", c->confirmed_at_us);
	else
		json_fields_put(&f, "confirmed_at", json_null());
	if (c->since_us)
		json_fields_time(&f, "since", c->since_us);
	else
		json_fields_put(&f, "since", json_null());
	return json_fields_end(&f);
}

static void look_at_state(struct web_watch *w)
{
	struct client_state now;
	inspect_source_ops.state(w->web->source, &now);
	bool known = w->looks > 0;
	bool changed = client_state_online(&now) != client_state_online(&w->told);
	now.since_us = known && changed ? clock_now_us() : w->told.since_us;
	w->web->head.client = now;
	/* Confirmed again and again is nothing new. */
	w->told.confirmed_at_us = now.confirmed_at_us;
	if (known && client_state_same(&now, &w->told))
		return;
	w->told = now;
	web_events_set_state(w->web->events, web_watch_state(&now));
}

/* Who comes next reads what there is, and is told when to read it once more and what comes after that. */
static void forget(struct web_watch *w)
{
	if (w->under_way)
		w->under_way->watch = NULL;
	w->under_way = NULL;
	w->begun = false;
	w->known.count = 0;
	w->oldest = 0;
	w->open_count = 0;
}

static void on_timer(uv_timer_t *timer)
{
	struct web_watch *w = timer->data;
	if (w->looks % STATE_EVERY == 0)
		look_at_state(w);
	w->looks++;
	size_t streams = web_events_streams(w->web->events);
	if (streams == 0) {
		forget(w);
		return;
	}
	if (w->looks % ALIVE_EVERY == 0)
		web_events_keep_alive(w->web->events);
	if (w->files != inspect_source_files(w->web->source)) {
		w->files = inspect_source_files(w->web->source);
		forget(w);
		web_events_put(w->web->events, "reset", 0, json_pack("{s:b}", "record", 1));
	}
	if (!w->under_way && (!w->begun || inspect_source_ops.changed(w->web->source)))
		look(w);
}

struct web_watch *web_watch_new(struct web *web)
{
	struct web_watch *w = calloc(1, sizeof *w);
	if (!w)
		return NULL;
	w->web = web;
	uv_timer_init(web->loop, &w->timer);
	w->timer.data = w;
	look_at_state(w);
	uv_timer_start(&w->timer, on_timer, LOOK_MS, LOOK_MS);
	return w;
}

static void on_timer_closed(uv_handle_t *handle)
{
	struct web_watch *w = handle->data;
	void (*closed)(void *) = w->closed;
	void *user = w->closed_user;
	free(w);
	closed(user);
}

void web_watch_close(struct web_watch *w, void (*closed)(void *user), void *user)
{
	w->closed = closed;
	w->closed_user = user;
	if (w->under_way)
		w->under_way->watch = NULL;
	uv_close((uv_handle_t *)&w->timer, on_timer_closed);
}
