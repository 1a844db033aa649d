#include "client/json/row_json.h"

#include "client/json/json_fields.h"
#include "shared/http/headers.h"
#include "shared/json/json_bytes.h"
#include "shared/text/text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static json_t *milliseconds(uint64_t us)
{
	return json_real((double)us / 1000);
}

/* What names the delivery, in the record's row as in an attempt's. */
static struct json_fields begin(const char *type, const struct delivery_row *row)
{
	char id[UUID_TEXT_LEN + 1];
	struct json_fields f = json_fields_begin(type);
	uuid_format(row->event_id, id);
	json_fields_number(&f, "id", row->id);
	json_fields_text(&f, "event_id", bytes_of(id));
	return f;
}

json_t *row_json_delivery(const char *type, const struct delivery_row *row)
{
	struct json_fields f = begin(type, row);
	json_fields_time(&f, "received_at", row->received_at_us);
	json_fields_text(&f, "tunnel", row->tunnel);
	json_fields_text(&f, "method", row->method);
	json_fields_text(&f, "target", row->target);
	json_fields_text(&f, "path", row->path);
	json_fields_text(&f, "peer", row->peer);
	json_fields_text_or_null(&f, "provider", row->provider);
	json_fields_text_or_null(&f, "event_type", row->event_type);
	json_fields_text(&f, "signature", row->signature);
	if (row->redacted)
		json_fields_put(&f, "redacted", json_true());
	json_fields_text(&f, "state", bytes_of(store_state_name(row->state)));
	json_fields_number_or_null(&f, "status", row->status);
	json_fields_put(&f, "duration_ms", row->took_us >= 0 ? milliseconds((uint64_t)row->took_us) : json_null());
	json_fields_number(&f, "attempts", row->attempts);
	json_fields_number(&f, "request_bytes", (int64_t)row->request_bytes);
	json_fields_number(&f, "response_bytes", (int64_t)row->response_bytes);
	json_fields_text(&f, "origin", bytes_of(store_origin_name(row->origin)));
	json_fields_number_or_null(&f, "replay_of", row->replay_of);
	return json_fields_end(&f);
}

static json_t *headers_json(struct bytes block)
{
	struct bytes name, value;
	json_t *list = json_array();
	for (size_t pos = 0; list && headers_next(block, &pos, &name, &value);) {
		json_t *pair = json_array();
		if (!pair || json_array_append_new(pair, json_from_bytes(name)) ||
		    json_array_append_new(pair, json_from_bytes(value)) || json_array_append_new(list, pair)) {
			json_decref(list);
			return NULL;
		}
	}
	return list;
}

json_t *row_json_message(const struct message *m)
{
	struct bytes body = buffer_view(&m->body);
	struct json_fields f = json_fields_begin(NULL);
	json_fields_put(&f, "headers", headers_json(buffer_view(&m->headers)));
	if (m->trailers.len)
		json_fields_put(&f, "trailers", headers_json(buffer_view(&m->trailers)));
	if (!json_can_hold(body))
		json_fields_put(&f, "body_base64", json_from_base64(body));
	else
		json_fields_put(&f, "body", body.len ? json_stringn((const char *)body.at, body.len) : json_string(""));
	if (m->body_size > body.len)
		json_fields_put(&f, "body_truncated", json_true());
	if (m->body_size > body.len && *store_cut_option(m->cut))
		json_fields_text(&f, "body_truncated_by", bytes_of(store_cut_option(m->cut)));
	return json_fields_end(&f);
}

void row_json_put_raw(struct json_fields *f, const struct message *answer)
{
	struct bytes raw = buffer_view(&answer->raw);
	if (raw.len == 0)
		return;
	if (json_can_hold(raw))
		json_fields_text(f, "response_raw", raw);
	else
		json_fields_put(f, "response_raw_base64", json_from_base64(raw));
}

json_t *row_json_attempt(const char *type, const struct delivery_row *row, const struct attempt_row *a)
{
	struct json_fields f = begin(type, row);
	json_fields_number(&f, "attempt", a->number);
	json_fields_time(&f, "started_at", a->started_at_us);
	json_fields_text(&f, "result", bytes_of(store_result_name(a->result)));
	json_fields_number_or_null(&f, "status", a->status);
	json_fields_text(&f, "state", bytes_of(store_state_name(row->state)));
	json_fields_put(&f, "duration_ms", milliseconds(a->total_us));
	json_fields_number(&f, "response_bytes", (int64_t)a->response_bytes);
	json_fields_text_or_null(&f, "url", a->url);
	json_fields_text_or_null(&f, "error", a->error);
	if (a->chaos.len)
		json_fields_put(&f, "chaos", json_from_words(a->chaos, ','));
	return json_fields_end(&f);
}

/* On a terminal: JSON may hold C1 and bidi controls as they are. */
static bool print_guarded(FILE *out, const json_t *object, size_t flags)
{
	struct buffer guarded = { 0 };
	char *text = json_dumps(object, flags);
	bool fine =
	    text && text_guard_json(&guarded, bytes_of(text)) && fwrite(guarded.at, 1, guarded.len, out) == guarded.len;
	buffer_free(&guarded);
	free(text);
	return fine;
}

static bool print(FILE *out, json_t *object, size_t flags, struct error *e)
{
	flags |= JSON_REAL_PRECISION(12);
	if (!object)
		return error_set(e, EXIT_STORE, "the output cannot be written: out of memory");
	bool fine = isatty(fileno(out)) ? print_guarded(out, object, flags) : json_dumpf(object, out, flags) == 0;
	fine = fine && fputc('\n', out) != EOF && fflush(out) == 0;
	int code = errno;
	json_decref(object);
	return fine || error_set(e, EXIT_STORE, "the output cannot be written: %s", strerror(code));
}

bool row_json_print(FILE *out, json_t *object, struct error *e)
{
	return print(out, object, JSON_COMPACT, e);
}

bool row_json_print_pretty(FILE *out, json_t *object, struct error *e)
{
	return print(out, object, JSON_INDENT(2), e);
}
