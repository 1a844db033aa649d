/* Writes the bytes of a request or an answer into the store; long bodies piece by piece, so that memory stays small. */
#include "shared/store/store_private.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define PIECE (256u << 10)

static bool write_pieces(struct store *s, sqlite3_blob *blob, const struct spill *from, size_t len, struct error *e)
{
	char *piece = malloc(PIECE);
	bool fine = piece != NULL || error_set(e, EXIT_STORE, "out of memory");
	for (size_t at = 0; fine && at < len;) {
		size_t n = len - at < PIECE ? len - at : PIECE;
		if (!spill_copy(from, at, piece, n))
			fine = error_set(e, EXIT_STORE, "a body that came cannot be read back: %s", strerror(errno));
		else if (sqlite3_blob_write(blob, piece, (int)n, (int)at) != SQLITE_OK)
			fine = store_fail(s, "written", e);
		at += n;
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
	return store_execute(s, st, e) &&
	       (!spilled || fill_body(s, delivery_id * MESSAGES_PER_DELIVERY + number, spilled, body.len, e));
}

void store_message_free(struct message *m)
{
	buffer_free(&m->headers);
	buffer_free(&m->trailers);
	buffer_free(&m->body);
	buffer_free(&m->raw);
}
