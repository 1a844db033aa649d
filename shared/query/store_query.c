#include "shared/query/store_query.h"

#include "shared/query/store_filter_private.h"
#include "shared/store/store_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LATEST_US UINT64_C(253402300799999999) /* 9999-12-31T23:59:59.999999Z */

static struct bytes column_bytes(sqlite3_stmt *st, int index)
{
	const void *at = sqlite3_column_blob(st, index); /* the order of these two calls matters to SQLite */
	int len = sqlite3_column_bytes(st, index);
	return at && len > 0 ? bytes_make(at, (size_t)len) : bytes_make(NULL, 0);
}

static uint64_t column_u64(sqlite3_stmt *st, int index)
{
	int64_t v = sqlite3_column_int64(st, index);
	return v > 0 ? (uint64_t)v : 0;
}

/* Within what RFC 3339 can say: of a time as of a span. */
static uint64_t column_us(sqlite3_stmt *st, int index)
{
	uint64_t us = column_u64(st, index);
	return us < LATEST_US ? us : LATEST_US;
}

static int column_within(sqlite3_stmt *st, int index, int max)
{
	int64_t v = sqlite3_column_int64(st, index);
	return v >= 0 && v <= max ? (int)v : 0;
}

static void column_event_id(sqlite3_stmt *st, int index, uint8_t out[UUID_LEN])
{
	struct bytes id = column_bytes(st, index);
	memset(out, 0, UUID_LEN);
	if (id.len == UUID_LEN)
		memcpy(out, id.at, UUID_LEN);
}

static struct bytes known_verdict(struct bytes signature)
{
	static const char *const verdicts[] = { "valid", "invalid", "none" };
	for (size_t i = 0; i < sizeof verdicts / sizeof *verdicts; i++)
		if (bytes_equal(signature, bytes_of(verdicts[i])))
			return signature;
	return bytes_of("unknown");
}

void store_read_row(sqlite3_stmt *st, struct delivery_row *row)
{
	row->id = sqlite3_column_int64(st, 0);
	column_event_id(st, 1, row->event_id);
	row->received_at_us = column_us(st, 2);
	row->origin = (enum delivery_origin)column_within(st, 3, ORIGIN_TRIGGER);
	row->state = (enum delivery_state)column_within(st, 4, DELIVERY_REFUSED);
	row->replay_of = sqlite3_column_int64(st, 5);
	row->status = column_within(st, 6, 999);
	int class = sqlite3_column_int(st, 7);
	row->timed_out = class == 7;
	row->broke_off = row->status > 0 && row->state == DELIVERY_FAILED && (class == 6 || class == 7);
	bool took = sqlite3_column_type(st, 8) == SQLITE_INTEGER && sqlite3_column_int64(st, 8) >= 0;
	row->took_us = took ? (int64_t)column_us(st, 8) : -1;
	row->attempts = column_within(st, 9, INT32_MAX);
	row->request_bytes = column_u64(st, 10);
	row->response_bytes = column_u64(st, 11);
	row->tunnel = column_bytes(st, 12);
	row->method = column_bytes(st, 13);
	row->target = column_bytes(st, 14);
	row->path = column_bytes(st, 15);
	row->peer = column_bytes(st, 16);
	row->provider = column_bytes(st, 17);
	row->event_type = column_bytes(st, 18);
	row->signature = known_verdict(column_bytes(st, 19));
	row->reached_at_us = column_us(st, 20);
	row->redacted = sqlite3_column_int(st, 21) != 0;
	row->host = row->note = row->tags = bytes_make(NULL, 0);
}

/* Steps through all rows; after the last one the statement is reset. */
static bool walk(struct store *s, sqlite3_stmt *st, void (*row)(void *user, const struct delivery_row *), void *user,
		 int *count, struct error *e)
{
	int code;
	*count = 0;
	while ((code = sqlite3_step(st)) == SQLITE_ROW) {
		struct delivery_row r;
		store_read_row(st, &r);
		row(user, &r);
		++*count;
	}
	bool fine = code == SQLITE_DONE || store_fail(s, "read", e);
	sqlite3_reset(st);
	return fine;
}

bool store_list(struct store *s, int64_t before, int limit, void (*row)(void *user, const struct delivery_row *),
		void *user, struct error *e)
{
	sqlite3_stmt *st = store_statement(s, STATEMENT_LIST, e);
	int count;
	if (!st)
		return false;
	sqlite3_bind_int64(st, 1, before > 0 ? before : INT64_MAX);
	sqlite3_bind_int(st, 2, limit);
	return walk(s, st, row, user, &count, e);
}

static bool no_delivery(struct store *s, int64_t id, struct error *e)
{
	return error_set(e, EXIT_USAGE, "there is no delivery %lld in %s; `creel list` shows what there is",
			 (long long)id, s->path);
}

bool store_get(struct store *s, int64_t id, void (*row)(void *user, const struct delivery_row *), void *user,
	       struct error *e)
{
	sqlite3_stmt *st = store_statement(s, STATEMENT_GET, e);
	int count;
	if (!st)
		return false;
	sqlite3_bind_int64(st, 1, id);
	return walk(s, st, row, user, &count, e) && (count > 0 || no_delivery(s, id, e));
}

bool store_list_unfinished(struct store *s, void (*row)(void *user, const struct delivery_row *), void *user,
			   struct error *e)
{
	sqlite3_stmt *st = store_statement(s, STATEMENT_UNFINISHED, e);
	int count;
	return st && walk(s, st, row, user, &count, e);
}

bool store_list_held(struct store *s, void (*row)(void *user, const struct delivery_row *), void *user, struct error *e)
{
	sqlite3_stmt *st = store_statement(s, STATEMENT_HELD, e);
	int count;
	return st && walk(s, st, row, user, &count, e);
}

bool store_count_attempts(struct store *s, int64_t delivery_id, enum attempt_result result, int *count, struct error *e)
{
	sqlite3_stmt *st = store_statement(s, STATEMENT_COUNT_ATTEMPTS, e);
	if (!st)
		return false;
	sqlite3_bind_int64(st, 1, delivery_id);
	sqlite3_bind_int(st, 2, (int)result);
	int code = sqlite3_step(st);
	if (code == SQLITE_ROW)
		*count = column_within(st, 0, INT32_MAX);
	bool fine = code == SQLITE_ROW || store_fail(s, "read", e);
	sqlite3_reset(st);
	return fine;
}

bool store_last(struct store *s, int64_t *id, struct error *e)
{
	sqlite3_stmt *st = store_statement(s, STATEMENT_LAST, e);
	if (!st)
		return false;
	int code = sqlite3_step(st);
	if (code == SQLITE_ROW)
		*id = sqlite3_column_int64(st, 0);
	bool fine = code == SQLITE_ROW || code == SQLITE_DONE || store_fail(s, "read", e);
	sqlite3_reset(st);
	if (fine && code == SQLITE_DONE)
		return error_set(e, EXIT_USAGE, "%s holds no delivery yet", s->path);
	return fine;
}

/* The hexadecimal beginning of an event id, as the range of ids it stands for. */
static bool prefix_range(const char *text, uint8_t low[UUID_LEN], uint8_t high[UUID_LEN])
{
	size_t digits = 0;
	memset(low, 0, UUID_LEN);
	memset(high, 0xff, UUID_LEN);
	for (; *text; text++) {
		static const char hex[] = "0123456789abcdef0123456789ABCDEF";
		if (*text == '-')
			continue;
		const char *at = strchr(hex, *text);
		if (!at || digits == (size_t)2 * UUID_LEN)
			return false;
		uint8_t value = (uint8_t)((at - hex) & 15), shift = digits % 2 ? 0 : 4;
		low[digits / 2] = (uint8_t)(low[digits / 2] | value << shift);
		high[digits / 2] = (uint8_t)((high[digits / 2] & ~(15 << shift)) | value << shift);
		digits++;
	}
	return digits >= 8;
}

bool store_resolve(struct store *s, const char *text, int64_t *id, struct error *e)
{
	uint8_t low[UUID_LEN], high[UUID_LEN];
	char *end;
	const char *number = *text == '#' ? text + 1 : text;
	long long value = strtoll(number, &end, 10);
	if (*number >= '0' && *number <= '9' && *end == 0 && value > 0 && strlen(number) < 19) {
		/* Eight or more digits may also begin an event id; a row of that number goes first. */
		sqlite3_stmt *st = store_statement(s, STATEMENT_GET, e);
		if (!st)
			return false;
		sqlite3_bind_int64(st, 1, value);
		int code = sqlite3_step(st);
		sqlite3_reset(st);
		*id = value;
		if (code == SQLITE_ROW)
			return true;
		if (code != SQLITE_DONE)
			return store_fail(s, "read", e);
		if (*text == '#' || !prefix_range(text, low, high))
			return no_delivery(s, value, e);
	}
	if (!prefix_range(text, low, high))
		return error_set(e, EXIT_USAGE,
				 "'%.60s' is not a delivery: give a number of `creel list`, an event id, or its first "
				 "8 digits or more",
				 text);
	sqlite3_stmt *st = store_statement(s, STATEMENT_FIND_PREFIX, e);
	if (!st)
		return false;
	sqlite3_bind_blob(st, 1, low, UUID_LEN, SQLITE_STATIC);
	sqlite3_bind_blob(st, 2, high, UUID_LEN, SQLITE_STATIC);
	int found = 0, code;
	while ((code = sqlite3_step(st)) == SQLITE_ROW) {
		*id = sqlite3_column_int64(st, 0);
		found++;
	}
	bool fine = code == SQLITE_DONE || store_fail(s, "read", e);
	sqlite3_reset(st);
	if (!fine || found == 1)
		return fine;
	return error_set(e, EXIT_USAGE,
			 found ? "'%.60s' begins more than one event id: give more of it"
			       : "there is no delivery with the event id '%.60s'",
			 text);
}

/* A body that lies in a file is read into memory, or left to `file` where that is not NULL. */
static bool read_message(struct store *s, sqlite3_stmt *st, int64_t message, struct message *out, struct spill *file,
			 struct error *e)
{
	memset(out, 0, sizeof *out);
	out->body_size = column_u64(st, 3);
	if (buffer_append_bytes(&out->headers, column_bytes(st, 0)) &&
	    buffer_append_bytes(&out->trailers, column_bytes(st, 1)) &&
	    buffer_append_bytes(&out->body, column_bytes(st, 2)) &&
	    buffer_append_bytes(&out->raw, column_bytes(st, 4))) {
		bool in_file = message && !out->body.len && out->body_size;
		if (!in_file ||
		    (file ? store_body_spill(s, message, file, e) : store_body_load(s, message, &out->body, e)))
			return true;
	} else {
		error_set(e, EXIT_STORE, "out of memory");
	}
	store_message_free(out);
	return false;
}

static bool get_request(struct store *s, int64_t id, struct message *out, bool *has_body, bool *https,
			struct spill *file, struct error *e)
{
	sqlite3_stmt *st = store_statement(s, STATEMENT_GET_REQUEST, e);
	if (!st)
		return false;
	sqlite3_bind_int64(st, 1, id);
	int code = sqlite3_step(st);
	bool fine = false;
	if (code == SQLITE_ROW) {
		fine = read_message(s, st, store_message_id(id, 0), out, file, e);
		*has_body = sqlite3_column_int(st, 5) != 0;
		*https = sqlite3_column_int(st, 6) != 0;
		out->forwarded = sqlite3_column_int(st, 7) != 0;
	} else if (code == SQLITE_DONE) {
		no_delivery(s, id, e);
	} else {
		store_fail(s, "read", e);
	}
	sqlite3_reset(st);
	return fine;
}

bool store_get_request(struct store *s, int64_t id, struct message *out, bool *has_body, bool *https, struct error *e)
{
	return get_request(s, id, out, has_body, https, NULL, e);
}

bool store_get_request_apart(struct store *s, int64_t id, struct message *out, struct spill *file, bool *has_body,
			     bool *https, bool *lost, struct error *e)
{
	*lost = store_body_is_lost(s, store_message_id(id, 0));
	return *lost || get_request(s, id, out, has_body, https, file, e);
}

bool store_get_prefix(struct store *s, int64_t id, struct buffer *prefix, bool *https, struct error *e)
{
	sqlite3_stmt *st = store_statement(s, STATEMENT_GET_PREFIX, e);
	if (!st)
		return false;
	sqlite3_bind_int64(st, 1, id);
	int code = sqlite3_step(st);
	bool fine = false;
	if (code == SQLITE_ROW) {
		fine = buffer_append_bytes(prefix, column_bytes(st, 0)) || error_set(e, EXIT_STORE, "out of memory");
		*https = sqlite3_column_int(st, 1) != 0;
	} else if (code == SQLITE_DONE) {
		no_delivery(s, id, e);
	} else {
		store_fail(s, "read", e);
	}
	sqlite3_reset(st);
	return fine;
}

bool store_get_response(struct store *s, int64_t delivery_id, int number, struct message *out, struct error *e)
{
	sqlite3_stmt *st = store_statement(s, STATEMENT_GET_RESPONSE, e);
	if (!st)
		return false;
	sqlite3_bind_int64(st, 1, store_message_id(delivery_id, number ? number : 1));
	sqlite3_bind_int64(st, 2, store_message_id(delivery_id, number ? number : MESSAGES_PER_DELIVERY - 1));
	int code = sqlite3_step(st);
	bool fine = false;
	if (code == SQLITE_ROW)
		fine = read_message(s, st, sqlite3_column_int64(st, 6), out, NULL, e);
	if (code == SQLITE_ROW)
		out->cut = (enum answer_cut)column_within(st, 5, ANSWER_CUT_CLIENT_GONE);
	else if (code == SQLITE_DONE && number)
		error_set(e, EXIT_USAGE, "delivery %lld has no attempt %d", (long long)delivery_id, number);
	else if (code == SQLITE_DONE)
		error_set(e, EXIT_USAGE, "delivery %lld has no attempt yet", (long long)delivery_id);
	else
		store_fail(s, "read", e);
	sqlite3_reset(st);
	return fine;
}

bool store_list_attempts(struct store *s, int64_t delivery_id, void (*row)(void *user, const struct attempt_row *),
			 void *user, struct error *e)
{
	sqlite3_stmt *st = store_statement(s, STATEMENT_LIST_ATTEMPTS, e);
	int code;
	if (!st)
		return false;
	sqlite3_bind_int64(st, 1, delivery_id);
	while ((code = sqlite3_step(st)) == SQLITE_ROW) {
		struct attempt_row a = {
			.number = column_within(st, 0, INT32_MAX),
			.started_at_us = column_us(st, 1),
			.result = (enum attempt_result)column_within(st, 2, ATTEMPT_CANCELLED),
			.status = column_within(st, 3, 999),
			.connect_us = column_us(st, 4),
			.first_byte_us = column_us(st, 5),
			.total_us = column_us(st, 6),
			.response_bytes = column_u64(st, 7),
			.url = column_bytes(st, 8),
			.reason = column_bytes(st, 9),
			.error = column_bytes(st, 10),
			.answered_at_us = column_us(st, 11),
			.cut = (enum answer_cut)column_within(st, 12, ANSWER_CUT_GAVE_WAY),
		};
		row(user, &a);
	}
	bool fine = code == SQLITE_DONE || store_fail(s, "read", e);
	sqlite3_reset(st);
	return fine;
}

bool store_list_status(struct store *s, void (*row)(void *user, const struct client_status *), void *user,
		       struct error *e)
{
	sqlite3_stmt *st = store_statement(s, STATEMENT_LIST_STATUS, e);
	int code;
	if (!st)
		return false;
	while ((code = sqlite3_step(st)) == SQLITE_ROW) {
		struct client_status c = {
			.pid = sqlite3_column_int64(st, 0),
			.started_at_us = column_us(st, 1),
			.confirmed_at_us = column_us(st, 2),
			.ping_interval_ms = column_us(st, 3),
			.state = column_bytes(st, 4),
			.detail = column_bytes(st, 5),
			.relay = column_bytes(st, 6),
			.url = column_bytes(st, 7),
			.tunnel = column_bytes(st, 8),
			.target = column_bytes(st, 9),
			.lag_us = column_us(st, 10),
			.secrets = column_bytes(st, 11),
			.routes = column_bytes(st, 12),
		};
		row(user, &c);
	}
	bool fine = code == SQLITE_DONE || store_fail(s, "read", e);
	sqlite3_reset(st);
	return fine;
}
