#include "shared/query/store_part.h"
#include "shared/store/store_labels.h"
#include "tests/unit/shared/store_fixture.h"
#include "shared/query/store_query.h"

static struct delivery_row seen;
static char seen_path[64];
static int seen_count;

static void on_row(void *user, const struct delivery_row *row)
{
	(void)user;
	seen = *row;
	seen_count++;
	snprintf(seen_path, sizeof seen_path, "%.*s", (int)row->path.len, (const char *)row->path.at);
}

static void test_bytes_come_back_exactly(void **state)
{
	struct store *s = open_store();
	struct message m;
	struct error e;
	struct stat st;
	bool duplicate, has_body, https;
	(void)state;
	int64_t id = insert(s, 1, &duplicate);
	assert_false(duplicate);
	assert_int_equal(insert(s, 1, &duplicate), id);
	assert_true(duplicate);
	assert_true(store_get_request(s, id, &m, &has_body, &https, &e));
	assert_true(bytes_equal(buffer_view(&m.body), bytes_make("a\0b", 3)));
	assert_true(bytes_equal(buffer_view(&m.headers), bytes_of("Host: x\r\nX-Bin: \xff\r\n")));
	assert_true(has_body && !https);
	store_message_free(&m);
	assert_true(store_get(s, id, on_row, NULL, &e));
	assert_string_equal(seen_path, "/hooks");
	assert_int_equal(seen.state, DELIVERY_SENDING);
	assert_int_equal(seen.received_at_us, 1795438954000001u);
	assert_int_equal(seen.reached_at_us, 1795438954000901u);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	store_close(s);
}

static uint64_t answered[2];

static void on_answered(void *user, const struct attempt_row *row)
{
	(void)user;
	answered[row->number - 1] = row->answered_at_us;
}

/* With the attempt, or behind it. */
static void test_answered(void **state)
{
	struct store *s = open_store();
	struct error e;
	bool duplicate;
	(void)state;
	int64_t id = insert(s, 2, &duplicate);
	struct store_attempt a = { .delivery_id = id, .status = 200, .answered_at_us = 1795438954000077u };
	assert_true(store_insert_attempt(s, &a, &e));
	a.answered_at_us = 0;
	assert_true(store_insert_attempt(s, &a, &e));
	assert_true(store_list_attempts(s, id, on_answered, NULL, &e));
	assert_true(answered[0] == 1795438954000077u && answered[1] == 0);
	assert_true(store_set_answered(s, id, 2, 1795438954000099u, &e));
	assert_true(store_set_answered(s, id, 3, 1, &e)); /* is not there (any more) */
	assert_true(store_list_attempts(s, id, on_answered, NULL, &e));
	assert_true(answered[0] == 1795438954000077u && answered[1] == 1795438954000099u);
	store_close(s);
}

static void test_attempts_make_the_summary(void **state)
{
	struct store *s = open_store();
	struct message m;
	struct error e;
	bool duplicate;
	(void)state;
	int64_t id = insert(s, 2, &duplicate);
	struct store_attempt a = {
		.delivery_id = id, .result = ATTEMPT_TIMEOUT, .error = bytes_of("slow"), .total_us = 5
	};
	assert_true(store_insert_attempt(s, &a, &e));
	assert_true(store_get(s, id, on_row, NULL, &e));
	assert_true(seen.state == DELIVERY_FAILED && seen.timed_out && seen.attempts == 1 && seen.status == 0);
	assert_false(seen.broke_off);
	struct store_attempt half = { .delivery_id = id, .result = ATTEMPT_ABORTED, .status = 200, .total_us = 7 };
	assert_true(store_insert_attempt(s, &half, &e));
	assert_true(store_get(s, id, on_row, NULL, &e));
	assert_true(seen.state == DELIVERY_FAILED && seen.broke_off && !seen.timed_out && seen.status == 200);
	struct store_attempt b = {
		.delivery_id = id, .status = 201, .body = bytes_of("ok"), .body_size = 2, .total_us = 9
	};
	assert_true(store_insert_attempt(s, &b, &e));
	assert_true(store_get(s, id, on_row, NULL, &e));
	assert_true(seen.state == DELIVERY_DELIVERED && seen.status == 201 && seen.attempts == 3 && seen.took_us == 9);
	assert_true(store_get_response(s, id, 0, &m, &e));
	assert_true(bytes_equal(buffer_view(&m.body), bytes_of("ok")));
	store_message_free(&m);
	assert_false(store_get_response(s, id, 4, &m, &e));
	assert_int_equal(e.code, EXIT_USAGE);
	b.delivery_id = 999;
	assert_false(store_insert_attempt(s, &b, &e));
	store_close(s);
}

static void test_resolve(void **state)
{
	struct store *s = open_store();
	struct error e;
	bool duplicate;
	int64_t id;
	(void)state;
	int64_t first = insert(s, 0x11, &duplicate);
	assert_true(store_resolve(s, "#1", &id, &e) && id == first);
	assert_true(store_resolve(s, "11111111-1111", &id, &e) && id == first);
	assert_true(store_resolve(s, "11111111", &id, &e) && id == first);
	assert_false(store_resolve(s, "1111111", &id, &e));
	assert_false(store_resolve(s, "99", &id, &e));
	assert_int_equal(e.code, EXIT_USAGE);
	assert_false(store_resolve(s, "x'; DROP TABLE delivery", &id, &e));
	store_close(s);
}

/* Of a body that lies in a file: `kept` bytes of `len`. */
static void write_long_body(size_t len, size_t kept)
{
	struct store *s = open_store();
	struct store_delivery d = sample(9);
	struct spill body;
	struct message out = { 0 };
	struct error e;
	bool duplicate, has_body, https;
	int64_t id;
	spill_init(&body, NULL);
	for (uint32_t i = 0; i < len; i += sizeof i)
		assert_true(spill_append(&body, &i, sizeof i));
	assert_false(spill_view(&body, &d.body));
	d.body = bytes_make(NULL, kept);
	d.spilled = &body;
	d.body_size = spill_len(&body);
	assert_true(store_batch_ops.begin(s, &e) && store_insert_delivery(s, &d, &id, &duplicate, &e));
	assert_true(store_batch_ops.commit(s, &e));
	assert_true(store_get_request(s, id, &out, &has_body, &https, &e));
	assert_int_equal(out.body.len, kept);
	assert_int_equal(out.body_size, len);
	for (size_t i = 0; i + 4 <= kept; i += 4) {
		uint32_t n;
		memcpy(&n, out.body.at + i, sizeof n);
		assert_int_equal(n, i);
	}
	store_message_free(&out);
	/* What cannot be read back fails, and the batch with it. */
	d.event_id[0] ^= 1;
	d.body.len = len + 1;
	assert_true(store_batch_ops.begin(s, &e));
	assert_false(store_insert_delivery(s, &d, &id, &duplicate, &e));
	assert_int_equal(e.code, EXIT_STORE);
	store_batch_ops.rollback(s);
	spill_free(&body);
	store_close(s);
}

static void test_a_long_body_is_written_in_pieces(void **state)
{
	(void)state;
	write_long_body(2u << 20, SPILL_MEMORY + 12345);
}

static void test_a_longer_body_is_written_in_pieces(void **state)
{
	(void)state;
	write_long_body(20u << 20, (17u << 20) + 12345);
}

static void test_rollback_leaves_nothing(void **state)
{
	struct store *s = open_store();
	struct store_delivery d = sample(7);
	struct error e;
	bool duplicate;
	int64_t id;
	(void)state;
	assert_true(store_batch_ops.begin(s, &e));
	assert_true(store_insert_delivery(s, &d, &id, &duplicate, &e));
	store_batch_ops.rollback(s);
	seen_count = 0;
	assert_true(store_list(s, 0, 10, on_row, NULL, &e));
	assert_int_equal(seen_count, 0);
	store_close(s);
}

static int64_t ids[64];
static size_t id_count;

static void on_id(void *user, const struct delivery_row *row)
{
	(void)user;
	if (id_count < sizeof ids / sizeof *ids)
		ids[id_count++] = row->id;
}

/* Everything that two rows say, but who they are. */
static void assert_same_rows(struct store *s, int64_t a, int64_t b)
{
	static const char *const differ[] = {
#define COLUMNS                                                                                                        \
	"SELECT tunnel, received_at, method, target, path, prefix, peer, https, has_body, provider, event_type,"       \
	" signature, state, status, status_class, took_us, attempts, request_bytes, response_bytes, origin,"           \
	" replay_of, reached_at, forwarded, redacted FROM delivery WHERE id = "
		COLUMNS "?1 EXCEPT " COLUMNS "?2",
#undef COLUMNS
#define COLUMNS                                                                                                        \
	"SELECT number, started_at, result, status, url, reason, error, connect_us, first_byte_us, total_us,"          \
	" response_bytes, answered_at, cut, kept, headers, trailers, body, raw FROM attempt WHERE delivery_id = "
		COLUMNS "?1 EXCEPT " COLUMNS "?2",
#undef COLUMNS
#define COLUMNS "SELECT id % 4096, headers, trailers, body, raw FROM message WHERE id / 4096 = "
		COLUMNS "?1 EXCEPT " COLUMNS "?2",
#undef COLUMNS
	};
	for (size_t i = 0; i < sizeof differ / sizeof *differ; i++) {
		sqlite3_stmt *st;
		if (sqlite3_prepare_v2(s->db, differ[i], -1, &st, NULL) != SQLITE_OK)
			fail_msg("%s: %s", differ[i], sqlite3_errmsg(s->db));
		sqlite3_bind_int64(st, 1, a);
		sqlite3_bind_int64(st, 2, b);
		assert_int_equal(sqlite3_step(st), SQLITE_DONE);
		sqlite3_finalize(st);
	}
}

static void test_at_once_is_as_one_after_the_other(void **state)
{
	static uint8_t large[STORE_SHORT_ANSWER + 1];
	static const struct store_attempt calls[] = {
		{ .status = 200, .total_us = 9, .body_size = 1, .answered_at_us = 4 },
		{ .status = 404, .total_us = 9 },
		{ .result = ATTEMPT_TIMEOUT, .total_us = 9 },
		{ .result = ATTEMPT_ABORTED, .status = 200, .total_us = 9 },
		{ .result = ATTEMPT_UNREACHABLE, .then = ATTEMPT_THEN_HELD },
		{ .result = ATTEMPT_CANCELLED, .then = ATTEMPT_THEN_WAITING },
		{ .status = 302, .body = { large, sizeof large }, .body_size = sizeof large },
	};
	struct store *s = open_store();
	struct error e;
	(void)state;
	for (uint8_t i = 0; i < sizeof calls / sizeof *calls; i++) {
		struct store_delivery d = sample(1);
		struct store_attempt a = calls[i];
		int64_t whole, again;
		bool duplicate;
		memset(d.event_id, 2 * i, UUID_LEN);
		assert_true(store_insert_whole(s, &d, &a, &whole, &duplicate, &e) && !duplicate);
		assert_true(store_insert_whole(s, &d, &a, &again, &duplicate, &e) && duplicate && again == whole);
		memset(d.event_id, 2 * i + 1, UUID_LEN);
		assert_true(store_insert_delivery(s, &d, &a.delivery_id, &duplicate, &e));
		assert_true(store_insert_attempt(s, &a, &e));
		assert_same_rows(s, whole, a.delivery_id);
		assert_same_rows(s, a.delivery_id, whole);
	}
	store_close(s);
}

static void test_pages_follow_one_another(void **state)
{
	struct store *s = open_store();
	struct error e;
	bool duplicate;
	(void)state;
	for (uint8_t n = 1; n <= 7; n++)
		insert(s, n, &duplicate);
	int64_t before = 0, expected = 7;
	for (int page = 0; page < 3; page++) {
		id_count = 0;
		assert_true(store_list(s, before, 3, on_id, NULL, &e));
		assert_int_equal(id_count, page < 2 ? 3 : 1);
		for (size_t i = id_count; i > 0; i--)
			assert_int_equal(ids[i - 1], expected--);
		before = ids[0];
	}
	assert_int_equal(expected, 0);
	store_close(s);
}

static void test_event_ids_with_one_beginning(void **state)
{
	struct store *s = open_store();
	struct store_delivery d = sample(0xab);
	struct error e;
	bool duplicate;
	int64_t first = insert(s, 0xab, &duplicate), second, id;
	(void)state;
	d.event_id[15] = 0x01;
	assert_true(store_insert_delivery(s, &d, &second, &duplicate, &e));
	assert_false(duplicate);
	assert_false(store_resolve(s, "abababab", &id, &e));
	assert_int_equal(e.code, EXIT_USAGE);
	assert_non_null(strstr(e.text, "more than one"));
	assert_true(store_resolve(s, "ABABABAB-abab-abab-abab-abababababab", &id, &e) && id == first);
	assert_true(store_resolve(s, "abababab-abab-abab-abab-ababababab01", &id, &e) && id == second);
	assert_false(store_resolve(s, "abababab-abab-abab-abab-ababababab0100", &id, &e));
	assert_false(store_resolve(s, "", &id, &e));
	assert_false(store_resolve(s, "0", &id, &e));
	assert_false(store_resolve(s, "99999999999999999999999999999999999", &id, &e));
	assert_int_equal(e.code, EXIT_USAGE);
	store_close(s);
}

static void test_states_and_what_is_left(void **state)
{
	struct store *s = open_store(), *other = open_store();
	struct store_delivery d = sample(3);
	struct error e;
	bool duplicate;
	int64_t id, refused, last, before, after;
	(void)state;
	id = insert(s, 1, &duplicate);
	assert_true(store_version(other, &before, &e));
	insert(s, 2, &duplicate);
	assert_true(store_version(other, &after, &e));
	assert_int_not_equal(before, after);
	d.state = DELIVERY_REFUSED;
	d.refused_status = 413;
	assert_true(store_insert_delivery(s, &d, &refused, &duplicate, &e));
	assert_true(store_get(s, refused, on_row, NULL, &e));
	assert_true(seen.state == DELIVERY_REFUSED && seen.status == 413 && seen.took_us == -1);
	assert_true(store_set_state(s, id, DELIVERY_HELD, &e));
	id_count = 0;
	assert_true(store_list_unfinished(s, on_id, NULL, &e));
	assert_true(id_count == 1 && ids[0] == 2);
	struct store_attempt a = { .delivery_id = 2, .result = ATTEMPT_UNREACHABLE };
	assert_true(store_insert_attempt(s, &a, &e)); /* failed, and called once more */
	assert_true(store_set_state(s, 2, DELIVERY_SENDING, &e));
	id_count = 0;
	assert_true(store_list_unfinished(s, on_id, NULL, &e));
	assert_true(id_count == 1 && ids[0] == 2);
	assert_true(store_last(s, &last, &e) && last == 2);
	assert_false(store_get(s, 99, on_row, NULL, &e));
	assert_int_equal(e.code, EXIT_USAGE);
	store_close(other);
	store_close(s);
}

static struct delivery_row state_of(struct store *s, int64_t id)
{
	struct error e;
	assert_true(store_get(s, id, on_row, NULL, &e));
	return seen;
}

/* What waits for the app, and what was lost with a client. */
static void test_held_and_lost(void **state)
{
	struct store *s = open_store();
	struct error e;
	bool duplicate;
	int count = -1;
	(void)state;
	int64_t id = insert(s, 1, &duplicate), other = insert(s, 2, &duplicate);
	struct store_attempt a = { .delivery_id = id, .result = ATTEMPT_UNREACHABLE, .then = ATTEMPT_THEN_HELD };
	assert_true(store_insert_attempt(s, &a, &e));
	assert_int_equal(state_of(s, id).state, DELIVERY_HELD);
	id_count = 0;
	assert_true(store_list_held(s, on_id, NULL, &e));
	assert_true(id_count == 1 && ids[0] == id);
	/* Called, and put back: it is where it was. */
	assert_true(store_set_state(s, id, DELIVERY_SENDING, &e));
	id_count = 0;
	assert_true(store_list_held(s, on_id, NULL, &e));
	assert_int_equal(id_count, 0);
	assert_true(store_list_unfinished(s, on_id, NULL, &e));
	assert_true(id_count == 2 && ids[0] == id && ids[1] == other);
	assert_true(store_set_state(s, id, DELIVERY_HELD, &e));
	id_count = 0;
	assert_true(store_list_held(s, on_id, NULL, &e));
	assert_true(id_count == 1 && ids[0] == id);
	/* A lost call counts, and the delivery is to be called still. */
	a = (struct store_attempt){ .delivery_id = other, .result = ATTEMPT_CANCELLED, .then = ATTEMPT_THEN_WAITING };
	assert_true(store_insert_attempt(s, &a, &e) && store_insert_attempt(s, &a, &e));
	assert_int_equal(state_of(s, other).state, DELIVERY_WAITING);
	assert_int_equal(state_of(s, other).attempts, 2);
	id_count = 0;
	assert_true(store_list_unfinished(s, on_id, NULL, &e));
	assert_true(id_count == 1 && ids[0] == other);
	assert_true(store_count_attempts(s, other, ATTEMPT_CANCELLED, &count, &e) && count == 2);
	assert_true(store_count_attempts(s, other, ATTEMPT_UNREACHABLE, &count, &e) && count == 0);
	assert_true(store_count_attempts(s, id, ATTEMPT_UNREACHABLE, &count, &e) && count == 1);
	a.then = ATTEMPT_THEN_OVER;
	assert_true(store_insert_attempt(s, &a, &e));
	assert_int_equal(state_of(s, other).state, DELIVERY_FAILED);
	store_close(s);
}

static char status_words[64];

static void on_status(void *user, const struct client_status *c)
{
	++*(int *)user;
	snprintf(status_words, sizeof status_words, "%lld %.*s", (long long)c->pid, (int)c->state.len,
		 (const char *)c->state.at);
}

static void test_status_is_one_row_a_process(void **state)
{
	struct store *s = open_store();
	struct client_status c = { .pid = 42, .started_at_us = 1, .state = bytes_of("connecting") };
	struct error e;
	int count = 0;
	(void)state;
	assert_true(store_put_status(s, &c, &e));
	c.state = bytes_of("online");
	assert_true(store_put_status(s, &c, &e));
	assert_true(store_list_status(s, on_status, &count, &e));
	assert_int_equal(count, 1);
	assert_string_equal(status_words, "42 online");
	assert_true(store_drop_status(s, 42, &e));
	assert_true(store_list_status(s, on_status, &count, &e));
	assert_int_equal(count, 1);
	store_close(s);
}

static int64_t count_rows(struct store *s, const char *table)
{
	char sql[64];
	sqlite3_stmt *st;
	snprintf(sql, sizeof sql, "SELECT count(*) FROM %s", table);
	assert_int_equal(sqlite3_prepare_v2(s->db, sql, -1, &st, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(st), SQLITE_ROW);
	int64_t count = sqlite3_column_int64(st, 0);
	sqlite3_finalize(st);
	return count;
}

/* What pruning will rely on: the bytes go with their delivery, the neighbours' stay. */
static void test_a_delivery_takes_its_bytes_along(void **state)
{
	struct store *s = open_store();
	struct message m;
	struct error e;
	bool duplicate, has_body, https;
	(void)state;
	for (uint8_t n = 1; n <= 3; n++) {
		struct store_attempt a = { .delivery_id = insert(s, n, &duplicate), .status = 200 };
		assert_true(store_insert_attempt(s, &a, &e));
	}
	assert_int_equal(count_rows(s, "message"), 3);
	assert_int_equal(sqlite3_exec(s->db, "DELETE FROM delivery WHERE id = 2", NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(count_rows(s, "message"), 2);
	assert_int_equal(count_rows(s, "attempt"), 2);
	for (int64_t id = 1; id <= 3; id += 2) {
		assert_true(store_get_request(s, id, &m, &has_body, &https, &e));
		store_message_free(&m);
		assert_true(store_get_response(s, id, 1, &m, &e));
		store_message_free(&m);
	}
	assert_false(store_get_request(s, 2, &m, &has_body, &https, &e));
	store_close(s);
}

/* A short answer stands in its attempt's row and a longer one beside it; nobody who reads them sees a difference. */
static void test_answers_short_and_long(void **state)
{
	static const size_t lengths[] = { 0, 1, 4000, 4088, 4089, 5000, 70000 }; /* with 8 bytes of head */
	static char body[70000];
	struct store *s = open_store();
	struct error e;
	bool duplicate;
	(void)state;
	int64_t id = insert(s, 1, &duplicate);
	for (size_t i = 0; i < sizeof body; i++)
		body[i] = (char)('a' + i % 23);
	for (int n = 0; n < 7; n++) {
		struct store_attempt a = { .delivery_id = id,
					   .status = 200,
					   .headers = bytes_of("Abc: d\r\n"),
					   .body = bytes_make(body, lengths[n]),
					   .body_size = lengths[n] };
		struct message m;
		struct store_part part;
		struct buffer piece = { 0 };
		size_t half = lengths[n] / 2;
		assert_true(store_insert_attempt(s, &a, &e));
		assert_true(store_get_response(s, id, 0, &m, &e));
		assert_true(bytes_equal(buffer_view(&m.body), a.body));
		assert_true(bytes_equal(buffer_view(&m.headers), a.headers));
		store_message_free(&m);
		assert_true(store_get_part(s, id, n + 1, 3, &part, &e));
		assert_int_equal(part.body_size, lengths[n]);
		assert_true(bytes_equal(buffer_view(&part.body), bytes_make(body, lengths[n] < 3 ? lengths[n] : 3)));
		store_part_free(&part);
		assert_true(store_get_body(s, id, n + 1, half, 100000, &piece, &e));
		assert_true(bytes_equal(buffer_view(&piece), bytes_make(body + half, lengths[n] - half)));
		buffer_free(&piece);
	}
	assert_int_equal(count_rows(s, "message"), 1 + 3);
	store_close(s);
}

/* The number of a delivery's attempts has an end: the next one's id would be another delivery's. */
static void test_attempts_have_an_end(void **state)
{
	struct store *s = open_store();
	struct error e;
	bool duplicate;
	(void)state;
	struct store_attempt a = { .delivery_id = insert(s, 1, &duplicate), .status = 200 };
	struct store_attempt gone = { .delivery_id = 9, .status = 200 };
	assert_true(store_batch_ops.begin(s, &e));
	for (int n = 1; n <= 4095; n++)
		assert_true(store_insert_attempt(s, &a, &e));
	assert_true(store_batch_ops.commit(s, &e));
	assert_false(store_insert_attempt(s, &a, &e));
	assert_int_equal(count_rows(s, "attempt"), 4095);
	assert_false(store_insert_attempt(s, &gone, &e));
	assert_non_null(strstr(e.text, "delivery 9 is gone"));
	store_close(s);
}

static int64_t plan_says(struct store *s, const char *sql, const char *what)
{
	sqlite3_stmt *st;
	int64_t found = 0;
	assert_int_equal(sqlite3_prepare_v2(s->db, sql, -1, &st, NULL), SQLITE_OK);
	while (sqlite3_step(st) == SQLITE_ROW)
		found += strstr((const char *)sqlite3_column_text(st, 3), what) != NULL;
	sqlite3_finalize(st);
	return found;
}

static void test_a_mark_needs_its_delivery(void **state)
{
	struct store *s = open_store();
	struct error e = { 0 };
	bool duplicate;
	(void)state;
	int64_t id = insert(s, 1, &duplicate);
	assert_true(store_batch_ops.begin(s, &e));
	assert_true(store_add_tag(s, id, bytes_of("marked"), &e));
	assert_true(store_add_tag(s, id, bytes_of("marked"), &e));
	assert_false(store_add_tag(s, 77, bytes_of("marked"), &e));
	assert_string_equal(e.text, "delivery 77 is no longer on record");
	store_batch_ops.rollback(s);
	store_close(s);
}

/* tui/DESIGN.md §3.6: a class is an equality on an index that gives the ids in order, without a sort. */
static void test_a_class_is_found_by_its_index(void **state)
{
	static const char sql[] =
	    "EXPLAIN QUERY PLAN SELECT id FROM delivery WHERE status_class = 5 AND status_class <> 2"
	    " AND id < 1000"
	    " ORDER BY id DESC LIMIT 64";
	struct store *s = open_store();
	(void)state;
	assert_int_equal(plan_says(s, sql, "delivery_by_class"), 1);
	assert_int_equal(plan_says(s, sql, "TEMP B-TREE"), 0);
	store_close(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_FOLDER(test_bytes_come_back_exactly),
		IN_FOLDER(test_answered),
		IN_FOLDER(test_attempts_make_the_summary),
		IN_FOLDER(test_at_once_is_as_one_after_the_other),
		IN_FOLDER(test_pages_follow_one_another),
		IN_FOLDER(test_resolve),
		IN_FOLDER(test_event_ids_with_one_beginning),
		IN_FOLDER(test_states_and_what_is_left),
		IN_FOLDER(test_held_and_lost),
		IN_FOLDER(test_status_is_one_row_a_process),
		IN_FOLDER(test_a_long_body_is_written_in_pieces),
		IN_FOLDER(test_a_longer_body_is_written_in_pieces),
		IN_FOLDER(test_rollback_leaves_nothing),
		IN_FOLDER(test_a_delivery_takes_its_bytes_along),
		IN_FOLDER(test_answers_short_and_long),
		IN_FOLDER(test_attempts_have_an_end),
		IN_FOLDER(test_a_mark_needs_its_delivery),
		IN_FOLDER(test_a_class_is_found_by_its_index),
	};
	return RUN(tests);
}
