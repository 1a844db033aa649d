#include "shared/store/store_jobs.h"

#include "shared/store/store_private.h"

static void read_job(sqlite3_stmt *st, struct job *out)
{
	int64_t state = sqlite3_column_int64(st, 3), at = sqlite3_column_int64(st, 2);
	*out = (struct job){
		.id = sqlite3_column_int64(st, 0),
		.delivery_id = sqlite3_column_int64(st, 1),
		.asked_at_us = at > 0 ? (uint64_t)at : 0,
		.state = state >= JOB_ASKED && state <= JOB_FAILED ? (enum job_state)state : JOB_FAILED,
		.pid = sqlite3_column_int64(st, 4),
		.replay_id = sqlite3_column_int64(st, 5),
	};
}

bool store_ask_job(struct store *s, int64_t delivery_id, int64_t replay_id, uint64_t now_us, int64_t *job,
		   struct error *e)
{
	sqlite3_stmt *st = store_statement(s, STATEMENT_ASK_JOB, e);
	if (!st)
		return false;
	sqlite3_bind_int64(st, 1, delivery_id);
	sqlite3_bind_int64(st, 2, (int64_t)now_us);
	sqlite3_bind_int64(st, 3, replay_id);
	if (!store_execute(s, st, e))
		return false;
	*job = sqlite3_last_insert_rowid(s->db);
	return true;
}

bool store_list_jobs(struct store *s, struct bytes tunnel, uint64_t old_us, int most,
		     void (*row)(void *user, const struct job *), void *user, struct error *e)
{
	sqlite3_stmt *st = store_statement(s, STATEMENT_LIST_JOBS, e);
	int code;
	if (!st)
		return false;
	store_bind_bytes(st, 1, tunnel, false);
	sqlite3_bind_int64(st, 2, (int64_t)old_us);
	sqlite3_bind_int(st, 3, most);
	while ((code = sqlite3_step(st)) == SQLITE_ROW) {
		struct job j;
		read_job(st, &j);
		row(user, &j);
	}
	bool fine = code == SQLITE_DONE || store_fail(s, "read", e);
	sqlite3_reset(st);
	return fine;
}

bool store_get_job(struct store *s, int64_t id, struct job *out, bool *found, struct error *e)
{
	sqlite3_stmt *st = store_statement(s, STATEMENT_GET_JOB, e);
	if (!st)
		return false;
	sqlite3_bind_int64(st, 1, id);
	int code = sqlite3_step(st);
	*found = code == SQLITE_ROW;
	if (*found)
		read_job(st, out);
	bool fine = code == SQLITE_ROW || code == SQLITE_DONE || store_fail(s, "read", e);
	sqlite3_reset(st);
	return fine;
}

bool store_take_job(struct store *s, int64_t id, int64_t pid, struct error *e)
{
	sqlite3_stmt *st = store_statement(s, STATEMENT_TAKE_JOB, e);
	if (!st)
		return false;
	sqlite3_bind_int64(st, 1, id);
	sqlite3_bind_int64(st, 2, pid);
	return store_execute(s, st, e);
}

bool store_disown_jobs(struct store *s, int64_t pid, struct error *e)
{
	sqlite3_stmt *st = store_statement(s, STATEMENT_DISOWN_JOBS, e);
	if (!st)
		return false;
	sqlite3_bind_int64(st, 1, pid);
	return store_execute(s, st, e);
}

bool store_end_job(struct store *s, int64_t id, enum job_state state, struct error *e)
{
	sqlite3_stmt *st = store_statement(s, STATEMENT_END_JOB, e);
	if (!st)
		return false;
	sqlite3_bind_int64(st, 1, id);
	sqlite3_bind_int(st, 2, (int)state);
	return store_execute(s, st, e);
}
