/* Mailboxes: which there are, and their rows in spool.db. */
#include <stdlib.h>
#include <string.h>

#include "relay/spool/spool_private.h"
#include "shared/wire/seal.h"

struct mailbox *spool_mailbox_find(const struct spool *s, int64_t id)
{
	struct mailbox *m;
	HASH_FIND(by_id, s->by_id, &id, sizeof id, m);
	return m;
}

static bool name_of(struct buffer *name, const struct spool_mailbox *is)
{
	return buffer_append_bytes(name, is->tunnel) && buffer_put_u8(name, 0) && buffer_append_bytes(name, is->key);
}

/* Copies a mailbox, its texts into the two buffers. */
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
	s->total.count -= m->level.count;
	s->total.bytes -= m->level.bytes;
	s->total.expired -= m->level.expired;
	mailbox_free(m);
}

struct mailbox *spool_mailbox_add(struct spool *s, const struct spool_mailbox *from)
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
	m->is.features = from->features;
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
		struct mailbox *m = spool_mailbox_find(j->spool, j->is.id);
		spool_jobs_trouble(j->spool, e);
		if (m)
			m->unwritten = true;
	}
	join_free(j);
}

bool spool_mailbox_write(struct spool *s, struct mailbox *m)
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
		if (!(m = spool_mailbox_add(s, &made)))
			return 0;
	}
	return spool_mailbox_write(s, m) ? m->is.id : 0;
}

/* ---- what mailboxes that were left still hold ---- */

static bool run_purge(struct writer_job *job, void *db, struct error *e)
{
	struct small_job *j = (struct small_job *)job;
	return spool_sqlite_purge(db, &j->found, e);
}

static void after_purge(struct small_job *j)
{
	struct spool *s = j->spool;
	s->purging = false;
	if ((j->found || s->purge_again) && !s->closing)
		spool_mailbox_purge(s);
}

/* A purge that fails is kept and run again; `purging` stays true. */
void spool_mailbox_purge(struct spool *s)
{
	s->purge_again = s->purging;
	struct small_job *j = s->purging ? NULL : spool_small_job(s, 0, run_purge);
	if (!j)
		return;
	s->purging = true;
	j->after = after_purge;
	batch_writer_submit(s->writer, &j->job);
}

/* ---- clients leave, and are seen ---- */

static bool run_leave(struct writer_job *job, void *db, struct error *e)
{
	struct small_job *j = (struct small_job *)job;
	spool_seal_forget(&j->spool->seals, j->mailbox);
	return spool_sqlite_leave(db, j->mailbox, e);
}

static void after_leave(struct small_job *j)
{
	spool_mailbox_purge(j->spool);
}

void spool_leave(struct spool *s, int64_t mailbox)
{
	struct mailbox *m = spool_mailbox_find(s, mailbox);
	struct small_job *j = m ? spool_small_job(s, mailbox, run_leave) : NULL;
	if (!m)
		return;
	spool_level_tell(s, m, (struct spool_level){ .count = 0 });
	mailbox_drop(s, m);
	if (!j)
		return; /* the mailbox comes back when the relay restarts */
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
	struct mailbox *m = spool_mailbox_find(s, mailbox);
	struct small_job *j = m ? spool_small_job(s, mailbox, run_seen) : NULL;
	if (!j)
		return;
	m->is.seen_at_us = j->value = now_us;
	batch_writer_submit(s->writer, &j->job);
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

void spool_mailbox_drop_all(struct spool *s)
{
	struct mailbox *m = s->by_id, *next;
	HASH_CLEAR(by_name, s->by_name);
	HASH_CLEAR(by_id, s->by_id);
	for (; m; m = next) {
		next = m->by_id.next;
		mailbox_free(m);
	}
}
