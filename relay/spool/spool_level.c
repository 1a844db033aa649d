/* What waits, counted in memory, and what the disk still takes. */
#include "relay/spool/spool_private.h"

void spool_level_tell(const struct spool *s, const struct mailbox *m, struct spool_level level)
{
	if (s->level)
		s->level(s->level_user, &m->is, level);
}

void spool_on_level(struct spool *s,
		    void (*changed)(void *user, const struct spool_mailbox *m, struct spool_level level), void *user)
{
	s->level = changed;
	s->level_user = user;
	for (const struct mailbox *m = s->by_id; m; m = m->by_id.next)
		if (m->level.count > 0)
			spool_level_tell(s, m, m->level);
}

void spool_level_add(struct spool *s, struct mailbox *m, uint64_t bytes)
{
	m->level.count++;
	m->level.bytes += bytes;
	s->total.count++;
	s->total.bytes += bytes;
	spool_level_tell(s, m, m->level);
}

struct mailbox *spool_level_take(struct spool *s, int64_t mailbox, uint64_t bytes)
{
	struct mailbox *m = spool_mailbox_find(s, mailbox);
	if (m) {
		m->level.count--;
		m->level.bytes -= bytes;
		s->total.count--;
		s->total.bytes -= bytes;
		spool_level_tell(s, m, m->level);
	}
	return m;
}

struct spool_level spool_level(const struct spool *s, int64_t mailbox)
{
	const struct mailbox *m = spool_mailbox_find(s, mailbox);
	return m ? m->level : (struct spool_level){ 0 };
}

struct spool_level spool_total(const struct spool *s)
{
	return s->total;
}

uint64_t spool_disk_left(const struct spool *s)
{
	uint64_t left = spool_sqlite_disk_free(s->db), inside = spool_sqlite_free_inside(s->db);
	if (left == UINT64_MAX)
		return left;
	return left + inside > SPOOL_RESERVE ? left + inside - SPOOL_RESERVE : 0;
}

bool spool_disk_is_full(const struct spool *s)
{
	return spool_sqlite_disk_free(s->db) < SPOOL_RESERVE;
}
