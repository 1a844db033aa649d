/* Deliveries that wait: put, fetched in the order they came, forgotten. */
#include <stdlib.h>
#include <string.h>

#include "relay/spool/spool_private.h"
#include "shared/wire/seal.h"

/* ---- put ---- */

struct put_job {
	struct writer_job job;
	struct spool *spool;
	struct spool_item item;
	struct spool_put put;
	uint8_t key[SEAL_KEY_LEN];
	bool stored;
	void (*done)(void *user, const struct error *e);
	void *user;
};

static bool run_put(struct writer_job *job, void *db, struct error *e)
{
	struct put_job *j = (struct put_job *)job;
	struct spool_seals *seals = &j->spool->seals;
	struct bytes payload = j->item.payload;
	j->stored = false;
	if (!spool_sqlite_put(db, &j->put, &j->stored, e))
		return false;
	if (!j->stored)
		return true;
	bool fine = (!j->put.sealed || j->item.is_sealed ||
		     spool_seal(seals, j->put.mailbox, j->key, j->item.event_id, &payload, e)) &&
		    spool_sqlite_put_payload(db, j->put.row, payload, e);
	spool_seal_trim(seals);
	return fine;
}

static void done_put(struct writer_job *job, const struct error *e)
{
	struct put_job *j = (struct put_job *)job;
	if (e || !j->stored)
		spool_level_take(j->spool, j->put.mailbox, j->item.payload.len);
	if (!e && j->stored && j->spool->put && j->item.payload.len <= SPOOL_COPY_MOST)
		j->spool->put(j->spool->put_user, j->put.row, j->done, j->user);
	else
		j->done(j->user, e);
	free(j);
}

void spool_put(struct spool *s, int64_t mailbox, const struct spool_item *item,
	       void (*done)(void *user, const struct error *e), void *user)
{
	struct mailbox *m = spool_mailbox_find(s, mailbox);
	struct put_job *j = m ? calloc(1, sizeof *j) : NULL;
	if (!j) {
		struct error e;
		error_set(&e, EXIT_STORE, m ? "out of memory" : "the client has left this tunnel");
		done(user, &e);
		return;
	}
	if (m->unwritten) /* without the mailbox's row the put fails, and the next put tries again */
		spool_mailbox_write(s, m);
	j->job.run = run_put;
	j->job.done = done_put;
	j->spool = s;
	j->item = *item;
	j->put = (struct spool_put){ .mailbox = mailbox, .row = ++s->last_row, .item = &j->item };
	if (m->is.key.len == SEAL_KEY_LEN) {
		memcpy(j->key, m->is.key.at, SEAL_KEY_LEN);
		j->put.sealed = true;
	}
	j->done = done;
	j->user = user;
	spool_level_add(s, m, item->payload.len);
	batch_writer_submit(s->writer, &j->job);
}

/* ---- fetch ---- */

struct fetch_job {
	struct writer_job job;
	struct spool *spool;
	int64_t mailbox, after;
	size_t most;
	struct spool_waiting *list;
	void (*done)(void *user, struct spool_waiting *list, const struct error *e);
	void *user;
};

static void drop_list(struct fetch_job *j)
{
	while (j->list) {
		struct spool_waiting *w = j->list;
		j->list = w->next;
		spool_waiting_free(w);
	}
}

static bool run_fetch(struct writer_job *job, void *db, struct error *e)
{
	struct fetch_job *j = (struct fetch_job *)job;
	drop_list(j); /* from a run that was rolled back */
	return spool_sqlite_fetch(db, j->mailbox, j->after, j->most, &j->list, e);
}

/* Leaves out rows whose removal was on its way when they were read. The last row that was read; 0: none was. */
static int64_t leave_out_forgotten(struct fetch_job *j)
{
	int64_t last = 0;
	for (struct spool_waiting **at = &j->list; *at;) {
		struct spool_waiting *w = *at;
		struct small_job *gone;
		last = w->row;
		HASH_FIND(hh, j->spool->forgetting, &w->row, sizeof w->row, gone);
		if (!gone) {
			at = &w->next;
			continue;
		}
		*at = w->next;
		spool_waiting_free(w);
	}
	return last;
}

static void done_fetch(struct writer_job *job, const struct error *e)
{
	struct fetch_job *j = (struct fetch_job *)job;
	if (e)
		drop_list(j);
	int64_t last = leave_out_forgotten(j);
	if (last && !j->list) { /* an empty list would say that nothing waits any more */
		j->after = last;
		batch_writer_submit(j->spool->writer, job);
		return;
	}
	j->done(j->user, j->list, e);
	free(j);
}

void spool_fetch(struct spool *s, int64_t mailbox, int64_t after, size_t most,
		 void (*done)(void *user, struct spool_waiting *list, const struct error *e), void *user)
{
	struct fetch_job *j = calloc(1, sizeof *j);
	if (!j) {
		struct error e;
		error_set(&e, EXIT_STORE, "out of memory");
		done(user, NULL, &e);
		return;
	}
	j->job.run = run_fetch;
	j->job.done = done_fetch;
	j->spool = s;
	j->mailbox = mailbox;
	j->after = after;
	j->most = most;
	j->done = done;
	j->user = user;
	batch_writer_submit(s->writer, &j->job);
}

/* ---- forget ---- */

static bool run_forget(struct writer_job *job, void *db, struct error *e)
{
	struct small_job *j = (struct small_job *)job;
	return spool_sqlite_forget(db, j->mailbox, j->row, &j->value, &j->found, e);
}

static void after_forget(struct small_job *j)
{
	if (j->found)
		spool_level_take(j->spool, j->mailbox, j->value);
}

void spool_forget(struct spool *s, int64_t mailbox, int64_t row)
{
	struct small_job *j = spool_small_job(s, mailbox, run_forget);
	if (!j)
		return; /* it is handed out once more after a restart */
	j->row = row;
	j->after = after_forget;
	HASH_ADD(hh, s->forgetting, row, sizeof j->row, j);
	batch_writer_submit(s->writer, &j->job);
}
