/* SQL functions by which a search looks at texts, header blocks, and what bodies say. They get one
 * alternative of a filter's term by pointer. */
#include "shared/filter/filter_private.h"
#include "shared/http/headers.h"
#include "shared/program/interrupt.h"
#include "shared/store/store_private.h"
#include "shared/store/store_stop.h"

#include <string.h>

#define ATOM_TYPE "creel-filter-atom"

static struct bytes value_bytes(sqlite3_value *v)
{
	const void *at = sqlite3_value_blob(v); /* the order of these two calls matters to SQLite */
	int len = sqlite3_value_bytes(v);
	return at && len > 0 ? bytes_make(at, (size_t)len) : bytes_of("");
}

/* Ctrl-C, too, which commands look for themselves between two slices: one text may take long. */
static bool is_stopped(void *store)
{
	struct error ignored;
	return interrupt_came() || store_stopped(store, &ignored);
}

struct filter_stop store_filter_stop(struct store *s)
{
	return (struct filter_stop){ .stopped = is_stopped, .user = s };
}

/* A test that was given up has no answer: the statement fails. */
static void give(sqlite3_context *c, bool fits, const struct filter_stop *stop)
{
	if (stop->broken)
		sqlite3_result_error_code(c, is_stopped(stop->user) ? SQLITE_INTERRUPT : SQLITE_NOMEM);
	else
		sqlite3_result_int(c, fits);
}

static void text_function(sqlite3_context *c, int argc, sqlite3_value **argv)
{
	const struct filter_atom *a = sqlite3_value_pointer(argv[1], ATOM_TYPE);
	struct filter_stop stop = store_filter_stop(sqlite3_user_data(c));
	(void)argc;
	give(c, a && filter_test_text(a, value_bytes(argv[0]), &stop), &stop);
}

static void header_function(sqlite3_context *c, int argc, sqlite3_value **argv)
{
	const struct filter_atom *a = sqlite3_value_pointer(argv[1], ATOM_TYPE);
	struct filter_stop stop = store_filter_stop(sqlite3_user_data(c));
	(void)argc;
	give(c, a && filter_test_header(a, value_bytes(argv[0]), &stop), &stop);
}

enum store_body_found store_read_beginning(struct store *s, int64_t message, size_t most)
{
	enum store_body_found found = store_body_open(s, message, false, &s->body);
	s->scratch.len = 0;
	if (found != STORE_BODY_FOUND)
		return found;
	size_t len = s->body.len > most ? most : (size_t)s->body.len;
	if (!buffer_reserve(&s->scratch, len + 1)) {
		s->body.code = SQLITE_NOMEM;
		return STORE_BODY_FAILED;
	}
	found = store_body_copy(&s->body, 0, s->scratch.at, len);
	if (found == STORE_BODY_FOUND)
		s->scratch.len = len;
	return found;
}

/* argv: message id, headers, and the body, or NULL for a long one, of which the first `most` bytes are read. False: the
 * result is an error. */
static bool open_message(sqlite3_context *c, sqlite3_value **argv, size_t most, struct body *out)
{
	struct store *s = sqlite3_user_data(c);
	struct bytes body;
	if (sqlite3_value_type(argv[2]) == SQLITE_NULL) {
		/* One that is lost says nothing. */
		if (store_read_beginning(s, sqlite3_value_int64(argv[0]), most) == STORE_BODY_FAILED) {
			sqlite3_result_error_code(c, s->body.code);
			return false;
		}
		body = s->scratch.len ? buffer_view(&s->scratch) : bytes_of("");
	} else {
		body = value_bytes(argv[2]);
	}
	body_open(out, value_bytes(argv[1]), body, most);
	return true;
}

/* creel_body(message id, headers, body, atom) */
static void body_function(sqlite3_context *c, int argc, sqlite3_value **argv)
{
	const struct filter_atom *a = sqlite3_value_pointer(argv[3], ATOM_TYPE);
	struct filter_stop stop = store_filter_stop(sqlite3_user_data(c));
	struct body body;
	(void)argc;
	if (a && open_message(c, argv, a->how == HOW_WORDS ? FILTER_INDEXED_BYTES : FILTER_SEARCHED_BYTES, &body)) {
		give(c, filter_test_body(a, &body, &stop), &stop);
		body_free(&body);
	}
}

/* creel_json(message id, headers, body, atom) */
static void json_function(sqlite3_context *c, int argc, sqlite3_value **argv)
{
	const struct filter_atom *a = sqlite3_value_pointer(argv[3], ATOM_TYPE);
	struct filter_stop stop = store_filter_stop(sqlite3_user_data(c));
	struct body body;
	(void)argc;
	/* One byte more, so that what is longer than the bound is seen to be. */
	if (a && open_message(c, argv, BODY_MOST + 1, &body)) {
		body.most = BODY_MOST;
		give(c, filter_test_json(a, &body, &stop), &stop);
		body_free(&body);
	}
}

/* creel_host(headers): NULL where there is none. */
static void host_function(sqlite3_context *c, int argc, sqlite3_value **argv)
{
	struct bytes host;
	(void)argc;
	if (headers_find(value_bytes(argv[0]), "host", &host))
		sqlite3_result_text64(c, (const char *)host.at, host.len, SQLITE_TRANSIENT, SQLITE_UTF8);
}

bool store_add_functions(struct store *s, struct error *e)
{
	static const struct {
		const char *name;
		int arguments;
		void (*call)(sqlite3_context *, int, sqlite3_value **);
	} functions[] = { { "creel_text", 2, text_function },
			  { "creel_header", 2, header_function },
			  { "creel_json", 4, json_function },
			  { "creel_body", 4, body_function },
			  { "creel_host", 1, host_function } };
	for (size_t i = 0; !s->has_functions && i < sizeof functions / sizeof *functions; i++)
		if (sqlite3_create_function_v2(s->db, functions[i].name, functions[i].arguments,
					       SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_DIRECTONLY, s,
					       functions[i].call, NULL, NULL, NULL) != SQLITE_OK)
			return store_fail(s, "read", e);
	s->has_functions = true;
	return true;
}

bool store_execute_with_id(struct store *s, enum store_statement which, int64_t id, struct error *e)
{
	sqlite3_stmt *st = store_statement(s, which, e);
	if (!st)
		return false;
	sqlite3_bind_int64(st, 1, id);
	bool fine = sqlite3_step(st) == SQLITE_DONE || store_fail(s, "written", e);
	sqlite3_reset(st);
	return fine;
}
