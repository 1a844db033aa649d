/* What waits on the relay's disk: in order, once, counted, expired, sealed. Its file is test_spool_file.c. */
#include "relay/spool/spool_private.h"
#include "tests/unit/relay/spool_fixture.h"

#include <sqlite3.h>

#define NO_KEY bytes_make(NULL, 0)

static void expect(struct spool_waiting *w, uint32_t n, const char *payload)
{
	assert_int_equal(bytes_get_u32(w->event_id), n);
	assert_true(bytes_equal(buffer_view(&w->payload), bytes_of(payload)));
	assert_false(w->sealed);
}

static void test_put_fetch_forget_in_order(void **state)
{
	(void)state;
	open_spool();
	int64_t dev = join_as("dev", NO_KEY), other = join_as("other", NO_KEY);
	assert_int_not_equal(dev, other);
	/* Not in the order of their ids: the order is that of arrival. */
	put(dev, 3, "first");
	put(other, 9, "of another");
	put(dev, 1, "second");
	put(dev, 2, "third");
	assert_int_equal(spool_level(spool, dev).count, 3);
	assert_int_equal(spool_level(spool, dev).bytes, 16);
	assert_int_equal(spool_total(spool).count, 4);

	struct spool_waiting *list = fetch(dev, 0, 2);
	struct spool_waiting *first = take(&list), *second = take(&list);
	assert_null(list);
	expect(first, 3, "first");
	expect(second, 1, "second");
	assert_true(second->row > first->row);
	assert_in_range(first->received_at_us, clock_now_us() - 60000000, clock_now_us());
	list = fetch(dev, second->row, 2);
	struct spool_waiting *third = take(&list);
	assert_null(list);
	expect(third, 2, "third");
	assert_null(fetch(dev, third->row, 2));

	/* In any order, and twice: what is gone is gone. */
	spool_forget(spool, dev, third->row);
	spool_forget(spool, dev, first->row);
	spool_forget(spool, dev, first->row);
	spool_forget(spool, other, second->row); /* not of this mailbox */
	WAIT(spool_level(spool, dev).count == 1);
	assert_int_equal(spool_level(spool, dev).bytes, 6);
	assert_int_equal(spool_total(spool).count, 2);
	list = fetch(dev, 0, 9);
	expect(list, 1, "second");
	assert_int_equal(count_and_free(list), 1);
	spool_waiting_free(first);
	spool_waiting_free(second);
	spool_waiting_free(third);
}

struct recalled {
	int count;
	int64_t id;
	char tunnel[64], owner[64];
	size_t key_len;
	uint32_t options;
	bool random_name;
	uint64_t seen_at_us;
};

static bool on_recall(void *user, const struct spool_mailbox *m)
{
	struct recalled *r = user;
	r->count++;
	r->id = m->id;
	snprintf(r->tunnel, sizeof r->tunnel, "%.*s", (int)m->tunnel.len, (const char *)m->tunnel.at);
	snprintf(r->owner, sizeof r->owner, "%.*s", (int)m->owner.len, (const char *)m->owner.at);
	r->key_len = m->key.len;
	r->options = m->options;
	r->random_name = m->random_name;
	r->seen_at_us = m->seen_at_us;
	return true;
}

static struct recalled recall(void)
{
	struct recalled r = { 0 };
	struct error e;
	assert_true(spool_recall(spool, on_recall, &r, &e));
	return r;
}

static bool refuse(void *user, const struct spool_mailbox *m)
{
	(void)user;
	(void)m;
	return false;
}

static void test_all_is_there_after_a_restart(void **state)
{
	struct error e;
	(void)state;
	open_spool();
	int64_t dev = join_as("dev", NO_KEY);
	put(dev, 1, "one");
	put(dev, 2, "two");
	put(dev, 3, "three");
	struct spool_waiting *list = fetch(dev, 0, 1);
	spool_forget(spool, dev, list->row);
	count_and_free(list);
	spool_seen(spool, dev, 1234567);
	reopen_spool(); /* closing commits what was still on its way */

	struct recalled r = recall();
	assert_int_equal(r.count, 1);
	assert_int_equal(r.id, dev);
	assert_string_equal(r.tunnel, "dev");
	assert_string_equal(r.owner, "alice");
	assert_int_equal(r.key_len, 0);
	assert_int_equal(r.options, 4);
	assert_true(r.random_name);
	assert_int_equal(r.seen_at_us, 1234567);
	assert_false(spool_recall(spool, refuse, NULL, &e));
	assert_int_equal(e.code, EXIT_STORE);

	assert_int_equal(spool_level(spool, dev).count, 2);
	assert_int_equal(spool_level(spool, dev).bytes, 8);
	assert_int_equal(spool_total(spool).count, 2);
	/* The client comes back, with another owner's name: the mailbox is the same. */
	struct spool_mailbox again = { .tunnel = bytes_of("dev"), .owner = bytes_of("alice-and-bob"), .seen_at_us = 9 };
	assert_int_equal(spool_join(spool, &again), dev);
	put(dev, 4, "four");
	list = fetch(dev, 0, 9);
	struct spool_waiting *two = take(&list), *three = take(&list), *four = take(&list);
	expect(two, 2, "two");
	expect(three, 3, "three");
	expect(four, 4, "four");
	assert_null(list);
	spool_waiting_free(two);
	spool_waiting_free(three);
	spool_waiting_free(four);
	reopen_spool();
	assert_string_equal(recall().owner, "alice-and-bob");
	assert_false(recall().random_name);
}

static uint64_t waiting_in(int64_t mailbox)
{
	return spool_level(spool, mailbox).bytes;
}

static void test_what_waits_in_each_mailbox(void **state)
{
	(void)state;
	open_spool();
	int64_t dev = join_as("dev", NO_KEY), other = join_as("other", NO_KEY);
	assert_int_equal(waiting_in(dev), 0);
	/* Counted from the moment it is put, not from the commit. */
	struct answer a = { 0 };
	struct spool_item item = item_of(1, bytes_of("123456"));
	spool_put(spool, dev, &item, on_put, &a);
	assert_int_equal(a.done, 0);
	assert_int_equal(waiting_in(dev), 6);
	assert_int_equal(waiting_in(other), 0);
	assert_int_equal(waiting_in(dev + 100), 0);
	WAIT(a.done == 1);
	assert_false(a.failed);
	assert_int_equal(waiting_in(dev), 6);
	reopen_spool();
	assert_int_equal(waiting_in(dev), 6);
	struct spool_waiting *list = fetch(dev, 0, 1);
	spool_forget(spool, dev, list->row);
	count_and_free(list);
	WAIT(waiting_in(dev) == 0);
	assert_int_equal(spool_total(spool).bytes, 0);
}

static void test_an_event_waits_once(void **state)
{
	(void)state;
	open_spool();
	int64_t dev = join_as("dev", NO_KEY), other = join_as("other", NO_KEY);
	put(dev, 1, "same");
	put(dev, 1, "other bytes");
	put(other, 1, "same");
	assert_int_equal(spool_level(spool, dev).count, 1);
	assert_int_equal(spool_level(spool, dev).bytes, 4);
	assert_int_equal(spool_total(spool).count, 2);
	/* Twice in one transaction. */
	struct answer a = { 0 };
	struct spool_item item = item_of(2, bytes_of("abc"));
	spool_put(spool, dev, &item, on_put, &a);
	spool_put(spool, dev, &item, on_put, &a);
	assert_int_equal(spool_level(spool, dev).count, 3);
	WAIT(a.done == 2);
	assert_false(a.failed);
	assert_int_equal(spool_level(spool, dev).count, 2);
	assert_int_equal(spool_level(spool, dev).bytes, 7);
	struct spool_waiting *list = fetch(dev, 0, 9);
	expect(list, 1, "same");
	assert_int_equal(count_and_free(list), 2);
}

static void test_a_fetch_is_bounded(void **state)
{
	enum { MIB = 1 << 20 };
	(void)state;
	open_spool();
	int64_t dev = join_as("dev", NO_KEY);
	char *big = malloc(MIB * 3 + 1);
	assert_non_null(big);
	memset(big, 'x', MIB * 3);
	big[MIB * 3] = 0;
	for (uint32_t n = 1; n <= 3; n++)
		put(dev, n, big);
	struct spool_waiting *list = fetch(dev, 0, 100);
	assert_int_equal(list->payload.len, MIB * 3);
	assert_int_equal(count_and_free(list), 2); /* the second passes 4 MiB, no third */
	free(big);
	assert_null(fetch(dev, 0, 0));
}

static int gaps;
static int64_t gap_of;

static void on_gap(void *user, const struct spool_mailbox *m)
{
	gaps++;
	gap_of = m->id;
	(*(uint64_t *)user) += spool_level(spool, m->id).expired;
}

/* They stay in the database for as long as its disk is full; whoever fetches would take an empty list for the end. */
static void test_those_being_forgotten_hide_none(void **state)
{
	(void)state;
	open_spool();
	int64_t dev = join_as("dev", NO_KEY);
	for (uint32_t n = 1; n <= 5; n++)
		put(dev, n, "x");
	struct spool_waiting *list = fetch(dev, 0, 4);
	for (struct spool_waiting *w = list; w; w = w->next)
		spool_forget(spool, dev, w->row);
	struct answer a = { 0 };
	spool_fetch(spool, dev, 0, 2, on_fetch, &a); /* read before they are gone */
	WAIT(a.done == 1);
	assert_false(a.failed);
	struct spool_waiting *last = take(&a.list);
	assert_null(a.list);
	expect(last, 5, "x");
	assert_null(fetch(dev, last->row, 2));
	spool_waiting_free(last);
	assert_int_equal(count_and_free(list), 4);
}

static void test_the_old_expire_and_leave_a_gap(void **state)
{
	enum { OLD = SPOOL_STEP * 2 + 3 };
	uint64_t told = 0;
	struct answer a = { 0 };
	(void)state;
	open_spool();
	int64_t dev = join_as("dev", NO_KEY), other = join_as("other", NO_KEY);
	put(other, OLD, "young");
	WAIT(!spool->sweeping); /* the first look, at nothing */
	static struct spool_item old[OLD];
	for (uint32_t n = 0; n < OLD; n++) {
		old[n] = item_of(n, bytes_of("old"));
		old[n].received_at_us -= 2 * (uint64_t)HOUR_MS * 1000;
		spool_put(spool, dev, &old[n], on_put, &a);
	}
	WAIT(a.done == OLD);
	put(dev, OLD, "young");
	assert_int_equal(spool_level(spool, dev).count, OLD + 1);

	gaps = 0;
	reopen_spool(); /* looks at once */
	spool_on_gap(spool, on_gap, &told);
	WAIT(gaps > 0);
	assert_int_equal(gaps, 1); /* for a whole sweep, not for each of its steps */
	assert_int_equal(gap_of, dev);
	assert_int_equal(told, OLD);
	struct spool_level level = spool_level(spool, dev);
	assert_int_equal(level.count, 1);
	assert_int_equal(level.bytes, 5);
	assert_int_equal(level.expired, OLD);
	assert_int_equal(spool_level(spool, other).expired, 0);
	struct spool_waiting *list = fetch(dev, 0, 9);
	expect(list, OLD, "young");
	assert_int_equal(count_and_free(list), 1);

	reopen_spool();
	assert_int_equal(spool_level(spool, dev).expired, OLD); /* until it is told */
	spool_gap_told(spool, dev, OLD - 1);
	assert_int_equal(spool_level(spool, dev).expired, 1);
	reopen_spool();
	assert_int_equal(spool_level(spool, dev).expired, 1);
	spool_gap_told(spool, dev, 99);
	assert_int_equal(spool_total(spool).expired, 0);
}

/* Expiry goes on while the relay runs, and frees the room. */
static void test_expiry_comes_with_time(void **state)
{
	uint64_t told = 0;
	(void)state;
	settings.max_age_ms = 1;
	settings.sweep_ms = 5;
	gaps = 0;
	open_spool();
	spool_on_gap(spool, on_gap, &told);
	int64_t dev = join_as("dev", NO_KEY);
	put(dev, 1, "a");
	WAIT(spool_level(spool, dev).expired == 1);
	put(dev, 2, "b");
	WAIT(spool_level(spool, dev).expired == 2);
	WAIT(gaps >= 2);
	assert_int_equal(spool_level(spool, dev).count, 0);
	assert_int_equal(spool_total(spool).bytes, 0);
	assert_null(fetch(dev, 0, 9));
}

static int64_t count_rows(const char *table)
{
	char sql[100], path[128];
	sqlite3 *db;
	sqlite3_stmt *st;
	snprintf(path, sizeof path, "%s/spool.db", folder);
	snprintf(sql, sizeof sql, "SELECT count(*) FROM %s", table);
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &st, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(st), SQLITE_ROW);
	int64_t n = sqlite3_column_int64(st, 0);
	sqlite3_finalize(st);
	sqlite3_close(db);
	return n;
}

static void test_who_leaves_takes_all_along(void **state)
{
	enum { MANY = SPOOL_STEP * 2 + 1 };
	struct answer a = { 0 };
	(void)state;
	open_spool();
	int64_t dev = join_as("dev", NO_KEY), other = join_as("other", NO_KEY);
	static struct spool_item items[MANY];
	for (uint32_t n = 0; n < MANY; n++) {
		items[n] = item_of(n, bytes_of("x"));
		spool_put(spool, dev, &items[n], on_put, &a);
	}
	put(other, 1, "stays");
	spool_leave(spool, dev); /* a put of this turn is no longer counted */
	spool_leave(spool, dev);
	assert_int_equal(spool_total(spool).count, 1);
	assert_int_equal(spool_level(spool, dev).count, 0);
	WAIT(a.done == MANY);
	struct spool_item late = item_of(1, bytes_of("late"));
	assert_non_null(strstr(put_item(dev, &late), "left this tunnel"));
	assert_int_equal(spool_total(spool).count, 1);
	/* Back under the same name while the rest is removed: another mailbox, empty. */
	int64_t again = join_as("dev", NO_KEY);
	assert_true(again > dev);
	put(again, 1, "new");
	assert_int_equal(spool_level(spool, again).count, 1);
	close_spool(); /* perhaps before all is removed: it goes on after the start */
	open_spool();
	assert_int_equal(recall().count, 2);
	assert_int_equal(spool_level(spool, dev).count, 0);
	assert_int_equal(spool_total(spool).count, 2);
	WAIT(!spool->purging);
	close_spool();
	assert_int_equal(count_rows("mailbox"), 2);
	assert_int_equal(count_rows("waiting"), 2);
	assert_int_equal(count_rows("payload"), 2);
}

/* ---- sealed ---- */

static struct seal_key *make_key(const char *name)
{
	char path[128];
	struct error e;
	snprintf(path, sizeof path, "%s/%s", folder, name);
	struct seal_key *k = seal_key_load(path, &e);
	if (!k)
		fail_msg("%s", e.text);
	return k;
}

static int found_on_disk(const char *text)
{
	char command[200];
	snprintf(command, sizeof command, "grep -qa '%s' %s/spool.db*", text, folder);
	int status = system(command);
	return WEXITSTATUS(status) == 0;
}

static void test_sealed_at_rest(void **state)
{
	static const char secret[] = "sk_live_4eC39HqLyjWDarjtT1zdp7dc";
	struct error e;
	(void)state;
	open_spool();
	struct seal_key *k = make_key("key.pem"), *k2 = make_key("key2.pem");
	int64_t sealed = join_as("dev", seal_key_public(k)), plain = join_as("plain", NO_KEY);
	int64_t shared = join_as("dev", seal_key_public(k2)); /* another client of the same tunnel */
	assert_int_not_equal(shared, sealed);
	put(sealed, 1, secret);
	put(sealed, 2, secret);
	put(shared, 1, secret);
	put(plain, 1, "can be seen");
	assert_int_equal(spool_level(spool, sealed).bytes, 2 * strlen(secret)); /* the plain size, before and after */
	assert_false(found_on_disk("sk_live"));
	assert_true(found_on_disk("can be seen")); /* it would have been found */
	reopen_spool();
	assert_int_equal(spool_level(spool, sealed).bytes, 2 * strlen(secret));
	assert_int_equal(recall().count, 3);
	assert_int_equal(join_as("dev", seal_key_public(k)), sealed);
	put(sealed, 3, secret); /* after a restart: a key pair of the relay's made anew */
	assert_false(found_on_disk("sk_live"));

	struct spool_waiting *list = fetch(sealed, 0, 9);
	for (uint32_t n = 1; n <= 3; n++) {
		struct spool_waiting *w = take(&list);
		struct buffer out = { 0 };
		uint8_t id[UUID_LEN];
		assert_true(w->sealed);
		if (!seal_key_open(k, buffer_view(&w->payload), id, &out, &e))
			fail_msg("%s", e.text);
		assert_memory_equal(id, w->event_id, UUID_LEN);
		assert_int_equal(bytes_get_u32(id), n);
		assert_true(bytes_equal(buffer_view(&out), bytes_of(secret)));
		buffer_free(&out);
		assert_false(seal_key_open(k2, buffer_view(&w->payload), id, &out, &e));
		buffer_free(&out);
		spool_waiting_free(w);
	}
	assert_null(list);
	seal_key_free(k);
	seal_key_free(k2);
	/* Neither empty nor a key. */
	struct spool_mailbox bad = { .tunnel = bytes_of("x"), .key = bytes_of("short") };
	assert_int_equal(spool_join(spool, &bad), 0);
}

/* A key that no sealing is possible with fails its own put alone. */
static void test_a_bad_key_fails_alone(void **state)
{
	static const uint8_t zeros[SEAL_KEY_LEN];
	struct answer bad = { 0 }, good = { 0 };
	(void)state;
	open_spool();
	int64_t weak = join_as("weak", bytes_make(zeros, sizeof zeros)), dev = join_as("dev", NO_KEY);
	struct spool_item item = item_of(1, bytes_of("x"));
	spool_put(spool, dev, &item, on_put, &good);
	spool_put(spool, weak, &item, on_put, &bad);
	spool_put(spool, dev, &item, on_put, &good);
	WAIT(bad.done == 1 && good.done == 2);
	assert_true(bad.failed);
	assert_false(good.failed);
	assert_int_equal(spool_level(spool, weak).count, 0);
	assert_int_equal(spool_level(spool, dev).count, 1);
}

static void test_ten_thousand(void **state)
{
	enum { MANY = 10000, TURN = 500 };
	struct answer a = { 0 };
	(void)state;
	open_spool();
	int64_t dev = join_as("dev", NO_KEY);
	struct spool_item *items = calloc(MANY, sizeof *items);
	assert_non_null(items);
	for (uint32_t n = 0; n < MANY; n++) {
		items[n] = item_of(n, bytes_make(&items[n].event_id, sizeof items[n].event_id));
		spool_put(spool, dev, &items[n], on_put, &a);
		if (n % TURN == 0)
			uv_run(&loop, UV_RUN_NOWAIT);
	}
	reopen_spool(); /* closing waits for all */
	assert_int_equal(a.done, MANY);
	assert_false(a.failed);
	assert_int_equal(spool_level(spool, dev).count, MANY);
	assert_int_equal(spool_total(spool).bytes, MANY * UUID_LEN);
	uint32_t expected = 0;
	for (int64_t after = 0;;) {
		struct spool_waiting *list = fetch(dev, after, 1000);
		if (!list)
			break;
		while (list) {
			struct spool_waiting *w = take(&list);
			assert_int_equal(bytes_get_u32(w->payload.at), expected++);
			assert_true(w->row > after);
			after = w->row;
			spool_forget(spool, dev, w->row);
			spool_waiting_free(w);
		}
	}
	assert_int_equal(expected, MANY);
	WAIT(spool_level(spool, dev).count == 0);
	reopen_spool();
	assert_int_equal(spool_total(spool).count, 0);
	free(items);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_SPOOL(test_put_fetch_forget_in_order),
		WITH_SPOOL(test_all_is_there_after_a_restart),
		WITH_SPOOL(test_what_waits_in_each_mailbox),
		WITH_SPOOL(test_an_event_waits_once),
		WITH_SPOOL(test_a_fetch_is_bounded),
		WITH_SPOOL(test_those_being_forgotten_hide_none),
		WITH_SPOOL(test_the_old_expire_and_leave_a_gap),
		WITH_SPOOL(test_expiry_comes_with_time),
		WITH_SPOOL(test_who_leaves_takes_all_along),
		WITH_SPOOL(test_sealed_at_rest),
		WITH_SPOOL(test_a_bad_key_fails_alone),
		WITH_SPOOL(test_ten_thousand),
	};
	return RUN(tests);
}
