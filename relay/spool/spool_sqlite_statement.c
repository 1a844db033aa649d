/* The statements of spool.db, and the sentence when one fails. */
#include "relay/spool/spool_sqlite_private.h"

static const char *const statement_sql[SPOOL_STATEMENTS] = {
	[SPOOL_BEGIN] = "BEGIN IMMEDIATE",
	[SPOOL_COMMIT] = "COMMIT",
	[SPOOL_ROLLBACK] = "ROLLBACK",
	/* For a client that came back after its leaving could not be written (a full disk). */
	[SPOOL_DISPLACE] = "UPDATE mailbox SET is_left = 1 WHERE tunnel = ?2 AND key = ?4 AND is_left = 0 AND id <> ?1",
	[SPOOL_WRITE_MAILBOX] =
	    "INSERT INTO mailbox (id, tunnel, owner, key, options, random_name, seen_at)"
	    " VALUES (?1,?2,?3,?4,?5,?6,?7) ON CONFLICT (id) DO UPDATE SET owner = ?3, options = ?5,"
	    " random_name = ?6, seen_at = ?7",
	[SPOOL_LEAVE] = "UPDATE mailbox SET is_left = 1 WHERE id = ?1",
	[SPOOL_SEEN] = "UPDATE mailbox SET seen_at = max(seen_at, ?2) WHERE id = ?1",
	[SPOOL_TOLD] = "UPDATE mailbox SET expired = max(0, expired - ?2) WHERE id = ?1",
	[SPOOL_PUT] =
	    "INSERT INTO waiting (id, mailbox, event_id, received_at, size, sealed) VALUES (?1,?2,?3,?4,?5,?6)"
	    " ON CONFLICT (mailbox, event_id) DO NOTHING",
	[SPOOL_PUT_PAYLOAD] = "INSERT INTO payload (id, bytes) VALUES (?1,?2)",
	[SPOOL_FETCH] = "SELECT w.id, w.event_id, w.received_at, w.sealed, p.bytes FROM waiting w CROSS JOIN payload p"
			" ON p.id = w.id WHERE w.mailbox = ?1 AND w.id > ?2 ORDER BY w.id LIMIT ?3",
	[SPOOL_FORGET] = "DELETE FROM waiting WHERE id = ?1 AND mailbox = ?2 RETURNING size",
	[SPOOL_FORGET_PAYLOAD] = "DELETE FROM payload WHERE id = ?1",
	[SPOOL_OLD] = "SELECT w.id, w.mailbox, w.size FROM waiting w WHERE w.received_at < ?1 ORDER BY w.received_at"
		      " LIMIT ?2",
	[SPOOL_EXPIRED] = "UPDATE mailbox SET expired = expired + 1 WHERE id = ?1",
	[SPOOL_LEFT] = "SELECT w.id, w.mailbox, w.size FROM waiting w WHERE w.mailbox IN"
		       " (SELECT id FROM mailbox WHERE is_left = 1) LIMIT ?2",
	[SPOOL_DROP_LEFT] = "DELETE FROM mailbox WHERE is_left = 1",
	[SPOOL_MAILBOXES] = "SELECT id, tunnel, owner, key, options, random_name, seen_at, expired, waits, bytes FROM"
			    " mailbox LEFT JOIN (SELECT mailbox, count(*) AS waits, sum(size) AS bytes FROM waiting"
			    " GROUP BY mailbox) ON mailbox = id WHERE is_left = 0",
	[SPOOL_LAST_IDS] = "SELECT (SELECT max(id) FROM mailbox), (SELECT max(id) FROM waiting),"
			   " EXISTS (SELECT 1 FROM mailbox WHERE is_left = 1)",
	[SPOOL_FREE_PAGES] = "PRAGMA freelist_count",
	[SPOOL_COPY_MAILBOXES] = "SELECT id, tunnel, owner, key, options, random_name, seen_at, expired FROM mailbox"
				 " WHERE is_left = 0",
	[SPOOL_COPY_DELIVERIES] =
	    "SELECT w.id, w.mailbox, w.event_id, w.received_at, w.size, w.sealed, p.bytes FROM waiting w"
	    " CROSS JOIN mailbox m ON m.id = w.mailbox CROSS JOIN payload p ON p.id = w.id"
	    " WHERE w.id > ?1 AND w.id <= ?2 AND m.is_left = 0 ORDER BY w.id",
	/* In a table that only a node of a cluster has (spool_uncopied.c). */
	[SPOOL_UNCOPIED] =
	    "SELECT w.id, w.mailbox, w.event_id, w.received_at, w.size, w.sealed, p.bytes FROM waiting w"
	    " CROSS JOIN mailbox m ON m.id = w.mailbox CROSS JOIN payload p ON p.id = w.id WHERE w.id > ?1"
	    " AND w.size <= ?3 AND m.is_left = 0 AND NOT EXISTS (SELECT 1 FROM copied c WHERE c.event_id = w.event_id"
	    " AND c.mailbox = w.mailbox) ORDER BY w.id LIMIT ?2",
	[SPOOL_COPIED] = "INSERT OR REPLACE INTO copied (sequence, mailbox, event_id) VALUES (?1,?2,?3)",
	[SPOOL_COPIED_IN] = "SELECT stream FROM copied_in",
	[SPOOL_COPIED_IN_SET] = "INSERT OR REPLACE INTO copied_in (one, stream) VALUES (1,?1)",
	[SPOOL_COPIED_FORGET] = "DELETE FROM copied",
	[SPOOL_USELESS] = "SELECT c.sequence FROM copied c WHERE NOT EXISTS (SELECT 1 FROM waiting w WHERE"
			  " w.event_id = c.event_id AND w.mailbox = c.mailbox) LIMIT ?1",
	[SPOOL_COPY_GONE] = "DELETE FROM copied WHERE sequence = ?1",
	/* Likewise (spool_elsewhere.c). */
	[SPOOL_ELSEWHERE] = "SELECT node, tunnel, key, count, bytes, said_at, adopted_at FROM elsewhere"
			    " WHERE said_at >= ?1",
	[SPOOL_ELSEWHERE_KEEP] =
	    "INSERT OR REPLACE INTO elsewhere (node, tunnel, key, count, bytes, said_at, adopted_at)"
	    " VALUES (?1,?2,?3,?4,?5,?6,?7)",
	[SPOOL_ELSEWHERE_DROP] = "DELETE FROM elsewhere WHERE node = ?1 AND tunnel = ?2 AND key = ?3",
	[SPOOL_ELSEWHERE_OLD] = "DELETE FROM elsewhere WHERE said_at < ?1",
	[SPOOL_MERGE_FIND] = "SELECT id FROM mailbox WHERE tunnel = ?1 AND key = ?2 AND is_left = 0",
	[SPOOL_MERGE_MAILBOX] = "INSERT INTO mailbox (tunnel, owner, key, options, random_name, seen_at, expired)"
				" VALUES (?1,?2,?3,?4,?5,?6,?7)",
	[SPOOL_MERGE_DELIVERY] = "INSERT INTO waiting (mailbox, event_id, received_at, size, sealed)"
				 " VALUES (?1,?2,?3,?4,?5) ON CONFLICT (mailbox, event_id) DO NOTHING",
};

const struct sqlite_file_advice spool_sqlite_advice = {
	.damaged = "it is damaged: move it away (the relay makes a new one; what waited in it is lost) or repair it"
		   " with sqlite3's .recover",
	.not_a_database = "it is not a database: move it away or name another folder with --data",
	.locked = "another program holds it: end the other creel-relay, or name another folder with --data",
};

bool spool_sqlite_fail(struct spool_sqlite *s, const char *doing, struct error *e)
{
	s->was_full |= s->db && (sqlite3_extended_errcode(s->db) & 0xff) == SQLITE_FULL;
	return sqlite_file_fail(s->db, s->path, doing, &spool_sqlite_advice, e);
}

sqlite3_stmt *spool_sqlite_statement(struct spool_sqlite *s, enum spool_statement which, struct error *e)
{
	sqlite3_stmt **st = &s->statements[which];
	if (!*st &&
	    sqlite3_prepare_v3(s->db, statement_sql[which], -1, SQLITE_PREPARE_PERSISTENT, st, NULL) != SQLITE_OK) {
		spool_sqlite_fail(s, "read", e);
		return NULL;
	}
	sqlite3_reset(*st);
	return *st;
}

bool spool_sqlite_finish(struct spool_sqlite *s, sqlite3_stmt *st, struct error *e)
{
	int code = sqlite3_step(st);
	bool fine = code == SQLITE_DONE || code == SQLITE_ROW || spool_sqlite_fail(s, "written", e);
	sqlite3_reset(st);
	return fine;
}

bool spool_sqlite_run(struct spool_sqlite *s, enum spool_statement which, struct error *e)
{
	sqlite3_stmt *st = spool_sqlite_statement(s, which, e);
	return st && spool_sqlite_finish(s, st, e);
}
