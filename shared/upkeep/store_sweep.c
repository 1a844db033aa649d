#include "shared/upkeep/store_sweep.h"

#include "shared/query/store_index.h"
#include "shared/store/store_private.h"
#include "shared/upkeep/store_prune.h"

#define RUN_MOST 4096
#define FEW 24           /* deleted one by one: to leave triggers out costs as much as these */
#define BYTES_BESIDE 512 /* that a delivery takes besides its bodies, about */

/* ---- finding ---- */

static uint64_t column(sqlite3_stmt *st, int n)
{
	int64_t value = sqlite3_column_int64(st, n);
	return value > 0 ? (uint64_t)value : 0;
}

static uint64_t plus(uint64_t a, uint64_t b)
{
	return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

/* An estimate from the row, rather too high: bodies count at the length they had when they came, and each answer as
 * much as the last. */
static uint64_t bytes_of_row(sqlite3_stmt *st)
{
	uint64_t request = column(st, 2), answer = column(st, 3), attempts = column(st, 4), answers;
	if (__builtin_mul_overflow(answer, attempts, &answers))
		answers = UINT64_MAX;
	return plus(plus(request, answers), BYTES_BESIDE);
}

static bool is_under_way(sqlite3_stmt *st)
{
	int state = sqlite3_column_int(st, 1);
	return state == DELIVERY_WAITING || state == DELIVERY_SENDING;
}

static bool count_answer_pages(struct store *s, struct store_run *run, struct error *e)
{
	sqlite3_stmt *st = store_statement(s, STATEMENT_ANSWER_PAGES_OF, e);
	if (!st)
		return false;
	sqlite3_bind_int64(st, 1, run->first);
	sqlite3_bind_int64(st, 2, run->last);
	bool fine = sqlite3_step(st) == SQLITE_ROW || store_fail(s, "read", e);
	run->answer_pages = fine ? sqlite3_column_int64(st, 0) : 0;
	sqlite3_reset(st);
	return fine;
}

bool store_sweep_find(struct store *s, int64_t after, uint64_t bytes, struct store_run *out, struct error *e)
{
	sqlite3_stmt *st = store_statement(s, STATEMENT_OLDEST, e);
	*out = (struct store_run){ 0 };
	if (!st)
		return false;
	sqlite3_bind_int64(st, 1, after);
	int code;
	for (uint64_t found = 0; (code = sqlite3_step(st)) == SQLITE_ROW;) {
		if (is_under_way(st) && out->count)
			break;
		if (is_under_way(st))
			continue;
		out->last = sqlite3_column_int64(st, 0);
		if (out->count++ == 0)
			out->first = out->last;
		found = plus(found, bytes_of_row(st));
		if (found >= bytes || out->count >= RUN_MOST)
			break;
	}
	bool fine = code == SQLITE_ROW || code == SQLITE_DONE || store_fail(s, "read", e);
	sqlite3_reset(st);
	return fine && (!out->count || count_answer_pages(s, out, e));
}

/* ---- deleting ---- */

static bool on_run(struct store *s, enum store_statement which, const struct store_run *run, struct error *e)
{
	sqlite3_stmt *st = store_statement(s, which, e);
	if (!st)
		return false;
	sqlite3_bind_int64(st, 1, run->first);
	sqlite3_bind_int64(st, 2, run->last);
	return store_execute(s, st, e);
}

static bool one_by_one(struct store *s, const struct store_run *run, struct error *e)
{
	for (int64_t id = run->first; id <= run->last; id++)
		if (!store_delete(s, id, e))
			return false;
	return true;
}

/* What triggers and foreign keys do for each delivery, for all of them at once. */
static bool all_at_once(struct store *s, const struct store_run *run, struct error *e)
{
	static const enum store_statement steps[] = { STATEMENT_SWEEP_FIGURES,   STATEMENT_SWEEP_JOBS,
						      STATEMENT_SWEEP_TAGS,      STATEMENT_SWEEP_NOTES,
						      STATEMENT_SWEEP_ATTEMPTS,  STATEMENT_SWEEP_MESSAGES,
						      STATEMENT_SWEEP_DELIVERIES };
	bool fine = true;
	for (size_t i = 0; fine && i < sizeof steps / sizeof *steps; i++)
		fine = on_run(s, steps[i], run, e);
	return fine;
}

/* Statements are compiled again after each change of these. */
static void follow(struct store *s, bool triggers)
{
	sqlite3_db_config(s->db, SQLITE_DBCONFIG_ENABLE_TRIGGER, (int)triggers, NULL);
	sqlite3_db_config(s->db, SQLITE_DBCONFIG_ENABLE_FKEY, (int)triggers, NULL);
}

bool store_sweep(struct store *s, const struct store_run *run, struct error *e)
{
	if (run->last - run->first < FEW)
		return one_by_one(s, run, e);
	/* While there are triggers: one of them keeps the names of files that are to be deleted. */
	if (!store_body_drop(s, STATEMENT_DROP_FILES, run->first, run->last, e))
		return false;
	follow(s, false);
	bool fine = all_at_once(s, run, e);
	follow(s, true);
	/* Of the search index whole blocks go, and those that the run begins and ends in are made anew when there is
	 * time. */
	return fine && on_run(s, STATEMENT_INDEX_SWEEP, run, e) && on_run(s, STATEMENT_INDEX_TOUCH, run, e) &&
	       store_index_forget(s, e);
}
