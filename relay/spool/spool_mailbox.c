/* The spool in spool.db, the loop's side: opening, mailboxes, counting. What waits is counted here in memory; every
 * change of the file is a job for the writer thread. */
#include <stdlib.h>
#include <string.h>

#include "relay/spool/spool_private.h"
#include "shared/program/log.h"
#include "shared/wire/seal.h"

struct mailbox *spool_find(const struct spool *s, int64_t id)
{
	struct mailbox *m;
	HASH_FIND(by_id, s->by_id, &id, sizeof id, m);
	return m;
}

/* Once, not for each of the many that follow. */
void spool_trouble(struct spool *s, const struct error *e)
{
	if (!s->troubled)
		log_event(LOG_WARN, "spool_trouble", "failure", e->text, NULL);
	s->troubled = true;
}

/* ---- small jobs ---- */

static void done_small(struct writer_job *job, const struct error *e)
{
	struct small_job *j = (struct small_job *)job;
	struct spool *s = j->spool;
	if (e) {
		spool_trouble(s, e);
		if (!s->closing) {
			job->next = s->failed;
			s->failed = job;
			return;
		}
	} else {
		s->troubled = false;
		if (j->after)
			j->after(j);
	}
	if (j->hh.tbl)
		HASH_DELETE(hh, j->spool->forgetting, j);
	free(j);
}

struct small_job *spool_small_job(struct spool *s, int64_t mailbox,
				  bool (*run)(struct writer_job *job, void *db, struct error *e))
{
	struct small_job *j = calloc(1, sizeof *j);
	if (!j)
		return NULL;
	j->job.run = run;
	j->job.done = done_small;
	j->job.lazy = true;
	j->spool = s;
	j->mailbox = mailbox;
	return j;
}

/* ---- mailboxes ---- */

static bool name_of(struct buffer *name, const struct spool_mailbox *is)
{
	return buffer_append_bytes(name, is->tunnel) && buffer_put_u8(name, 0) && buffer_append_bytes(name, is->key);
}

/* Copies, with the texts in the two buffers. */
static bool copy_mailbox(struct spool_mailbox *to, struct buffer *name, struct buffer *owner,
			 const struct spool_mailbox *from)
{
	if (!name_of(name, from) || !buffer_append_bytes(owner, from->owner))
		return false;
	*to = *from;
	to->tunnel = bytes_make(name->at, from->tunnel.len);
	to->key = bytes_make(name->at + from->tunnel.len + 1, from->key.len);
	to->owner = buffer_view(owner);
	return true;
}

static void mailbox_free(struct mailbox *m)
{
	buffer_free(&m->name);
	buffer_free(&m->owner);
	free(m);
}

static void mailbox_drop(struct spool *s, struct mailbox *m)
{
	if (m->by_id.tbl)
		HASH_DELETE(by_id, s->by_id, m);
	if (m->by_name.tbl)
		HASH_DELETE(by_name, s->by_name, m);
	mailbox_free(m);
}

static struct mailbox *mailbox_add(struct spool *s, const struct spool_mailbox *from)
{
	struct mailbox *m = calloc(1, sizeof *m);
	if (!m)
		return NULL;
	if (copy_mailbox(&m->is, &m->name, &m->owner, from)) {
		HASH_ADD(by_id, s->by_id, is.id, sizeof m->is.id, m);
		if (m->by_id.tbl)
			HASH_ADD_KEYPTR(by_name, s->by_name, m->name.at, m->name.len, m);
	}
	if (!m->by_name.tbl) {
		mailbox_drop(s, m);
		return NULL;
	}
	return m;
}

static bool mailbox_update(struct mailbox *m, const struct spool_mailbox *from)
{
	struct buffer owner = { 0 };
	if (!buffer_append_bytes(&owner, from->owner))
		return false;
	buffer_free(&m->owner);
	m->owner = owner;
	m->is.owner = buffer_view(&m->owner);
	m->is.options = from->options;
	m->is.random_name = from->random_name;
	m->is.seen_at_us = from->seen_at_us;
	return true;
}

struct join_job {
	struct writer_job job;
	struct spool *spool;
	struct spool_mailbox is;
	struct buffer name, owner;
};

static void join_free(struct join_job *j)
{
	buffer_free(&j->name);
	buffer_free(&j->owner);
	free(j);
}

static bool run_join(struct writer_job *job, void *db, struct error *e)
{
	return spool_sqlite_write_mailbox(db, &((struct join_job *)job)->is, e);
}

static void done_join(struct writer_job *job, const struct error *e)
{
	struct join_job *j = (struct join_job *)job;
	if (e) {
		struct mailbox *m = spool_find(j->spool, j->is.id);
		spool_trouble(j->spool, e);
		if (m)
			m->unwritten = true;
	}
	join_free(j);
}

bool spool_write_mailbox(struct spool *s, struct mailbox *m)
{
	struct join_job *j = calloc(1, sizeof *j);
	m->unwritten = true;
	if (!j)
		return false;
	if (!copy_mailbox(&j->is, &j->name, &j->owner, &m->is)) {
		join_free(j);
		return false;
	}
	m->unwritten = false;
	j->job.run = run_join;
	j->job.done = done_join;
	j->spool = s;
	batch_writer_submit(s->writer, &j->job);
	return true;
}

int64_t spool_join(struct spool *s, const struct spool_mailbox *is)
{
	struct buffer name = { 0 };
	struct mailbox *m = NULL;
	if ((is->key.len != 0 && is->key.len != SEAL_KEY_LEN) || !name_of(&name, is)) {
		buffer_free(&name);
		return 0;
	}
	HASH_FIND(by_name, s->by_name, name.at, name.len, m);
	buffer_free(&name);
	if (m) {
		if (!mailbox_update(m, is))
			return 0;
	} else {
		struct spool_mailbox made = *is;
		made.id = ++s->last_mailbox;
		if (!(m = mailbox_add(s, &made)))
			return 0;
	}
	return spool_write_mailbox(s, m) ? m->is.id : 0;
}

static bool run_leave(struct writer_job *job, void *db, struct error *e)
{
	return spool_sqlite_leave(db, ((struct small_job *)job)->mailbox, e);
}

static void after_leave(struct small_job *j)
{
	spool_purge(j->spool);
}

void spool_leave(struct spool *s, int64_t mailbox)
{
	struct mailbox *m = spool_find(s, mailbox);
	struct small_job *j = m ? spool_small_job(s, mailbox, run_leave) : NULL;
	if (!m)
		return;
	s->total.count -= m->level.count;
	s->total.bytes -= m->level.bytes;
	s->total.expired -= m->level.expired;
	mailbox_drop(s, m);
	if (!j)
		return; /* it is there again when the relay starts again */
	j->job.lazy = false;
	j->after = after_leave;
	batch_writer_submit(s->writer, &j->job);
}

static bool run_seen(struct writer_job *job, void *db, struct error *e)
{
	struct small_job *j = (struct small_job *)job;
	return spool_sqlite_seen(db, j->mailbox, j->value, e);
}

void spool_seen(struct spool *s, int64_t mailbox, uint64_t now_us)
{
	struct mailbox *m = spool_find(s, mailbox);
	struct small_job *j = m ? spool_small_job(s, mailbox, run_seen) : NULL;
	if (!j)
		return;
	m->is.seen_at_us = j->value = now_us;
	batch_writer_submit(s->writer, &j->job);
}

struct spool_level spool_level(const struct spool *s, int64_t mailbox)
{
	const struct mailbox *m = spool_find(s, mailbox);
	return m ? m->level : (struct spool_level){ 0 };
}

struct spool_level spool_total(const struct spool *s)
{
	return s->total;
}

uint64_t spool_disk_left(const struct spool *s)
{
	uint64_t left = spool_sqlite_disk_free(s->db), inside = atomic_load(&s->db->free_inside);
	if (left == UINT64_MAX)
		return left;
	return left + inside > SPOOL_RESERVE ? left + inside - SPOOL_RESERVE : 0;
}

bool spool_disk_is_full(const struct spool *s)
{
	return spool_sqlite_disk_free(s->db) < SPOOL_RESERVE;
}

/* ---- opening, closing ---- */

static bool on_loaded(void *user, const struct spool_loaded *loaded)
{
	struct spool *s = user;
	struct mailbox *m = mailbox_add(s, &loaded->mailbox);
	if (!m)
		return false;
	m->level = loaded->level;
	s->total.count += m->level.count;
	s->total.bytes += m->level.bytes;
	s->total.expired += m->level.expired;
	return true;
}

static void spool_free(struct spool *s)
{
	struct mailbox *m = s->by_id, *next;
	HASH_CLEAR(by_name, s->by_name);
	HASH_CLEAR(by_id, s->by_id);
	for (; m; m = next) {
		next = m->by_id.next;
		mailbox_free(m);
	}
	while (s->failed) {
		struct writer_job *j = s->failed;
		s->failed = j->next;
		free(j);
	}
	spool_sqlite_close(s->db);
	free(s->sweep);
	free(s);
}

struct spool *spool_open(uv_loop_t *loop, const char *data_folder, const struct spool_settings *settings,
			 struct error *e)
{
	bool left = false;
	struct spool *s = calloc(1, sizeof *s);
	if (!s || !spool_sweep_new(s)) {
		free(s);
		error_set(e, EXIT_STORE, "out of memory");
		return NULL;
	}
	s->settings = *settings;
	if (!spool_sqlite_open(&s->db, data_folder, e) ||
	    !spool_sqlite_last_ids(s->db, &s->last_mailbox, &s->last_row, &left, e) ||
	    !spool_sqlite_load(s->db, on_loaded, s, e) ||
	    !(s->writer = batch_writer_new(loop, &spool_sqlite_batch_ops, s->db, e))) {
		spool_free(s);
		return NULL;
	}
	uv_timer_init(loop, &s->sweep_timer);
	s->sweep_timer.data = s;
	uv_timer_start(&s->sweep_timer, spool_sweep, 0, (uint64_t)settings->sweep_ms);
	uv_unref((uv_handle_t *)&s->sweep_timer);
	if (left)
		spool_purge(s);
	return s;
}

bool spool_recall(struct spool *s, bool (*mailbox)(void *user, const struct spool_mailbox *m), void *user,
		  struct error *e)
{
	struct mailbox *m, *next;
	HASH_ITER(by_id, s->by_id, m, next)
	if (!mailbox(user, &m->is))
		return error_set(e, EXIT_STORE, "out of memory");
	return true;
}

static void on_part_closed(struct spool *s)
{
	if (--s->open_parts > 0)
		return;
	void (*closed)(void *user) = s->closed;
	void *user = s->closed_user;
	spool_free(s);
	if (closed)
		closed(user);
}

static void on_timer_closed(uv_handle_t *h)
{
	on_part_closed(h->data);
}

static void on_writer_closed(void *user)
{
	on_part_closed(user);
}

void spool_close(struct spool *s, void (*closed)(void *user), void *user)
{
	s->closing = true;
	s->closed = closed;
	s->closed_user = user;
	s->open_parts = 2;
	uv_close((uv_handle_t *)&s->sweep_timer, on_timer_closed);
	batch_writer_close(s->writer, on_writer_closed, s);
}
