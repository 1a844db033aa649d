/* A recorder with its journal through power losses (tests/powerloss/cuts.h), database and journal alike: what was said
 * to be safe is in the database once the next program has opened it, whole and once; and after a kill alone, no call
 * that was over is made again. */
#include "client/record/recorder.h"
#include "shared/store/store_journal.h"
#include "shared/store/store_private.h"
#include "tests/powerloss/cuts.h"
#include "tests/powerloss/powerloss.h"
#include "tests/unit/shared/store_fixture.h"

struct sent {
	uint32_t n;
	bool called;
	struct answered given;
	struct recorder *recorder;
};

static struct sent all[CUTS_MOST];
static uint32_t committed, safe;
static sqlite3 *connection;
static bool closed;
static char elsewhere[120];

static int on_connection(sqlite3 *db, char **text, const struct sqlite3_api_routines *api)
{
	(void)text;
	(void)api;
	connection = db;
	return SQLITE_OK;
}

static void on_kept(void *user)
{
	powerloss_mark(EVENT_ENDED, ((struct sent *)user)->n);
}

static void event_id_of(uint32_t n, uint8_t id[UUID_LEN])
{
	memset(id, 0, UUID_LEN);
	bytes_set_u32(id, n);
}

/* The app is called and has answered. */
static void on_committed(void *user, int64_t id, bool duplicate)
{
	struct sent *s = user;
	assert_false(duplicate);
	committed++;
	if (!s->called)
		return;
	struct store_attempt a = { .delivery_id = id,
				   .number = 1,
				   .status = 200,
				   .url = bytes_of("http://x/"),
				   .body = bytes_of("yes"),
				   .body_size = 3 };
	event_id_of(s->n, a.event_id);
	recorder_insert_attempt(s->recorder, &a, &s->given, on_kept, NULL, s);
}

static void on_safe(void *user, const struct error *e)
{
	if (e)
		fail_msg("%s", e->text);
	safe++;
	powerloss_mark(EVENT_ACKNOWLEDGED, ((struct sent *)user)->n);
}

static void on_numbered(void *user, int64_t id)
{
	(void)user;
	(void)id;
}

static const struct record_delivery_ops ops = { on_committed, on_safe, on_numbered };

static void insert_number(struct recorder *r, uint32_t n)
{
	struct store_delivery d = { .received_at_us = 1795438954000000u + n,
				    .state = DELIVERY_SENDING,
				    .has_body = true,
				    .tunnel = bytes_of("dev"),
				    .method = bytes_of("POST"),
				    .target = bytes_of("/hooks"),
				    .headers = bytes_of("Host: x\r\n"),
				    .body = cuts_content(n),
				    .body_size = cuts_content(n).len };
	event_id_of(n, d.event_id);
	all[n] = (struct sent){ .n = n, .called = n % 3 != 0, .recorder = r };
	recorder_insert_delivery(r, &d, &ops, &all[n]);
}

static void on_closed(void *user)
{
	(void)user;
	closed = true;
}

static struct recorder *start(uv_loop_t *loop, const char *file)
{
	struct error e;
	assert_int_equal(uv_loop_init(loop), 0);
	struct recorder *r = recorder_new(loop, file, &e);
	if (!r)
		fail_msg("%s", e.text);
	recorder_use_journal(r);
	return r;
}

static void finish(uv_loop_t *loop, struct recorder *r)
{
	closed = false;
	recorder_close(r, on_closed, NULL);
	uv_run(loop, UV_RUN_DEFAULT);
	assert_true(closed);
	assert_int_equal(uv_loop_close(loop), 0);
}

/* Moves SQLite's log into the database, as the client does when it is long. */
static void move_log(sqlite3 *own)
{
	assert_int_equal(sqlite3_wal_checkpoint_v2(own, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL), SQLITE_OK);
}

static void work(const struct cuts_run *run, uint64_t *seed)
{
	char file[160];
	uint32_t next = 0;
	committed = safe = 0;
	snprintf(file, sizeof file, "%s/creel.db", cuts_live);
	for (int session = 1; session <= run->sessions; session++) {
		uv_loop_t loop;
		struct recorder *r = start(&loop, file);
		struct store *own;
		struct error e;
		assert_true(store_open(&own, file, STORE_READ_WRITE, &e));
		assert_int_equal(sqlite3_exec(own->db, run->pragmas, NULL, NULL, NULL), SQLITE_OK);
		for (int turn = 0; turn < run->turns; turn++) {
			for (uint32_t more = 1 + (uint32_t)(powerloss_random(seed) >> 33) % 5; more; more--)
				insert_number(r, next++);
			/* Others come while a sync, or the way into the database, is still on. */
			const uint32_t *what = powerloss_random(seed) % 3 ? &committed : &safe;
			while (*what < next)
				uv_run(&loop, UV_RUN_ONCE);
			if (powerloss_random(seed) % 6 == 0)
				move_log(own->db);
		}
		while (safe < next)
			uv_run(&loop, UV_RUN_ONCE);
		if (session == run->sessions)
			powerloss_stop();
		store_close(own);
		finish(&loop, r);
	}
	/* A process does not take its own newest journal for a dead client's: another is that now. */
	uv_loop_t loop;
	finish(&loop, start(&loop, elsewhere));
}

static void look(const char *in, struct cuts_found *f)
{
	char file[160];
	struct store *s;
	struct error e;
	sqlite3_stmt *st = NULL;
	snprintf(file, sizeof file, "%s/creel.db", in);
	if (!store_open(&s, file, STORE_READ_WRITE, &e)) {
		cuts_say(f, "store_open", e.text);
		return;
	}
	cuts_check_integrity(f, connection);
	int code =
	    sqlite3_prepare_v2(s->db,
			       "SELECT d.event_id, m.body, d.state, (SELECT count(*) FROM attempt a WHERE a.id / 4096"
			       " = d.id), d.attempts FROM delivery d LEFT JOIN message m ON m.id = d.id * 4096",
			       -1, &st, NULL);
	while (code == SQLITE_OK && sqlite3_step(st) == SQLITE_ROW) {
		struct bytes id = bytes_make(sqlite3_column_blob(st, 0), (size_t)sqlite3_column_bytes(st, 0));
		cuts_check_content(f, id, bytes_make(sqlite3_column_blob(st, 1), (size_t)sqlite3_column_bytes(st, 1)));
		int state = sqlite3_column_int(st, 2), attempts = sqlite3_column_int(st, 3);
		if (attempts > 1 || attempts != sqlite3_column_int(st, 4) ||
		    (attempts == 1) != (state == DELIVERY_DELIVERED))
			cuts_say(f, "a delivery and its calls", "do not belong together");
		if (id.len == UUID_LEN && bytes_get_u32(id.at) < CUTS_MOST)
			f->ended[bytes_get_u32(id.at)] = attempts == 1;
	}
	if (sqlite3_errcode(s->db) != SQLITE_DONE)
		cuts_say(f, "reading", sqlite3_errmsg(s->db));
	sqlite3_finalize(st);
	store_close(s);
}

static const struct cuts_run run = { "the journal and its database", NULL, 2, 25, work, look };

static void test_the_journal_keeps_its_promise(void **state)
{
	(void)state;
	cuts_keep(run);
}

/* From the middle on the disk does not do what it says: the journal's syncs, or, when a lap of the journal is over, the
 * database's. */
static void test_a_disk_that_lies_is_found(void **state)
{
	(void)state;
	cuts_break(run, "SELECT 1", "-0");
	cuts_break(run, "SELECT 1", "-wal");
}

/* ---- a body in a file of its own ---- */

#define BODY_PIECE (1u << 20)
#define BODY_PIECES 3

static void mark_committed(void *user, int64_t id, bool duplicate)
{
	(void)user;
	(void)id;
	(void)duplicate;
	powerloss_mark(EVENT_ENDED, 0);
}

static void mark_safe(void *user, const struct error *e)
{
	(void)user;
	assert_null(e);
	safe++;
}

static void make_piece(uint8_t *piece, unsigned n)
{
	for (size_t i = 0; i < BODY_PIECE; i++)
		piece[i] = (uint8_t)(i * 31 + n + i / 4096);
}

static size_t index_of_mark(void)
{
	for (size_t i = 0; i < powerloss_count(); i++)
		if (powerloss_event(i)->kind == EVENT_ENDED)
			return i;
	fail_msg("it was not committed");
	return 0;
}

/* Whatever comes of the row after this, the file that it names is there. */
static void test_a_large_body_is_on_the_disk_before_its_row(void **state)
{
	static const struct record_delivery_ops marks = { mark_committed, mark_safe, on_numbered };
	static uint8_t piece[BODY_PIECE], found[BODY_PIECE];
	char file[160], lost[300];
	uv_loop_t loop;
	struct spill body;
	(void)state;
	snprintf(file, sizeof file, "%s/creel.db", cuts_live);
	struct recorder *r = start(&loop, file);
	assert_int_equal(mkdir(recorder_bodies(r), 0700), 0); /* else it is made when it is needed */
	powerloss_record(recorder_bodies(r));
	spill_init_for_record(&body, recorder_bodies(r), NULL);
	for (unsigned n = 0; n < BODY_PIECES; n++) {
		make_piece(piece, n);
		assert_true(spill_append(&body, piece, sizeof piece));
	}
	struct store_delivery d = { .received_at_us = 1795438954000000u,
				    .state = DELIVERY_SENDING,
				    .tunnel = bytes_of("dev"),
				    .method = bytes_of("POST"),
				    .target = bytes_of("/large"),
				    .body = bytes_make(NULL, BODY_PIECES * sizeof piece),
				    .body_size = BODY_PIECES * sizeof piece,
				    .spilled = &body };
	safe = 0;
	recorder_insert_delivery(r, &d, &marks, NULL);
	while (!safe)
		uv_run(&loop, UV_RUN_ONCE);
	struct replay *disk = replay_new(NULL, 0);
	replay_to(disk, index_of_mark());
	assert_true(replay_write(disk, LOSS_NOTHING_UNSYNCED, 1, cuts_after));
	replay_free(disk);
	snprintf(lost, sizeof lost, "%s/%s", cuts_after, spill_file(&body)->name);
	FILE *f = fopen(lost, "rb");
	assert_non_null(f);
	for (unsigned n = 0; n < BODY_PIECES; n++) {
		make_piece(piece, n);
		assert_int_equal(fread(found, 1, sizeof found, f), sizeof found);
		assert_memory_equal(found, piece, sizeof piece);
	}
	fclose(f);
	spill_keep(&body);
	spill_free(&body);
	powerloss_stop();
	finish(&loop, r);
}

static int set_up(void **state)
{
	if (make_folder(state) != 0)
		return -1;
	snprintf(cuts_live, sizeof cuts_live, "%s/live", folder);
	snprintf(cuts_after, sizeof cuts_after, "%s/after", folder);
	snprintf(elsewhere, sizeof elsewhere, "%s/elsewhere.db", folder);
	return mkdir(cuts_live, 0700) == 0 && mkdir(cuts_after, 0700) == 0 ? 0 : -1;
}

static int tear_down(void **state)
{
	powerloss_record(NULL);
	return remove_folder(state);
}

#define ON_DISKS(t) cmocka_unit_test_setup_teardown(t, set_up, tear_down)

int main(void)
{
#ifdef __APPLE__
	puts("skipped: the linker cannot send the journal's own calls to the notes");
	return 0;
#else
	powerloss_register();
	sqlite3_auto_extension((void (*)(void))on_connection);
	const struct CMUnitTest tests[] = {
		ON_DISKS(test_the_journal_keeps_its_promise),
		ON_DISKS(test_a_disk_that_lies_is_found),
		ON_DISKS(test_a_large_body_is_on_the_disk_before_its_row),
	};
	return RUN(tests);
#endif
}
