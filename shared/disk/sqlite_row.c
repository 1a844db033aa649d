#include "shared/disk/sqlite_row.h"

static bool copy_row(sqlite3_stmt *row, sqlite3_stmt *put)
{
	int columns = sqlite3_bind_parameter_count(put);
	for (int i = 0; i < columns; i++)
		if (sqlite3_bind_value(put, i + 1, sqlite3_column_value(row, i)) != SQLITE_OK)
			return false;
	bool fine = sqlite3_step(put) == SQLITE_DONE;
	return sqlite3_reset(put) == SQLITE_OK && fine;
}

bool sqlite_row_copy(sqlite3 *from, const char *select, sqlite3 *to, const char *insert, uint64_t *changed,
		     sqlite3 **failed)
{
	sqlite3_stmt *row = NULL, *put = NULL;
	int code = SQLITE_ERROR;
	*failed = from;
	if (sqlite3_prepare_v2(from, select, -1, &row, NULL) != SQLITE_OK)
		goto out;
	*failed = to;
	if (sqlite3_prepare_v2(to, insert, -1, &put, NULL) != SQLITE_OK)
		goto out;
	while ((code = sqlite3_step(row)) == SQLITE_ROW) {
		if (!copy_row(row, put))
			goto out;
		*changed += sqlite3_changes(to) > 0;
	}
	*failed = code == SQLITE_DONE ? NULL : from;
out:
	sqlite3_finalize(row);
	sqlite3_finalize(put);
	return code == SQLITE_DONE;
}

static bool put_column(struct buffer *out, sqlite3_stmt *st, int i)
{
	int type = sqlite3_column_type(st, i);
	if (!buffer_put_u8(out, (uint8_t)type))
		return false;
	if (type == SQLITE_INTEGER)
		return buffer_put_u64(out, (uint64_t)sqlite3_column_int64(st, i));
	if (type == SQLITE_NULL)
		return true;
	const void *at = sqlite3_column_blob(st, i);
	size_t len = (size_t)sqlite3_column_bytes(st, i);
	/* NULL is what column_blob gives for no bytes, and without memory. */
	return type != SQLITE_FLOAT && (at || len == 0) && buffer_put_u32(out, (uint32_t)len) &&
	       buffer_append(out, at, len);
}

bool sqlite_row_put(struct buffer *out, sqlite3_stmt *st)
{
	int columns = sqlite3_column_count(st);
	bool fine = buffer_put_u8(out, (uint8_t)columns);
	for (int i = 0; fine && i < columns; i++)
		fine = put_column(out, st, i);
	return fine;
}

static bool skip(struct bytes *from, size_t len)
{
	if (from->len < len)
		return false;
	*from = bytes_make(from->at + len, from->len - len);
	return true;
}

static enum sqlite_row_taken take_column(struct bytes *from, sqlite3_stmt *st, int i)
{
	struct bytes at = *from;
	if (!skip(from, 1))
		return SQLITE_ROW_MORE;
	int type = at.at[0], code = SQLITE_ERROR;
	if (type == SQLITE_NULL) {
		code = sqlite3_bind_null(st, i);
	} else if (type == SQLITE_INTEGER) {
		if (!skip(from, 8))
			return SQLITE_ROW_MORE;
		code = sqlite3_bind_int64(st, i, (int64_t)bytes_get_u64(at.at + 1));
	} else if (type == SQLITE_TEXT || type == SQLITE_BLOB) {
		if (!skip(from, 4))
			return SQLITE_ROW_MORE;
		size_t len = bytes_get_u32(at.at + 1);
		const char *value = (const char *)at.at + 5;
		if (!skip(from, len))
			return SQLITE_ROW_MORE;
		code = type == SQLITE_TEXT ? sqlite3_bind_text64(st, i, value, len, SQLITE_STATIC, SQLITE_UTF8)
					   : sqlite3_bind_blob64(st, i, value, len, SQLITE_STATIC);
	}
	return code == SQLITE_OK ? SQLITE_ROW_TAKEN : SQLITE_ROW_BROKEN;
}

enum sqlite_row_taken sqlite_row_take(struct bytes *from, sqlite3_stmt *st)
{
	struct bytes rest = *from;
	if (!skip(&rest, 1))
		return SQLITE_ROW_MORE;
	int columns = from->at[0];
	if (columns != sqlite3_bind_parameter_count(st))
		return SQLITE_ROW_BROKEN;
	for (int i = 1; i <= columns; i++) {
		enum sqlite_row_taken taken = take_column(&rest, st, i);
		if (taken != SQLITE_ROW_TAKEN)
			return taken;
	}
	*from = rest;
	return SQLITE_ROW_TAKEN;
}
