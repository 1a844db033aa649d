#include "tests/tools/tui_source.h"

#include <stdlib.h>
#include <string.h>

/* TUI.md's 80x24 list, over and over. */
static const struct {
	const char *method, *provider, *event, *target, *signature;
	int status, attempts;
	int64_t took_us;
	uint64_t size;
} samples[] = {
	{ "POST", "stripe", "invoice.paid", "/hooks/stripe", "valid", 200, 1, 38000, 4103 },
	{ "POST", "stripe", "customer.updated", "/hooks/stripe", "valid", 200, 1, 41000, 2800 },
	{ "POST", "github", "push", "/hooks/github", "valid", 200, 1, 112000, 9700 },
	{ "POST", "stripe", "invoice.payment_failed", "/hooks/stripe", "valid", 500, 3, 9000, 4000 },
	{ "POST", "github", "pull_request.opened", "/hooks/github", "valid", 200, 1, 97000, 21000 },
	{ "POST", "", "", "/hooks/legacy/orders", "none", 404, 1, 2000, 310 },
	{ "POST", "slack", "event_callback", "/hooks/slack", "invalid", 401, 1, 3000, 1100 },
	{ "POST", "shopify", "orders/create", "/hooks/shopify", "valid", 0, 5, -1, 6600 },
	{ "POST", "stripe", "charge.succeeded", "/hooks/stripe", "valid", 200, 1, 36000, 3200 },
	{ "POST", "github", "check_run.completed", "/hooks/github", "valid", 204, 1, 15000, 12000 },
	{ "GET", "", "", "/hooks/form?id=7", "unknown", 302, 1, 4000, 88 },
	{ "POST", "shopify", "orders/updated", "/hooks/shopify", "valid", -1, 2, 30000000, 6900 },
	{ "POST", "slack", "slash_command", "/hooks/slack", "valid", 200, 1, 210000, 620 },
};
#define SAMPLES (sizeof samples / sizeof *samples)

void fake_source_init(struct fake_source *f)
{
	/* 2026-11-23 12:00:00 UTC */
	*f = (struct fake_source){ .clock_us = UINT64_C(1795435200000000) };
	snprintf(f->client.state, sizeof f->client.state, "online");
	snprintf(f->client.url, sizeof f->client.url, "https://k3f9.example.dev");
	snprintf(f->client.target, sizeof f->client.target, "localhost:3000");
	f->client.running = true;
}

void fake_source_free(struct fake_source *f)
{
	for (size_t i = 0; i < f->count; i++)
		item_free(&f->items[i]);
	free(f->items);
	f->items = NULL;
	f->count = f->room = 0;
}

static void make_row(struct fake_source *f, struct delivery_row *row)
{
	size_t n = (size_t)f->last_id % SAMPLES;
	*row = (struct delivery_row){
		.id = ++f->last_id,
		.received_at_us = f->clock_us,
		.status = samples[n].status > 0 ? samples[n].status : 0,
		.timed_out = samples[n].status < 0,
		.took_us = samples[n].took_us,
		.attempts = samples[n].attempts,
		.request_bytes = samples[n].size,
		.method = bytes_of(samples[n].method),
		.target = bytes_of(samples[n].target),
		.path = bytes_make(samples[n].target, strcspn(samples[n].target, "?")),
		.provider = bytes_of(samples[n].provider),
		.event_type = bytes_of(samples[n].event),
		.signature = bytes_of(samples[n].signature),
		.tunnel = bytes_of("k3f9"),
		.peer = bytes_of("192.0.2.7"),
	};
	row->event_id[0] = (uint8_t)row->id;
	bool fine = row->status >= 200 && row->status < 400;
	row->state = fine ? DELIVERY_DELIVERED : DELIVERY_FAILED;
}

void fake_source_add(struct fake_source *f, int count)
{
	for (int i = 0; i < count; i++) {
		struct delivery_row row;
		if (f->count == f->room) {
			f->room = f->room ? f->room * 2 : 64;
			f->items = realloc(f->items, f->room * sizeof *f->items);
		}
		make_row(f, &row);
		if (!f->items || !item_copy(&f->items[f->count], &row))
			abort();
		f->count++;
		f->clock_us += 1000000;
	}
	f->version++;
}

void fake_source_remove(struct fake_source *f, int64_t from, int64_t to)
{
	size_t kept = 0;
	for (size_t i = 0; i < f->count; i++) {
		if (f->items[i].row.id >= from && f->items[i].row.id <= to)
			item_free(&f->items[i]);
		else
			f->items[kept++] = f->items[i];
	}
	f->count = kept;
	f->version++;
}

struct item *fake_source_at(struct fake_source *f, int64_t id)
{
	for (size_t i = 0; i < f->count; i++)
		if (f->items[i].row.id == id)
			return &f->items[i];
	return NULL;
}

static bool has(struct bytes b, const char *word)
{
	return memmem(b.at, b.len, word, strlen(word)) != NULL;
}

static bool matches(const struct item *i, const char *filter)
{
	if (!filter || !*filter)
		return true;
	return has(i->row.method, filter) || has(i->row.event_type, filter) || has(i->row.target, filter) ||
	       has(i->row.provider, filter);
}

void fake_source_page(struct fake_source *f, const char *filter, int64_t anchor, bool forward, size_t count,
		      struct page *out)
{
	const struct item **found = calloc(count + 1, sizeof *found);
	size_t n = 0;
	*out = (struct page){ .items = calloc(count + 1, sizeof *out->items) };
	if (!found || !out->items)
		abort();
	for (size_t k = 0; k < f->count && n <= count; k++) {
		const struct item *i = &f->items[forward ? k : f->count - 1 - k];
		bool beyond = forward ? i->row.id > anchor : !anchor || i->row.id < anchor;
		if (beyond && matches(i, filter))
			found[n++] = i;
	}
	bool more = n > count;
	if (more)
		n = count;
	out->more_before = forward ? anchor > 0 : more;
	out->more_after = forward ? more : anchor != 0;
	for (size_t k = 0; k < n; k++)
		if (!item_copy(&out->items[out->count++], &found[forward ? k : n - 1 - k]->row))
			abort();
	free(found);
}
