#include "client/json/stats_json.h"

#include "client/json/json_fields.h"
#include "shared/json/json_bytes.h"

static json_t *ms_or_null(int64_t us)
{
	return us < 0 ? json_null() : json_real((double)us / 1000);
}

static void put_took(struct json_fields *f, const struct stats_took *took)
{
	json_fields_put(f, "p50_ms", ms_or_null(took->p50_us));
	json_fields_put(f, "p95_ms", ms_or_null(took->p95_us));
	json_fields_put(f, "p99_ms", ms_or_null(took->p99_us));
}

static json_t *steps_json(const struct stats_result *r)
{
	json_t *list = json_array();
	for (size_t i = 0; list && i < r->step_count; i++) {
		struct json_fields f = json_fields_begin(NULL);
		json_fields_time(&f, "at", (uint64_t)r->steps[i].at_s * 1000000);
		for (enum stats_outcome o = 0; o < STATS_OUTCOMES; o++)
			json_fields_number(&f, stats_outcome_name(o), (int64_t)r->steps[i].counts[o]);
		put_took(&f, &r->steps[i].took);
		json_array_append_new(list, json_fields_end(&f));
	}
	return list;
}

static json_t *took_json(const struct stats_result *r)
{
	struct json_fields f = json_fields_begin(NULL);
	json_t *list = json_array();
	for (size_t i = 0; list && i < STATS_BINS; i++) {
		struct json_fields bin = json_fields_begin(NULL);
		json_fields_put(&bin, "le_ms", stats_bin_ms(i) < 0 ? json_null() : json_integer(stats_bin_ms(i)));
		json_fields_number(&bin, "count", (int64_t)r->histogram[i]);
		json_array_append_new(list, json_fields_end(&bin));
	}
	put_took(&f, &r->took);
	json_fields_put(&f, "max_ms", ms_or_null(r->longest_us));
	json_fields_put(&f, "histogram", list);
	return json_fields_end(&f);
}

static json_t *groups_json(const struct stats_group *groups, size_t count)
{
	json_t *list = json_array();
	for (size_t i = 0; list && i < count; i++) {
		struct json_fields f = json_fields_begin(NULL);
		json_fields_text(&f, "key", buffer_view(&groups[i].key));
		json_fields_number(&f, "count", (int64_t)groups[i].count);
		json_fields_number(&f, "failed", (int64_t)groups[i].failed);
		json_fields_put(&f, "p95_ms", ms_or_null(groups[i].p95_us));
		json_array_append_new(list, json_fields_end(&f));
	}
	return list;
}

static json_t *top_json(const struct stats_top *top, size_t count)
{
	json_t *list = json_array();
	for (size_t i = 0; list && i < count; i++)
		json_array_append_new(list, json_integer((json_int_t)top[i].id));
	return list;
}

json_t *stats_json(const struct stats_result *r)
{
	struct json_fields f = json_fields_begin(NULL);
	json_fields_time(&f, "from", (uint64_t)r->wish.from_s * 1000000);
	json_fields_time(&f, "to", (uint64_t)r->wish.before_s * 1000000);
	json_fields_number(&f, "step_s", r->wish.step_s);
	json_fields_put(&f, "buckets", steps_json(r));
	json_fields_put(&f, "took", took_json(r));
	json_fields_put(&f, "by", groups_json(r->groups, r->group_count));
	json_fields_put(&f, "most_failed", groups_json(r->most_failed, r->most_failed_count));
	json_fields_put(&f, "slowest", top_json(r->slowest, r->slowest_count));
	json_fields_put(&f, "largest", top_json(r->largest, r->largest_count));
	json_fields_number(&f, "count", (int64_t)r->count);
	json_fields_number(&f, "failed", (int64_t)r->failed);
	json_fields_number(&f, "waiting", (int64_t)r->counts[STATS_WAITING]);
	json_fields_number(&f, "bad_signatures", (int64_t)r->bad_signatures);
	json_fields_number(&f, "searched", (int64_t)r->searched);
	json_fields_number(&f, "total", (int64_t)r->total);
	return json_fields_end(&f);
}
