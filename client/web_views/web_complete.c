#include "client/web_views/web_complete.h"

#include <stdlib.h>
#include <string.h>

#include "client/web_views/web_rows.h"
#include "shared/base/clock.h"
#include "shared/http/headers.h"
#include "shared/json/json_bytes.h"
#include "shared/query/store_filter.h"
#include "shared/query/store_part.h"
#include "shared/store/store_labels.h"

#define COMPLETIONS 50
#define LOOKED_AT 2000 /* of the newest deliveries, for values */

static bool begins_with(struct bytes text, struct bytes with)
{
	if (text.len < with.len)
		return false;
	for (size_t i = 0; i < with.len; i++)
		if ((text.at[i] | 32) != (with.at[i] | 32))
			return false;
	return true;
}

static void add(json_t *list, struct bytes text, const char *kind, const char *help, json_t *count)
{
	json_array_append_new(list, json_pack("{s:o, s:s, s:o, s:o}", "text", json_from_bytes(text), "kind", kind,
					      "help", help ? json_string(help) : json_null(), "count", count));
}

/* "field:" for what was begun without a colon. */
static void add_fields(json_t *list, struct bytes word)
{
	const char *name, *example = NULL;
	for (size_t i = 0; (name = filter_field_name(i, &example)); i++) {
		struct buffer text = { 0 };
		if (begins_with(bytes_of(name), word) && buffer_append_text(&text, name) && buffer_put_u8(&text, ':'))
			add(list, buffer_view(&text), "field", example, json_null());
		buffer_free(&text);
	}
}

/* The values that the newest deliveries have, and how often. */
struct values {
	struct store *store;
	struct bytes field, begun;
	struct bytes head; /* what stands before it: "field:", and of a list "field:a,b," */
	json_t *counts;
};

static struct bytes value_of(struct bytes field, const struct delivery_row *row)
{
	const struct {
		const char *name;
		struct bytes value;
	} all[] = { { "source", row->provider }, { "provider", row->provider }, { "event", row->event_type },
		    { "path", row->path },       { "method", row->method },     { "tunnel", row->tunnel } };
	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		if (bytes_equal(field, bytes_of(all[i].name)))
			return all[i].value;
	return bytes_of(NULL);
}

static bool is_listed(const struct values *v, struct bytes value)
{
	size_t from = v->field.len + 1;
	for (size_t at = from; at < v->head.len; at++)
		if (v->head.at[at] == ',') {
			if (bytes_equal(bytes_make(v->head.at + from, at - from), value))
				return true;
			from = at + 1;
		}
	return false;
}

static void count(const struct values *v, struct bytes value)
{
	if (!value.len || value.len > 200 || !begins_with(value, v->begun) || is_listed(v, value))
		return;
	json_t *key = json_from_bytes(value);
	const char *text = json_string_value(key);
	json_int_t before = text ? json_integer_value(json_object_get(v->counts, text)) : 0;
	if (text && (before || json_object_size(v->counts) < 1000))
		json_object_set_new(v->counts, text, json_integer(before + 1));
	json_decref(key);
}

static void count_host(const struct values *v, int64_t id)
{
	struct store_part part = { 0 };
	struct bytes host;
	struct error ignored;
	if (store_get_part(v->store, id, 0, 0, &part, &ignored) &&
	    headers_find(buffer_view(&part.headers), "host", &host))
		count(v, host);
	store_part_free(&part);
}

static void count_tags(const struct values *v, int64_t id)
{
	struct store_labels labels = { 0 };
	struct error ignored;
	if (!store_labels_get(v->store, id, &labels, &ignored))
		return;
	if (labels.marked)
		count(v, bytes_of("marked"));
	struct bytes rest = buffer_view(&labels.tags);
	while (rest.len) {
		const uint8_t *blank = memchr(rest.at, ' ', rest.len);
		size_t len = blank ? (size_t)(blank - rest.at) : rest.len;
		count(v, bytes_make(rest.at, len));
		len += blank != NULL;
		rest = bytes_make(rest.at + len, rest.len - len);
	}
	store_labels_free(&labels);
}

static void on_row(void *user, const struct delivery_row *row)
{
	const struct values *v = user;
	if (bytes_equal(v->field, bytes_of("host")))
		count_host(v, row->id);
	else if (bytes_equal(v->field, bytes_of("tag")))
		count_tags(v, row->id);
	else
		count(v, value_of(v->field, row));
}

/* A value that has blanks or signs of the language is quoted. */
static bool put_value(struct buffer *out, const char *text)
{
	bool plain = strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._/-") == strlen(text);
	if (plain)
		return buffer_append_text(out, text);
	bool fine = buffer_put_u8(out, '"');
	for (; fine && *text; text++)
		fine = (*text != '"' && *text != '\\') ? buffer_put_u8(out, (uint8_t)*text)
						       : buffer_put_u8(out, '\\') && buffer_put_u8(out, (uint8_t)*text);
	return fine && buffer_put_u8(out, '"');
}

static void add_most(json_t *list, const struct values *v)
{
	for (size_t n = 0; n < COMPLETIONS; n++) {
		const char *name, *best = NULL;
		json_int_t most = 0;
		json_t *count;
		json_object_foreach(v->counts, name, count)
		{
			if (json_integer_value(count) > most) {
				most = json_integer_value(count);
				best = name;
			}
		}
		struct buffer text = { 0 };
		if (!best)
			return;
		if (buffer_append_bytes(&text, v->head) && put_value(&text, best))
			add(list, buffer_view(&text), "value", NULL, json_integer(most));
		buffer_free(&text);
		json_object_del(v->counts, best);
	}
}

static void add_words(json_t *list, const struct values *v)
{
	const char *word;
	for (size_t i = 0; (word = filter_field_word((const char *)v->field.at, v->field.len, i)); i++) {
		struct buffer text = { 0 };
		if (begins_with(bytes_of(word), v->begun) && !is_listed(v, bytes_of(word)) &&
		    buffer_append_bytes(&text, v->head) && buffer_append_text(&text, word))
			add(list, buffer_view(&text), "word", NULL, json_null());
		buffer_free(&text);
	}
}

/* Up to the value that is being written, the last of a list. */
static struct bytes head_of(struct bytes word, size_t from)
{
	size_t end = from;
	bool quoted = false;
	for (size_t i = from; i < word.len; i++) {
		if (word.at[i] == '\\' && quoted)
			i++;
		else if (word.at[i] == '"')
			quoted = !quoted;
		else if (word.at[i] == ',' && !quoted)
			end = i + 1;
	}
	return bytes_make(word.at, end);
}

static bool complete(struct web_read *r, struct bytes word, json_t *list, struct error *e)
{
	const uint8_t *colon = word.len ? memchr(word.at, ':', word.len) : NULL;
	if (word.len && *word.at == '-')
		word = bytes_make(word.at + 1, word.len - 1);
	if (!colon) {
		add_fields(list, word);
		return true;
	}
	struct values v = { .store = r->store,
			    .field = bytes_make(word.at, (size_t)(colon - word.at)),
			    .counts = json_object() };
	v.head = head_of(word, v.field.len + 1);
	v.begun = bytes_make(word.at + v.head.len, word.len - v.head.len);
	struct store_search search = { .limit = LOOKED_AT, .row = on_row, .user = &v };
	add_words(list, &v);
	bool fine = v.counts && store_filter(r->store, &search, e);
	if (fine)
		add_most(list, &v);
	json_decref(v.counts);
	return fine;
}

void web_complete(struct web_read *r)
{
	const char *text = web_param(r->x, "text");
	struct filter_error fe = { .column = 0 };
	struct error e = { .code = EXIT_STORE };
	int64_t caret;
	if (!text)
		text = "";
	if (!web_param_number(r->x, "caret", 0, (int64_t)FILTER_TEXT_MAX * 4, (int64_t)strlen(text), &caret))
		return;
	size_t end = (size_t)caret < strlen(text) ? (size_t)caret : strlen(text), start = end;
	while (start > 0 && !strchr(" ()", text[start - 1]))
		start--;
	json_t *list = json_array();
	if (!list || !complete(r, bytes_make(text + start, end - start), list, &e)) {
		json_decref(list);
		web_problem_of(r->x, &e);
		return;
	}
	struct filter *f = filter_parse(text, clock_now_us(), &fe);
	web_answer_json(r->x, 200,
			json_pack("{s:b, s:o, s:o, s:o, s:o, s:b}", "ok", f != NULL, "column",
				  f ? json_null() : json_integer(fe.column), "message",
				  f ? json_null() : json_string(fe.text), "suggestion",
				  f || !*fe.suggestion ? json_null() : json_string(fe.suggestion), "completions", list,
				  "walks", f ? filter_walks(f) : false));
	filter_free(f);
}
