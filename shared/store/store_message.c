/* Writes the bytes of a request or an answer into the store. A large body, which lies in a file that may be part of the
 * record, stays there, and a row names the file (store.sql, schema 16); else it is copied piece by piece, so that
 * memory stays small. */
#include "shared/store/store_private.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define PIECE (256u << 10)
#define FILE_FROM (64u << 10) /* bytes on record; filters look at shorter ones without asking where they lie */

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

/* ---- in a file ---- */

bool store_message_file_pages(struct store *s, int64_t *out, struct error *e)
{
	sqlite3_stmt *st = store_statement(s, STATEMENT_FILE_PAGES, e);
	if (!st)
		return false;
	sqlite3_bind_int64(st, 1, s->keeping.page_size);
	bool fine = sqlite3_step(st) == SQLITE_ROW || store_fail(s, "read", e);
	*out = fine ? sqlite3_column_int64(st, 0) : 0;
	sqlite3_reset(st);
	return fine;
}

/* Whether the bound leaves room beside the database. Pages that are free within it do not help a file. */
static bool has_room_beside(struct store *s, size_t len, bool *has, struct error *e)
{
	const struct keeping *k = &s->keeping;
	int64_t files = 0;
	*has = !k->on;
	if (*has)
		return true;
	sqlite3_stmt *st = store_statement(s, STATEMENT_PAGE_COUNT, e);
	if (!st || !store_message_file_pages(s, &files, e))
		return false;
	bool fine = sqlite3_step(st) == SQLITE_ROW || store_fail(s, "read", e);
	int64_t need = (int64_t)((len + (uint64_t)k->page_size - 1) / (uint64_t)k->page_size);
	int64_t total = sqlite3_column_int64(st, 0) + files + need;
	*has = fine && (total <= k->database || total <= k->allowed);
	sqlite3_reset(st);
	return fine;
}

/* Bytes and name are on the disk before the row is. */
static bool name_file(struct store *s, int64_t message, const struct spill *from, size_t len, struct error *e)
{
	struct body_file *file = spill_file(from);
	sqlite3_stmt *st = store_statement(s, STATEMENT_NAME_FILE, e);
	if (!st)
		return false;
	if (!spill_sync(from))
		return error_set(e, EXIT_STORE, "a body cannot be written to %.300s: %s", s->bodies, strerror(errno));
	sqlite3_bind_int64(st, 1, message);
	store_bind_bytes(st, 2, bytes_of(file->name), false);
	sqlite3_bind_int64(st, 3, (int64_t)len);
	file->recorded = len;
	return store_execute(s, st, e);
}

static bool stays_in_file(struct store *s, const struct spill *from, size_t len, bool *stays, struct error *e)
{
	struct body_file *file = from ? spill_file(from) : NULL;
	*stays = false;
	if (!file)
		return true;
	file->recorded = 0;
	return !s->bodies || len <= FILE_FROM || has_room_beside(s, len, stays, e);
}

/* ---- a row ---- */

bool store_insert_message(struct store *s, int64_t delivery_id, int64_t number, const struct store_bytes *m,
			  struct error *e)
{
	int64_t message = store_message_id(delivery_id, number);
	sqlite3_stmt *st = store_statement(s, STATEMENT_INSERT_MESSAGE, e);
	bool stays;
	if (!st || !stays_in_file(s, m->spilled, m->body.len, &stays, e))
		return false;
	sqlite3_bind_int64(st, 1, delivery_id);
	sqlite3_bind_int64(st, 2, number);
	store_bind_bytes(st, 3, m->headers, true);
	store_bind_bytes(st, 4, m->trailers, true);
	if (m->raw.len)
		store_bind_bytes(st, 6, m->raw, true);
	else
		sqlite3_bind_null(st, 6);
	if (!m->spilled || stays)
		store_bind_bytes(st, 5, stays ? bytes_of("") : m->body, true);
	else if (sqlite3_bind_zeroblob64(st, 5, m->body.len) != SQLITE_OK)
		return store_fail(s, "written", e);
	if (!store_execute(s, st, e))
		return false;
	if (!m->spilled)
		return true;
	return stays ? name_file(s, message, m->spilled, m->body.len, e)
		     : fill_body(s, message, m->spilled, m->body.len, e);
}

void store_message_free(struct message *m)
{
	buffer_free(&m->headers);
	buffer_free(&m->trailers);
	buffer_free(&m->body);
	buffer_free(&m->raw);
}
