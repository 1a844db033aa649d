#include "shared/query/store_order.h"

#include "shared/query/store_filter_private.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* What stands for a delivery: a number, a text's beginning, or nothing. */
#define TEXT_MOST 126
enum kind { KIND_NUMBER, KIND_TEXT, KIND_NOTHING };
struct store_order_entry {
	int64_t id, number;
	uint8_t kind, len;
	uint8_t text[TEXT_MOST];
};

/* The entries are a heap, the one that would come last at its top. */
struct store_order_run {
	const struct store_order_search *search;
	struct store_order_entry *entries;
	size_t count, room;
	uint64_t matched;
	bool no_memory;
};

static const char *const columns[STORE_ORDER_COUNT] = {
	[STORE_ORDER_TIME] = "d.id, d.id",
	[STORE_ORDER_STATUS] = "d.id, d.status_class * 1000 + d.status",
	[STORE_ORDER_METHOD] = "d.id, d.method",
	[STORE_ORDER_SOURCE] = "d.id, nullif(d.provider, '')",
	[STORE_ORDER_EVENT] = "d.id, coalesce(nullif(d.event_type, ''), d.target)",
	[STORE_ORDER_PATH] = "d.id, d.target",
	[STORE_ORDER_ATTEMPTS] = "d.id, d.attempts",
	[STORE_ORDER_TOOK] = "d.id, d.took_us",
	[STORE_ORDER_SIZE] = "d.id, d.request_bytes",
	[STORE_ORDER_TUNNEL] = "d.id, d.tunnel",
	[STORE_ORDER_PEER] = "d.id, d.peer",
	[STORE_ORDER_REPLAY_OF] = "d.id, d.replay_of",
	[STORE_ORDER_HOST] = "d.id, (SELECT creel_host(headers) FROM message WHERE message.id = d.id * 4096)",
	[STORE_ORDER_TAG] = "d.id, (SELECT min(name) FROM tag WHERE delivery_id = d.id AND name <> 'marked')",
};

static const struct {
	const char *name;
	bool descends;
} orders[STORE_ORDER_COUNT] = {
	[STORE_ORDER_TIME] = { "time", false },     [STORE_ORDER_STATUS] = { "stat", true },
	[STORE_ORDER_METHOD] = { "method", false }, [STORE_ORDER_SOURCE] = { "source", false },
	[STORE_ORDER_EVENT] = { "event", false },   [STORE_ORDER_PATH] = { "path", false },
	[STORE_ORDER_ATTEMPTS] = { "att", true },   [STORE_ORDER_TOOK] = { "took", true },
	[STORE_ORDER_SIZE] = { "size", true },      [STORE_ORDER_TUNNEL] = { "tunnel", false },
	[STORE_ORDER_PEER] = { "peer", false },     [STORE_ORDER_REPLAY_OF] = { "replay-of", true },
	[STORE_ORDER_HOST] = { "host", false },     [STORE_ORDER_TAG] = { "tag", false },
};

const char *store_order_name(enum store_order_key key)
{
	return orders[key].name;
}

bool store_order_parse(const char *name, enum store_order_key *out)
{
	for (int key = 0; key < STORE_ORDER_COUNT; key++)
		if (strcasecmp(orders[key].name, name) == 0) {
			*out = (enum store_order_key)key;
			return true;
		}
	return false;
}

bool store_order_descends(enum store_order_key key)
{
	return orders[key].descends;
}

static int compare_values(const struct store_order_entry *a, const struct store_order_entry *b)
{
	if (a->kind != b->kind) /* of a damaged file */
		return a->kind < b->kind ? -1 : 1;
	if (a->kind == KIND_NUMBER)
		return a->number < b->number ? -1 : a->number > b->number;
	size_t shorter = a->len < b->len ? a->len : b->len;
	int found = a->kind == KIND_TEXT ? memcmp(a->text, b->text, shorter) : 0;
	return found ? found : (int)a->len - (int)b->len;
}

/* Negative when a comes before b. */
static int compare(const struct store_order_entry *a, const struct store_order_entry *b, bool descending)
{
	bool nothing = a->kind == KIND_NOTHING || b->kind == KIND_NOTHING;
	int found = compare_values(a, b);
	if (descending && !nothing)
		found = -found;
	return found ? found : a->id > b->id ? -1 : a->id < b->id;
}

static int ascending(const void *a, const void *b)
{
	return compare(a, b, false);
}

static int descending(const void *a, const void *b)
{
	return compare(a, b, true);
}

static bool comes_later(const struct store_order_run *r, const struct store_order_entry *a,
			const struct store_order_entry *b)
{
	return compare(a, b, r->search->order.descending) > 0;
}

static void sink(struct store_order_run *r)
{
	struct store_order_entry moved = r->entries[0];
	size_t at = 0, child;
	for (; (child = 2 * at + 1) < r->count; at = child) {
		if (child + 1 < r->count && comes_later(r, &r->entries[child + 1], &r->entries[child]))
			child++;
		if (!comes_later(r, &r->entries[child], &moved))
			break;
		r->entries[at] = r->entries[child];
	}
	r->entries[at] = moved;
}

static void rise(struct store_order_run *r, const struct store_order_entry *added)
{
	size_t at = r->count++;
	for (; at > 0 && comes_later(r, added, &r->entries[(at - 1) / 2]); at = (at - 1) / 2)
		r->entries[at] = r->entries[(at - 1) / 2];
	r->entries[at] = *added;
}

static bool make_room(struct store_order_run *r)
{
	size_t room = r->room ? 2 * r->room : 256;
	if (r->count < r->room)
		return true;
	struct store_order_entry *more = realloc(r->entries, room * sizeof *more);
	if (!more)
		return false;
	r->entries = more;
	r->room = room;
	return true;
}

static void read_entry(sqlite3_stmt *st, struct store_order_entry *out)
{
	int type = sqlite3_column_type(st, 1);
	out->id = sqlite3_column_int64(st, 0);
	out->number = 0;
	out->len = 0;
	out->kind = type == SQLITE_NULL ? KIND_NOTHING : type == SQLITE_INTEGER ? KIND_NUMBER : KIND_TEXT;
	if (out->kind == KIND_NUMBER)
		out->number = sqlite3_column_int64(st, 1);
	if (out->kind != KIND_TEXT)
		return;
	const uint8_t *text = sqlite3_column_blob(st, 1); /* the order of these two calls matters to SQLite */
	int len = sqlite3_column_bytes(st, 1);
	out->len = (uint8_t)(!text || len < 0 ? 0 : len > TEXT_MOST ? TEXT_MOST : len);
	for (size_t i = 0; i < out->len; i++)
		out->text[i] = (uint8_t)(text[i] < 0x80 ? tolower(text[i]) : text[i]);
}

static void on_row(const struct store_search *search, sqlite3_stmt *st)
{
	struct store_order_run *r = search->user;
	struct store_order_entry e;
	read_entry(st, &e);
	r->matched++;
	if (r->count < r->search->order.most) {
		if (make_room(r))
			rise(r, &e);
		else
			r->no_memory = true;
	} else if (r->count && comes_later(r, &r->entries[0], &e)) {
		r->entries[0] = e;
		sink(r);
	}
}

static bool on_slice(void *user, const struct store_slice *slice)
{
	struct store_order_run *r = user;
	return !r->no_memory && (!r->search->progress || r->search->progress(r->search->user, r, slice));
}

bool store_order_so_far(struct store_order_run *r, struct store_ordered *out)
{
	struct store_order_entry *sorted = malloc((r->count + 1) * sizeof *sorted);
	*out = (struct store_ordered){ .ids = malloc((r->count + 1) * sizeof *out->ids) };
	if (!sorted || !out->ids || r->no_memory) {
		free(sorted);
		store_ordered_free(out);
		return false;
	}
	if (r->count)
		memcpy(sorted, r->entries, r->count * sizeof *sorted);
	qsort(sorted, r->count, sizeof *sorted, r->search->order.descending ? descending : ascending);
	for (size_t i = 0; i < r->count; i++)
		out->ids[i] = sorted[i].id;
	out->count = r->count;
	out->matched = r->matched;
	if (r->search->values)
		out->entries = sorted;
	else
		free(sorted);
	return true;
}

struct store_order_value store_ordered_value(const struct store_ordered *o, size_t i)
{
	const struct store_order_entry *e = &o->entries[i];
	struct store_order_value v = { .is_number = e->kind == KIND_NUMBER, .number = e->number };
	if (e->kind == KIND_TEXT)
		v.text = bytes_make(e->text, e->len);
	return v;
}

bool store_order_find(struct store *s, const struct store_order_search *search, struct store_ordered *out,
		      struct error *e)
{
	struct store_order_run r = { .search = search };
	const struct store_walk walk = { .columns = columns[search->order.key], .row = on_row };
	const struct store_search all = {
		.filter = search->filter, .anchor = search->before, .limit = INT64_MAX, .slice = on_slice, .user = &r
	};
	*out = (struct store_ordered){ 0 };
	bool fine = store_filter_walk(s, &all, &walk, e);
	if (fine && !store_order_so_far(&r, out))
		fine = error_set(e, EXIT_STORE, "out of memory");
	free(r.entries);
	return fine;
}

void store_ordered_free(struct store_ordered *o)
{
	free(o->ids);
	free(o->entries);
	*o = (struct store_ordered){ 0 };
}
