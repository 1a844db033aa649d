/* SQL functions by which a search looks at texts, header blocks, bodies and JSON values. Each takes one alternative of
 * a filter's term by pointer. */
#include "shared/filter/filter_private.h"
#include "shared/store/store_private.h"

#include <string.h>

#define ATOM_TYPE "creel-filter-atom"

static struct bytes value_bytes(sqlite3_value *v)
{
	const void *at = sqlite3_value_blob(v); /* the order of these two calls matters to SQLite */
	int len = sqlite3_value_bytes(v);
	return at && len > 0 ? bytes_make(at, (size_t)len) : bytes_of("");
}

static void text_function(sqlite3_context *c, int argc, sqlite3_value **argv)
{
	const struct filter_atom *a = sqlite3_value_pointer(argv[1], ATOM_TYPE);
	(void)argc;
	sqlite3_result_int(c, a && filter_test_text(a, value_bytes(argv[0])));
}

static void header_function(sqlite3_context *c, int argc, sqlite3_value **argv)
{
	const struct filter_atom *a = sqlite3_value_pointer(argv[1], ATOM_TYPE);
	(void)argc;
	sqlite3_result_int(c, a && filter_test_header(a, value_bytes(argv[0])));
}

static bool holds(double value, const struct filter_atom *a)
{
	switch (a->compare) {
	case COMPARE_LESS:
		return value < a->number;
	case COMPARE_LESS_EQUAL:
		return value <= a->number;
	case COMPARE_MORE:
		return value > a->number;
	default:
		return value >= a->number;
	}
}

/* creel_json(type, value, atom): true, false and null are compared as these words. */
static void json_function(sqlite3_context *c, int argc, sqlite3_value **argv)
{
	const struct filter_atom *a = sqlite3_value_pointer(argv[2], ATOM_TYPE);
	const char *type = (const char *)sqlite3_value_text(argv[0]);
	(void)argc;
	if (!a || !type) {
		sqlite3_result_int(c, 0);
		return;
	}
	bool number = strcmp(type, "integer") == 0 || strcmp(type, "real") == 0;
	bool word = strcmp(type, "true") == 0 || strcmp(type, "false") == 0 || strcmp(type, "null") == 0;
	bool fits;
	if (a->how == HOW_COMPARE)
		fits = number && holds(sqlite3_value_double(argv[1]), a);
	else
		fits = filter_test_text(a, word ? bytes_of(type) : value_bytes(argv[1])) ||
		       (number && a->is_number && sqlite3_value_double(argv[1]) == a->number);
	sqlite3_result_int(c, fits);
}

void store_close_blob(struct store *s)
{
	sqlite3_blob_close(s->blob);
	s->blob = NULL;
}

/* Points s->blob at a message's body: SQLITE_OK, or SQLITE_ERROR when there is none. */
static int open_body(struct store *s, sqlite3_int64 message)
{
	if (s->blob) {
		int code = sqlite3_blob_reopen(s->blob, message);
		if (code == SQLITE_OK)
			return code;
		store_close_blob(s);
		if ((code & 0xff) != SQLITE_ABORT)
			return code;
	}
	int code = sqlite3_blob_open(s->db, "main", "message", "body", message, 0, &s->blob);
	if (code != SQLITE_OK)
		store_close_blob(s);
	return code;
}

/* creel_body(message id, atom). Reads no more of the body than is looked at: it may be large. */
static void body_function(sqlite3_context *c, int argc, sqlite3_value **argv)
{
	struct store *s = sqlite3_user_data(c);
	const struct filter_atom *a = sqlite3_value_pointer(argv[1], ATOM_TYPE);
	int code = a ? open_body(s, sqlite3_value_int64(argv[0])) : SQLITE_ERROR;
	(void)argc;
	if ((code & 0xff) == SQLITE_ERROR) { /* no such message */
		sqlite3_result_int(c, 0);
		return;
	}
	int most = a->how == HOW_WORDS ? FILTER_INDEXED_BYTES : FILTER_SEARCHED_BYTES;
	int len = code == SQLITE_OK ? sqlite3_blob_bytes(s->blob) : 0;
	len = len > most ? most : len;
	s->scratch.len = 0;
	if (code == SQLITE_OK && !buffer_reserve(&s->scratch, (size_t)len + 1))
		code = SQLITE_NOMEM;
	if (code == SQLITE_OK && len > 0)
		code = sqlite3_blob_read(s->blob, s->scratch.at, len, 0);
	if (code != SQLITE_OK) {
		sqlite3_result_error_code(c, code);
		return;
	}
	struct bytes body = bytes_make(s->scratch.at, (size_t)len);
	sqlite3_result_int(c, filter_test_text(a, a->how == HOW_WORDS ? filter_indexed_part(body) : body));
}

bool store_add_functions(struct store *s, struct error *e)
{
	static const struct {
		const char *name;
		int arguments;
		void (*call)(sqlite3_context *, int, sqlite3_value **);
	} functions[] = { { "creel_text", 2, text_function },
			  { "creel_header", 2, header_function },
			  { "creel_json", 3, json_function },
			  { "creel_body", 2, body_function } };
	for (size_t i = 0; !s->has_functions && i < sizeof functions / sizeof *functions; i++)
		if (sqlite3_create_function_v2(s->db, functions[i].name, functions[i].arguments,
					       SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_DIRECTONLY, s,
					       functions[i].call, NULL, NULL, NULL) != SQLITE_OK)
			return store_fail(s, "read", e);
	s->has_functions = true;
	return true;
}
