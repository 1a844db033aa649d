#include "shared/upkeep/store_bound.h"

#include "shared/query/store_filter.h"
#include "shared/store/store_private.h"
#include "shared/upkeep/store_sweep.h"

#define KIB UINT64_C(1024)
#define MIB (UINT64_C(1024) * KIB)
#define JOURNAL_MOST (32 * MIB)
#define JOURNAL_FROM (256 * MIB) /* smaller bounds leave no room for one */
#define BESIDE (64 * KIB)        /* the file of shared memory, and a little */
#define ROW_PAGES 4              /* new ones that a row with its indices may need */
#define PRESUMED_PAGES 256       /* written on the strength of one look: others write as well */
#define AHEAD_FROM (64 * MIB)    /* a smaller database has no room to spare */
#define AHEAD_STEP_PAGES 32      /* made free in one transaction for what may come */
#define STEP_PAGES 256           /* made free in one transaction beyond what it needs, so that not each has to */

static uint64_t less(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

struct store_bound store_bound_of(uint64_t max_bytes, uint64_t record_max)
{
	struct store_bound b = { .max_bytes = max_bytes,
				 .request = record_max,
				 .answer = record_max,
				 .transaction = 16 * MIB,
				 .journal = JOURNAL_MOST };
	if (!max_bytes)
		return b;
	b.request = less(record_max, max_bytes / 8);
	b.answer = less(record_max, max_bytes / 16);
	/* The log takes what a transaction gathers, with one body of a request and one of an answer beyond that. */
	b.log = less(max_bytes / 4, b.request + b.answer + 64 * MIB);
	b.transaction = less(16 * MIB, b.log / 16);
	b.log_short = b.log - b.transaction - b.request - b.answer;
	b.journal = max_bytes >= JOURNAL_FROM ? JOURNAL_MOST : 0;
	b.database = max_bytes - b.log - b.journal - BESIDE;
	b.requests = b.database / 4 * 3;
	return b;
}

static bool read_pragma(struct store *s, enum store_statement which, int64_t *out, struct error *e)
{
	sqlite3_stmt *st = store_statement(s, which, e);
	bool fine = st && (sqlite3_step(st) == SQLITE_ROW || store_fail(s, "read", e));
	if (fine)
		*out = sqlite3_column_int64(st, 0);
	if (st)
		sqlite3_reset(st);
	return fine;
}

bool store_keep_bound(struct store *s, const struct store_bound *bound, struct error *e)
{
	struct keeping *k = &s->keeping;
	char sql[80];
	if (!bound->max_bytes)
		return true;
	/* FAST: pages that are free are written over by what comes next, and not with zeros before that. */
	snprintf(sql, sizeof sql, "PRAGMA journal_size_limit=%llu; PRAGMA secure_delete=FAST",
		 (unsigned long long)bound->log);
	if (!read_pragma(s, STATEMENT_PAGE_SIZE, &k->page_size, e) || k->page_size <= 0)
		return false;
	if (sqlite3_exec(s->db, sql, NULL, NULL, NULL) != SQLITE_OK)
		return store_fail(s, "opened", e);
	k->database = (int64_t)bound->database / k->page_size;
	k->requests = (int64_t)bound->requests / k->page_size;
	k->slack = k->database / 64 < STEP_PAGES ? k->database / 64 : STEP_PAGES;
	k->log_short = (int)(bound->log_short / (uint64_t)k->page_size);
	k->on = true;
	return true;
}

/* ---- how much room there is ---- */

/* An overflow page holds four bytes less than its size. */
static int64_t pages_of(const struct keeping *k, uint64_t bytes)
{
	uint64_t holds = (uint64_t)k->page_size - 4;
	return (int64_t)(bytes / holds + (bytes % holds != 0));
}

/* The pages of all long answers; counted again after another connection wrote. */
static bool count_answers(struct store *s, struct error *e)
{
	struct keeping *k = &s->keeping;
	int64_t version;
	if (!store_version(s, &version, e))
		return false;
	if (k->counted && k->version == version)
		return true;
	k->counted = read_pragma(s, STATEMENT_ANSWER_PAGES, &k->answers, e);
	k->version = version;
	return k->counted;
}

/* Pages that can be written before the file passes its bound, and before requests pass theirs. */
static bool look(struct store *s, struct error *e)
{
	struct keeping *k = &s->keeping;
	int64_t pages, unused, files;
	if (!read_pragma(s, STATEMENT_PAGE_COUNT, &pages, e) || !read_pragma(s, STATEMENT_UNUSED_COUNT, &unused, e) ||
	    !store_message_file_pages(s, &files, e))
		return false;
	k->freed = unused - files;
	k->total = pages + files;
	k->room = unused + (pages + files < k->database ? k->database - pages - files : 0);
	k->over = pages + files - unused - k->database;
	k->request_room = k->requests - (pages + files - unused - k->answers);
	return true;
}

/* What was found free last is presumed to be so for a while. */
static bool presume(struct keeping *k, int64_t need)
{
	int64_t *all[] = { &k->presumed, &k->room, &k->request_room };
	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		if (*all[i] < need)
			return false;
	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		*all[i] -= need;
	return true;
}

/* ---- making more of it ---- */

static bool run_on(struct store *s, enum store_statement which, int64_t id, struct error *e)
{
	sqlite3_stmt *st = store_statement(s, which, e);
	if (!st)
		return false;
	sqlite3_bind_int64(st, 1, id);
	return store_execute(s, st, e);
}

/* *any false: there is none left. */
static bool drop_oldest_answer(struct store *s, bool *any, struct error *e)
{
	struct keeping *k = &s->keeping;
	sqlite3_stmt *st = store_statement(s, STATEMENT_OLDEST_ANSWER, e);
	if (!st)
		return false;
	int code = sqlite3_step(st);
	int64_t id = sqlite3_column_int64(st, 0);
	int64_t pages = pages_of(k, (uint64_t)sqlite3_column_int64(st, 1));
	sqlite3_reset(st);
	*any = code == SQLITE_ROW;
	if (code != SQLITE_ROW)
		return code == SQLITE_DONE || store_fail(s, "read", e);
	if (!store_body_drop(s, STATEMENT_DROP_FILE, id, id, e) || !run_on(s, STATEMENT_EMPTY_MESSAGE, id, e) ||
	    !run_on(s, STATEMENT_MARK_GAVE_WAY, id, e))
		return false;
	k->answers -= pages;
	atomic_fetch_add(&k->gone_answers, 1);
	return true;
}

enum making { MAKE_NOTHING, MAKE_OF_ANSWERS, MAKE_OF_DELIVERIES };

struct left {
	bool answers, deliveries; /* that may go */
	int64_t after;            /* looked at already */
};

/* Whose turn it is to give way for `need` more pages. */
static enum making next_to_go(const struct keeping *k, int64_t need, bool for_answer, const struct left *left)
{
	if (!for_answer && k->request_room < need && left->deliveries)
		return MAKE_OF_DELIVERIES;
	if (k->room >= need)
		return MAKE_NOTHING;
	if (left->answers)
		return MAKE_OF_ANSWERS;
	return !for_answer && left->deliveries ? MAKE_OF_DELIVERIES : MAKE_NOTHING;
}

/* The oldest of them, about `pages` pages, one at least. */
static bool delete_oldest(struct store *s, int64_t pages, struct left *left, struct error *e)
{
	struct keeping *k = &s->keeping;
	struct store_run run;
	if (!store_sweep_find(s, left->after, pages > 0 ? (uint64_t)(pages * k->page_size) : 1, &run, e))
		return false;
	left->deliveries = run.count > 0;
	if (!run.count)
		return true;
	left->after = run.last;
	if (!store_sweep(s, &run, e))
		return false;
	k->answers -= run.answer_pages;
	atomic_fetch_add(&k->gone_deliveries, run.count);
	return true;
}

static bool make_some(struct store *s, enum making of, int64_t pages, struct left *left, struct error *e)
{
	return (of == MAKE_OF_ANSWERS ? drop_oldest_answer(s, &left->answers, e) : delete_oldest(s, pages, left, e)) &&
	       look(s, e);
}

/* Until there are `need` pages and some more, or nothing is left that may go. In a store far beyond its bound it ends
 * where what is needed here was made free: the rest is for small transactions (store_approach_bound). */
static bool make(struct store *s, int64_t need, bool for_answer, struct error *e)
{
	struct keeping *k = &s->keeping;
	if (!count_answers(s, e) || !look(s, e))
		return false;
	struct left left = { .answers = k->answers > 0, .deliveries = true };
	int64_t begun = k->freed, wanted = need;
	k->allowed = k->total;
	for (enum making of; (of = next_to_go(k, wanted, for_answer, &left)) != MAKE_NOTHING;) {
		if (k->freed - begun >= need + k->slack)
			break;
		wanted = need + k->slack;
		int64_t room = !for_answer && k->request_room < k->room ? k->request_room : k->room;
		int64_t rest = need + k->slack - (k->freed - begun);
		if (!make_some(s, of, wanted - room < rest ? wanted - room : rest, &left, e))
			return false;
	}
	/* Beyond the bound what was deleted is room all the same. */
	if (k->room < need && k->freed - begun >= need)
		k->room = need;
	k->presumed = PRESUMED_PAGES + need;
	return true;
}

bool store_make_room(struct store *s, uint64_t bytes, struct error *e)
{
	struct keeping *k = &s->keeping;
	if (!k->on)
		return true;
	int64_t need = pages_of(k, bytes) + ROW_PAGES;
	if (presume(k, need))
		return true;
	if (!make(s, need, false, e))
		return false;
	/* Where what is under way has passed the requests' share there is room all the same. */
	if (k->request_room < need)
		k->request_room = need;
	return presume(k, need) ||
	       error_set(e, EXIT_STORE,
			 "%s is full: all that --max-size leaves it is waiting or under way; raise --max-size",
			 s->path);
}

bool store_make_room_for_answer(struct store *s, uint64_t rows, uint64_t body, uint64_t *granted, struct error *e)
{
	struct keeping *k = &s->keeping;
	*granted = body;
	if (!k->on)
		return true;
	bool is_long = body > STORE_SHORT_ANSWER;
	int64_t need = pages_of(k, is_long ? rows : rows + body) + ROW_PAGES;
	if (!presume(k, need)) {
		if (!make(s, need, false, e))
			return false;
		bool fits = presume(k, need); /* the outcome of a delivery is recorded in any case */
		(void)fits;
	}
	if (!is_long)
		return true;
	/* Somebody reads far back, and the log grows all the while: what is deleted grows it, too. */
	need = pages_of(k, body);
	if (!k->log_full && (k->room < need || k->presumed < need) && !make(s, need, true, e))
		return false;
	int64_t room = k->log_full || k->room < 0 ? 0 : k->room;
	if (room < need) {
		*granted = less(body, (uint64_t)room * (uint64_t)(k->page_size - 4));
		need = pages_of(k, *granted);
	}
	k->room -= need;
	k->presumed -= need;
	k->answers += *granted > STORE_SHORT_ANSWER ? need : 0;
	return true;
}

bool store_approach_bound(struct store *s, bool *more, struct error *e)
{
	struct keeping *k = &s->keeping;
	struct left left = { .answers = true, .deliveries = true };
	*more = false;
	if (!k->on)
		return true;
	if (!count_answers(s, e) || !look(s, e))
		return false;
	int64_t begun = k->freed;
	while ((k->over > 0 || k->request_room < 0) && left.deliveries) {
		int64_t rest = STEP_PAGES - (k->freed - begun);
		int64_t lacking = k->over > -k->request_room ? k->over : -k->request_room;
		*more = rest <= 0;
		if (*more)
			break;
		bool of_answers = k->request_room >= 0 && k->answers > 0 && left.answers;
		if (!make_some(s, of_answers ? MAKE_OF_ANSWERS : MAKE_OF_DELIVERIES, lacking < rest ? lacking : rest,
			       &left, e))
			return false;
	}
	return true;
}

bool store_make_room_ahead(struct store *s, bool *more, struct error *e)
{
	struct keeping *k = &s->keeping;
	struct left left = { .answers = true, .deliveries = true };
	int64_t ahead = k->database / 32;
	*more = false;
	if (!k->on || (uint64_t)(k->database * k->page_size) < AHEAD_FROM)
		return true;
	if (!count_answers(s, e) || !look(s, e))
		return false;
	left.answers = k->answers > 0;
	enum making of = next_to_go(k, ahead, false, &left);
	if (of == MAKE_NOTHING)
		return true;
	if (!make_some(s, of, AHEAD_STEP_PAGES, &left, e))
		return false;
	*more = of == MAKE_OF_ANSWERS ? left.answers : left.deliveries;
	return true;
}

struct store_gave_way store_take_gave_way(struct store *s)
{
	return (struct store_gave_way){ .deliveries = atomic_exchange(&s->keeping.gone_deliveries, 0),
					.answers = atomic_exchange(&s->keeping.gone_answers, 0) };
}
