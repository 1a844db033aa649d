/* Writes the bytes of a request or an answer into the store; long bodies piece by piece, so that memory stays small. */
#include "shared/disk/sqlite_file.h"
#include "shared/store/store_private.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define PIECE (256u << 10)
#define WIDEN_FROM (4u << 20)
#define WIDEN_MOST (10u << 20) /* of memory there is no more for it */
#define WIDEN_REST (1u << 20)

/* From its end: what SQLite's cache holds of the empty pages is then filled before it has to be written. */
static bool write_pieces(struct store *s, sqlite3_blob *blob, const struct spill *from, size_t len, struct error *e)
{
	char *piece = malloc(PIECE);
	bool fine = piece != NULL || error_set(e, EXIT_STORE, "out of memory");
	for (size_t left = len; fine && left > 0;) {
		size_t n = left < PIECE ? left : PIECE;
		left -= n;
		if (!spill_copy(from, left, piece, n))
			fine = error_set(e, EXIT_STORE, "a body that came cannot be read back: %s", strerror(errno));
		else if (sqlite3_blob_write(blob, piece, (int)n, (int)left) != SQLITE_OK)
			fine = store_fail(s, "written", e);
	}
	free(piece);
	return fine;
}

static bool fill_body(struct store *s, int64_t message, const struct spill *from, size_t len, struct error *e)
{
	sqlite3_blob *blob;
	if (sqlite3_blob_open(s->db, "main", "message", "body", message, 1, &blob) != SQLITE_OK)
		return store_fail(s, "written", e);
	bool fine = write_pieces(s, blob, from, len, e);
	return (sqlite3_blob_close(blob) == SQLITE_OK || !fine || store_fail(s, "written", e)) && fine;
}

static bool insert_spilled(struct store *s, sqlite3_stmt *insert, int64_t message, const struct store_bytes *m,
			   struct error *e)
{
	return store_execute(s, insert, e) && fill_body(s, message, m->spilled, m->body.len, e);
}

static bool set_cache(struct store *s, int64_t size, struct error *e)
{
	char sql[60];
	sqlite3_db_release_memory(s->db);
	snprintf(sql, sizeof sql, "PRAGMA cache_size=%lld", (long long)size);
	return sqlite3_exec(s->db, sql, NULL, NULL, NULL) == SQLITE_OK || store_fail(s, "written", e);
}

/* With all its pages in SQLite's cache until they are filled. Those that leave it empty go into the log twice, and then
 * the transaction's whole log is read once more for its checksums. */
static bool insert_in_cache(struct store *s, sqlite3_stmt *insert, int64_t message, const struct store_bytes *m,
			    struct error *e)
{
	int64_t was;
	/* Where nine tenths of it are in use pages leave it. In KiB, as a number below 0. */
	int64_t wide = (int64_t)(m->body.len + m->body.len / 6 + WIDEN_REST) / 1024;
	if (!sqlite_file_number(s->db, "PRAGMA cache_size", &was))
		return store_fail(s, "read", e);
	if (!set_cache(s, -wide, e))
		return false;
	bool fine = insert_spilled(s, insert, message, m, e);
	return set_cache(s, was, e) && fine;
}

bool store_insert_message(struct store *s, int64_t delivery_id, int64_t number, const struct store_bytes *m,
			  struct error *e)
{
	const struct spill *spilled = m->spilled;
	struct bytes body = m->body;
	sqlite3_stmt *st = store_statement(s, STATEMENT_INSERT_MESSAGE, e);
	if (!st)
		return false;
	sqlite3_bind_int64(st, 1, delivery_id);
	sqlite3_bind_int64(st, 2, number);
	store_bind_bytes(st, 3, m->headers, true);
	store_bind_bytes(st, 4, m->trailers, true);
	if (m->raw.len)
		store_bind_bytes(st, 6, m->raw, true);
	else
		sqlite3_bind_null(st, 6);
	if (!spilled)
		store_bind_bytes(st, 5, body, true);
	else if (sqlite3_bind_zeroblob64(st, 5, body.len) != SQLITE_OK)
		return store_fail(s, "written", e);
	if (!spilled)
		return store_execute(s, st, e);
	bool in_cache = body.len > WIDEN_FROM && body.len <= WIDEN_MOST;
	return (in_cache ? insert_in_cache : insert_spilled)(s, st, delivery_id * MESSAGES_PER_DELIVERY + number, m, e);
}

void store_message_free(struct message *m)
{
	buffer_free(&m->headers);
	buffer_free(&m->trailers);
	buffer_free(&m->body);
	buffer_free(&m->raw);
}
