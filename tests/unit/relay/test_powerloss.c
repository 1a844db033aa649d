/* Both databases through power losses (tests/powerloss/cuts.h): whatever was acknowledged before the cut is there,
 * whole, and once. The journal's: tests/unit/client/test_journal_powerloss.c. */
#include <sqlite3.h>

#include "shared/store/store_private.h"
#include "tests/powerloss/cuts.h"
#include "tests/powerloss/powerloss.h"
#include "tests/unit/relay/spool_fixture.h"

static struct seal_key *key;
/* The program's connections are its own: this is told of each that is opened. */
static sqlite3 *connection;

static int on_connection(sqlite3 *db, char **text, const struct sqlite3_api_routines *api)
{
	(void)text;
	(void)api;
	connection = db;
	return SQLITE_OK;
}

/* ---- the client's store ---- */

static uint32_t insert_some(struct store *s, const struct batch_ops *ops, uint32_t next, uint32_t count)
{
	struct error e;
	assert_true(ops->begin(s, &e));
	for (uint32_t n = next; n < next + count; n++) {
		struct store_delivery d = {
			.received_at_us = 1795438954000000u + n,
			.state = DELIVERY_SENDING,
			.has_body = true,
			.tunnel = bytes_of("dev"),
			.method = bytes_of("POST"),
			.target = bytes_of("/hooks"),
			.headers = bytes_of("Host: x\r\n"),
			.body = cuts_content(n),
			.body_size = cuts_content(n).len,
		};
		int64_t id;
		bool duplicate;
		bytes_set_u32(d.event_id, n);
		if (!store_insert_delivery(s, &d, &id, &duplicate, &e))
			fail_msg("%s", e.text);
		assert_false(duplicate);
		struct store_attempt a = { .delivery_id = id, .status = 200, .url = bytes_of("http://x/") };
		if (n % 3 == 0 && !store_insert_attempt(s, &a, &e))
			fail_msg("%s", e.text);
	}
	assert_true(ops->commit(s, &e));
	assert_true(!ops->sync || ops->sync(s, &e));
	for (uint32_t n = next; n < next + count; n++)
		powerloss_mark(EVENT_ACKNOWLEDGED, n);
	return next + count;
}

static void work_store(const struct cuts_run *run, uint64_t *seed)
{
	char path[160];
	uint32_t next = 0;
	snprintf(path, sizeof path, "%s/creel.db", cuts_live);
	for (int session = 1; session <= run->sessions; session++) {
		struct store *s;
		struct error e;
		if (!store_open(&s, path, STORE_READ_WRITE, &e))
			fail_msg("%s", e.text);
		assert_int_equal(sqlite3_exec(connection, run->pragmas, NULL, NULL, NULL), SQLITE_OK);
		for (int turn = 0; turn < run->turns; turn++)
			next = insert_some(s, &store_batch_ops, next, 1 + (uint32_t)(powerloss_random(seed) >> 33) % 5);
		if (session == run->sessions)
			powerloss_stop(); /* in the middle of it */
		store_close(s);
	}
}

/* As the running client does it: synced apart from the commit, the log shortened by a connection of its own. */
static void work_store_apart(const struct cuts_run *run, uint64_t *seed)
{
	char path[160];
	uint32_t next = 0;
	snprintf(path, sizeof path, "%s/creel.db", cuts_live);
	for (int session = 1; session <= run->sessions; session++) {
		struct store *s, *own;
		struct error e;
		if (!store_open(&s, path, STORE_READ_WRITE, &e) || !store_open(&own, path, STORE_READ_WRITE, &e) ||
		    !store_sync_apart(s, &e))
			fail_msg("%s", e.text);
		for (int turn = 0; turn < run->turns; turn++) {
			next = insert_some(s, &store_sync_apart_ops, next,
					   1 + (uint32_t)(powerloss_random(seed) >> 33) % 5);
			if (powerloss_random(seed) % 4 == 0)
				store_shorten_log(own, s);
		}
		if (session == run->sessions)
			powerloss_stop();
		store_close(own);
		store_close(s);
	}
}

static void look_into_store(const char *in, struct cuts_found *f)
{
	char path[160];
	struct store *s;
	struct error e;
	sqlite3_stmt *st = NULL;
	snprintf(path, sizeof path, "%s/creel.db", in);
	if (!store_open(&s, path, STORE_READ_WRITE, &e)) {
		cuts_say(f, "store_open", e.text);
		return;
	}
	cuts_check_integrity(f, connection);
	int code = sqlite3_prepare_v2(s->db,
				      "SELECT d.event_id, m.body FROM delivery d LEFT JOIN message m ON m.id ="
				      " d.id * 4096",
				      -1, &st, NULL);
	while (code == SQLITE_OK && sqlite3_step(st) == SQLITE_ROW)
		cuts_check_content(f, bytes_make(sqlite3_column_blob(st, 0), (size_t)sqlite3_column_bytes(st, 0)),
				   bytes_make(sqlite3_column_blob(st, 1), (size_t)sqlite3_column_bytes(st, 1)));
	if (sqlite3_errcode(s->db) != SQLITE_DONE)
		cuts_say(f, "reading", sqlite3_errmsg(s->db));
	sqlite3_finalize(st);
	store_close(s);
}

/* ---- the spool ---- */

static struct spool_item items[CUTS_MOST];
static uint32_t puts_done;

static void on_stored(void *user, const struct error *e)
{
	const struct spool_item *item = user;
	if (e)
		fail_msg("%s", e->text);
	puts_done++;
	powerloss_mark(EVENT_ACKNOWLEDGED, bytes_get_u32(item->event_id));
}

static void put_one(const int64_t mailboxes[2], uint32_t n)
{
	items[n] = item_of(n, cuts_content(n));
	spool_put(spool, mailboxes[n % 2], &items[n], on_stored, &items[n]);
}

/* As a client that records the oldest. */
static void forget_some(int64_t mailbox, size_t most)
{
	struct spool_waiting *list = fetch(mailbox, 0, most);
	while (list) {
		struct spool_waiting *w = take(&list);
		powerloss_mark(EVENT_FORGOTTEN, bytes_get_u32(w->event_id));
		spool_forget(spool, mailbox, w->row);
		spool_waiting_free(w);
	}
}

static void work_spool(const struct cuts_run *run, uint64_t *seed)
{
	uint32_t next = 0, put_count = 0;
	puts_done = 0;
	strcpy(folder, cuts_live);
	for (int session = 1; session <= run->sessions; session++) {
		open_spool();
		assert_int_equal(sqlite3_exec(connection, run->pragmas, NULL, NULL, NULL), SQLITE_OK);
		int64_t mailboxes[2] = { join_as("dev", bytes_make(NULL, 0)), join_as("dev", seal_key_public(key)) };
		for (int turn = 0; turn < run->turns; turn++) {
			uint32_t first = next;
			for (next += 1 + (uint32_t)(powerloss_random(seed) >> 33) % 5; put_count < next; put_count++)
				put_one(mailboxes, put_count);
			WAIT(puts_done >= first); /* a commit is still under way when the next are put */
			if (turn % 4 == 3)
				forget_some(mailboxes[turn / 4 % 2], 4);
		}
		WAIT(puts_done == next);
		if (session == run->sessions)
			powerloss_stop();
		close_spool();
	}
}

struct two_mailboxes {
	int64_t id[2];
};

static bool on_recall(void *user, const struct spool_mailbox *m)
{
	((struct two_mailboxes *)user)->id[m->key.len != 0] = m->id;
	return true;
}

static void look_at_waiting(const struct spool_waiting *w, struct cuts_found *f)
{
	struct buffer plain = { 0 };
	uint8_t id[UUID_LEN];
	struct error e;
	if (!w->sealed)
		cuts_check_content(f, bytes_make(w->event_id, UUID_LEN), buffer_view(&w->payload));
	else if (seal_key_open(key, buffer_view(&w->payload), id, &plain, &e))
		cuts_check_content(f, bytes_make(id, UUID_LEN), buffer_view(&plain));
	else
		cuts_say(f, "opening a sealed delivery", e.text);
	buffer_free(&plain);
}

static void look_into_spool(const char *in, struct cuts_found *f)
{
	struct error e;
	struct two_mailboxes mailboxes = { 0 };
	spool = spool_open(&loop, in, &settings, &e);
	if (!spool) {
		cuts_say(f, "spool_open", e.text);
		return;
	}
	cuts_check_integrity(f, connection);
	if (*f->wrong) { /* what is damaged is not for reading */
		close_spool();
		return;
	}
	if (!spool_recall(spool, on_recall, &mailboxes, &e))
		cuts_say(f, "spool_recall", e.text);
	uint64_t waits = 0;
	for (int i = 0; i < 2; i++) {
		struct spool_waiting *list;
		for (int64_t row = 0; mailboxes.id[i] && (list = fetch(mailboxes.id[i], row, CUTS_MOST));)
			while (list) {
				struct spool_waiting *w = take(&list);
				look_at_waiting(w, f);
				row = w->row;
				waits++;
				spool_waiting_free(w);
			}
	}
	if (waits != spool_total(spool).count)
		cuts_say(f, "counting", "it counted others than it handed out");
	close_spool();
}

static const struct cuts_run store_run = { "the client's store", NULL, 2, 15, work_store, look_into_store };
static const struct cuts_run apart_run = {
	"the client's store, synced apart", NULL, 2, 30, work_store_apart, look_into_store
};
static const struct cuts_run spool_run = { "the spool", NULL, 2, 15, work_spool, look_into_spool };

static void test_the_store_keeps_its_promise(void **state)
{
	(void)state;
	cuts_keep(store_run);
}

static void test_a_store_synced_apart_keeps_its_promise(void **state)
{
	(void)state;
	cuts_keep(apart_run);
}

static void test_the_spool_keeps_its_promise(void **state)
{
	(void)state;
	cuts_keep(spool_run);
}

static void test_without_syncs_a_loss_is_found(void **state)
{
	(void)state;
	cuts_break(store_run, "PRAGMA synchronous=OFF", NULL);
	cuts_break(store_run, "PRAGMA synchronous=NORMAL", NULL);
	cuts_break(spool_run, "PRAGMA synchronous=OFF", NULL);
	cuts_break(spool_run, "PRAGMA synchronous=NORMAL", NULL);
}

/* Syncs are asked for, and from the middle on the disk does not do them: those of the log; those of the database, when
 * a checkpoint has moved the log into it and the log begins anew. */
static void test_a_disk_that_lies_is_found(void **state)
{
	(void)state;
	for (int i = 0; i < 2; i++) {
		cuts_break(i ? spool_run : store_run, "PRAGMA wal_autocheckpoint=24", "-wal");
		cuts_break(i ? spool_run : store_run, "PRAGMA wal_autocheckpoint=24", ".db");
	}
	cuts_break(apart_run, NULL, "-wal");
	cuts_break(apart_run, NULL, ".db");
}

static bool same_file(const char *name)
{
	char command[400];
	snprintf(command, sizeof command, "cmp %s/%s %s/%s", cuts_live, name, cuts_after, name);
	return system(command) == 0;
}

/* What is noted is all that is done: with nothing lost the disk holds the same files. */
static void test_nothing_escapes_the_notes(void **state)
{
	(void)state;
	powerloss_record(cuts_live);
	strcpy(folder, cuts_live);
	open_spool();
	assert_int_equal(sqlite3_exec(connection, "PRAGMA wal_autocheckpoint=24", NULL, NULL, NULL), SQLITE_OK);
	int64_t mailboxes[2] = { join_as("dev", bytes_make(NULL, 0)), join_as("dev", seal_key_public(key)) };
	puts_done = 0;
	for (uint32_t n = 0; n < 50; n++) {
		put_one(mailboxes, n);
		WAIT(puts_done == n + 1);
	}
	struct replay *r = replay_new(NULL, 0);
	replay_to(r, powerloss_count());
	assert_true(replay_write(r, LOSS_ALL_WRITTEN, 1, cuts_after));
	replay_free(r);
	assert_true(same_file("spool.db"));
	assert_true(same_file("spool.db-wal"));
	close_spool();
	powerloss_stop();
}

/* A checkpoint's writes are synced in pieces, so that the sync of another file waits for no more than one. */
static void test_a_database_is_synced_as_it_is_written(void **state)
{
	uint64_t written = 0, unsynced = 0, most = 0;
	(void)state;
	powerloss_record(cuts_live);
	strcpy(folder, cuts_live);
	open_spool();
	int64_t mailboxes[2] = { join_as("dev", bytes_make(NULL, 0)), join_as("dev", seal_key_public(key)) };
	puts_done = 0;
	for (uint32_t n = 0; n < 300; n++)
		put_one(mailboxes, n);
	WAIT(puts_done == 300);
	close_spool();
	for (size_t i = 0; i < powerloss_count(); i++) {
		const struct event *e = powerloss_event(i);
		if (strcmp(powerloss_name(e->name), "spool.db") != 0)
			continue;
		written += e->kind == EVENT_WRITE ? e->len : 0;
		unsynced = e->kind == EVENT_SYNC ? 0 : e->kind == EVENT_WRITE ? unsynced + e->len : unsynced;
		most = unsynced > most ? unsynced : most;
	}
	assert_true(written > 512 << 10);
	assert_true(most <= 132 << 10);
	powerloss_stop();
}

static char scratch[64];

static int set_up_disks(void **state)
{
	char path[128];
	struct error e;
	if (set_up(state) != 0 || rmdir(folder) != 0 || mkdir(folder, 0700) != 0)
		return -1;
	strcpy(scratch, folder);
	snprintf(cuts_live, sizeof cuts_live, "%s/live", scratch);
	snprintf(cuts_after, sizeof cuts_after, "%s/after", scratch);
	snprintf(path, sizeof path, "%s/key.pem", scratch);
	key = seal_key_load(path, &e);
	return key && mkdir(cuts_live, 0700) == 0 && mkdir(cuts_after, 0700) == 0 ? 0 : -1;
}

static int tear_down_disks(void **state)
{
	powerloss_record(NULL);
	seal_key_free(key);
	close_spool();
	strcpy(folder, scratch);
	return tear_down(state);
}

#define ON_DISKS(t) cmocka_unit_test_setup_teardown(t, set_up_disks, tear_down_disks)

int main(void)
{
	powerloss_register();
	sqlite3_auto_extension((void (*)(void))on_connection);
	const struct CMUnitTest tests[] = {
		ON_DISKS(test_nothing_escapes_the_notes),
		ON_DISKS(test_the_store_keeps_its_promise),
		ON_DISKS(test_the_spool_keeps_its_promise),
		ON_DISKS(test_without_syncs_a_loss_is_found),
		ON_DISKS(test_a_disk_that_lies_is_found),
		ON_DISKS(test_a_store_synced_apart_keeps_its_promise),
		ON_DISKS(test_a_database_is_synced_as_it_is_written),
	};
	return RUN(tests);
}
