/* Header fields by name, and which names and keys are volatile. */
#include "shared/compare/diff.h"

#include <stdlib.h>
#include <string.h>

#include "shared/http/headers.h"

static int compare_bytes(struct bytes a, struct bytes b)
{
	size_t both = a.len < b.len ? a.len : b.len;
	int order = both ? memcmp(a.at, b.at, both) : 0;
	return order ? order : (a.len > b.len) - (a.len < b.len);
}

static uint8_t lower(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? (uint8_t)(c | 0x20) : c;
}

static int compare_nocase(struct bytes a, struct bytes b)
{
	for (size_t i = 0; i < a.len && i < b.len; i++)
		if (lower(a.at[i]) != lower(b.at[i]))
			return lower(a.at[i]) - lower(b.at[i]);
	return (a.len > b.len) - (a.len < b.len);
}

static int by_name(const void *pa, const void *pb)
{
	const struct diff_item *a = pa, *b = pb;
	return compare_nocase(a->key, b->key);
}

static int by_name_and_value(const void *pa, const void *pb)
{
	const struct diff_item *a = pa, *b = pb;
	int order = compare_nocase(a->key, b->key);
	return order ? order : compare_bytes(a->value, b->value);
}

/* The comparison of the moment; then a before b, then by place: sorting is stable and pairs come in order. */
static _Thread_local int (*compare_now)(const void *, const void *);

static int by_all(const void *pa, const void *pb)
{
	const struct diff_item *a = pa, *b = pb;
	int order = compare_now(pa, pb);
	if (order)
		return order;
	if (a->is_b != b->is_b)
		return a->is_b ? 1 : -1;
	return (a->index > b->index) - (a->index < b->index);
}

void diff_rank(struct diff_item *items, size_t count, int (*compare)(const void *, const void *))
{
	compare_now = compare;
	if (count)
		qsort(items, count, sizeof *items, by_all);
	for (size_t i = 0; i < count; i++)
		items[i].id = i == 0 ? 0 : items[i - 1].id + (compare(&items[i - 1], &items[i]) != 0);
}

void diff_pair(const struct diff_item *items, size_t count, uint32_t *pairs_a, uint32_t *pairs_b)
{
	for (size_t i = 0; i < count;) {
		size_t b = i, end;
		while (b < count && items[b].id == items[i].id && !items[b].is_b)
			b++;
		size_t a_end = b;
		for (end = b; end < count && items[end].id == items[i].id;)
			end++;
		for (; i < a_end && b < end; i++, b++) {
			pairs_a[items[i].index] = items[b].index;
			pairs_b[items[b].index] = items[i].index;
		}
		i = end;
	}
}

static size_t gather(struct bytes block, bool is_b, struct diff_item *items)
{
	struct bytes name, value;
	size_t count = 0;
	for (size_t pos = 0; headers_next(block, &pos, &name, &value); count++)
		items[count] =
		    (struct diff_item){ .key = name, .value = value, .index = (uint32_t)count, .is_b = is_b };
	return count;
}

/* Lines that have no partner yet. */
static size_t keep_single(struct diff_item *items, size_t count, const uint32_t *pairs_a, const uint32_t *pairs_b)
{
	size_t kept = 0;
	for (size_t i = 0; i < count; i++)
		if ((items[i].is_b ? pairs_b : pairs_a)[items[i].index] == DIFF_NONE)
			items[kept++] = items[i];
	return kept;
}

static void put(struct diff_fields *out, const struct diff_item *a, const struct diff_item *b, bool no_volatile)
{
	struct diff_field f = { .kind = !a ? DIFF_ADDED : !b ? DIFF_REMOVED : DIFF_CHANGED };
	if (b) {
		f.name = b->key;
		f.b = b->value;
	}
	if (a) {
		f.name = a->key;
		f.a = a->value;
	}
	if (a && b && bytes_equal(a->value, b->value))
		f.kind = DIFF_SAME;
	if (f.kind != DIFF_SAME && no_volatile && diff_is_volatile_header(f.name)) {
		f.passed_over = true;
		f.kind = DIFF_SAME;
		out->passed_over++;
	}
	out->differences += f.kind != DIFF_SAME;
	out->at[out->count++] = f;
}

bool diff_headers(struct bytes a, struct bytes b, bool no_volatile, struct diff_fields *out)
{
	size_t a_most = headers_count(a), b_most = headers_count(b), both = a_most + b_most;
	struct diff_item *items = calloc(both * 2 + 1, sizeof *items);
	uint32_t *pairs = malloc((both + 1) * sizeof *pairs);
	*out = (struct diff_fields){ .at = calloc(both + 1, sizeof *out->at) };
	bool fine = items && pairs && out->at;
	if (fine) {
		struct diff_item *sorted = items + both;
		uint32_t *pairs_a = pairs, *pairs_b = pairs + a_most;
		memset(pairs, 0xff, (both + 1) * sizeof *pairs); /* DIFF_NONE */
		gather(a, false, items);
		gather(b, true, items + a_most);
		memcpy(sorted, items, both * sizeof *items);
		diff_rank(sorted, both, by_name_and_value);
		diff_pair(sorted, both, pairs_a, pairs_b);
		size_t left = keep_single(sorted, both, pairs_a, pairs_b);
		diff_rank(sorted, left, by_name);
		diff_pair(sorted, left, pairs_a, pairs_b);
		for (size_t i = 0; i < a_most; i++)
			put(out, &items[i], pairs_a[i] == DIFF_NONE ? NULL : &items[a_most + pairs_a[i]], no_volatile);
		for (size_t i = 0; i < b_most; i++)
			if (pairs_b[i] == DIFF_NONE)
				put(out, NULL, &items[a_most + i], no_volatile);
	}
	free(items);
	free(pairs);
	if (!fine)
		diff_fields_free(out);
	return fine;
}

void diff_fields_free(struct diff_fields *f)
{
	free(f->at);
	*f = (struct diff_fields){ 0 };
}

static bool ends_with(struct bytes b, const char *end)
{
	size_t len = strlen(end);
	return b.len >= len && bytes_equal_nocase(bytes_make(b.at + b.len - len, len), end);
}

static bool is_one_of(struct bytes b, const char *const *names, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (bytes_equal_nocase(b, names[i]))
			return true;
	return false;
}

bool diff_is_volatile_header(struct bytes name)
{
	static const char *const names[] = {
		"Age",
		"Cf-Ray",
		"Creel-Attempt",
		"Creel-Event-Id",
		"Date",
		"Request-Id",
		"Svix-Id",
		"Traceparent",
		"Tracestate",
		"Webhook-Id",
		"X-Amz-Cf-Id",
		"X-Cloud-Trace-Context",
		"X-Gitlab-Event-UUID",
		"X-Shopify-Event-Id",
		"X-Shopify-Webhook-Id",
	};
	static const char *const ends[] = { "-timestamp",      "-request-id",   "-correlation-id",
					    "-trace-id",       "-spanid",       "-traceid",
					    "-delivery",       "-triggered-at", "-idempotency-token",
					    "idempotency-key", "-request-start" };
	for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
		if (ends_with(name, ends[i]))
			return true;
	for (size_t i = 0; i + 9 <= name.len; i++)
		if (bytes_equal_nocase(bytes_make(name.at + i, 9), "signature"))
			return true;
	for (size_t i = 0; i + 4 <= name.len; i++)
		if (bytes_equal_nocase(bytes_make(name.at + i, 4), "hmac"))
			return true;
	return is_one_of(name, names, sizeof names / sizeof *names);
}

bool diff_is_volatile_key(struct bytes lexeme)
{
	static const char *const names[] = {
		"created",        "updated",
		"date",           "time",
		"timestamp",      "ts",
		"nonce",          "signature",
		"request_id",     "requestId",
		"request-id",     "trace_id",
		"traceId",        "correlation_id",
		"correlationId",  "idempotency_key",
		"idempotencyKey", "event_time",
		"eventTime",
	};
	if (lexeme.len < 2)
		return false;
	struct bytes key = bytes_make(lexeme.at + 1, lexeme.len - 2);
	if (is_one_of(key, names, sizeof names / sizeof *names) || ends_with(key, "_at") || ends_with(key, "timestamp"))
		return true;
	/* createdAt, not "format" or "AT". */
	return key.len > 2 && key.at[key.len - 2] == 'A' && key.at[key.len - 1] == 't' &&
	       lower(key.at[key.len - 3]) == key.at[key.len - 3];
}
