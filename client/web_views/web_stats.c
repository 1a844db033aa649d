#include "client/web_views/web_stats.h"

#include <stdlib.h>
#include <string.h>

#include <uthash.h>

#include "client/print/json_fields.h"
#include "client/web_views/web_durations.h"
#include "client/web_views/web_rows.h"
#include "shared/base/clock.h"
#include "shared/json/json_bytes.h"
#include "shared/store/store_filter.h"

#define BUCKETS_MOST 400
#define GROUPS_MOST 2000
#define GROUPS_SHOWN 50
#define TOPS 8
#define LATE_US ((int64_t)3600 * 1000000) /* what is recorded late lies among newer rows */
#define WALK_US 5000000

enum kind { WAITING, TWO, THREE, FOUR, FIVE, NO_ANSWER, KINDS };

struct bucket {
	uint64_t counts[KINDS];
	struct web_durations took;
};

struct group {
	UT_hash_handle hh;
	uint64_t count, failed;
	struct web_durations took;
	size_t len;
	uint8_t key[];
};

/* The largest of something, descending. */
struct top {
	int64_t ids[TOPS];
	uint64_t values[TOPS];
	size_t count;
};

struct stats {
	int64_t from_us, to_us, step_us;
	size_t bucket_count;
	struct bucket *buckets;
	struct bucket all;
	struct group *groups;
	size_t group_count;
	const char *by;
	struct top slowest, largest;
	uint64_t count, bad_signatures, searched, total, until_us;
	int64_t last_us; /* of the row that was seen last */
	bool no_memory, cut;
};

/* ---- counting ---- */

static enum kind kind_of(const struct delivery_row *row)
{
	if (row->state != DELIVERY_DELIVERED && row->state != DELIVERY_FAILED)
		return WAITING;
	if (row->timed_out || row->broke_off || row->status == 0)
		return NO_ANSWER;
	int class = row->status / 100;
	return class == 3 ? THREE : class == 4 ? FOUR : class == 5 ? FIVE : TWO;
}

static bool is_failed(enum kind kind)
{
	return kind == FOUR || kind == FIVE || kind == NO_ANSWER;
}

static void put_top(struct top *t, int64_t id, uint64_t value)
{
	size_t at = t->count;
	while (at > 0 && t->values[at - 1] < value)
		at--;
	if (at == TOPS)
		return;
	size_t end = t->count < TOPS ? t->count++ : TOPS - 1;
	for (size_t i = end; i > at; i--) {
		t->ids[i] = t->ids[i - 1];
		t->values[i] = t->values[i - 1];
	}
	t->ids[at] = id;
	t->values[at] = value;
}

static struct group *group_of(struct stats *s, struct bytes key)
{
	struct group *g;
	if (key.len > 200)
		key.len = 200;
	HASH_FIND(hh, s->groups, key.at, key.len, g);
	if (g || s->group_count == GROUPS_MOST)
		return g;
	g = calloc(1, sizeof *g + key.len);
	if (!g) {
		s->no_memory = true;
		return NULL;
	}
	g->len = key.len;
	if (key.len)
		memcpy(g->key, key.at, key.len);
	s->group_count++;
	HASH_ADD_KEYPTR(hh, s->groups, g->key, g->len, g);
	return g;
}

static struct bytes key_of(const struct stats *s, const struct delivery_row *row)
{
	if (strcmp(s->by, "event") == 0)
		return row->event_type;
	return strcmp(s->by, "path") == 0 ? row->path : row->provider.len ? row->provider : bytes_of("other");
}

static void add(struct bucket *b, enum kind kind, int64_t took_us)
{
	b->counts[kind]++;
	if (took_us >= 0)
		web_durations_add(&b->took, (uint64_t)took_us);
}

static void on_row(void *user, const struct delivery_row *row)
{
	struct stats *s = user;
	int64_t at = (int64_t)row->received_at_us;
	s->last_us = at;
	if (at < s->from_us || at >= s->to_us)
		return;
	enum kind kind = kind_of(row);
	size_t bucket = (size_t)((at - s->from_us) / s->step_us);
	struct bytes key = key_of(s, row);
	struct group *g = key.len || strcmp(s->by, "source") == 0 ? group_of(s, key) : NULL;
	s->count++;
	s->bad_signatures += bytes_equal(row->signature, bytes_of("invalid"));
	add(&s->buckets[bucket], kind, row->took_us);
	add(&s->all, kind, row->took_us);
	if (row->took_us >= 0)
		put_top(&s->slowest, row->id, (uint64_t)row->took_us);
	put_top(&s->largest, row->id, row->request_bytes);
	if (!g)
		return;
	g->count++;
	g->failed += is_failed(kind);
	if (row->took_us >= 0)
		web_durations_add(&g->took, (uint64_t)row->took_us);
}

/* Newest first: what is well before the span ends it. */
static bool on_slice(void *user, const struct store_slice *slice)
{
	struct stats *s = user;
	s->searched = slice->searched;
	s->total = slice->total;
	if (s->last_us && s->last_us < s->from_us - LATE_US) {
		s->searched = s->total;
		return false;
	}
	s->cut = slice->searched < slice->total && clock_steady_us() > s->until_us;
	return !s->cut;
}

/* ---- what is answered ---- */

static json_t *ms(uint64_t us)
{
	return json_real((double)us / 1000);
}

static json_t *share_json(const struct web_durations *d, double share)
{
	return d->count ? ms(web_durations_share(d, share)) : json_null();
}

static json_t *bucket_json(const struct stats *s, size_t i)
{
	const struct bucket *b = &s->buckets[i];
	struct json_fields f = json_fields_begin(NULL);
	json_fields_time(&f, "at", (uint64_t)(s->from_us + (int64_t)i * s->step_us));
	static const char *const names[] = { "waiting", "2xx", "3xx", "4xx", "5xx", "no_answer" };
	for (size_t k = 0; k < KINDS; k++)
		json_fields_number(&f, names[k], (int64_t)b->counts[k]);
	json_fields_put(&f, "p50_ms", share_json(&b->took, 0.5));
	json_fields_put(&f, "p95_ms", share_json(&b->took, 0.95));
	json_fields_put(&f, "p99_ms", share_json(&b->took, 0.99));
	return json_fields_end(&f);
}

static json_t *took_json(const struct web_durations *d)
{
	static const int bounds[] = { 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000, 30000 };
	json_t *list = json_array();
	uint64_t before = 0;
	for (size_t i = 0; list && i < sizeof bounds / sizeof *bounds; i++) {
		uint64_t within = web_durations_within(d, (uint64_t)bounds[i] * 1000);
		json_array_append_new(
		    list, json_pack("{s:i, s:I}", "le_ms", bounds[i], "count", (json_int_t)(within - before)));
		before = within;
	}
	json_array_append_new(list, json_pack("{s:n, s:I}", "le_ms", "count", (json_int_t)(d->count - before)));
	return json_pack("{s:o, s:o, s:o, s:o, s:o}", "p50_ms", share_json(d, 0.5), "p95_ms", share_json(d, 0.95),
			 "p99_ms", share_json(d, 0.99), "max_ms", d->count ? ms(d->most_us) : json_null(), "histogram",
			 list);
}

static int by_count(const struct group *a, const struct group *b)
{
	return a->count < b->count ? 1 : a->count > b->count ? -1 : 0;
}

static int by_failures(const struct group *a, const struct group *b)
{
	return a->failed < b->failed ? 1 : a->failed > b->failed ? -1 : by_count(a, b);
}

static json_t *groups_json(const struct stats *s, bool failed)
{
	json_t *list = json_array();
	size_t n = 0;
	for (const struct group *g = s->groups; list && g && n < GROUPS_SHOWN; g = g->hh.next, n++)
		if (!failed || g->failed)
			json_array_append_new(list, json_pack("{s:o, s:I, s:I, s:o}", "key",
							      json_from_bytes(bytes_make(g->key, g->len)), "count",
							      (json_int_t)g->count, "failed", (json_int_t)g->failed,
							      "p95_ms", share_json(&g->took, 0.95)));
	return list;
}

static json_t *top_json(const struct top *t)
{
	json_t *list = json_array();
	for (size_t i = 0; list && i < t->count; i++)
		json_array_append_new(list, json_integer((json_int_t)t->ids[i]));
	return list;
}

static json_t *stats_json(struct stats *s)
{
	struct json_fields f = json_fields_begin(NULL);
	json_t *buckets = json_array();
	uint64_t failed = s->all.counts[FOUR] + s->all.counts[FIVE] + s->all.counts[NO_ANSWER];
	json_fields_time(&f, "from", (uint64_t)s->from_us);
	json_fields_time(&f, "to", (uint64_t)s->to_us);
	json_fields_number(&f, "step_s", s->step_us / 1000000);
	for (size_t i = 0; buckets && i < s->bucket_count; i++)
		json_array_append_new(buckets, bucket_json(s, i));
	json_fields_put(&f, "buckets", buckets);
	json_fields_put(&f, "took", took_json(&s->all.took));
	HASH_SORT(s->groups, by_count);
	json_fields_put(&f, "by", groups_json(s, false));
	HASH_SORT(s->groups, by_failures);
	json_fields_put(&f, "most_failed", groups_json(s, true));
	json_fields_put(&f, "slowest", top_json(&s->slowest));
	json_fields_put(&f, "largest", top_json(&s->largest));
	json_fields_number(&f, "count", (int64_t)s->count);
	json_fields_number(&f, "failed", (int64_t)failed);
	json_fields_number(&f, "waiting", (int64_t)s->all.counts[WAITING]);
	json_fields_number(&f, "bad_signatures", (int64_t)s->bad_signatures);
	json_fields_number(&f, "searched", (int64_t)s->searched);
	json_fields_number(&f, "total", (int64_t)s->total);
	return json_fields_end(&f);
}

/* ---- what is asked ---- */

/* False after a problem. Times are seconds since 1970, steps seconds. */
static bool take_span(struct web_read *r, struct stats *s)
{
	int64_t now = (int64_t)(clock_now_us() / 1000000), from, to, step;
	if (!web_param_number(r->x, "to", 1, INT32_MAX, now + 1, &to) ||
	    !web_param_number(r->x, "from", 0, to - 1, to > 86400 ? to - 86400 : 0, &from) ||
	    !web_param_number(r->x, "step", 1, 86400 * 366, (to - from) / 96 > 0 ? (to - from) / 96 : 1, &step))
		return false;
	s->bucket_count = (size_t)((to - from + step - 1) / step);
	if (s->bucket_count > BUCKETS_MOST) {
		web_problem(r->x, 400, "range", "that is %zu steps; at most %d are counted", s->bucket_count,
			    BUCKETS_MOST);
		return false;
	}
	s->from_us = from * 1000000;
	s->to_us = to * 1000000;
	s->step_us = step * 1000000;
	s->by = web_param(r->x, "by") ? web_param(r->x, "by") : "source";
	if (strcmp(s->by, "source") != 0 && strcmp(s->by, "event") != 0 && strcmp(s->by, "path") != 0) {
		web_problem(r->x, 400, "range", "by takes source, event or path");
		return false;
	}
	return true;
}

static void stats_free(struct stats *s)
{
	struct group *g, *next;
	HASH_ITER(hh, s->groups, g, next)
	{
		HASH_DEL(s->groups, g);
		free(g);
	}
	free(s->buckets);
	free(s);
}

void web_stats(struct web_read *r)
{
	struct error e = { 0 };
	struct stats *s = calloc(1, sizeof *s);
	if (!s)
		return;
	struct filter *f = take_span(r, s) ? web_rows_filter(r->x, web_param(r->x, "filter")) : NULL;
	s->buckets = f ? calloc(s->bucket_count, sizeof *s->buckets) : NULL;
	s->until_us = clock_steady_us() + WALK_US;
	struct store_search search = { .filter = f, .limit = INT64_MAX, .row = on_row, .slice = on_slice, .user = s };
	if (s->buckets && store_filter(r->store, &search, &e) && !s->no_memory)
		web_answer_json(r->x, 200, stats_json(s));
	else if (s->buckets)
		web_problem_of(r->x, &e);
	filter_free(f);
	stats_free(s);
}
