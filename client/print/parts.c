#include "client/print/parts.h"

#include "client/print/json_pretty.h"
#include "client/print/readable.h"
#include "shared/content/body.h"
#include "shared/http/headers.h"
#include "shared/query/item.h"
#include "shared/query/store_query.h"
#include "shared/text/text.h"

#include <inttypes.h>
#include <string.h>

bool parts_parse(const char *text, struct parts *out, struct error *e)
{
	memset(out, 0, sizeof *out);
	for (const char *at = text;; at++) {
		size_t len = strcspn(at, ",");
		struct bytes word = bytes_make(at, len);
		if (bytes_equal(word, bytes_of("headers")))
			out->headers = true;
		else if (bytes_equal(word, bytes_of("body")))
			out->body = true;
		else if (bytes_equal(word, bytes_of("response")))
			out->response = true;
		else
			return error_set(e, EXIT_USAGE,
					 "--print takes headers, body and response, with commas between them, not "
					 "'%.60s'",
					 text);
		at += len;
		if (!*at)
			return true;
	}
}

/* A line, or the lines of a body. */
static void put(FILE *out, const char *before, struct bytes text)
{
	struct buffer safe = { 0 };
	if (!text_sanitize(&safe, text, TEXT_BODY))
		safe.len = 0;
	for (size_t at = 0; at < safe.len || at == 0;) {
		const uint8_t *end = at < safe.len ? memchr(safe.at + at, '\n', safe.len - at) : NULL;
		size_t len = (end ? (size_t)(end - safe.at) : safe.len) - at;
		fprintf(out, "%s%.*s\n", before, (int)len, len ? (const char *)safe.at + at : "");
		at += len + 1;
	}
	buffer_free(&safe);
}

static void put_fields(FILE *out, const char *before, const struct buffer *block)
{
	struct bytes name, value;
	for (size_t pos = 0; headers_next(buffer_view(block), &pos, &name, &value);)
		put(out, before, bytes_make(name.at, (size_t)(value.at + value.len - name.at)));
}

static void put_note(FILE *out, const char *before, struct bytes what)
{
	fprintf(out, "%s(%.*s: creel show has them)\n", before, (int)what.len, (const char *)what.at);
}

/* *shown: what can be read of it. False: bytes that are not text. */
static bool is_readable(struct body *body, struct buffer *text, struct bytes *shown)
{
	bool left_out;
	const struct json_tokens *tokens = body_json(body);
	*shown = body_text(body);
	if ((tokens && json_pretty_put(text, *shown, tokens)) ||
	    (body_kind(body) == BODY_MULTIPART && readable_put_parts(body, true, text, &left_out)))
		*shown = buffer_view(text);
	return body_kind(body) != BODY_BYTES;
}

static void put_body(FILE *out, const char *before, const struct message *m)
{
	struct body body;
	struct buffer text = { 0 }, note = { 0 };
	struct bytes shown;
	body_open(&body, buffer_view(&m->headers), buffer_view(&m->body), BODY_MOST);
	if (m->body.len && !is_readable(&body, &text, &shown)) {
		if (readable_put_amount(body.headers, m->body_size, &note))
			put_note(out, before, buffer_view(&note));
	} else if (m->body.len) {
		put(out, before, shown.len > PARTS_BODY_MOST ? bytes_make(shown.at, PARTS_BODY_MOST) : shown);
		if (shown.len > PARTS_BODY_MOST && buffer_printf(&note, "%zu bytes more", shown.len - PARTS_BODY_MOST))
			put_note(out, before, buffer_view(&note));
	}
	buffer_free(&text);
	buffer_free(&note);
	body_free(&body);
}

static bool print_request(const struct parts *p, FILE *out, struct store *s, int64_t id, struct error *e)
{
	struct message m;
	struct item item = { 0 };
	struct buffer start = { 0 };
	bool has_body, https;
	fprintf(out, "#%" PRId64 "\n", id);
	if (!item_read(s, id, &item, e))
		return false;
	bool fine = store_get_request(s, id, &m, &has_body, &https, e);
	if (fine && buffer_append_bytes(&start, item.row.method) && buffer_put_u8(&start, ' ') &&
	    buffer_append_bytes(&start, item.row.target))
		put(out, "> ", buffer_view(&start));
	if (fine && p->headers)
		put_fields(out, "> ", &m.headers);
	if (fine && p->headers && p->body)
		fputs(">\n", out);
	if (fine && p->body)
		put_body(out, "> ", &m);
	if (fine)
		store_message_free(&m);
	buffer_free(&start);
	item_free(&item);
	return fine;
}

static void on_attempt(void *user, const struct attempt_row *a)
{
	struct buffer *start = user;
	start->len = 0;
	if (!(a->status ? buffer_printf(start, "%d ", a->status) && buffer_append_bytes(start, a->reason)
			: buffer_append_text(start, "no answer: ") && buffer_append_bytes(start, a->error)))
		start->len = 0;
}

static bool print_response(FILE *out, struct store *s, int64_t id, struct error *e)
{
	struct message m;
	struct buffer start = { 0 };
	if (!store_get_response(s, id, 0, &m, e))
		return e->code == EXIT_USAGE; /* the app was not called */
	bool fine = store_list_attempts(s, id, on_attempt, &start, e);
	if (fine) {
		put(out, "< ", buffer_view(&start));
		put_fields(out, "< ", &m.headers);
		fputs("<\n", out);
		put_body(out, "< ", &m);
	}
	buffer_free(&start);
	store_message_free(&m);
	return fine;
}

bool parts_print(const struct parts *p, FILE *out, struct store *s, int64_t id, struct error *e)
{
	return print_request(p, out, s, id, e) && (!p->response || print_response(out, s, id, e));
}
