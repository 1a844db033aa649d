/* HTTP/1.1 as creel reads it, beside llhttp, Node's parser: what creel takes for whole messages llhttp must read the
 * same way, or refuse. Two readings of one stream of bytes are how a request is smuggled. The first byte says whether
 * the rest is requests or responses and how it is cut in pieces. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <llhttp/llhttp.h>

#include "shared/http/headers.h"
#include "shared/http/http1.h"

#define MESSAGES_MOST 8
#define BODY_MOST 1000000

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct message {
	size_t end;                  /* where the next one begins */
	struct buffer first, second; /* method and target, or status and reason */
	struct buffer fields;        /* name NUL value NUL */
	struct buffer body;
};

struct reading {
	struct message messages[MESSAGES_MOST];
	size_t count;
	enum http1_fault fault;
	bool upgraded, cut; /* what follows is no HTTP; the last body goes on until the connection ends */
};

static void check(bool condition)
{
	if (!condition)
		abort();
}

static struct bytes trimmed(struct bytes b)
{
	while (b.len > 0 && (b.at[b.len - 1] == ' ' || b.at[b.len - 1] == '\t'))
		b.len--;
	return b;
}

/* Blanks count as one: what joins the lines of a folded field is each reader's own. */
static void put_field(struct message *m, struct bytes name, struct bytes value)
{
	bool blank = false;
	value = trimmed(value);
	check(buffer_append_bytes(&m->fields, name) && buffer_put_u8(&m->fields, 0));
	for (size_t i = 0; i < value.len; i++) {
		bool is_blank = value.at[i] == ' ' || value.at[i] == '\t';
		check((is_blank && blank) || buffer_put_u8(&m->fields, is_blank ? ' ' : value.at[i]));
		blank = is_blank;
	}
	check(buffer_put_u8(&m->fields, 0));
}

/* ---- creel's ---- */

/* The head of the message that begins at `at`, seen `step` bytes further each time. */
static enum http1_state read_head(struct http1_head *h, struct bytes in, size_t step)
{
	enum http1_state state = HTTP1_MORE;
	for (size_t seen = 0; state == HTTP1_MORE && seen < in.len;) {
		seen = in.len - seen < step ? in.len : seen + step;
		state = http1_head_read(h, bytes_make(in.at, seen));
	}
	return state;
}

static void note_head(struct message *m, const struct http1_head *h, struct bytes in)
{
	struct buffer repaired = { 0 };
	struct bytes name, value, block = http1_at(in, h->block);
	char status[8];
	if (h->kind == HTTP1_REQUEST) {
		check(buffer_append_bytes(&m->first, http1_at(in, h->method)) &&
		      buffer_append_bytes(&m->second, http1_at(in, h->target)));
	} else {
		snprintf(status, sizeof status, "%d", h->status);
		check(buffer_append_text(&m->first, status) &&
		      buffer_append_bytes(&m->second, http1_at(in, h->reason)));
	}
	if (h->folded || h->spaced) {
		check(h->kind == HTTP1_RESPONSE && http1_repair(&repaired, block));
		block = buffer_view(&repaired);
	}
	check(headers_valid(block) && headers_count(block) == h->fields);
	for (size_t pos = 0; headers_next(block, &pos, &name, &value);)
		put_field(m, name, value);
	buffer_free(&repaired);
}

static enum http1_state read_body(struct http1_body *b, struct bytes in, size_t step, struct message *m, size_t *end)
{
	size_t at = 0;
	for (;;) {
		size_t used, n = in.len - at < step ? in.len - at : step;
		struct bytes piece;
		enum http1_state state = http1_body_read(b, bytes_make(in.at + at, n), &used, &piece);
		check(used <= n && (state != HTTP1_PIECE || (piece.len > 0 && used > 0)));
		at += used;
		check(buffer_append_bytes(&m->body, piece));
		if (state == HTTP1_WHOLE || state == HTTP1_BAD || (state == HTTP1_MORE && at == in.len)) {
			*end = at;
			return state;
		}
	}
}

static void read_ours(struct reading *r, enum http1_kind kind, struct bytes in, size_t step)
{
	size_t at = 0;
	while (r->count < MESSAGES_MOST && at < in.len && !r->upgraded) {
		struct message *m = &r->messages[r->count];
		struct bytes rest = bytes_make(in.at + at, in.len - at);
		struct http1_head h;
		struct http1_body b;
		size_t used;
		http1_head_begin(&h, kind);
		enum http1_state state = read_head(&h, rest, step);
		r->fault = h.fault;
		if (state != HTTP1_WHOLE)
			return;
		note_head(m, &h, rest);
		rest = bytes_make(rest.at + h.size, rest.len - h.size);
		r->fault =
		    kind == HTTP1_REQUEST ? http1_request_body(&h, BODY_MOST, &b) : http1_response_body(&h, false, &b);
		if (r->fault != HTTP1_FINE)
			return;
		state = read_body(&b, rest, step, m, &used);
		check(b.total == m->body.len && headers_valid(buffer_view(&b.trailers)));
		r->fault = b.fault;
		r->cut = b.framing == HTTP1_UNTIL_CLOSE;
		http1_body_free(&b);
		if (state != HTTP1_WHOLE)
			return;
		at += h.size + used;
		m->end = at;
		r->upgraded = h.websocket || h.connection_upgrade || h.status == 101 || !http1_head_persists(&h);
		r->count++;
	}
}

/* ---- llhttp's ---- */

struct judge {
	llhttp_t parser;
	struct reading *r;
	struct buffer name, value;
	bool in_body;
};

static struct message *current(llhttp_t *p)
{
	struct judge *j = p->data;
	return j->r->count < MESSAGES_MOST ? &j->r->messages[j->r->count] : NULL;
}

static int append(struct buffer *b, const char *at, size_t len)
{
	check(buffer_append(b, at, len));
	return 0;
}

static int on_method(llhttp_t *p, const char *at, size_t len)
{
	return current(p) ? append(&current(p)->first, at, len) : -1;
}

static int on_second(llhttp_t *p, const char *at, size_t len)
{
	return current(p) ? append(&current(p)->second, at, len) : -1;
}

static int on_name(llhttp_t *p, const char *at, size_t len)
{
	return append(&((struct judge *)p->data)->name, at, len);
}

static int on_value(llhttp_t *p, const char *at, size_t len)
{
	return append(&((struct judge *)p->data)->value, at, len);
}

static int on_value_complete(llhttp_t *p)
{
	struct judge *j = p->data;
	if (!current(p))
		return -1;
	if (!j->in_body) /* else of a trailer */
		put_field(current(p), buffer_view(&j->name), buffer_view(&j->value));
	j->name.len = j->value.len = 0;
	return 0;
}

static int on_headers_complete(llhttp_t *p)
{
	char status[8];
	if (!current(p))
		return -1;
	((struct judge *)p->data)->in_body = true;
	if (p->type == HTTP_RESPONSE) {
		snprintf(status, sizeof status, "%d", p->status_code);
		append(&current(p)->first, status, strlen(status));
		return p->status_code < 200 || p->status_code == 204 ||
		       p->status_code == 304; /* its user is to say that no body comes */
	}
	return 0;
}

static int on_body(llhttp_t *p, const char *at, size_t len)
{
	return current(p) ? append(&current(p)->body, at, len) : -1;
}

static int on_message_complete(llhttp_t *p)
{
	((struct judge *)p->data)->in_body = false;
	return HPE_PAUSED;
}

static void read_theirs(struct reading *r, enum http1_kind kind, struct bytes in)
{
	struct judge j = { .r = r };
	llhttp_settings_t settings;
	llhttp_settings_init(&settings);
	settings.on_method = on_method;
	settings.on_url = settings.on_status = on_second;
	settings.on_header_field = on_name;
	settings.on_header_value = on_value;
	settings.on_header_value_complete = on_value_complete;
	settings.on_headers_complete = on_headers_complete;
	settings.on_body = on_body;
	settings.on_message_complete = on_message_complete;
	llhttp_init(&j.parser, kind == HTTP1_REQUEST ? HTTP_REQUEST : HTTP_RESPONSE, &settings);
	j.parser.data = &j;
	for (size_t at = 0; at < in.len && r->count < MESSAGES_MOST;) {
		llhttp_errno_t e = llhttp_execute(&j.parser, (const char *)in.at + at, in.len - at);
		if (e != HPE_PAUSED)
			break;
		at = (size_t)(llhttp_get_error_pos(&j.parser) - (const char *)in.at);
		r->messages[r->count++].end = at;
		llhttp_resume(&j.parser);
	}
	r->fault = llhttp_get_errno(&j.parser) == HPE_OK || llhttp_get_errno(&j.parser) == HPE_PAUSED ? HTTP1_FINE
												      : HTTP1_BAD_START;
	buffer_free(&j.name);
	buffer_free(&j.value);
}

/* ---- beside one another ---- */

static bool same(const struct buffer *a, const struct buffer *b)
{
	return bytes_equal(buffer_view(a), buffer_view(b));
}

static void compare(const struct message *a, const struct message *b)
{
	check(a->end == b->end && same(&a->first, &b->first) && same(&a->second, &b->second) &&
	      same(&a->fields, &b->fields) && same(&a->body, &b->body));
}

static void free_reading(struct reading *r)
{
	for (size_t i = 0; i < MESSAGES_MOST; i++) {
		struct message *m = &r->messages[i];
		buffer_free(&m->first);
		buffer_free(&m->second);
		buffer_free(&m->fields);
		buffer_free(&m->body);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 2)
		return 0;
	enum http1_kind kind = data[0] & 1 ? HTTP1_RESPONSE : HTTP1_REQUEST;
	size_t step = (size_t)(data[0] >> 1) + 1;
	/* A copy of that very size: reading past it is seen. */
	uint8_t *copy = malloc(size - 1);
	check(copy != NULL);
	memcpy(copy, data + 1, size - 1);
	struct bytes in = bytes_make(copy, size - 1);
	struct reading *all = calloc(3, sizeof *all), *whole = all, *pieces = all + 1, *theirs = all + 2;
	check(all != NULL);
	read_ours(whole, kind, in, in.len);
	read_ours(pieces, kind, in, step);
	read_theirs(theirs, kind, in);
	check(whole->count == pieces->count && whole->cut == pieces->cut &&
	      (whole->fault == HTTP1_FINE) == (pieces->fault == HTTP1_FINE));
	for (size_t i = 0; i < whole->count; i++)
		compare(&whole->messages[i], &pieces->messages[i]);
	for (size_t i = 0; i < whole->count; i++) {
		if (i < theirs->count)
			compare(&whole->messages[i], &theirs->messages[i]);
		else
			check(theirs->fault != HTTP1_FINE); /* refused there: never read as longer */
		if (i >= theirs->count)
			break;
	}
	for (size_t i = 0; i < 3; i++)
		free_reading(&all[i]);
	free(all);
	free(copy);
	return 0;
}
