#include "shared/store/store_labels.h"

#include "shared/store/store_private.h"
#include "shared/text/text.h"

/* A statement that needs the delivery to be there. */
static bool execute_for(struct store *s, int64_t id, sqlite3_stmt *st, struct error *e)
{
	if (store_execute(s, st, e))
		return true;
	if (sqlite3_extended_errcode(s->db) == SQLITE_CONSTRAINT_FOREIGNKEY)
		error_set(e, EXIT_USAGE, "delivery %lld is no longer on record", (long long)id);
	return false;
}

/* Appends the first column of all rows, a blank between two; *marked: "marked" was there, and is not among them. */
static bool read_words(struct store *s, enum store_statement which, int64_t id, struct buffer *out, bool *marked,
		       struct error *e)
{
	sqlite3_stmt *st = store_statement(s, which, e);
	int code;
	if (!st)
		return false;
	sqlite3_bind_int64(st, 1, id);
	while ((code = sqlite3_step(st)) == SQLITE_ROW) {
		const void *at = sqlite3_column_blob(st, 0); /* the order of these two calls matters to SQLite */
		struct bytes word = bytes_make(at, (size_t)sqlite3_column_bytes(st, 0));
		if (marked && bytes_equal(word, bytes_of("marked"))) {
			*marked = true;
			continue;
		}
		if ((out->len && !buffer_put_u8(out, ' ')) || !buffer_append_bytes(out, word)) {
			sqlite3_reset(st);
			return error_set(e, EXIT_STORE, "out of memory");
		}
	}
	bool fine = code == SQLITE_DONE || store_fail(s, "read", e);
	sqlite3_reset(st);
	return fine;
}

bool store_labels_get(struct store *s, int64_t id, struct store_labels *out, struct error *e)
{
	out->note.len = out->tags.len = 0;
	out->marked = false;
	return read_words(s, STATEMENT_GET_NOTE, id, &out->note, NULL, e) &&
	       read_words(s, STATEMENT_LIST_TAGS, id, &out->tags, &out->marked, e);
}

void store_labels_free(struct store_labels *l)
{
	buffer_free(&l->note);
	buffer_free(&l->tags);
}

static bool drop_note(struct store *s, int64_t id, struct error *e)
{
	sqlite3_stmt *st = store_statement(s, STATEMENT_DROP_NOTE, e);
	if (!st)
		return false;
	sqlite3_bind_int64(st, 1, id);
	return store_execute(s, st, e);
}

static bool put_note(struct store *s, int64_t id, struct bytes text, struct error *e)
{
	char line[STORE_NOTE_MOST];
	sqlite3_stmt *st = store_statement(s, STATEMENT_SET_NOTE, e);
	if (!st)
		return false;
	for (size_t i = 0; i < text.len; i++)
		line[i] = (char)(text.at[i] < 0x20 || text.at[i] == 0x7f ? ' ' : text.at[i]);
	sqlite3_bind_int64(st, 1, id);
	store_bind_bytes(st, 2, bytes_make(line, text.len), false);
	return execute_for(s, id, st, e);
}

static bool check_note(struct bytes text, struct error *e)
{
	if (text.len > STORE_NOTE_MOST)
		return error_set(e, EXIT_USAGE, "a note has %d bytes at most", STORE_NOTE_MOST);
	return text_is_utf8(text) || error_set(e, EXIT_USAGE, "a note must be UTF-8");
}

bool store_labels_set_note(struct store *s, int64_t id, struct bytes text, struct error *e)
{
	while (text.len && text.at[text.len - 1] <= ' ')
		text.len--;
	if (!text.len)
		return drop_note(s, id, e);
	return check_note(text, e) && put_note(s, id, text, e);
}

/* The next name; false when there is none. */
static bool take_name(struct bytes *names, struct bytes *out)
{
	size_t from = 0;
	while (from < names->len && (names->at[from] <= ' ' || names->at[from] == ','))
		from++;
	size_t to = from;
	while (to < names->len && names->at[to] > ' ' && names->at[to] != ',')
		to++;
	*out = bytes_make(names->at + from, to - from);
	*names = bytes_make(names->at + to, names->len - to);
	return out->len > 0;
}

static bool check_names(struct bytes names, struct error *e)
{
	struct bytes name;
	if (!text_is_utf8(names))
		return error_set(e, EXIT_USAGE, "a tag must be UTF-8");
	while (take_name(&names, &name))
		if (name.len > STORE_TAG_MOST)
			return error_set(e, EXIT_USAGE, "a tag has %d bytes at most", STORE_TAG_MOST);
	return true;
}

bool store_labels_check(struct bytes note, struct bytes tags, struct error *e)
{
	return check_note(note, e) && check_names(tags, e);
}

bool store_labels_set_tags(struct store *s, int64_t id, struct bytes names, struct error *e)
{
	struct bytes name;
	sqlite3_stmt *st = check_names(names, e) ? store_statement(s, STATEMENT_CLEAR_TAGS, e) : NULL;
	if (!st)
		return false;
	sqlite3_bind_int64(st, 1, id);
	bool fine = store_execute(s, st, e);
	while (fine && take_name(&names, &name))
		fine = store_add_tag(s, id, name, e);
	return fine;
}

bool store_add_tag(struct store *s, int64_t id, struct bytes name, struct error *e)
{
	sqlite3_stmt *st = store_statement(s, STATEMENT_ADD_TAG, e);
	if (!st)
		return false;
	sqlite3_bind_int64(st, 1, id);
	store_bind_bytes(st, 2, name, false);
	return execute_for(s, id, st, e);
}

bool store_drop_tag(struct store *s, int64_t id, struct bytes name, struct error *e)
{
	sqlite3_stmt *st = store_statement(s, STATEMENT_DROP_TAG, e);
	if (!st)
		return false;
	sqlite3_bind_int64(st, 1, id);
	store_bind_bytes(st, 2, name, false);
	return store_execute(s, st, e);
}
