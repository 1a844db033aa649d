#include "client/print/row_json.h"

#include "shared/http/headers.h"
#include "shared/json/json_bytes.h"
#include "shared/base/text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

json_t *row_json_text(struct bytes b, bool empty_is_null)
{
	return b.len == 0 && empty_is_null ? json_null() : json_from_bytes(b);
}

static json_t *time_json(uint64_t at_us)
{
	char text[TEXT_TIME_LEN];
	text_format_time(text, at_us);
	return json_string(text);
}

json_t *row_json_delivery(const char *type, const struct delivery_row *row)
{
	char id[UUID_TEXT_LEN + 1];
	json_t *o = json_object();
	int failed = o == NULL;
	uuid_format(row->event_id, id);
	if (type)
		failed |= json_object_set_new(o, "type", json_string(type));
	failed |= json_object_set_new(o, "id", json_integer(row->id));
	failed |= json_object_set_new(o, "event_id", json_string(id));
	failed |= json_object_set_new(o, "received_at", time_json(row->received_at_us));
	failed |= json_object_set_new(o, "tunnel", row_json_text(row->tunnel, false));
	failed |= json_object_set_new(o, "method", row_json_text(row->method, false));
	failed |= json_object_set_new(o, "target", row_json_text(row->target, false));
	failed |= json_object_set_new(o, "path", row_json_text(row->path, false));
	failed |= json_object_set_new(o, "peer", row_json_text(row->peer, false));
	failed |= json_object_set_new(o, "provider", row_json_text(row->provider, true));
	failed |= json_object_set_new(o, "event_type", row_json_text(row->event_type, true));
	failed |= json_object_set_new(o, "signature", row_json_text(row->signature, false));
	if (row->redacted)
		failed |= json_object_set_new(o, "redacted", json_true());
	failed |= json_object_set_new(o, "state", json_string(store_state_name(row->state)));
	failed |= json_object_set_new(o, "status", row->status ? json_integer(row->status) : json_null());
	failed |= json_object_set_new(o, "duration_ms",
				      row->took_us >= 0 ? json_real((double)row->took_us / 1000) : json_null());
	failed |= json_object_set_new(o, "attempts", json_integer(row->attempts));
	failed |= json_object_set_new(o, "request_bytes", json_integer((json_int_t)row->request_bytes));
	failed |= json_object_set_new(o, "response_bytes", json_integer((json_int_t)row->response_bytes));
	failed |= json_object_set_new(o, "origin", json_string(store_origin_name(row->origin)));
	failed |= json_object_set_new(o, "replay_of", row->replay_of ? json_integer(row->replay_of) : json_null());
	if (!failed)
		return o;
	json_decref(o);
	return NULL;
}

static json_t *fields_json(struct bytes block)
{
	struct bytes name, value;
	json_t *list = json_array();
	for (size_t pos = 0; list && headers_next(block, &pos, &name, &value);) {
		json_t *pair = json_array();
		if (!pair || json_array_append_new(pair, row_json_text(name, false)) ||
		    json_array_append_new(pair, row_json_text(value, false)) || json_array_append_new(list, pair)) {
			json_decref(list);
			return NULL;
		}
	}
	return list;
}

json_t *row_json_message(const struct message *m)
{
	struct bytes body = buffer_view(&m->body);
	bool text = json_can_hold(body);
	json_t *o = json_object();
	int failed = o == NULL || json_object_set_new(o, "headers", fields_json(buffer_view(&m->headers)));
	if (m->trailers.len)
		failed |= json_object_set_new(o, "trailers", fields_json(buffer_view(&m->trailers)));
	if (text)
		failed |= json_object_set_new(
		    o, "body", body.len ? json_stringn((const char *)body.at, body.len) : json_string(""));
	else
		failed |= json_object_set_new(o, "body_base64", json_from_base64(body));
	if (m->body_size > body.len)
		failed |= json_object_set_new(o, "body_truncated", json_true());
	if (m->body_size > body.len && m->cut)
		failed |= json_object_set_new(o, "body_truncated_by", json_string(store_cut_option(m->cut)));
	if (!failed)
		return o;
	json_decref(o);
	return NULL;
}

/* "a,b" as an array. */
static json_t *words_json(struct bytes b)
{
	json_t *list = json_array();
	while (list && b.len) {
		const uint8_t *comma = memchr(b.at, ',', b.len);
		size_t len = comma ? (size_t)(comma - b.at) : b.len;
		if (json_array_append_new(list, row_json_text(bytes_make(b.at, len), false))) {
			json_decref(list);
			return NULL;
		}
		len += comma ? 1 : 0;
		b = bytes_make(b.at + len, b.len - len);
	}
	return list;
}

json_t *row_json_attempt(const char *type, const struct delivery_row *row, const struct attempt_row *a)
{
	char id[UUID_TEXT_LEN + 1];
	json_t *o = json_object();
	int failed = o == NULL;
	uuid_format(row->event_id, id);
	if (type)
		failed |= json_object_set_new(o, "type", json_string(type));
	failed |= json_object_set_new(o, "id", json_integer(row->id));
	failed |= json_object_set_new(o, "event_id", json_string(id));
	failed |= json_object_set_new(o, "attempt", json_integer(a->number));
	failed |= json_object_set_new(o, "started_at", time_json(a->started_at_us));
	failed |= json_object_set_new(o, "result", json_string(store_result_name(a->result)));
	failed |= json_object_set_new(o, "status", a->status ? json_integer(a->status) : json_null());
	failed |= json_object_set_new(o, "state", json_string(store_state_name(row->state)));
	failed |= json_object_set_new(o, "duration_ms", json_real((double)a->total_us / 1000));
	failed |= json_object_set_new(o, "response_bytes", json_integer((json_int_t)a->response_bytes));
	failed |= json_object_set_new(o, "url", row_json_text(a->url, true));
	failed |= json_object_set_new(o, "error", row_json_text(a->error, true));
	if (a->chaos.len)
		failed |= json_object_set_new(o, "chaos", words_json(a->chaos));
	if (!failed)
		return o;
	json_decref(o);
	return NULL;
}

/* To a terminal: JSON may hold C1 and bidi controls as they are. */
static bool print_guarded(FILE *out, const json_t *object)
{
	struct buffer guarded = { 0 };
	char *text = json_dumps(object, JSON_COMPACT | JSON_REAL_PRECISION(12));
	bool fine =
	    text && text_guard_json(&guarded, bytes_of(text)) && fwrite(guarded.at, 1, guarded.len, out) == guarded.len;
	buffer_free(&guarded);
	free(text);
	return fine;
}

bool row_json_print(FILE *out, json_t *object, struct error *e)
{
	if (!object)
		return error_set(e, EXIT_STORE, "the output cannot be written: out of memory");
	bool fine = isatty(fileno(out)) ? print_guarded(out, object)
					: json_dumpf(object, out, JSON_COMPACT | JSON_REAL_PRECISION(12)) == 0;
	fine = fine && fputc('\n', out) != EOF && fflush(out) == 0;
	int code = errno;
	json_decref(object);
	return fine || error_set(e, EXIT_STORE, "the output cannot be written: %s", strerror(code));
}
