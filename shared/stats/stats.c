#include "shared/stats/stats.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <uthash.h>

#include "shared/stats/durations.h"

#define GROUPS_MOST 2000 /* counted; what comes after is in the sums alone */
#define STEPS_GROWING 96
#define STATUS_KEYS (1000 + FIGURE_OUTCOMES)

struct step {
	uint64_t counts[STATS_OUTCOMES];
	struct durations took;
};

struct group {
	UT_hash_handle hh;
	uint64_t count, failed;
	struct durations took;
	size_t len;
	uint8_t key[];
};

struct top {
	struct stats_top at[STATS_TOPS];
	size_t count;
};

struct stats {
	struct stats_wish wish;
	/* Steps of step_s seconds from first_s on. Where they grow, first_s is a multiple of step_s, and of them only
	 * `used` from the `begin`th on are of the result. */
	int64_t step_s, first_s;
	size_t step_count, begin, used;
	bool grows;
	struct step *steps, all;
	struct group *groups;
	size_t group_count;
	uint64_t count, bad_signatures;
	struct top slowest, largest;
	struct group *by_status[STATUS_KEYS];
	struct group *by_name[FIGURE_BLOCK_ROWS]; /* of the block at hand */
};

/* ---- words ---- */

static const char *const by_names[] = { "provider", "event", "path", "status" };

const char *stats_by_name(enum stats_by by)
{
	return by_names[by];
}

bool stats_by_parse(const char *name, enum stats_by *out)
{
	for (size_t i = 0; i < STATS_BYS; i++)
		if (strcmp(name, by_names[i]) == 0) {
			*out = (enum stats_by)i;
			return true;
		}
	*out = STATS_BY_PROVIDER;
	return strcmp(name, "source") == 0;
}

const char *stats_outcome_name(enum stats_outcome outcome)
{
	static const char *const names[] = { "waiting", "2xx", "3xx", "4xx", "5xx", "no_answer" };
	return names[outcome];
}

int stats_bin_ms(size_t bin)
{
	static const int most[STATS_BINS] = { 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000, 30000, -1 };
	return most[bin];
}

/* Each a multiple of the one before. */
static const int64_t steps[] = { 1,
				 5,
				 15,
				 30,
				 60,
				 300,
				 900,
				 1800,
				 3600,
				 10800,
				 21600,
				 43200,
				 86400,
				 604800,
				 INT64_C(4) * 604800,
				 INT64_C(52) * 604800 };
#define STEPS (sizeof steps / sizeof *steps)

int64_t stats_step_for(int64_t span_s, size_t most)
{
	for (size_t i = 0; i < STEPS; i++)
		if ((span_s + steps[i] - 1) / steps[i] <= (int64_t)most)
			return steps[i];
	return (span_s + (int64_t)most - 1) / (int64_t)most;
}

/* ---- steps that grow ---- */

static void add_durations(struct durations *to, const struct durations *from)
{
	if (from->count == 0)
		return;
	for (size_t i = 0; i < DURATION_BINS; i++)
		to->bins[i] += from->bins[i];
	to->count += from->count;
	if (from->most_us > to->most_us)
		to->most_us = from->most_us;
}

static void add_step(struct step *to, const struct step *from)
{
	for (size_t i = 0; i < STATS_OUTCOMES; i++)
		to->counts[i] += from->counts[i];
	add_durations(&to->took, &from->took);
}

/* Moves what is used to the end, or to the beginning: there is room before it, or after. */
static void move(struct stats *s, bool to_end)
{
	size_t begin = to_end ? s->step_count - s->used : 0;
	memmove(&s->steps[begin], &s->steps[s->begin], s->used * sizeof *s->steps);
	if (to_end)
		memset(s->steps, 0, begin * sizeof *s->steps);
	else
		memset(&s->steps[s->used], 0, (s->step_count - s->used) * sizeof *s->steps);
	s->first_s += ((int64_t)s->begin - (int64_t)begin) * s->step_s;
	s->begin = begin;
}

/* The next longer step: what is used becomes the first of them. */
static void coarsen(struct stats *s)
{
	int64_t longer = INT64_C(52) * 604800;
	for (size_t i = STEPS; i-- > 0 && steps[i] > s->step_s;)
		longer = steps[i];
	if (longer <= s->step_s)
		longer = 2 * s->step_s;
	move(s, false);
	int64_t first = s->first_s / longer * longer;
	size_t used = 0;
	for (size_t i = 0; i < s->used; i++) {
		size_t at = (size_t)((s->first_s + (int64_t)i * s->step_s - first) / longer);
		if (at != i) {
			add_step(&s->steps[at], &s->steps[i]);
			memset(&s->steps[i], 0, sizeof s->steps[i]);
		}
		used = at + 1;
	}
	s->used = used;
	s->first_s = first;
	s->step_s = longer;
}

/* The step that a time belongs to. */
static struct step *grow(struct stats *s, int64_t at)
{
	if (s->used == 0) {
		s->first_s = (at / s->step_s - (int64_t)s->step_count + 1) * s->step_s;
		s->begin = s->step_count - 1;
		s->used = 1;
	}
	for (;;) {
		int64_t first = s->first_s / s->step_s + (int64_t)s->begin, last = first + (int64_t)s->used - 1;
		int64_t n = at / s->step_s, low = n < first ? n : first, high = n > last ? n : last;
		if (high - low + 1 > (int64_t)s->step_count) {
			coarsen(s);
			continue;
		}
		int64_t origin = s->first_s / s->step_s;
		if (low < origin || high >= origin + (int64_t)s->step_count) {
			move(s, n < first);
			origin = s->first_s / s->step_s;
		}
		s->begin = (size_t)(low - origin);
		s->used = (size_t)(high - low + 1);
		return &s->steps[n - origin];
	}
}

static struct step *step_of(struct stats *s, int64_t at)
{
	return s->grows ? grow(s, at) : &s->steps[(at - s->first_s) / s->step_s];
}

/* ---- adding up ---- */

static enum stats_outcome merged(uint8_t outcome)
{
	return outcome == FIGURE_TIMED_OUT ? STATS_NO_ANSWER : (enum stats_outcome)outcome;
}

static bool is_failed(enum stats_outcome outcome)
{
	return outcome == STATS_4XX || outcome == STATS_5XX || outcome == STATS_NO_ANSWER;
}

static void put_top(struct top *t, int64_t id, uint64_t value)
{
	size_t at = t->count;
	if (at == STATS_TOPS && t->at[at - 1].value >= value)
		return;
	if (at < STATS_TOPS)
		t->count++;
	else
		at--;
	for (; at > 0 && t->at[at - 1].value < value; at--)
		t->at[at] = t->at[at - 1];
	t->at[at] = (struct stats_top){ id, value };
}

/* False when out of memory. *out is NULL when there are too many groups. */
static bool group_of(struct stats *s, struct bytes key, struct group **out)
{
	if (!key.len)
		key = bytes_make("", 0);
	HASH_FIND(hh, s->groups, key.at, key.len, *out);
	if (*out || s->group_count == GROUPS_MOST)
		return true;
	struct group *g = calloc(1, sizeof *g + key.len + 1);
	if (!g)
		return false;
	g->len = key.len;
	if (key.len)
		memcpy(g->key, key.at, key.len);
	s->group_count++;
	HASH_ADD_KEYPTR(hh, s->groups, g->key, g->len, g);
	*out = g;
	return true;
}

/* As the list of deliveries says it. */
static bool status_group(struct stats *s, uint16_t status, uint8_t outcome, struct group **out)
{
	static const char *const words[] = { "waiting", "", "", "", "", "no answer", "timeout" };
	size_t at = *words[outcome] || status == 0 ? 1000u + outcome : status;
	if (!s->by_status[at]) {
		char text[16];
		if (at < 1000)
			snprintf(text, sizeof text, "%u", status);
		else
			snprintf(text, sizeof text, "%s", *words[outcome] ? words[outcome] : "no answer");
		if (!group_of(s, bytes_of(text), &s->by_status[at]))
			return false;
	}
	*out = s->by_status[at];
	return true;
}

static bool name_group(struct stats *s, const struct figure_block *b, size_t row, struct group **out)
{
	enum figure_name which = s->wish.by == STATS_BY_EVENT  ? FIGURE_EVENT
				 : s->wish.by == STATS_BY_PATH ? FIGURE_PATH
							       : FIGURE_PROVIDER;
	size_t number = b->name[which][row];
	if (!s->by_name[number] && !group_of(s, figure_block_name(b, which, number), &s->by_name[number]))
		return false;
	*out = s->by_name[number];
	return true;
}

static void count_in(uint64_t *counts, struct durations *took, enum stats_outcome outcome, uint32_t took_us)
{
	counts[outcome]++;
	if (took_us != FIGURE_NO_TIME)
		durations_add(took, took_us);
}

static bool add_row(struct stats *s, const struct figure_block *b, size_t i, struct step *step)
{
	enum stats_outcome outcome = merged(b->outcome[i]);
	struct group *g = NULL;
	s->count++;
	s->bad_signatures += b->bad[i];
	count_in(step->counts, &step->took, outcome, b->took_us[i]);
	count_in(s->all.counts, &s->all.took, outcome, b->took_us[i]);
	if (b->took_us[i] != FIGURE_NO_TIME)
		put_top(&s->slowest, b->ids[i], b->took_us[i]);
	put_top(&s->largest, b->ids[i], b->bytes[i]);
	if (!(s->wish.by == STATS_BY_STATUS ? status_group(s, b->status[i], b->outcome[i], &g)
					    : name_group(s, b, i, &g)))
		return false;
	if (!g)
		return true;
	g->count++;
	g->failed += is_failed(outcome);
	if (b->took_us[i] != FIGURE_NO_TIME)
		durations_add(&g->took, b->took_us[i]);
	return true;
}

bool stats_add(struct stats *s, const struct figure_block *b)
{
	struct step *step = NULL;
	int64_t begin = 0, end = 0; /* of that step */
	memset(s->by_name, 0, sizeof s->by_name);
	for (size_t i = 0; i < b->count; i++) {
		int64_t at = b->at_s[i];
		if (at < s->wish.from_s || at >= s->wish.before_s)
			continue;
		if (!step || at < begin || at >= end) {
			step = step_of(s, at);
			begin = s->first_s + (step - s->steps) * s->step_s;
			end = begin + s->step_s;
		}
		if (!add_row(s, b, i, step))
			return false;
	}
	return true;
}

struct stats *stats_new(const struct stats_wish *wish, struct error *e)
{
	int64_t span = wish->before_s - wish->from_s;
	int64_t growing = wish->steps_most ? (int64_t)wish->steps_most : STEPS_GROWING;
	int64_t count = span < 1 ? 0 : wish->step_s > 0 ? (span - 1) / wish->step_s + 1 : growing;
	if (count < 1 || count > STATS_STEPS_MOST) {
		error_set(e, EXIT_USAGE, "that is %lld steps; at most %d are counted", (long long)count,
			  STATS_STEPS_MOST);
		return NULL;
	}
	struct stats *s = calloc(1, sizeof *s);
	if (s)
		s->steps = calloc((size_t)count, sizeof *s->steps);
	if (!s || !s->steps) {
		free(s);
		error_set(e, EXIT_STORE, "out of memory");
		return NULL;
	}
	s->wish = *wish;
	s->step_count = (size_t)count;
	s->grows = wish->step_s == 0;
	s->step_s = s->grows ? 1 : wish->step_s;
	s->first_s = wish->from_s;
	s->used = s->grows ? 0 : s->step_count;
	return s;
}

void stats_free(struct stats *s)
{
	struct group *g, *next;
	if (!s)
		return;
	HASH_ITER(hh, s->groups, g, next)
	{
		HASH_DEL(s->groups, g); /* NOLINT(clang-analyzer-unix.Malloc): none is looked at after its end */
		free(g);
	}
	free(s->steps);
	free(s);
}

/* ---- what is there ---- */

static int64_t share_of(const struct durations *d, double share)
{
	return d->count ? (int64_t)durations_share(d, share) : -1;
}

static struct stats_took took_of(const struct durations *d)
{
	return (struct stats_took){ share_of(d, 0.5), share_of(d, 0.95), share_of(d, 0.99) };
}

static int compare(uint64_t a, uint64_t b)
{
	return a < b ? 1 : a > b ? -1 : 0;
}

static int compare_keys(const struct group *a, const struct group *b)
{
	int order = memcmp(a->key, b->key, a->len < b->len ? a->len : b->len);
	return order ? order : a->len < b->len ? -1 : a->len > b->len;
}

static int by_count(const void *a, const void *b)
{
	const struct group *x = *(const struct group *const *)a, *y = *(const struct group *const *)b;
	int order = compare(x->count, y->count);
	return order ? order : compare_keys(x, y);
}

static int by_failures(const void *a, const void *b)
{
	const struct group *x = *(const struct group *const *)a, *y = *(const struct group *const *)b;
	int order = compare(x->failed, y->failed);
	return order ? order : by_count(a, b);
}

static bool copy_groups(struct group **from, size_t count, struct stats_group **to, size_t *to_count)
{
	*to = calloc(count + 1, sizeof **to);
	for (size_t i = 0; *to && i < count; i++) {
		struct stats_group *g = &(*to)[i];
		*to_count = i + 1;
		*g = (struct stats_group){ .count = from[i]->count,
					   .failed = from[i]->failed,
					   .p95_us = share_of(&from[i]->took, 0.95) };
		if (!buffer_append(&g->key, from[i]->key, from[i]->len))
			return false;
	}
	return *to != NULL;
}

static bool put_groups(const struct stats *s, struct stats_result *out)
{
	size_t count = 0, failed = 0;
	struct group **sorted = calloc(s->group_count + 1, sizeof(struct group *));
	if (!sorted)
		return false;
	for (struct group *g = s->groups; g; g = g->hh.next) {
		sorted[count++] = g;
		failed += g->failed > 0;
	}
	qsort(sorted, count, sizeof *sorted, by_count);
	bool fine = copy_groups(sorted, count < STATS_GROUPS_SHOWN ? count : STATS_GROUPS_SHOWN, &out->groups,
				&out->group_count);
	qsort(sorted, count, sizeof *sorted, by_failures);
	fine = fine && copy_groups(sorted, failed < STATS_GROUPS_SHOWN ? failed : STATS_GROUPS_SHOWN, &out->most_failed,
				   &out->most_failed_count);
	free(sorted);
	return fine;
}

bool stats_result(const struct stats *s, uint64_t searched, uint64_t total, struct stats_result *out)
{
	*out = (struct stats_result){ .wish = s->wish,
				      .step_count = s->used,
				      .steps = calloc(s->used + 1, sizeof *out->steps),
				      .count = s->count,
				      .bad_signatures = s->bad_signatures,
				      .took = took_of(&s->all.took),
				      .longest_us = s->all.took.count ? (int64_t)s->all.took.most_us : -1,
				      .slowest_count = s->slowest.count,
				      .largest_count = s->largest.count,
				      .searched = searched,
				      .total = total };
	memcpy(out->counts, s->all.counts, sizeof out->counts);
	memcpy(out->slowest, s->slowest.at, sizeof out->slowest);
	memcpy(out->largest, s->largest.at, sizeof out->largest);
	for (size_t i = 0; i < STATS_OUTCOMES; i++)
		out->failed += is_failed((enum stats_outcome)i) ? s->all.counts[i] : 0;
	int64_t first_s = s->first_s + (int64_t)s->begin * s->step_s;
	for (size_t i = 0; out->steps && i < s->used; i++) {
		const struct step *from = &s->steps[s->begin + i];
		out->steps[i].at_s = first_s + (int64_t)i * s->step_s;
		out->steps[i].took = took_of(&from->took);
		memcpy(out->steps[i].counts, from->counts, sizeof out->steps[i].counts);
	}
	out->wish.step_s = s->step_s;
	if (s->grows) {
		out->wish.from_s = first_s;
		out->wish.before_s = first_s + (int64_t)s->used * s->step_s;
	}
	uint64_t before = 0;
	for (size_t i = 0; i < STATS_BINS; i++) {
		uint64_t within = stats_bin_ms(i) < 0
				      ? s->all.took.count
				      : durations_within(&s->all.took, (uint64_t)stats_bin_ms(i) * 1000);
		out->histogram[i] = within - before;
		before = within;
	}
	if (out->steps && put_groups(s, out))
		return true;
	stats_result_free(out);
	return false;
}

static void free_groups(struct stats_group *groups, size_t count)
{
	for (size_t i = 0; groups && i < count; i++)
		buffer_free(&groups[i].key);
	free(groups);
}

void stats_result_free(struct stats_result *r)
{
	free_groups(r->groups, r->group_count);
	free_groups(r->most_failed, r->most_failed_count);
	free(r->steps);
	free(r->trouble);
	memset(r, 0, sizeof *r);
}
