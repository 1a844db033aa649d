/* The bound on the record's size: kept at each commit, by the right ones giving way. */
#include "shared/query/store_query.h"
#include "shared/upkeep/store_bound.h"
#include "shared/query/store_filter.h"
#include "tests/unit/shared/store_fixture.h"
#include "shared/upkeep/store_prune.h"

#define KIB 1024u
#define MIB (1024u * KIB)
#define MARGIN (128 * KIB)

struct world {
	struct store *s;
	struct store_bound bound;
	uint64_t most_seen; /* bytes of all files, at the worst moment */
	int next;
	uint8_t *bytes; /* 16 MiB */
};

static uint64_t files_size(void)
{
	static const char *const tails[] = { "", "-wal", "-shm" };
	uint64_t sum = 0;
	for (size_t i = 0; i < 3; i++) {
		char name[200];
		struct stat st;
		snprintf(name, sizeof name, "%s%s", path, tails[i]);
		sum += stat(name, &st) == 0 ? (uint64_t)st.st_size : 0;
	}
	return sum;
}

static struct world begin_world(uint64_t max_bytes)
{
	struct world w = { .s = open_store(), .bound = store_bound_of(max_bytes, 64 * MIB) };
	struct error e;
	assert_true(store_sync_apart(w.s, &e));
	if (!store_keep_bound(w.s, &w.bound, &e))
		fail_msg("%s", e.text);
	w.bytes = calloc(1, 16 * MIB);
	assert_non_null(w.bytes);
	return w;
}

static void end_world(struct world *w)
{
	store_close(w->s);
	free(w->bytes);
}

static void look(struct world *w)
{
	uint64_t size = files_size();
	w->most_seen = size > w->most_seen ? size : w->most_seen;
}

static void commit(struct world *w)
{
	struct error e;
	if (!store_sync_apart_ops.commit(w->s, &e))
		fail_msg("%s", e.text);
	look(w);
}

/* A delivery with a body of that length, in a transaction of its own; its id, or 0 when there is no room. */
static int64_t add_request(struct world *w, size_t len, enum delivery_state state)
{
	struct store_delivery d = sample(1);
	struct error e;
	int64_t id = 0;
	bool duplicate;
	w->next++;
	memcpy(d.event_id, &w->next, sizeof w->next);
	len = len < w->bound.request ? len : (size_t)w->bound.request;
	d.body = bytes_make(w->bytes, len);
	d.body_size = len;
	d.state = state;
	assert_true(store_sync_apart_ops.begin(w->s, &e));
	if (!store_make_room(w->s, len + d.headers.len, &e)) {
		assert_int_equal(e.code, EXIT_STORE);
		assert_non_null(strstr(e.text, "--max-size"));
		store_sync_apart_ops.rollback(w->s);
		return 0;
	}
	if (!store_insert_delivery(w->s, &d, &id, &duplicate, &e))
		fail_msg("%s", e.text);
	commit(w);
	return id;
}

/* As the recorder does it; what of it went on record. */
static size_t add_answer(struct world *w, int64_t id, size_t len)
{
	size_t came = len < w->bound.answer ? len : (size_t)w->bound.answer;
	struct store_attempt a = { .delivery_id = id,
				   .status = 200,
				   .headers = bytes_of("A: b\r\n"),
				   .body = bytes_make(w->bytes, came),
				   .body_size = len };
	struct error e;
	uint64_t granted;
	assert_true(store_sync_apart_ops.begin(w->s, &e));
	if (!store_make_room_for_answer(w->s, a.headers.len, came, &granted, &e))
		fail_msg("%s", e.text);
	assert_true(granted <= came);
	a.body.len = (size_t)granted;
	a.cut = granted < len ? ANSWER_CUT_NO_ROOM : ANSWER_CUT_NOT;
	if (!store_insert_attempt(w->s, &a, &e))
		fail_msg("%s", e.text);
	commit(w);
	return (size_t)granted;
}

static int64_t number(struct world *w, const char *sql)
{
	sqlite3_stmt *st;
	if (sqlite3_prepare_v2(w->s->db, sql, -1, &st, NULL) != SQLITE_OK || sqlite3_step(st) != SQLITE_ROW)
		fail_msg("%s: %s", sql, sqlite3_errmsg(w->s->db));
	int64_t value = sqlite3_column_int64(st, 0);
	sqlite3_finalize(st);
	return value;
}

static void expect_within(const struct world *w)
{
	if (w->most_seen > w->bound.max_bytes + MARGIN)
		fail_msg("the files took %llu bytes, the bound is %llu", (unsigned long long)w->most_seen,
			 (unsigned long long)w->bound.max_bytes);
}

/* The parts of a bound fit into it, whatever it is. */
static void test_parts(void **state)
{
	(void)state;
	for (uint64_t max = STORE_BOUND_LEAST; max < UINT64_C(1) << 44; max += max / 3)
		for (uint64_t record = 0; record < UINT64_C(1) << 42; record = record * 5 + 1) {
			struct store_bound b = store_bound_of(max, record);
			assert_true(b.log + b.database < max && b.database > max / 2);
			assert_true(b.requests < b.database && b.transaction > 0);
			assert_true(b.log_short > 0 && b.log_short + b.transaction + b.request + b.answer <= b.log);
			assert_true(b.request <= record && b.answer <= b.request);
		}
	struct store_bound b = store_bound_of(UINT64_C(2) << 30, 64 * MIB);
	assert_int_equal(b.request, 64 * MIB); /* by default --record-max is what counts */
	assert_int_equal(b.answer, 64 * MIB);
	b = store_bound_of(0, 64 * MIB);
	assert_int_equal(b.request, 64 * MIB);
}

static void wipe(void)
{
	char command[200];
	snprintf(command, sizeof command, "rm -rf %s/sub", folder);
	assert_int_equal(system(command), 0);
}

/* However many answers of whatever size come, they take one another's place, and no request goes for them. */
static void answers_flood(uint64_t max_bytes, size_t len, int count)
{
	wipe();
	struct world w = begin_world(max_bytes);
	for (int i = 0; i < 100; i++)
		add_answer(&w, add_request(&w, 1000, DELIVERY_SENDING), 20);
	int64_t last = 0;
	for (int i = 0; i < count; i++) {
		last = add_request(&w, 0, DELIVERY_SENDING);
		add_answer(&w, last, i % 3 == 2 ? len / 7 : len);
	}
	expect_within(&w);
	assert_int_equal(number(&w, "SELECT count(*) FROM delivery"), 100 + count);
	assert_int_equal(number(&w, "SELECT count(*) FROM message WHERE id % 4096 = 0 AND length(body) = 1000"), 100);
	assert_int_equal(number(&w, "SELECT count(*) FROM attempt WHERE delivery_id <= 100 AND cut <> 0"), 0);
	assert_true(number(&w, "SELECT count(*) FROM attempt WHERE cut = 3") > count / 4);
	/* What the table says of the bodies is so. */
	assert_int_equal(number(&w, "SELECT count(*) FROM attempt a JOIN message m ON m.id = a.id"
				    " WHERE kept IS NOT (CASE WHEN length(m.body) > 4096 THEN length(m.body) END)"),
			 0);
	assert_int_equal(number(&w, "SELECT count(*) FROM attempt a JOIN message m ON m.id = a.id"
				    " WHERE cut = 3 AND length(m.body) > 0"),
			 0);
	assert_int_equal(
	    w.s->keeping.answers,
	    number(&w, "SELECT coalesce(sum((kept + 4091) / 4092), 0) FROM attempt WHERE kept IS NOT NULL"));
	/* The newest is there, as much of it as one may take. */
	struct message m;
	struct error e;
	assert_true(store_get_response(w.s, last, 0, &m, &e));
	uint64_t expected = (uint64_t)number(&w, "SELECT response_bytes FROM delivery ORDER BY id DESC LIMIT 1");
	expected = expected < w.bound.answer ? expected : w.bound.answer;
	assert_int_equal(m.body.len, expected);
	store_message_free(&m);
	assert_int_equal(number(&w, "SELECT count(*) FROM pragma_integrity_check WHERE integrity_check <> 'ok'"), 0);
	struct store_gave_way gone = store_take_gave_way(w.s);
	assert_int_equal(gone.deliveries, 0);
	assert_int_equal(gone.answers, number(&w, "SELECT count(*) FROM attempt WHERE cut = 3"));
	assert_int_equal(store_take_gave_way(w.s).answers, 0);
	end_world(&w);
}

static void test_answers_give_way_to_answers(void **state)
{
	(void)state;
	answers_flood(2 * MIB, 100 * KIB, 120);
	answers_flood(2 * MIB, 3 * MIB, 100);
	answers_flood(20 * MIB, 3 * MIB, 100);
	answers_flood(2 * MIB, 6000, 400);
}

/* Requests alone make room by the oldest going; the newest are there, and answers have their quarter still. */
static void requests_flood(uint64_t max_bytes, size_t len, int count)
{
	wipe();
	struct world w = begin_world(max_bytes);
	for (int i = 0; i < count; i++) {
		int64_t id = add_request(&w, len, DELIVERY_SENDING);
		assert_true(id > 0);
		add_answer(&w, id, 5000);
	}
	expect_within(&w);
	int64_t left = number(&w, "SELECT count(*) FROM delivery");
	if (left >= count || left < 3)
		fail_msg("%lld of %d are left", (long long)left, count);
	assert_int_equal(number(&w, "SELECT max(id) - min(id) + 1 FROM delivery"), left); /* the oldest, and no other */
	assert_int_equal(number(&w, "SELECT max(id) FROM delivery"), count);
	assert_int_equal(number(&w, "SELECT count(*) FROM attempt WHERE cut <> 0 AND delivery_id > (SELECT max(id) - 2"
				    " FROM delivery)"),
			 0);
	/* About what may be used is used. */
	uint64_t used = (uint64_t)number(&w, "SELECT sum(length(body)) FROM message");
	assert_true(used > w.bound.requests / 3);
	assert_int_equal(store_take_gave_way(w.s).deliveries, (uint64_t)(count - left));
	end_world(&w);
}

static void test_requests_give_way_to_requests(void **state)
{
	(void)state;
	requests_flood(2 * MIB, 3000, 1500);
	requests_flood(2 * MIB, 60 * KIB, 200);
	requests_flood(16 * MIB, 1 * MIB, 60);
	requests_flood(2 * MIB, 1 * MIB, 30);
}

/* Answers that filled all the room there was make it again for requests, down to their quarter. */
static void test_answers_give_way_to_requests(void **state)
{
	(void)state;
	struct world w = begin_world(4 * MIB);
	for (int i = 0; i < 60; i++)
		add_answer(&w, add_request(&w, 10, DELIVERY_SENDING), 100 * KIB);
	int64_t answers = w.s->keeping.answers;
	for (int i = 0; i < 30; i++)
		add_answer(&w, add_request(&w, 50 * KIB, DELIVERY_SENDING), 10);
	expect_within(&w);
	assert_int_equal(number(&w, "SELECT count(*) FROM delivery"), 90);
	assert_true(w.s->keeping.answers < answers);
	end_world(&w);
}

/* What is waiting or under way stays: then there is no room, and a sentence says so. Once it is over there is. */
static void test_what_is_under_way_stays(void **state)
{
	(void)state;
	struct world w = begin_world(2 * MIB);
	int64_t id, count = 0;
	while ((id = add_request(&w, 50 * KIB, DELIVERY_SENDING)) != 0)
		assert_true(++count < 100);
	assert_true(count > 10);
	assert_int_equal(number(&w, "SELECT count(*) FROM delivery"), count);
	expect_within(&w);
	/* What became of them goes on record all the same. */
	for (id = 1; id <= count; id++)
		add_answer(&w, id, 100);
	assert_true(add_request(&w, 50 * KIB, DELIVERY_SENDING) > 0);
	assert_true(number(&w, "SELECT min(id) FROM delivery") > 1);
	expect_within(&w);
	end_world(&w);
}

/* A bound that was lowered, or what another program wrote: in small transactions, answers before requests. */
static void test_approach(void **state)
{
	struct error e;
	bool more = true;
	int steps = 0;
	(void)state;
	struct world w = begin_world(64 * MIB);
	for (int i = 0; i < 300; i++)
		add_answer(&w, add_request(&w, 1000, DELIVERY_SENDING), 64 * KIB);
	store_close(w.s);
	free(w.bytes);
	w = begin_world(4 * MIB);
	w.next = 300;
	for (; more; steps++) {
		assert_true(store_sync_apart_ops.begin(w.s, &e));
		assert_true(store_approach_bound(w.s, &more, &e));
		commit(&w);
	}
	assert_true(steps > 5);
	assert_int_equal(number(&w, "SELECT count(*) FROM delivery"), 300);
	assert_true(
	    number(&w, "SELECT 4096 * (page_count - freelist_count) FROM pragma_page_count, pragma_freelist_count") <=
	    (int64_t)w.bound.database);
	uint64_t before = files_size();
	for (int i = 0; i < 200; i++)
		add_answer(&w, add_request(&w, 3000, DELIVERY_SENDING), 64 * KIB);
	assert_true(files_size() <= before + w.bound.log);
	store_close(w.s);
	free(w.bytes);
	w = begin_world(1 * MIB);
	for (more = true; more;) {
		assert_true(store_sync_apart_ops.begin(w.s, &e));
		assert_true(store_approach_bound(w.s, &more, &e));
		commit(&w);
	}
	int64_t left = number(&w, "SELECT count(*) FROM delivery");
	assert_true(left > 20 && left < 500);
	assert_int_equal(number(&w, "SELECT max(id) FROM delivery"), 500);
	end_world(&w);
}

/* With nothing to do a little is made free for what may come: step by step, and no more than that. */
static void test_room_ahead(void **state)
{
	struct error e;
	bool more = true;
	(void)state;
	struct world w = begin_world(256 * MIB);
	int steps = 0;
	store_close(w.s);
	w.s = open_store();
	w.bound.database = 64 * MIB;
	w.bound.requests = 48 * MIB;
	assert_true(store_sync_apart(w.s, &e) && store_keep_bound(w.s, &w.bound, &e));
	for (int i = 0; i < 60; i++)
		add_request(&w, MIB, DELIVERY_DELIVERED);
	int64_t before = number(&w, "SELECT count(*) FROM delivery");
	assert_in_range(before, 44, 48);
	for (; more; steps++) {
		assert_true(store_sync_apart_ops.begin(w.s, &e));
		if (!store_make_room_ahead(w.s, &more, &e))
			fail_msg("%s", e.text);
		commit(&w);
	}
	int64_t after = number(&w, "SELECT count(*) FROM delivery");
	assert_in_range(before - after, 1, 3);
	assert_in_range(steps, 2, 4);
	assert_true(store_sync_apart_ops.begin(w.s, &e));
	assert_true(store_make_room_ahead(w.s, &more, &e));
	commit(&w);
	assert_false(more);
	assert_int_equal(number(&w, "SELECT count(*) FROM delivery"), after);
	add_request(&w, MIB, DELIVERY_DELIVERED); /* nothing has to go for it */
	assert_int_equal(number(&w, "SELECT count(*) FROM delivery"), after + 1);
	end_world(&w);
}

/* A small store has no room to spare, and what is under way stays. */
static void test_no_room_ahead(void **state)
{
	struct error e;
	bool more = true;
	(void)state;
	struct world w = begin_world(4 * MIB);
	for (int i = 0; i < 40; i++)
		add_request(&w, 100 * KIB, DELIVERY_DELIVERED);
	int64_t before = number(&w, "SELECT count(*) FROM delivery");
	assert_true(store_sync_apart_ops.begin(w.s, &e));
	assert_true(store_make_room_ahead(w.s, &more, &e));
	commit(&w);
	assert_false(more);
	assert_int_equal(number(&w, "SELECT count(*) FROM delivery"), before);
	store_close(w.s);
	w.s = open_store();
	w.bound.database = 64 * MIB;
	w.bound.requests = MIB;
	assert_true(store_sync_apart(w.s, &e) && store_keep_bound(w.s, &w.bound, &e));
	assert_int_equal(sqlite3_exec(w.s->db, "UPDATE delivery SET state = 1", NULL, NULL, NULL), SQLITE_OK);
	assert_true(store_sync_apart_ops.begin(w.s, &e));
	assert_true(store_make_room_ahead(w.s, &more, &e));
	commit(&w);
	assert_false(more);
	assert_int_equal(number(&w, "SELECT count(*) FROM delivery"), before);
	end_world(&w);
}

/* Another thread has begun to move the log, and large bodies keep coming: it stays as short as its bound says. */
static void test_the_log_beside_large_bodies(void **state)
{
	struct error e;
	(void)state;
	struct world w = begin_world(512 * MIB);
	struct store *own = open_store();
	for (int i = 0; i < 16; i++) {
		struct store_delivery d = sample(1);
		int64_t id;
		bool duplicate;
		memset(d.event_id, 0x40 + i, sizeof d.event_id);
		d.body = bytes_make(w.bytes, 10 * MIB);
		assert_true(store_sync_apart_ops.begin(w.s, &e));
		assert_true(store_insert_delivery(w.s, &d, &id, &duplicate, &e));
		if (store_log_is_long(w.s))
			store_shorten_log(own, w.s);
		commit(&w);
	}
	assert_true(number(&w, "SELECT page_count FROM pragma_page_count()") * 4096 > 100 * MIB);
	char log[200];
	struct stat st;
	snprintf(log, sizeof log, "%s-wal", path);
	assert_int_equal(stat(log, &st), 0);
	assert_in_range(st.st_size, MIB, 48 * MIB);
	store_close(own);
	end_world(&w);
}

/* Another connection deletes and writes: what this one knows of the answers is counted anew. */
static void test_others_write(void **state)
{
	struct error e;
	(void)state;
	struct world w = begin_world(4 * MIB);
	for (int i = 0; i < 40; i++)
		add_answer(&w, add_request(&w, 10, DELIVERY_SENDING), 100 * KIB);
	struct store *other = open_store();
	assert_true(store_batch_ops.begin(other, &e));
	for (int64_t id = 1; id <= 38; id++)
		assert_true(store_delete(other, id, &e));
	assert_true(store_batch_ops.commit(other, &e));
	store_close(other);
	for (int i = 0; i < 40; i++)
		add_answer(&w, add_request(&w, 10, DELIVERY_SENDING), 100 * KIB);
	w.most_seen = 0; /* the other's log was long */
	look(&w);
	expect_within(&w);
	assert_int_equal(number(&w, "SELECT count(*) FROM delivery"), 42);
	assert_int_equal(
	    w.s->keeping.answers,
	    number(&w, "SELECT coalesce(sum((kept + 4091) / 4092), 0) FROM attempt WHERE kept IS NOT NULL"));
	end_world(&w);
}

/* A transaction that is taken back has made no room, and used none. */
static void test_rolled_back(void **state)
{
	struct error e;
	uint64_t granted;
	(void)state;
	struct world w = begin_world(4 * MIB);
	for (int i = 0; i < 40; i++)
		add_answer(&w, add_request(&w, 10, DELIVERY_SENDING), 100 * KIB);
	int64_t before = number(&w, "SELECT sum(kept) FROM attempt");
	for (int i = 0; i < 50; i++) {
		assert_true(store_sync_apart_ops.begin(w.s, &e));
		assert_true(store_make_room_for_answer(w.s, 100, 100 * KIB, &granted, &e));
		store_sync_apart_ops.rollback(w.s);
	}
	assert_int_equal(number(&w, "SELECT sum(kept) FROM attempt"), before);
	for (int i = 0; i < 40; i++)
		add_answer(&w, add_request(&w, 10, DELIVERY_SENDING), 100 * KIB);
	expect_within(&w);
	end_world(&w);
}

/* While somebody reads far back the log cannot begin anew: answers are cut, requests are taken. */
static void test_a_reader_holds_the_log(void **state)
{
	(void)state;
	struct world w = begin_world(4 * MIB);
	add_answer(&w, add_request(&w, 10, DELIVERY_SENDING), 100 * KIB);
	struct store *reader = open_store();
	assert_int_equal(sqlite3_exec(reader->db, "BEGIN; SELECT count(*) FROM delivery", NULL, NULL, NULL), SQLITE_OK);
	size_t last = 1;
	for (int i = 0; i < 100; i++)
		last = add_answer(&w, add_request(&w, 10, DELIVERY_SENDING), 100 * KIB);
	assert_int_equal(last, 0);
	assert_int_equal(number(&w, "SELECT count(*) FROM delivery"), 101);
	assert_true(w.most_seen < w.bound.max_bytes + 2 * MIB);
	store_close(reader);
	for (int i = 0; i < 3; i++)
		last = add_answer(&w, add_request(&w, 10, DELIVERY_SENDING), 100 * KIB);
	assert_int_equal(last, 100 * KIB);
	end_world(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parts),
		IN_FOLDER(test_answers_give_way_to_answers),
		IN_FOLDER(test_requests_give_way_to_requests),
		IN_FOLDER(test_answers_give_way_to_requests),
		IN_FOLDER(test_what_is_under_way_stays),
		IN_FOLDER(test_approach),
		IN_FOLDER(test_room_ahead),
		IN_FOLDER(test_the_log_beside_large_bodies),
		IN_FOLDER(test_no_room_ahead),
		IN_FOLDER(test_others_write),
		IN_FOLDER(test_rolled_back),
		IN_FOLDER(test_a_reader_holds_the_log),
	};
	return RUN(tests);
}
