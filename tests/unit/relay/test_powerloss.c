/* Both databases through power losses (tests/powerloss): whatever was acknowledged before the cut is there, whole, and
 * once. `make test` looks at some of the cuts; CREEL_POWERLOSS=long at every one, of several runs.
 * CREEL_POWERLOSS_SEED=N makes another run of it. */
#include <sqlite3.h>

#include "shared/store/store_private.h"
#include "tests/powerloss/powerloss.h"
#include "tests/unit/relay/spool_fixture.h"

enum { MOST = 4000, LONGEST = 20000 };

/* What was promised of each delivery at the cut. */
struct promises {
	bool acknowledged[MOST], forgotten[MOST];
};

/* What was found after it. */
struct found {
	int copies[MOST];
	char wrong[700]; /* empty: nothing */
};

struct run {
	const char *name;
	const char *pragmas; /* for the connection that writes */
	int sessions, turns;
	void (*work)(const struct run *run, uint64_t *seed);
	void (*look)(const char *folder, struct found *f);
};

static char live[100], after[100];
static struct seal_key *key;
static uint8_t contents[MOST][LONGEST];
static size_t lengths[MOST];

static struct bytes content(uint32_t n)
{
	if (!lengths[n]) {
		uint64_t seed = n * UINT64_C(0x9e3779b97f4a7c15) + 1;
		lengths[n] = 1 + (size_t)(powerloss_random(&seed) >> 40) % (n % 17 == 0 ? LONGEST : 5000);
		for (size_t i = 0; i < lengths[n]; i++)
			contents[n][i] = (uint8_t)(powerloss_random(&seed) >> 56);
	}
	return bytes_make(contents[n], lengths[n]);
}

/* The program's connections are its own: this is told of each that is opened. */
static sqlite3 *connection;

static int on_connection(sqlite3 *db, char **text, const struct sqlite3_api_routines *api)
{
	(void)text;
	(void)api;
	connection = db;
	return SQLITE_OK;
}

static void say(struct found *f, const char *what, const char *detail)
{
	if (!*f->wrong)
		snprintf(f->wrong, sizeof f->wrong, "%s: %s", what, detail);
}

static void check_integrity(struct found *f)
{
	sqlite3_stmt *st = NULL;
	const char *text = NULL;
	if (sqlite3_prepare_v2(connection, "PRAGMA integrity_check", -1, &st, NULL) == SQLITE_OK &&
	    sqlite3_step(st) == SQLITE_ROW)
		text = (const char *)sqlite3_column_text(st, 0);
	if (!text || strcmp(text, "ok") != 0)
		say(f, "integrity_check", text ? text : sqlite3_errmsg(connection));
	sqlite3_finalize(st);
}

static void check_content(struct found *f, struct bytes event_id, struct bytes body)
{
	uint32_t n = event_id.len == UUID_LEN ? bytes_get_u32(event_id.at) : MOST;
	char number[20];
	snprintf(number, sizeof number, "%u", n);
	if (n >= MOST || !lengths[n])
		say(f, "a delivery that nobody sent", number);
	else if (!bytes_equal(body, content(n)))
		say(f, "other bytes in delivery", number);
	else
		f->copies[n]++;
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
			.body = content(n),
			.body_size = content(n).len,
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

static void work_store(const struct run *run, uint64_t *seed)
{
	char path[160];
	uint32_t next = 0;
	snprintf(path, sizeof path, "%s/creel.db", live);
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
static void work_store_apart(const struct run *run, uint64_t *seed)
{
	char path[160];
	uint32_t next = 0;
	snprintf(path, sizeof path, "%s/creel.db", live);
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

static void look_into_store(const char *in, struct found *f)
{
	char path[160];
	struct store *s;
	struct error e;
	sqlite3_stmt *st = NULL;
	snprintf(path, sizeof path, "%s/creel.db", in);
	if (!store_open(&s, path, STORE_READ_WRITE, &e)) {
		say(f, "store_open", e.text);
		return;
	}
	check_integrity(f);
	int code = sqlite3_prepare_v2(s->db,
				      "SELECT d.event_id, m.body FROM delivery d LEFT JOIN message m ON m.id ="
				      " d.id * 4096",
				      -1, &st, NULL);
	while (code == SQLITE_OK && sqlite3_step(st) == SQLITE_ROW)
		check_content(f, bytes_make(sqlite3_column_blob(st, 0), (size_t)sqlite3_column_bytes(st, 0)),
			      bytes_make(sqlite3_column_blob(st, 1), (size_t)sqlite3_column_bytes(st, 1)));
	if (sqlite3_errcode(s->db) != SQLITE_DONE)
		say(f, "reading", sqlite3_errmsg(s->db));
	sqlite3_finalize(st);
	store_close(s);
}

/* ---- the spool ---- */

static struct spool_item items[MOST];
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
	items[n] = item_of(n, content(n));
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

static void work_spool(const struct run *run, uint64_t *seed)
{
	uint32_t next = 0, put_count = 0;
	puts_done = 0;
	strcpy(folder, live);
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

static void look_at_waiting(const struct spool_waiting *w, struct found *f)
{
	struct buffer plain = { 0 };
	uint8_t id[UUID_LEN];
	struct error e;
	if (!w->sealed)
		check_content(f, bytes_make(w->event_id, UUID_LEN), buffer_view(&w->payload));
	else if (seal_key_open(key, buffer_view(&w->payload), id, &plain, &e))
		check_content(f, bytes_make(id, UUID_LEN), buffer_view(&plain));
	else
		say(f, "opening a sealed delivery", e.text);
	buffer_free(&plain);
}

static void look_into_spool(const char *in, struct found *f)
{
	struct error e;
	struct two_mailboxes mailboxes = { 0 };
	spool = spool_open(&loop, in, &settings, &e);
	if (!spool) {
		say(f, "spool_open", e.text);
		return;
	}
	check_integrity(f);
	if (*f->wrong) { /* what is damaged is not for reading */
		close_spool();
		return;
	}
	if (!spool_recall(spool, on_recall, &mailboxes, &e))
		say(f, "spool_recall", e.text);
	uint64_t waits = 0;
	for (int i = 0; i < 2; i++) {
		struct spool_waiting *list;
		for (int64_t row = 0; mailboxes.id[i] && (list = fetch(mailboxes.id[i], row, MOST));)
			while (list) {
				struct spool_waiting *w = take(&list);
				look_at_waiting(w, f);
				row = w->row;
				waits++;
				spool_waiting_free(w);
			}
	}
	if (waits != spool_total(spool).count)
		say(f, "counting", "it counted others than it handed out");
	close_spool();
}

/* ---- cuts ---- */

static void promises_to(struct promises *p, size_t from, size_t cut)
{
	for (size_t i = from; i < cut; i++) {
		const struct event *e = powerloss_event(i);
		if (e->kind == EVENT_ACKNOWLEDGED)
			p->acknowledged[e->n] = true;
		else if (e->kind == EVENT_FORGOTTEN)
			p->forgotten[e->n] = true;
	}
}

static void compare(const struct promises *p, struct found *f)
{
	char number[20];
	for (uint32_t n = 0; n < MOST; n++) {
		snprintf(number, sizeof number, "%u", n);
		if (p->acknowledged[n] && !p->forgotten[n] && f->copies[n] == 0)
			say(f, "an acknowledged delivery is lost", number);
		if (f->copies[n] > 1)
			say(f, "a delivery is there twice", number);
	}
}

/* Some of the cuts: of those right behind an acknowledgement, where most can be lost, and of all others. */
static bool is_chosen(size_t cut, size_t looks, uint64_t *seed)
{
	size_t count = powerloss_count();
	bool promised = cut > 0 && powerloss_event(cut - 1)->kind == EVENT_ACKNOWLEDGED;
	return looks >= count || cut == count || powerloss_random(seed) % count < (promised ? 4 * looks : looks);
}

/* Looks at about so many cuts, each with every kind of loss; how many broke a promise. Ends with the first. */
static int cut_and_look(const struct run *run, const char *lied, size_t looks, uint64_t seed, struct found *f)
{
	static struct promises p;
	size_t last = 0;
	int cuts = 0;
	memset(&p, 0, sizeof p);
	struct replay *r = replay_new(lied, powerloss_count() / 2);
	*f->wrong = 0;
	for (size_t cut = 0; cut <= powerloss_count() && !*f->wrong; cut++) {
		if (!is_chosen(cut, looks, &seed))
			continue;
		replay_to(r, cut);
		promises_to(&p, last, cut);
		last = cut;
		cuts++;
		for (int loss = 0; loss < LOSS_KINDS && !*f->wrong; loss++) {
			memset(f->copies, 0, sizeof f->copies);
			assert_true(replay_write(r, (enum loss)loss, powerloss_random(&seed), after));
			run->look(after, f);
			compare(&p, f);
			if (*f->wrong)
				print_message("%s: cut %zu of %zu, loss %d: %s\n", run->name, cut, powerloss_count(),
					      loss, f->wrong);
		}
	}
	replay_free(r);
	return cuts;
}

/* In empty folders, noted. */
static void work(const struct run *run, uint64_t seed)
{
	char command[400];
	snprintf(command, sizeof command, "rm -rf %s/* %s/*", live, after);
	assert_int_equal(system(command), 0);
	powerloss_record(live);
	run->work(run, &seed);
	assert_true(powerloss_count() > 0);
}

static uint64_t base_seed(void)
{
	const char *text = getenv("CREEL_POWERLOSS_SEED");
	return text && *text ? strtoull(text, NULL, 10) * 2 + 1 : 1;
}

static bool is_long(void)
{
	const char *text = getenv("CREEL_POWERLOSS");
	return text && strcmp(text, "long") == 0;
}

static void keeps_its_promise(struct run run)
{
	static struct found f;
	/* So few deliveries bring no checkpoint before the close; after a few pages there are many. */
	static const char *const pragmas[] = { "PRAGMA wal_autocheckpoint=24", "PRAGMA wal_autocheckpoint=4",
					       "PRAGMA wal_autocheckpoint=100", "SELECT 1" };
	int cuts = 0;
	size_t count = 0;
	for (size_t i = 0; i < (is_long() ? sizeof pragmas / sizeof *pragmas : 1); i++) {
		uint64_t seed = base_seed() + 1000 * i;
		run.pragmas = pragmas[i];
		work(&run, seed);
		count += powerloss_count();
		cuts += cut_and_look(&run, NULL, is_long() ? SIZE_MAX : 80, seed, &f);
		if (*f.wrong)
			fail_msg("%s, %s, seed %llu: %s", run.name, run.pragmas, (unsigned long long)base_seed() / 2,
				 f.wrong);
	}
	print_message("%s: %d cuts of %zu, each with %d kinds of loss\n", run.name, cuts, count, LOSS_KINDS);
}

static void breaks_its_promise(struct run run, const char *pragmas, const char *lied)
{
	static struct found f;
	run.pragmas = pragmas;
	work(&run, base_seed());
	cut_and_look(&run, lied, 80, base_seed(), &f);
	if (!*f.wrong)
		fail_msg("%s with %s, lies of %s: nothing was lost, so that the test above could not fail", run.name,
			 pragmas, lied ? lied : "nothing");
}

static const struct run store_run = { "the client's store", NULL, 2, 15, work_store, look_into_store };
static const struct run apart_run = {
	"the client's store, synced apart", NULL, 2, 30, work_store_apart, look_into_store
};
static const struct run spool_run = { "the spool", NULL, 2, 15, work_spool, look_into_spool };

static void test_the_store_keeps_its_promise(void **state)
{
	(void)state;
	keeps_its_promise(store_run);
}

static void test_a_store_synced_apart_keeps_its_promise(void **state)
{
	(void)state;
	keeps_its_promise(apart_run);
}

static void test_the_spool_keeps_its_promise(void **state)
{
	(void)state;
	keeps_its_promise(spool_run);
}

static void test_without_syncs_a_loss_is_found(void **state)
{
	(void)state;
	breaks_its_promise(store_run, "PRAGMA synchronous=OFF", NULL);
	breaks_its_promise(store_run, "PRAGMA synchronous=NORMAL", NULL);
	breaks_its_promise(spool_run, "PRAGMA synchronous=OFF", NULL);
	breaks_its_promise(spool_run, "PRAGMA synchronous=NORMAL", NULL);
}

/* Syncs are asked for, and from the middle on the disk does not do them: those of the log; those of the database, when
 * a checkpoint has moved the log into it and the log begins anew. */
static void test_a_disk_that_lies_is_found(void **state)
{
	(void)state;
	for (int i = 0; i < 2; i++) {
		breaks_its_promise(i ? spool_run : store_run, "PRAGMA wal_autocheckpoint=24", "-wal");
		breaks_its_promise(i ? spool_run : store_run, "PRAGMA wal_autocheckpoint=24", ".db");
	}
	breaks_its_promise(apart_run, NULL, "-wal");
	breaks_its_promise(apart_run, NULL, ".db");
}

static bool same_file(const char *name)
{
	char command[400];
	snprintf(command, sizeof command, "cmp %s/%s %s/%s", live, name, after, name);
	return system(command) == 0;
}

/* What is noted is all that is done: with nothing lost the disk holds the same files. */
static void test_nothing_escapes_the_notes(void **state)
{
	(void)state;
	powerloss_record(live);
	strcpy(folder, live);
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
	assert_true(replay_write(r, LOSS_ALL_WRITTEN, 1, after));
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
	powerloss_record(live);
	strcpy(folder, live);
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
	snprintf(live, sizeof live, "%s/live", scratch);
	snprintf(after, sizeof after, "%s/after", scratch);
	snprintf(path, sizeof path, "%s/key.pem", scratch);
	key = seal_key_load(path, &e);
	return key && mkdir(live, 0700) == 0 && mkdir(after, 0700) == 0 ? 0 : -1;
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
