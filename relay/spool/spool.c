/* Opening and closing the spool. */
#include <stdlib.h>

#include "relay/spool/spool_private.h"

static bool on_loaded(void *user, const struct spool_loaded *loaded)
{
	struct spool *s = user;
	struct mailbox *m = spool_mailbox_add(s, &loaded->mailbox);
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
	spool_mailbox_drop_all(s);
	spool_jobs_drop(s);
	spool_seal_free(&s->seals);
	spool_sqlite_close(s->db);
	free(s->sweep);
	free(s);
}

struct spool *spool_open(uv_loop_t *loop, const char *data_folder, const struct spool_settings *settings,
			 struct error *e)
{
	bool left = false;
	struct spool *s = calloc(1, sizeof *s);
	if (!s || !spool_expiry_new(s)) {
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
	uv_timer_start(&s->sweep_timer, spool_expiry_sweep, 0, (uint64_t)settings->sweep_ms);
	uv_unref((uv_handle_t *)&s->sweep_timer);
	if (left)
		spool_mailbox_purge(s);
	return s;
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
