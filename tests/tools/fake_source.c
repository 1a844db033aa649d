#include "tests/tools/fake_source.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shared/http/headers.h"
#include "shared/providers/signature_sender.h"
#include "tests/tools/fake_hostile.h"

/* tui/DESIGN.md's 80x24 list, over and over. */
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
	snprintf(f->client.secrets, sizeof f->client.secrets, "github stripe");
	f->client.running = true;
}

void fake_source_free(struct fake_source *f)
{
	for (size_t i = 0; i < f->count; i++)
		item_free(&f->items[i]);
	free(f->items);
	free(f->replay_ids);
	f->items = NULL;
	f->count = f->room = 0;
}

static void make_row(struct fake_source *f, struct delivery_row *row)
{
	size_t n = (size_t)f->last_id % SAMPLES;
	*row = (struct delivery_row){
		.id = ++f->last_id,
		.received_at_us = f->clock_us,
		.reached_at_us = f->clock_us + 4000,
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
		.host = bytes_of("k3f9.example.dev"),
	};
	row->event_id[0] = (uint8_t)row->id;
	if (f->hostile) {
		row->method = bytes_of(fake_hostile_text((size_t)row->id));
		row->provider = bytes_of(fake_hostile_text((size_t)(row->id + 3)));
		row->event_type = bytes_of(fake_hostile_text((size_t)(row->id + 5)));
		row->target = row->path = bytes_of(fake_hostile_text((size_t)(row->id + 7)));
		row->host = row->note = row->tags = bytes_of(fake_hostile_text((size_t)(row->id + 2)));
		row->signature = row->tunnel = row->peer = bytes_of(fake_hostile_text((size_t)(row->id + 1)));
	}
	bool fine = row->status >= 200 && row->status < 400;
	row->state = fine ? DELIVERY_DELIVERED : DELIVERY_FAILED;
}

struct answer {
	struct answer *next;
	enum { ANSWER_PAGE, ANSWER_COUNT, ANSWER_DOCUMENT, ANSWER_PREVIEW, ANSWER_STATS, ANSWER_ORDER } kind;
	uint64_t generation;
	void *user;
	struct page page;
	struct document document;
	struct preview preview;
	uint64_t count;
	void (*on_page)(void *, uint64_t, struct page *);
	void (*on_count)(void *, uint64_t, uint64_t);
	void (*on_document)(void *, uint64_t, struct document *);
	void (*on_preview)(void *, uint64_t, struct preview *);
	struct stats_result stats;
	void (*on_stats)(void *, uint64_t, struct stats_result *);
	struct ordered ordered;
	void (*on_ordered)(void *, uint64_t, struct ordered *);
};

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
	if (f->held && count && uv_async_send(&f->wake) == 0) {
		f->held->next = f->answers;
		f->answers = f->held;
		f->held = NULL;
	}
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

static bool field_is(const char *filter, const char *field, struct bytes value)
{
	char pattern[200], word[200];
	size_t n = 0;
	snprintf(pattern, sizeof pattern, "%s:/^", field);
	const char *at = strstr(filter, pattern);
	if (!at)
		return true;
	for (at += strlen(pattern); *at && *at != '$' && n + 1 < sizeof word; at++)
		if (*at != '\\' || (at[1] && *++at))
			word[n++] = *at;
	return bytes_equal(value, bytes_make(word, n));
}

static bool same_kind(const struct item *i, const char *filter)
{
	return field_is(filter, "event", i->row.event_type) && field_is(filter, "path", i->row.path) &&
	       field_is(filter, "source", i->row.provider);
}

/* "(event:/x/ OR …)" is what a search asks for; "is:replay id:>5" what a replay made; else a word is looked for. */
static bool matches(const struct item *i, const char *filter)
{
	char word[100];
	const char *from = filter ? strstr(filter, ":/") : NULL;
	const char *after = filter ? strstr(filter, "id:>") : NULL;
	if (!filter || !*filter)
		return true;
	if (strncmp(filter, "is:replay", 9) == 0)
		return i->row.replay_of && (!after || i->row.id > atoll(after + 4));
	if (from && from[2] == '^') /* "event:/^x\.y$/ source:/^z$/", of a comparison */
		return same_kind(i, filter);
	snprintf(word, sizeof word, "%s", from ? from + 2 : filter);
	if (from)
		word[strcspn(word, "/")] = '\0';
	return has(i->row.method, word) || has(i->row.event_type, word) || has(i->row.target, word) ||
	       (!from && has(i->row.provider, word));
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

static int64_t order_value(const struct delivery_row *row, enum store_order_key key)
{
	switch (key) {
	case STORE_ORDER_TOOK:
		return row->took_us;
	case STORE_ORDER_SIZE:
		return (int64_t)row->request_bytes;
	case STORE_ORDER_ATTEMPTS:
		return row->attempts;
	case STORE_ORDER_METHOD:
		return row->method.len ? row->method.at[0] : 0;
	default:
		return 0;
	}
}

static bool comes_before(const struct delivery_row *a, const struct delivery_row *b, const struct store_order *how)
{
	int64_t x = order_value(a, how->key), y = order_value(b, how->key);
	return x == y ? a->id > b->id : how->descending ? x > y : x < y;
}

void fake_source_rows(struct fake_source *f, const int64_t *ids, size_t count, struct page *out)
{
	*out = (struct page){ .items = calloc(count + 1, sizeof *out->items) };
	for (size_t i = 0; out->items && i < count; i++) {
		const struct item *item = fake_source_at(f, ids[i]);
		if (item && !item_copy(&out->items[out->count++], &item->row))
			abort();
	}
}

void fake_source_order(struct fake_source *f, const char *filter, const struct store_order *how, size_t rows,
		       struct ordered *out)
{
	const struct delivery_row **found = calloc(f->count + 1, sizeof *found);
	size_t n = 0;
	*out = (struct ordered){ .found.ids = calloc(f->count + 1, sizeof *out->found.ids) };
	if (!found || !out->found.ids)
		abort();
	for (size_t k = 0; k < f->count; k++) {
		const struct delivery_row *row = &f->items[k].row;
		if (!matches(&f->items[k], filter))
			continue;
		size_t at = n++;
		for (; at > 0 && comes_before(row, found[at - 1], how); at--)
			found[at] = found[at - 1];
		found[at] = row;
	}
	out->found.matched = n;
	out->found.count = n < how->most ? n : how->most;
	for (size_t i = 0; i < out->found.count; i++)
		out->found.ids[i] = found[i]->id;
	fake_source_rows(f, out->found.ids, out->found.count < rows ? out->found.count : rows, &out->first);
	free(found);
}

/* ---- as the inspector is given it ---- */

static void give(struct answer *a)
{
	if (a->kind == ANSWER_PAGE)
		a->on_page(a->user, a->generation, &a->page);
	else if (a->kind == ANSWER_COUNT)
		a->on_count(a->user, a->generation, a->count);
	else if (a->kind == ANSWER_PREVIEW)
		a->on_preview(a->user, a->generation, &a->preview);
	else if (a->kind == ANSWER_ORDER)
		a->on_ordered(a->user, a->generation, &a->ordered);
	else if (a->kind == ANSWER_STATS)
		a->on_stats(a->user, a->generation, &a->stats);
	else
		a->on_document(a->user, a->generation, &a->document);
	free(a);
}

static void on_wake(uv_async_t *handle)
{
	struct fake_source *f = handle->data;
	while (f->answers) {
		struct answer *a = f->answers;
		f->answers = a->next;
		give(a);
	}
}

bool fake_source_open(struct fake_source *f, uv_loop_t *loop)
{
	f->loop = loop;
	f->wake.data = f;
	f->open = uv_async_init(loop, &f->wake, on_wake) == 0;
	uv_timer_init(loop, &f->step);
	f->step.data = f;
	return f->open;
}

static void fake_cancel(void *self, void (*done)(void *user, uint64_t generation, struct page *p))
{
	struct fake_source *f = self;
	if (f->held) {
		f->held->next = f->answers;
		f->answers = f->held;
		f->held = NULL;
	}
	for (struct answer **at = &f->answers; *at;) {
		struct answer *a = *at;
		if (done && (a->kind != ANSWER_PAGE || a->on_page != done)) {
			at = &a->next;
			continue;
		}
		*at = a->next;
		page_free(&a->page);
		document_free(&a->document);
		preview_free(&a->preview);
		stats_result_free(&a->stats);
		ordered_free(&a->ordered);
		free(a);
	}
}

static void fake_cancel_count(void *self, uint64_t generation)
{
	struct fake_source *f = self;
	for (struct answer **at = &f->answers; *at;) {
		struct answer *a = *at;
		if (a->kind == ANSWER_COUNT && a->generation == generation) {
			*at = a->next;
			free(a);
		} else {
			at = &a->next;
		}
	}
}

void fake_source_close(struct fake_source *f)
{
	fake_cancel(f, NULL);
	if (f->open) {
		uv_close((uv_handle_t *)&f->wake, NULL);
		uv_close((uv_handle_t *)&f->step, NULL);
	}
	f->open = false;
}

static struct answer *answer_later(struct fake_source *f, uint64_t generation, void *user)
{
	struct answer *a = calloc(1, sizeof *a), **last = &f->answers;
	if (!a || uv_async_send(&f->wake))
		abort();
	a->generation = generation;
	a->user = user;
	while (*last)
		last = &(*last)->next;
	*last = a;
	return a;
}

static bool fake_check(void *self, const char *filter, struct error *e)
{
	const char *bad = strstr(filter, "nonsense(");
	(void)self;
	return !bad || error_set(e, EXIT_USAGE, "column %d: a ( that is not closed", (int)(bad - filter) + 9);
}

static void fake_page(void *self, const char *filter, int64_t anchor, bool forward, size_t count, uint64_t generation,
		      void (*done)(void *user, uint64_t generation, struct page *p), void *user)
{
	struct fake_source *f = self;
	struct answer *a = answer_later(f, generation, user);
	a->kind = ANSWER_PAGE;
	a->on_page = done;
	fake_source_page(f, filter, anchor, forward, count, &a->page);
	bool search = count == 1, list = strcmp(filter, "customer") == 0 && !forward && !anchor;
	if (!f->walk || !*filter || f->held || (!search && !list && (!forward || anchor)))
		return;
	struct answer *rest = calloc(1, sizeof *rest);
	if (!rest)
		abort();
	*rest = *a;
	rest->next = NULL;
	f->held = rest;
	a->page = (struct page){ 0 };
	if (!search)
		fake_source_page(f, filter, anchor, forward, (rest->page.count + 1) / 2, &a->page);
	a->page.searched = 1;
	a->page.total = 2;
}

static void fake_count(void *self, const char *filter, uint64_t generation,
		       void (*done)(void *user, uint64_t generation, uint64_t count), void *user)
{
	struct fake_source *f = self;
	struct answer *a = answer_later(f, generation, user);
	a->kind = ANSWER_COUNT;
	a->on_count = done;
	for (size_t i = 0; i < f->count; i++)
		a->count += matches(&f->items[i], filter);
}

/* Twenty steps, a group for each provider among the first rows; the slowest and largest are not sought. */
void fake_source_stats(struct fake_source *f, const char *filter, const struct stats_wish *wish, struct stats_result *r)
{
	static const char *const providers[] = { "stripe", "github", "slack", "shopify", "" };
	*r = (struct stats_result){ .wish = *wish,
				    .steps = calloc(20, sizeof *r->steps),
				    .step_count = 20,
				    .took = { 38000, 210000, 30000000 },
				    .longest_us = 30000000,
				    .groups = calloc(5, sizeof *r->groups),
				    .group_count = 5,
				    .searched = 1,
				    .total = 1 };
	if (!r->steps || !r->groups)
		abort();
	for (size_t i = 0; i < 5; i++)
		if (!buffer_append_text(&r->groups[i].key, f->hostile ? fake_hostile_text(i) : providers[i]))
			abort();
	int64_t first = f->count ? (int64_t)(f->items[0].row.received_at_us / 1000000) : 0;
	r->wish.from_s = first;
	r->wish.step_s = 60;
	r->wish.before_s = first + 1200;
	for (size_t i = 0; i < 20; i++)
		r->steps[i].at_s = first + 60 * (int64_t)i;
	for (size_t i = 0; i < f->count; i++) {
		const struct delivery_row *row = &f->items[i].row;
		if (!matches(&f->items[i], filter))
			continue;
		enum stats_outcome o = row->status <= 0 ? STATS_NO_ANSWER : (enum stats_outcome)(row->status / 100 - 1);
		bool failed = o >= STATS_4XX;
		r->steps[i * 20 / f->count].counts[o]++;
		r->counts[o]++;
		r->count++;
		r->failed += failed;
		for (size_t g = 0; g < 5; g++)
			if (bytes_equal(row->provider, bytes_of(providers[g]))) {
				r->groups[g].count++;
				r->groups[g].failed += failed;
				r->groups[g].p95_us = 41000;
			}
		r->histogram[row->took_us < 10000 ? 3 : row->took_us < 100000 ? 6 : 9]++;
	}
	r->slowest[r->slowest_count++] = (struct stats_top){ 12, 30000000 };
	r->largest[r->largest_count++] = (struct stats_top){ 5, 21000 };
}

static void fake_rows(void *self, const int64_t *ids, size_t count, uint64_t generation,
		      void (*done)(void *user, uint64_t generation, struct page *p), void *user)
{
	struct answer *a = answer_later(self, generation, user);
	a->kind = ANSWER_PAGE;
	a->on_page = done;
	fake_source_rows(self, ids, count, &a->page);
}

static void fake_order(void *self, const char *filter, const struct store_order *how, size_t rows, uint64_t generation,
		       void (*done)(void *user, uint64_t generation, struct ordered *o), void *user)
{
	struct answer *a = answer_later(self, generation, user);
	a->kind = ANSWER_ORDER;
	a->on_ordered = done;
	fake_source_order(self, filter, how, rows, &a->ordered);
}

static void fake_cancel_order(void *self, uint64_t generation)
{
	(void)self;
	(void)generation;
}

static void fake_stats(void *self, const char *filter, const struct stats_wish *wish, uint64_t generation,
		       void (*done)(void *user, uint64_t generation, struct stats_result *r), void *user)
{
	struct answer *a = answer_later(self, generation, user);
	a->kind = ANSWER_STATS;
	a->on_stats = done;
	fake_source_stats(self, filter, wish, &a->stats);
}

static void fake_cancel_stats(void *self, uint64_t generation)
{
	(void)self;
	(void)generation;
}

static bool put(struct buffer *b, const char *text)
{
	return buffer_append_text(b, text);
}

static bool put_field(struct buffer *b, const char *name, const char *value)
{
	return headers_append(b, bytes_of(name), bytes_of(value));
}

static bool fill_attempts(struct document *d)
{
	int count = d->item.row.attempts;
	d->attempts = calloc((size_t)count + 1, sizeof *d->attempts);
	for (int i = 0; d->attempts && i < count; i++) {
		struct attempt_row *a = &d->attempts[d->attempt_count++];
		uint64_t total = d->item.row.took_us > 0 ? (uint64_t)d->item.row.took_us : 0;
		*a =
		    (struct attempt_row){ .number = i + 1,
					  .started_at_us = d->item.row.received_at_us + 13000 + 30000000u * (unsigned)i,
					  .status = d->item.row.status,
					  .result = d->item.row.status      ? ATTEMPT_OK
						    : d->item.row.timed_out ? ATTEMPT_TIMEOUT
									    : ATTEMPT_UNREACHABLE,
					  .connect_us = 200,
					  .first_byte_us = total * 9 / 10,
					  .total_us = total,
					  .answered_at_us =
					      i || !d->item.row.status ? 0 : d->item.row.received_at_us + 13400 + total,
					  .url = bytes_of("http://localhost:3000/hooks") };
		if (a->result == ATTEMPT_UNREACHABLE)
			a->error = bytes_of("nothing is listening on localhost:3000");
	}
	return d->attempts != NULL;
}

/* A body that names its delivery, so that tests see whose is shown. */
void fake_source_document(struct fake_source *f, int64_t id, enum source_part part, int attempt, uint64_t most,
			  struct document *d)
{
	const struct item *item = fake_source_at(f, id);
	*d = (struct document){ 0 };
	if (!item) {
		d->trouble = strdup("the delivery is no longer on record");
		return;
	}
	bool fine = item_copy(&d->item, &item->row) && fill_attempts(d);
	if (part == SOURCE_RESPONSE)
		d->attempt = attempt < 0 ? item->row.attempts : attempt;
	if (f->hostile) {
		fine = fine && fake_hostile_fill(d, id);
	} else if (part == SOURCE_RESPONSE) {
		fine = fine && put_field(&d->headers, "Content-Type", "text/plain") &&
		       buffer_printf(&d->body, "answer %d to #%lld\n", d->attempt, (long long)id);
	} else {
		fine = fine && put_field(&d->headers, "Host", "k3f9.example.dev") &&
		       put_field(&d->headers, "Content-Type", "application/json; charset=utf-8") &&
		       put_field(&d->headers, "stripe-signature", "t=1764000151,v1=5257a869e7") &&
		       buffer_printf(&d->body, "{\n  \"id\": \"evt_%lld\",\n  \"amount\": 4900,\n", (long long)id);
		for (int i = 0; fine && i < 60; i++)
			fine = buffer_printf(&d->body, "  \"line %d\": \"value %d\",\n", i, i);
		fine = fine &&
		       put(&d->body, f->plain ? "  \"note\": \"hi\"\n}" : "  \"note\": \"hi \x1b]52;c;QUJD\x07\"\n}\n");
	}
	if (!fine)
		abort();
	d->body_size = d->body.len;
	if (d->body.len > most)
		d->body.len = (size_t)most;
}

static void fake_get(void *self, int64_t id, enum source_part part, int attempt, uint64_t most, uint64_t generation,
		     void (*done)(void *user, uint64_t generation, struct document *d), void *user)
{
	struct answer *a = answer_later(self, generation, user);
	a->kind = ANSWER_DOCUMENT;
	a->on_document = done;
	fake_source_document(self, id, part, attempt, most, &a->document);
}

void fake_source_preview(struct fake_source *f, int64_t id, struct preview *p)
{
	struct document d;
	*p = (struct preview){ 0 };
	fake_source_document(f, id, SOURCE_REQUEST, 0, 4096, &d);
	bool answered = !d.trouble && d.item.row.status > 0;
	bool fine = true;
	if (f->hostile)
		fine = put(&p->event_id, fake_hostile_text((size_t)(id + 2))) &&
		       put(&p->reason, fake_hostile_text((size_t)id)) &&
		       put(&p->error, fake_hostile_text((size_t)(id + 1)));
	else if (answered)
		fine = put(&p->reason, d.item.row.status < 400 ? "OK" : "No");
	else if (!d.trouble && d.attempt_count)
		fine = buffer_append_bytes(&p->error, d.attempts[d.attempt_count - 1].error);
	if (fine && !f->hostile && !d.trouble)
		(void)signature_event_id(d.item.row.provider, buffer_view(&d.headers), buffer_view(&d.body),
					 &p->event_id);
	document_free(&d);
	if (!fine)
		abort();
}

static void fake_preview(void *self, int64_t id, uint64_t generation,
			 void (*done)(void *user, uint64_t generation, struct preview *p), void *user)
{
	struct answer *a = answer_later(self, generation, user);
	a->kind = ANSWER_PREVIEW;
	a->on_preview = done;
	fake_source_preview(self, id, &a->preview);
}

static bool fake_changed(void *self)
{
	struct fake_source *f = self;
	bool changed = f->version != f->seen;
	f->seen = f->version;
	return changed;
}

static void fake_state(void *self, struct client_state *out)
{
	*out = ((struct fake_source *)self)->client;
}

const struct source_ops fake_source_ops = {
	.check = fake_check,
	.page = fake_page,
	.rows = fake_rows,
	.order = fake_order,
	.cancel_order = fake_cancel_order,
	.get = fake_get,
	.preview = fake_preview,
	.count = fake_count,
	.stats = fake_stats,
	.cancel_stats = fake_cancel_stats,
	.changed = fake_changed,
	.state = fake_state,
	.cancel = fake_cancel,
	.cancel_count = fake_cancel_count,
};
