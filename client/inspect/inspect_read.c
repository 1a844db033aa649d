#include "client/inspect/inspect_read.h"

#include "client/common/limits.h"
#include "client/signing/verify_one.h"
#include "shared/http/headers.h"
#include "shared/providers/signature_sender.h"
#include "shared/signature/signature.h"
#include "shared/store/store_labels.h"
#include "shared/query/store_part.h"
#include "shared/query/store_query.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PARTIAL_NS 100000000u /* between partial pages */

/* ---- pages ---- */

struct reading {
	struct question *question;
	tell_partial tell;
};

static void on_row(void *user, const struct delivery_row *row)
{
	const struct reading *r = user;
	struct question *q = r->question;
	struct page *p = &q->page;
	struct delivery_row cut = *row;
	if (p->count == q->count) {
		q->found_more = true;
		return;
	}
	if (p->count == q->capacity) {
		size_t capacity = q->capacity ? 2 * q->capacity : 64;
		struct item *items = realloc(p->items, capacity * sizeof *items);
		if (!items) {
			q->no_memory = true;
			return;
		}
		p->items = items;
		q->capacity = capacity;
	}
	if (cut.target.len > LIMIT_SHOWN_TARGET)
		cut.target.len = LIMIT_SHOWN_TARGET;
	if (cut.path.len > LIMIT_SHOWN_TARGET)
		cut.path.len = LIMIT_SHOWN_TARGET;
	if (item_copy(&p->items[p->count], &cut))
		p->count++;
	else
		q->no_memory = true;
}

static void reverse(struct page *p)
{
	for (size_t i = 0; i < p->count / 2; i++) {
		struct item swap = p->items[i];
		p->items[i] = p->items[p->count - 1 - i];
		p->items[p->count - 1 - i] = swap;
	}
}

static void set_ends(const struct question *q, struct page *p)
{
	p->more_before = q->forward ? q->id > 0 : q->found_more;
	p->more_after = q->forward ? q->found_more : q->id != 0;
}

static bool copy_page(const struct question *q, struct page *out)
{
	*out = (struct page){ .items = calloc(q->page.count + 1, sizeof *out->items) };
	for (size_t i = 0; out->items && i < q->page.count; i++) {
		if (!item_copy(&out->items[i], &q->page.items[i].row))
			return false;
		out->count++;
	}
	return out->items != NULL;
}

/* Gives the first rows at once, and then what there is ten times a second. */
static bool on_slice(void *user, const struct store_slice *slice)
{
	struct reading *r = user;
	struct question *q = r->question;
	uint64_t now = uv_hrtime();
	bool first = !q->gave_partial && q->page.count > 0;
	if (slice->searched >= slice->total || (!first && now - q->partial_at < PARTIAL_NS))
		return true;
	struct partial partial = { 0 };
	if (!copy_page(q, &partial.page)) {
		page_free(&partial.page);
		return true;
	}
	q->partial_at = now;
	q->gave_partial = q->gave_partial || q->page.count > 0;
	partial.page.searched = slice->searched;
	partial.page.total = slice->total;
	if (!q->forward)
		reverse(&partial.page);
	set_ends(q, &partial.page);
	r->tell(q, &partial);
	return true;
}

/* What a row of the list says beyond the delivery's own. What cannot be read is left out. */
static bool add_labels(struct question *q, struct item *item, struct store_labels *labels)
{
	struct store_part part = { 0 };
	struct error ignored;
	struct item full;
	struct delivery_row row = item->row;
	if (store_labels_get(q->store, row.id, labels, &ignored)) {
		row.note = buffer_view(&labels->note);
		row.tags = buffer_view(&labels->tags);
	}
	if (store_get_part(q->store, row.id, 0, 0, &part, &ignored))
		(void)headers_find(buffer_view(&part.headers), "host", &row.host);
	bool fine = item_copy(&full, &row);
	store_part_free(&part);
	if (!fine)
		return false;
	item_free(item);
	*item = full;
	return true;
}

static void add_all_labels(struct question *q)
{
	struct store_labels labels = { 0 };
	for (size_t i = 0; i < q->page.count && !q->stop; i++)
		q->no_memory = !add_labels(q, &q->page.items[i], &labels) || q->no_memory;
	store_labels_free(&labels);
}

/* The first rows of what q->ids, or an order, has, into q->page. A delivery that is gone is left out. */
static void read_rows(struct question *q, const int64_t *ids, size_t count)
{
	struct reading reading = { .question = q };
	for (size_t i = 0; i < count && !q->stop && !q->no_memory; i++) {
		struct error gone;
		if (!store_get(q->store, ids[i], on_row, &reading, &gone) && gone.code != EXIT_USAGE) {
			q->error = gone;
			q->failed = true;
			return;
		}
	}
	add_all_labels(q);
	q->failed = q->no_memory && !error_set(&q->error, EXIT_STORE, "out of memory");
}

static void read_page(struct question *q, tell_partial tell)
{
	struct reading reading = { q, tell };
	struct store_search search = {
		.filter = q->filter,
		.anchor = q->id,
		.forward = q->forward,
		.limit = (uint64_t)q->count + 1,
		.row = on_row,
		.slice = filter_walks(q->filter) ? on_slice : NULL,
		.user = &reading,
	};
	q->partial_at = uv_hrtime();
	q->failed = !store_filter(q->store, &search, &q->error);
	if (!q->failed)
		add_all_labels(q);
	q->failed = q->failed || (q->no_memory && !error_set(&q->error, EXIT_STORE, "out of memory"));
	if (!q->forward)
		reverse(&q->page);
	set_ends(q, &q->page);
}

/* ---- documents ---- */

/* While the buffer of all texts may still move, a view holds its offset in the place of a pointer. */
static void keep_text(struct question *q, struct bytes *text)
{
	struct buffer *all = &q->document.attempt_texts;
	size_t at = all->len;
	if (!buffer_append_bytes(all, *text)) {
		q->no_memory = true;
		text->len = 0;
	}
	text->at = (const uint8_t *)(uintptr_t)at;
}

static struct bytes *attempt_text(struct attempt_row *a, size_t i)
{
	struct bytes *const texts[] = { &a->url, &a->reason, &a->error };
	return i < sizeof texts / sizeof *texts ? texts[i] : NULL;
}

static void on_attempt(void *user, const struct attempt_row *row)
{
	struct question *q = user;
	struct document *d = &q->document;
	struct bytes *text;
	struct attempt_row *attempts = realloc(d->attempts, (d->attempt_count + 1) * sizeof *attempts);
	if (!attempts) {
		q->no_memory = true;
		return;
	}
	d->attempts = attempts;
	struct attempt_row *a = &attempts[d->attempt_count++];
	*a = *row;
	a->chaos = bytes_of(NULL);
	for (size_t i = 0; (text = attempt_text(a, i)); i++)
		keep_text(q, text);
}

static void place_texts(struct document *d)
{
	struct bytes *text;
	for (size_t n = 0; n < d->attempt_count; n++)
		for (size_t i = 0; (text = attempt_text(&d->attempts[n], i)); i++)
			*text = text->len ? bytes_make(d->attempt_texts.at + (uintptr_t)text->at, text->len)
					  : bytes_make(NULL, 0);
}

static void on_replay(void *user, int64_t id)
{
	struct question *q = user;
	struct document *d = &q->document;
	struct item *replays = realloc(d->replays, (d->replay_count + 1) * sizeof *replays);
	if (!replays) {
		q->no_memory = true;
		return;
	}
	d->replays = replays;
	d->replays[d->replay_count++] = (struct item){ .row.id = id };
}

/* Their rows, after the list of their ids was read. */
static bool read_replays(struct question *q)
{
	struct document *d = &q->document;
	bool fine = store_list_replays(q->store, q->id, LIMIT_SHOWN_REPLAYS, on_replay, q, &q->error);
	for (size_t i = 0; fine && i < d->replay_count; i++) {
		int64_t id = d->replays[i].row.id;
		struct error gone;
		if (!item_read(q->store, id, &d->replays[i], &gone)) /* deleted meanwhile: its number stays */
			d->replays[i] = (struct item){ .row.id = id };
	}
	return fine;
}

static bool read_part(struct question *q, struct error *e)
{
	struct document *d = &q->document;
	struct store_part part;
	int attempt = 0;
	if (q->part == SOURCE_RESPONSE) {
		attempt = q->attempt >= 0         ? q->attempt
			  : d->attempt_count == 0 ? 0
						  : d->attempts[d->attempt_count - 1].number;
		d->attempt = attempt;
		if (attempt == 0) /* the app was not called yet, which is no failure */
			return true;
	}
	if (!store_get_part(q->store, q->id, attempt, q->most, &part, e))
		return false;
	d->headers = part.headers;
	d->trailers = part.trailers;
	d->body = part.body;
	d->raw = part.raw;
	d->body_size = part.body_size;
	return true;
}

/* Says why a signature does not hold, as `creel verify` does, where a secret is known. A delivery that was recorded
 * without a secret is judged now. */
static void explain(struct question *q)
{
	struct document *d = &q->document;
	struct verify_options o = { .secrets = q->secrets, .tolerance_ms = -1, .at = -1 };
	struct verified v;
	struct error ignored;
	struct bytes *recorded = &d->item.row.signature;
	if (q->part != SOURCE_REQUEST || !q->secrets || !q->secrets->count ||
	    d->item.row.request_bytes > LIMIT_EXPLAINED_BODY ||
	    (!bytes_equal(*recorded, bytes_of("invalid")) && !bytes_equal(*recorded, bytes_of("unknown"))) ||
	    !verify_one(q->store, q->id, &o, &v, &ignored))
		return;
	if (v.result.verdict == SIGNATURE_INVALID)
		snprintf(d->why, sizeof d->why, "%s", v.result.text);
	if (v.result.verdict == SIGNATURE_INVALID || v.result.verdict == SIGNATURE_VALID)
		*recorded = bytes_of(signature_verdict_name(v.result.verdict));
}

static void read_document(struct question *q)
{
	struct error *e = &q->error;
	struct store_labels labels = { 0 };
	bool fine = item_read(q->store, q->id, &q->document.item, e) &&
		    (add_labels(q, &q->document.item, &labels) || error_set(e, EXIT_STORE, "out of memory")) &&
		    store_list_attempts(q->store, q->id, on_attempt, q, e) && read_replays(q) && read_part(q, e) &&
		    (!q->no_memory || error_set(e, EXIT_STORE, "out of memory"));
	store_labels_free(&labels);
	place_texts(&q->document);
	if (fine)
		explain(q);
	q->failed = !fine;
}

/* ---- previews ---- */

static void on_last_attempt(void *user, const struct attempt_row *row)
{
	struct question *q = user;
	q->preview.reason.len = q->preview.error.len = 0;
	if (!buffer_append_bytes(&q->preview.reason, row->reason) ||
	    !buffer_append_bytes(&q->preview.error, row->error))
		q->no_memory = true;
}

/* What cannot be read is left out without a word, for the row is there. */
static void read_preview(struct question *q)
{
	struct store_part part = { 0 };
	struct error *e = &q->error;
	if (item_read(q->store, q->id, &q->document.item, e) &&
	    store_list_attempts(q->store, q->id, on_last_attempt, q, e) &&
	    store_get_part(q->store, q->id, 0, LIMIT_PREVIEWED_BODY, &part, e))
		(void)signature_event_id(q->document.item.row.provider, buffer_view(&part.headers),
					 buffer_view(&part.body), &q->preview.event_id);
	store_part_free(&part);
}

static void read_count(struct question *q)
{
	struct store_search search = { .filter = q->filter };
	q->failed = !store_filter_count(q->store, &search, &q->counted, &q->error);
}

/* ---- statistics ---- */

static bool on_stats(void *user, const struct stats *so_far, uint64_t searched, uint64_t total)
{
	struct reading *r = user;
	struct question *q = r->question;
	struct partial partial = { 0 };
	uint64_t now = uv_hrtime();
	if (searched >= total || now - q->partial_at < PARTIAL_NS)
		return true;
	q->partial_at = now;
	if (stats_result(so_far, searched, total, &partial.stats))
		r->tell(q, &partial);
	return true;
}

static void read_stats(struct question *q, tell_partial tell)
{
	struct reading reading = { q, tell };
	const struct stats_read wanted = {
		.filter = q->filter, .wish = q->wish, .progress = on_stats, .user = &reading
	};
	q->partial_at = uv_hrtime();
	q->failed = !stats_read(q->store, &wanted, &q->stats, &q->error);
}

/* ---- the order of a column ---- */

/* Moves the rows of what was found into the answer. */
static void take_first(struct question *q, struct ordered *out)
{
	page_free(&q->page);
	q->capacity = 0;
	read_rows(q, out->found.ids, out->found.count < q->count ? out->found.count : q->count);
	out->first = q->page;
	q->page = (struct page){ 0 };
	q->capacity = 0;
}

static bool on_ordered(void *user, struct store_order_run *run, const struct store_slice *slice)
{
	struct reading *r = user;
	struct question *q = r->question;
	struct partial partial = { 0 };
	uint64_t now = uv_hrtime();
	if (slice->searched >= slice->total || now - q->partial_at < PARTIAL_NS)
		return !q->stop;
	q->partial_at = now;
	if (!store_order_so_far(run, &partial.ordered.found))
		return true;
	take_first(q, &partial.ordered);
	partial.ordered.searched = slice->searched;
	partial.ordered.total = slice->total;
	r->tell(q, &partial);
	return !q->failed;
}

static void read_order(struct question *q, tell_partial tell)
{
	struct reading reading = { q, tell };
	const struct store_order_search search = {
		.filter = q->filter, .order = q->order, .progress = on_ordered, .user = &reading
	};
	q->partial_at = uv_hrtime();
	bool fine = store_order_find(q->store, &search, &q->ordered.found, &q->error);
	if (fine && !q->failed)
		take_first(q, &q->ordered);
	q->failed = q->failed || !fine;
}

void inspect_read(struct question *q, tell_partial tell)
{
	switch (q->kind) {
	case ASK_PAGE:
		if (q->ids)
			read_rows(q, q->ids, q->count);
		else
			read_page(q, tell);
		break;
	case ASK_STATS:
		read_stats(q, tell);
		break;
	case ASK_ORDER:
		read_order(q, tell);
		break;
	case ASK_DOCUMENT:
		read_document(q);
		break;
	case ASK_COUNT:
		read_count(q);
		break;
	case ASK_PREVIEW:
		read_preview(q);
		break;
	case ASK_WORK:
		q->work_on(q->user, q->store, NULL);
		break;
	}
}
