/* The inspector's questions to the store: pages both ways, walks with partial answers, what is dropped, long bodies. */
#include "client/inspect/inspect_source.h"
#include "shared/query/store_filter.h"
#include "tests/unit/shared/store_fixture.h"
#include "shared/upkeep/store_prune.h"

#define LONG_BODY (8u << 20)

struct asked {
	uv_loop_t loop;
	struct inspect_source *source;
	/* The last answer, and how many there were. */
	struct page page;
	struct document document;
	struct preview preview;
	uint64_t count, generation;
	int pages, partials, documents, counts, previews;
	uint64_t least_searched;
	bool cancel_at_partial, cancel_pages, closed;
};

static void on_page(void *user, uint64_t generation, struct page *p)
{
	struct asked *a = user;
	page_free(&a->page);
	a->page = *p;
	a->generation = generation;
	if (!p->searched) {
		a->pages++;
		return;
	}
	a->partials++;
	assert_true(p->total >= p->searched);
	if (a->cancel_at_partial)
		inspect_source_ops.cancel(a->source, a->cancel_pages ? on_page : NULL);
}

static void on_document(void *user, uint64_t generation, struct document *d)
{
	struct asked *a = user;
	document_free(&a->document);
	a->document = *d;
	a->generation = generation;
	a->documents++;
}

static void on_count(void *user, uint64_t generation, uint64_t count)
{
	struct asked *a = user;
	a->count = count;
	a->generation = generation;
	a->counts++;
}

static void on_preview(void *user, uint64_t generation, struct preview *p)
{
	struct asked *a = user;
	preview_free(&a->preview);
	a->preview = *p;
	a->generation = generation;
	a->previews++;
}

static void on_closed(void *user)
{
	((struct asked *)user)->closed = true;
}

static void begin(struct asked *a)
{
	struct error e;
	memset(a, 0, sizeof *a);
	assert_int_equal(uv_loop_init(&a->loop), 0);
	a->source = inspect_source_new(&a->loop, path, &e);
	if (!a->source)
		fail_msg("%s", e.text);
}

static void end(struct asked *a)
{
	inspect_source_close(a->source, on_closed, a);
	uv_run(&a->loop, UV_RUN_DEFAULT);
	assert_true(a->closed);
	assert_int_equal(uv_loop_close(&a->loop), 0);
	page_free(&a->page);
	document_free(&a->document);
	preview_free(&a->preview);
}

/* The async handle keeps the loop alive: turns until an answer is there. */
static void wait_for(struct asked *a, const int *counter, int count)
{
	while (*counter < count)
		uv_run(&a->loop, UV_RUN_ONCE);
}

static const struct page *ask_page(struct asked *a, const char *filter, int64_t anchor, bool forward, size_t count)
{
	int before = a->pages;
	inspect_source_ops.page(a->source, filter, anchor, forward, count, 7, on_page, a);
	assert_int_equal(a->pages, before); /* never within the call */
	wait_for(a, &a->pages, before + 1);
	return &a->page;
}

static const struct document *ask_document(struct asked *a, int64_t id, enum source_part part, int attempt,
					   uint64_t most)
{
	int before = a->documents;
	inspect_source_ops.get(a->source, id, part, attempt, most, 9, on_document, a);
	wait_for(a, &a->documents, before + 1);
	return &a->document;
}

static int64_t add_one(struct store *s, int n, struct bytes body, const char *event)
{
	struct store_delivery d = sample(1);
	struct error e;
	bool duplicate;
	int64_t id;
	memcpy(d.event_id, &n, sizeof n);
	d.body = body;
	d.body_size = body.len;
	d.event_type = bytes_of(event);
	if (!store_insert_delivery(s, &d, &id, &duplicate, &e))
		fail_msg("%s", e.text);
	return id;
}

static void add_many(struct store *s, int from, int count)
{
	struct error e;
	assert_true(store_batch_ops.begin(s, &e));
	for (int n = from; n < from + count; n++)
		add_one(s, n, bytes_of(n % 1000 ? "{}" : "{\"needle\":1}"), n % 3 ? "invoice.paid" : "push");
	assert_true(store_batch_ops.commit(s, &e));
}

static void delete_range(struct store *s, int64_t from, int64_t to)
{
	struct error e;
	assert_true(store_batch_ops.begin(s, &e));
	for (int64_t id = from; id <= to; id++)
		assert_true(store_delete(s, id, &e));
	assert_true(store_batch_ops.commit(s, &e));
}

static void assert_ids(const struct page *p, int64_t first, int64_t last)
{
	assert_null(p->trouble);
	assert_int_equal(p->count, last - first + 1);
	for (size_t i = 0; i < p->count; i++)
		assert_int_equal(p->items[i].row.id, first + (int64_t)i);
}

static void test_pages(void **state)
{
	struct store *s = open_store();
	struct asked a;
	(void)state;
	add_many(s, 1, 300);
	begin(&a);
	const struct page *p = ask_page(&a, NULL, 0, false, 64);
	assert_ids(p, 237, 300);
	assert_int_equal(a.generation, 7);
	assert_true(p->more_before);
	assert_false(p->more_after);
	p = ask_page(&a, "", 237, false, 300);
	assert_ids(p, 1, 236);
	assert_false(p->more_before);
	assert_true(p->more_after);
	p = ask_page(&a, NULL, 0, true, 10);
	assert_ids(p, 1, 10);
	assert_false(p->more_before);
	assert_true(p->more_after);
	p = ask_page(&a, NULL, 290, true, 64);
	assert_ids(p, 291, 300);
	assert_true(p->more_before);
	assert_false(p->more_after);
	/* Exactly as many as are asked for: there are no others. */
	p = ask_page(&a, NULL, 200, true, 100);
	assert_ids(p, 201, 300);
	assert_false(p->more_after);
	assert_memory_equal(p->items[0].row.target.at, "/hooks?a=1", 10);
	p = ask_page(&a, "event:push id:<31", 0, false, 5);
	assert_int_equal(p->count, 5);
	assert_int_equal(p->items[0].row.id, 18);
	assert_int_equal(p->items[4].row.id, 30);
	assert_true(p->more_before);
	p = ask_page(&a, "event:nothing", 0, false, 5);
	assert_null(p->trouble);
	assert_int_equal(p->count, 0);
	assert_false(p->more_before);
	p = ask_page(&a, "status:lots", 0, false, 5);
	assert_non_null(strstr(p->trouble, "column 8"));
	end(&a);
	store_close(s);
}

static void test_check(void **state)
{
	struct store *s = open_store();
	struct asked a;
	struct error e;
	(void)state;
	begin(&a);
	assert_true(inspect_source_ops.check(a.source, "status:5xx", &e));
	assert_false(inspect_source_ops.check(a.source, "sttus:5xx", &e));
	assert_int_equal(e.code, EXIT_USAGE);
	assert_non_null(strstr(e.text, "column 1"));
	end(&a);
	store_close(s);
}

/* A walk over bodies says how far it is, and what it found is there before it ends. */
static void test_walk(void **state)
{
	struct store *s = open_store();
	struct asked a;
	(void)state;
	add_many(s, 1, 60000);
	begin(&a);
	const struct page *p = ask_page(&a, "body:/needle/", 0, false, 100);
	assert_int_equal(p->count, 60);
	assert_int_equal(p->items[59].row.id, 60000);
	assert_true(a.partials > 0);
	/* Whoever is gone is not answered, and the thread is free for others. */
	a.cancel_at_partial = true;
	int pages = a.pages, partials = a.partials;
	inspect_source_ops.page(a.source, "body:/needl./", 0, true, 100, 8, on_page, &a);
	inspect_source_ops.count(a.source, "body:/needle/", 1, on_count, &a);
	/* By the first row found. */
	while (a.partials == partials && a.pages == pages)
		uv_run(&a.loop, UV_RUN_ONCE);
	a.cancel_at_partial = false;
	p = ask_page(&a, NULL, 0, false, 1);
	assert_ids(p, 60000, 60000);
	assert_int_equal(a.pages, pages + 1);
	assert_int_equal(a.counts, 0);
	/* Or the page alone, and the count comes. */
	a.cancel_at_partial = a.cancel_pages = true;
	partials = a.partials;
	pages = a.pages;
	inspect_source_ops.page(a.source, "body:/needl./", 0, true, 100, 9, on_page, &a);
	inspect_source_ops.count(a.source, "body:/needle/", 2, on_count, &a);
	wait_for(&a, &a.counts, 1);
	assert_int_equal(a.pages, pages);
	assert_int_equal(a.count, 60);
	end(&a);
	store_close(s);
}

/* A count that walks ends when nobody wants it, and no other does. */
static void test_count_cancelled(void **state)
{
	struct store *s = open_store();
	struct asked a;
	(void)state;
	add_many(s, 1, 30000);
	begin(&a);
	inspect_source_ops.count(a.source, "", 1, on_count, &a);
	inspect_source_ops.count(a.source, "body:/needle/", 2, on_count, &a);
	inspect_source_ops.cancel_count(a.source, 2);
	wait_for(&a, &a.counts, 1);
	assert_int_equal(a.generation, 1);
	assert_int_equal(a.count, 30000);
	end(&a);
	assert_int_equal(a.counts, 1);
	store_close(s);
}

/* A page asked anew takes the place of the one before, also of one that did not begin. */
static void test_stale(void **state)
{
	struct store *s = open_store();
	struct asked a;
	(void)state;
	add_many(s, 1, 30000);
	begin(&a);
	for (uint64_t generation = 1; generation <= 12; generation++)
		inspect_source_ops.page(a.source, "body:/needle/", 0, false, 100, generation, on_page, &a);
	inspect_source_ops.page(a.source, NULL, 0, false, 3, 13, on_page, &a);
	wait_for(&a, &a.pages, 1);
	assert_int_equal(a.generation, 13);
	assert_ids(&a.page, 29998, 30000);
	/* Counts of another filter do not end the one of all. */
	inspect_source_ops.count(a.source, "", 20, on_count, &a);
	inspect_source_ops.count(a.source, "body:/needle/", 21, on_count, &a);
	inspect_source_ops.count(a.source, "event:push", 22, on_count, &a);
	wait_for(&a, &a.counts, 2);
	assert_int_equal(a.generation == 22 ? a.count : 10000, 10000);
	end(&a);
	assert_int_equal(a.pages, 1);
	assert_int_equal(a.counts, 2);
	store_close(s);
}

static void test_counts(void **state)
{
	struct store *s = open_store();
	struct asked a;
	(void)state;
	add_many(s, 1, 3000);
	begin(&a);
	inspect_source_ops.count(a.source, "", 1, on_count, &a);
	wait_for(&a, &a.counts, 1);
	assert_int_equal(a.count, 3000);
	inspect_source_ops.count(a.source, "event:push", 2, on_count, &a);
	wait_for(&a, &a.counts, 2);
	assert_int_equal(a.count, 1000);
	end(&a);
	store_close(s);
}

static void test_changes(void **state)
{
	struct store *s = open_store();
	struct asked a;
	(void)state;
	add_many(s, 1, 50);
	begin(&a);
	inspect_source_ops.changed(a.source);
	assert_false(inspect_source_ops.changed(a.source));
	ask_page(&a, NULL, 0, false, 10);
	assert_false(inspect_source_ops.changed(a.source));
	/* What is deleted below a page is no longer there, and what came is. */
	delete_range(s, 20, 45);
	assert_true(inspect_source_ops.changed(a.source));
	assert_false(inspect_source_ops.changed(a.source));
	const struct page *p = ask_page(&a, NULL, 46, false, 10);
	assert_ids(p, 10, 19);
	add_many(s, 51, 5);
	assert_true(inspect_source_ops.changed(a.source));
	p = ask_page(&a, NULL, 50, true, 10);
	assert_ids(p, 51, 55);
	const struct document *d = ask_document(&a, 30, SOURCE_REQUEST, 0, 100);
	assert_non_null(strstr(d->trouble, "30"));
	end(&a);
	store_close(s);
}

static void attempt(struct store *s, int64_t id, const char *url, const char *body)
{
	struct store_attempt t = { .delivery_id = id,
				   .result = ATTEMPT_OK,
				   .status = 500,
				   .url = bytes_of(url),
				   .reason = bytes_of("No"),
				   .headers = bytes_of("Content-Type: text/plain\r\n"),
				   .body = bytes_of(body),
				   .body_size = strlen(body) };
	struct error e;
	if (!store_insert_attempt(s, &t, &e))
		fail_msg("%s", e.text);
}

static void test_documents(void **state)
{
	struct store *s = open_store();
	struct asked a;
	struct error e;
	bool duplicate;
	int64_t replay;
	(void)state;
	char *body = test_malloc(LONG_BODY);
	memset(body, 'x', LONG_BODY);
	memcpy(body, "begin", 5);
	assert_true(store_batch_ops.begin(s, &e));
	int64_t id = add_one(s, 1, bytes_make(body, LONG_BODY), "push");
	attempt(s, id, "http://localhost:3000/a", "first");
	attempt(s, id, "http://localhost:3000/b", "second");
	struct store_delivery d = sample(2);
	d.origin = ORIGIN_REPLAY;
	d.replay_of = id;
	assert_true(store_insert_delivery(s, &d, &replay, &duplicate, &e));
	assert_true(store_batch_ops.commit(s, &e));
	begin(&a);
	const struct document *got = ask_document(&a, id, SOURCE_REQUEST, 0, 1000);
	assert_null(got->trouble);
	assert_int_equal(got->item.row.id, id);
	assert_int_equal(got->body.len, 1000);
	assert_int_equal(got->body_size, LONG_BODY);
	assert_memory_equal(got->body.at, "beginxx", 7);
	assert_memory_equal(got->headers.at, d.headers.at, d.headers.len);
	assert_int_equal(got->attempt_count, 2);
	assert_memory_equal(got->attempts[1].url.at, "http://localhost:3000/b", 23);
	assert_memory_equal(got->attempts[0].reason.at, "No", 2);
	assert_int_equal(got->replay_count, 1);
	assert_int_equal(got->replays[0].row.id, replay);
	got = ask_document(&a, id, SOURCE_REQUEST, 0, UINT64_MAX);
	assert_int_equal(got->body.len, LONG_BODY);
	got = ask_document(&a, id, SOURCE_RESPONSE, 1, 100);
	assert_int_equal(got->attempt, 1);
	assert_memory_equal(got->body.at, "first", 5);
	got = ask_document(&a, id, SOURCE_RESPONSE, -1, 3);
	assert_int_equal(got->attempt, 2);
	assert_int_equal(got->body.len, 3);
	assert_int_equal(got->body_size, 6);
	got = ask_document(&a, id, SOURCE_RESPONSE, 3, 100);
	assert_non_null(strstr(got->trouble, "no attempt 3"));
	got = ask_document(&a, replay, SOURCE_RESPONSE, -1, 100);
	assert_null(got->trouble);
	assert_int_equal(got->headers.len, 0);
	end(&a);
	store_close(s);
	test_free(body);
}

static void check_preview(struct asked *a, int64_t id, const char *event_id, const char *reason)
{
	int before = a->previews;
	inspect_source_ops.preview(a->source, id, (uint64_t)id, on_preview, a);
	assert_int_equal(a->previews, before);
	wait_for(a, &a->previews, before + 1);
	if (!bytes_equal(buffer_view(&a->preview.event_id), bytes_of(event_id)) ||
	    !bytes_equal(buffer_view(&a->preview.reason), bytes_of(reason)))
		fail_msg("%lld: %.*s, %.*s", (long long)id, (int)a->preview.event_id.len,
			 (const char *)a->preview.event_id.at, (int)a->preview.reason.len,
			 (const char *)a->preview.reason.at);
}

/* What the provider and the app said, of the newest question alone. */
static void test_previews(void **state)
{
	struct store *s = open_store();
	struct asked a;
	struct error e;
	bool duplicate;
	int64_t github;
	(void)state;
	assert_true(store_batch_ops.begin(s, &e));
	int64_t own = add_one(s, 1, bytes_of("{\"id\":\"evt_1\",\"type\":\"a.b\"}"), "a.b");
	attempt(s, own, "http://localhost:3000/a", "first");
	struct store_delivery d = sample(2);
	d.provider = bytes_of("github");
	d.headers = bytes_of("X-GitHub-Delivery: 72d3162e\r\n");
	assert_true(store_insert_delivery(s, &d, &github, &duplicate, &e));
	int64_t none = add_one(s, 3, bytes_of("{}"), "a.b");
	assert_true(store_batch_ops.commit(s, &e));
	begin(&a);
	check_preview(&a, own, "evt_1", "No");
	check_preview(&a, github, "72d3162e", "");
	check_preview(&a, none, "", "");
	check_preview(&a, 77, "", ""); /* is not there */
	int before = a.previews;
	inspect_source_ops.preview(a.source, own, 100, on_preview, &a);
	inspect_source_ops.preview(a.source, github, 101, on_preview, &a);
	wait_for(&a, &a.previews, before + 1);
	assert_int_equal(a.generation, 101);
	assert_memory_equal(a.preview.event_id.at, "72d3162e", 8);
	inspect_source_ops.preview(a.source, own, 102, on_preview, &a); /* and is not waited for */
	end(&a);
	assert_int_equal(a.previews, before + 1);
	store_close(s);
}

static void test_state(void **state)
{
	struct store *s = open_store();
	struct asked a;
	struct error e;
	struct client_state now;
	struct client_status c = { .pid = getpid(),
				   .confirmed_at_us = UINT64_C(1) << 60,
				   .ping_interval_ms = 15000,
				   .state = bytes_of("online"),
				   .url = bytes_of("https://k3f9.example.dev"),
				   .target = bytes_of("http://localhost:3000") };
	(void)state;
	begin(&a);
	inspect_source_ops.state(a.source, &now);
	assert_false(now.running);
	assert_true(store_put_status(s, &c, &e));
	inspect_source_ops.state(a.source, &now);
	assert_true(now.running);
	assert_string_equal(now.state, "online");
	assert_string_equal(now.url, "https://k3f9.example.dev");
	/* Of one that has not been confirmed for long, and of one that is gone. */
	c.confirmed_at_us = 1;
	assert_true(store_put_status(s, &c, &e));
	inspect_source_ops.state(a.source, &now);
	assert_string_equal(now.state, "offline");
	assert_true(store_drop_status(s, getpid(), &e));
	c.pid = INT32_MAX;
	assert_true(store_put_status(s, &c, &e));
	inspect_source_ops.state(a.source, &now);
	assert_false(now.running);
	end(&a);
	store_close(s);
}

static void test_no_store(void **state)
{
	uv_loop_t loop;
	struct error e;
	(void)state;
	assert_int_equal(uv_loop_init(&loop), 0);
	assert_null(inspect_source_new(&loop, path, &e));
	assert_int_equal(e.code, EXIT_STORE);
	assert_int_equal(uv_loop_close(&loop), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_FOLDER(test_pages),           IN_FOLDER(test_check),    IN_FOLDER(test_walk),
		IN_FOLDER(test_count_cancelled), IN_FOLDER(test_stale),    IN_FOLDER(test_counts),
		IN_FOLDER(test_changes),         IN_FOLDER(test_state),    IN_FOLDER(test_documents),
		IN_FOLDER(test_no_store),        IN_FOLDER(test_previews),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
