/* How much at once and for how long the record is read for the page: questions, work of its own length, looks. */
#include "client/inspect/inspect_source.h"
#include "shared/base/clock.h"
#include "shared/query/store_filter.h"
#include "shared/query/store_part.h"
#include "shared/query/store_query.h"
#include "shared/store/store_private.h"
#include "shared/store/store_stop.h"
#include "tests/unit/shared/store_fixture.h"

#include <stdatomic.h>

#define MANY 40

struct asked {
	uv_loop_t loop;
	struct inspect_source *source;
	bool closed;
	/* Of work that stands still until it is let on. */
	uv_sem_t gate;
	atomic_int standing;
	int over, refused;
};

static void on_closed(void *user)
{
	((struct asked *)user)->closed = true;
}

static void begin(struct asked *a, const struct inspect_bounds *bounds)
{
	struct error e;
	memset(a, 0, sizeof *a);
	assert_int_equal(uv_loop_init(&a->loop), 0);
	assert_int_equal(uv_sem_init(&a->gate, 0), 0);
	a->source = inspect_source_new(&a->loop, path, &e);
	assert_non_null(a->source);
	if (bounds)
		inspect_source_set_bounds(a->source, bounds);
}

static void end(struct asked *a)
{
	inspect_source_close(a->source, on_closed, a);
	uv_run(&a->loop, UV_RUN_DEFAULT);
	assert_true(a->closed);
	assert_int_equal(uv_loop_close(&a->loop), 0);
	uv_sem_destroy(&a->gate);
}

static void make_store(void)
{
	struct store *s = open_store();
	struct error e;
	for (int n = 1; n <= 3; n++) {
		struct store_delivery d = sample(1);
		int64_t id;
		bool duplicate;
		memcpy(d.event_id, &n, sizeof n);
		assert_true(store_insert_delivery(s, &d, &id, &duplicate, &e));
	}
	store_close(s);
}

/* ---- in time ---- */

enum way { WAY_FILTER, WAY_COUNT, WAY_GET, WAY_PART, WAY_BODY, WAY_STATEMENT, WAYS };

struct reading {
	struct asked *asked;
	uint64_t took_ms;
	enum way way;
	struct error error;
};

static void ignore_row(void *user, const struct delivery_row *row)
{
	(void)user;
	(void)row;
}

/* One statement that alone would take longer than anybody waits. */
static bool run_endless(struct store *s, struct error *e)
{
	static const char sql[] =
	    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n";
	return sqlite3_exec(s->db, sql, NULL, NULL, NULL) == SQLITE_OK || store_fail(s, "read", e);
}

static bool read_once(const struct reading *r, struct store *s, struct error *e)
{
	const struct store_search search = { .limit = 10, .row = ignore_row };
	struct store_part part = { 0 };
	struct buffer body = { 0 };
	uint64_t count;
	bool fine = false;
	switch (r->way) {
	case WAY_FILTER:
		return store_filter(s, &search, e);
	case WAY_COUNT:
		return store_filter_count(s, &(struct store_search){ 0 }, &count, e);
	case WAY_GET:
		return store_get(s, 1, ignore_row, NULL, e);
	case WAY_PART:
		fine = store_get_part(s, 1, 0, 100, &part, e);
		store_part_free(&part);
		return fine;
	case WAY_BODY:
		fine = store_get_body(s, 1, 0, 0, 1, &body, e);
		buffer_free(&body);
		return fine;
	case WAY_STATEMENT:
		return run_endless(s, e);
	case WAYS:
		break;
	}
	return false;
}

static void read_on(void *user, struct store *s, const struct error *e)
{
	struct reading *r = user;
	uint64_t from = clock_steady_ms();
	(void)e;
	while (clock_steady_ms() - from < 20000 && read_once(r, s, &r->error))
		;
	r->took_ms = clock_steady_ms() - from;
}

static void on_read(void *user)
{
	((struct reading *)user)->asked->over++;
}

static void test_whatever_a_question_reads_ends_with_its_time(void **state)
{
	static const struct inspect_bounds bounds = { .at_once = WAYS, .patience_us = 100000 };
	struct reading r[WAYS];
	struct asked a;
	(void)state;
	make_store();
	begin(&a, &bounds);
	for (int way = 0; way < WAYS; way++) {
		r[way] = (struct reading){ .asked = &a, .way = (enum way)way };
		assert_true(inspect_source_work(a.source, INSPECT_QUERY, read_on, on_read, &r[way]));
	}
	while (a.over < WAYS)
		uv_run(&a.loop, UV_RUN_ONCE);
	for (int way = 0; way < WAYS; way++) {
		assert_int_equal(r[way].error.code, EXIT_INTERRUPTED);
		assert_string_equal(r[way].error.text,
				    "this takes longer than the 0.1 s that it has: ask for less at once");
		assert_true(r[way].took_ms >= 90 && r[way].took_ms < 10000);
	}
	end(&a);
}

static void read_for_a_while(void *user, struct store *s, const struct error *e)
{
	struct reading *r = user;
	uint64_t from = clock_steady_ms();
	(void)e;
	while (clock_steady_ms() - from < 100 && read_once(r, s, &r->error))
		;
	r->took_ms = clock_steady_ms() - from;
}

/* The connection that a question used up its time with is as new for the next one. */
static void test_the_next_question_has_its_own_time_and_long_work_has_none(void **state)
{
	static const struct inspect_bounds bounds = { .at_once = 1, .patience_us = 20000 };
	struct reading late = { .way = WAY_FILTER }, next = { .way = WAY_FILTER }, whole = { .way = WAY_FILTER };
	struct asked a;
	(void)state;
	make_store();
	begin(&a, &bounds);
	late.asked = next.asked = whole.asked = &a;
	assert_true(inspect_source_work(a.source, INSPECT_QUERY, read_for_a_while, on_read, &late));
	while (a.over < 1)
		uv_run(&a.loop, UV_RUN_ONCE);
	assert_int_equal(late.error.code, EXIT_INTERRUPTED);
	assert_true(inspect_source_work(a.source, INSPECT_LONG, read_for_a_while, on_read, &whole));
	while (a.over < 2)
		uv_run(&a.loop, UV_RUN_ONCE);
	assert_int_equal(whole.error.code, 0);
	assert_true(whole.took_ms >= 100);
	assert_true(inspect_source_work(a.source, INSPECT_QUERY, read_for_a_while, on_read, &next));
	while (a.over < 3)
		uv_run(&a.loop, UV_RUN_ONCE);
	assert_int_equal(next.error.code, EXIT_INTERRUPTED);
	assert_true(next.took_ms >= 18);
	end(&a);
}

/* ---- in number ---- */

static void stand(void *user, struct store *s, const struct error *e)
{
	struct asked *a = user;
	if (!s) {
		assert_int_equal(e->code, EXIT_INTERRUPTED);
		assert_non_null(strstr(e->text, "are under way, which is all there are at once"));
		a->refused++; /* on the loop */
		return;
	}
	atomic_fetch_add(&a->standing, 1);
	uv_sem_wait(&a->gate);
}

static void on_stood(void *user)
{
	((struct asked *)user)->over++;
}

static void ask(struct asked *a, enum inspect_work kind, int count)
{
	for (int i = 0; i < count; i++)
		assert_true(inspect_source_work(a->source, kind, stand, on_stood, a));
}

/* Looks at what stands; a thread that has begun may need a moment to get there. */
static void wait_for_standing(struct asked *a, int count)
{
	uint64_t from = clock_steady_ms();
	while (atomic_load(&a->standing) < count && clock_steady_ms() - from < 20000)
		uv_run(&a->loop, UV_RUN_NOWAIT);
	assert_int_equal(atomic_load(&a->standing), count);
}

static void test_who_finds_no_place_is_told_so_and_nothing_else_is_held_up(void **state)
{
	static const struct inspect_bounds bounds = { .at_once = 8, .wait_ms = 50 };
	struct asked a;
	(void)state;
	make_store();
	begin(&a, &bounds);
	ask(&a, INSPECT_QUERY, 10);
	ask(&a, INSPECT_LONG, 3);
	ask(&a, INSPECT_LOOK, 1);
	wait_for_standing(&a, 8 + 2 + 1);
	while (a.over < 2)
		uv_run(&a.loop, UV_RUN_ONCE);
	assert_int_equal(a.refused, 2); /* questions; the third of what is long waits on */
	assert_int_equal(atomic_load(&a.standing), 11);
	for (int i = 0; i < 12; i++)
		uv_sem_post(&a.gate);
	while (a.over < 14)
		uv_run(&a.loop, UV_RUN_ONCE);
	assert_int_equal(atomic_load(&a.standing), 12);
	/* All places are free again. */
	ask(&a, INSPECT_QUERY, 8);
	wait_for_standing(&a, 20);
	for (int i = 0; i < 8; i++)
		uv_sem_post(&a.gate);
	while (a.over < 22)
		uv_run(&a.loop, UV_RUN_ONCE);
	assert_int_equal(a.refused, 2);
	end(&a);
}

static void test_who_waits_within_its_time_gets_a_place(void **state)
{
	static const struct inspect_bounds bounds = { .at_once = 1, .wait_ms = 60000 };
	struct asked a;
	(void)state;
	make_store();
	begin(&a, &bounds);
	ask(&a, INSPECT_QUERY, MANY);
	for (int i = 1; i <= MANY; i++) {
		wait_for_standing(&a, i);
		uv_sem_post(&a.gate);
	}
	while (a.over < MANY)
		uv_run(&a.loop, UV_RUN_ONCE);
	assert_int_equal(a.refused, 0);
	end(&a);
}

static void nothing(uv_work_t *work)
{
	(void)work;
}

static void on_nothing(uv_work_t *work, int status)
{
	assert_int_equal(status, 0);
	*(bool *)work->data = true;
}

/* libuv's threads are the client's: names are looked up on them, and its record is written. */
static void test_questions_take_none_of_libuvs_threads(void **state)
{
	static const struct inspect_bounds bounds = { .at_once = 8 };
	bool came = false;
	uv_work_t work = { .data = &came };
	struct asked a;
	(void)state;
	make_store();
	begin(&a, &bounds);
	ask(&a, INSPECT_QUERY, 8);
	wait_for_standing(&a, 8);
	assert_int_equal(uv_queue_work(&a.loop, &work, nothing, on_nothing), 0);
	uint64_t from = clock_steady_ms();
	while (!came && clock_steady_ms() - from < 20000)
		uv_run(&a.loop, UV_RUN_NOWAIT);
	assert_true(came);
	for (int i = 0; i < 8; i++)
		uv_sem_post(&a.gate);
	end(&a);
	assert_int_equal(a.over, 8);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_FOLDER(test_whatever_a_question_reads_ends_with_its_time),
		IN_FOLDER(test_the_next_question_has_its_own_time_and_long_work_has_none),
		IN_FOLDER(test_who_finds_no_place_is_told_so_and_nothing_else_is_held_up),
		IN_FOLDER(test_who_waits_within_its_time_gets_a_place),
		IN_FOLDER(test_questions_take_none_of_libuvs_threads),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
