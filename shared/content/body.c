#include "shared/content/body.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "shared/content/media_type.h"
#include "shared/content/multipart.h"
#include "shared/http/form.h"
#include "shared/http/headers.h"

void body_open(struct body *b, struct bytes headers, struct bytes received, size_t most)
{
	*b = (struct body){ .headers = headers, .received = received, .most = most };
}

void body_free(struct body *b)
{
	buffer_free(&b->plain);
	buffer_free(&b->converted);
	buffer_free(&b->meaning);
	json_tokens_free(&b->tokens);
}

struct buffer body_take(struct body *b)
{
	struct buffer *from = b->converted.len ? &b->converted : &b->plain, taken = *from;
	*from = (struct buffer){ 0 };
	return taken;
}

/* ---- text ---- */

/* What its head says of it, in one pass: every delivery is asked. */
struct about {
	struct bytes type; /* the Content-Type with its parameters */
	bool coded;
};

static struct about read_about(struct bytes headers)
{
	struct about about = { { NULL, 0 }, false };
	struct bytes name, value;
	for (size_t pos = 0; headers_next(headers, &pos, &name, &value);) {
		if (name.len == 12 && !about.type.at && bytes_equal_nocase(name, "Content-Type"))
			about.type = value;
		else if (name.len == 16 && bytes_equal_nocase(name, "Content-Encoding"))
			about.coded = true;
	}
	return about;
}

static void decode(struct body *b, bool coded)
{
	/* gzip may come undeclared, and is known by its first bytes. */
	if (!coded && b->received.at[0] != 0x1f)
		return;
	b->decoded = decode_body_most(b->headers, b->received, b->most, &b->plain, b->codings);
	if (b->decoded == DECODE_NO_MEMORY)
		b->no_memory = true;
	else if (b->decoded != DECODE_NONE)
		b->text = buffer_view(&b->plain);
}

static void convert(struct body *b, struct bytes content_type)
{
	struct charset c = charset_of(content_type, b->text);
	bool unknown = false;
	b->text = bytes_make(b->text.at + c.mark, b->text.len - c.mark);
	if (!c.name[0])
		return;
	if (!charset_to_utf8(c.name, b->text, b->most, &b->converted, &unknown))
		b->no_memory = true;
	else if (!unknown)
		b->text = buffer_view(&b->converted);
	if (!unknown)
		memcpy(b->charset, c.label, sizeof b->charset);
}

struct bytes body_text(struct body *b)
{
	if (b->has_text)
		return b->text;
	struct about about = read_about(b->headers);
	b->has_text = true;
	b->text = b->received;
	b->type = media_type_trim(about.type);
	if (b->received.len == 0)
		return b->text;
	decode(b, about.coded);
	if (!b->no_memory)
		convert(b, about.type);
	if (b->no_memory)
		b->text = bytes_of("");
	return b->text;
}

void body_say_undone(struct body *b, char out[BODY_UNDONE_LEN])
{
	(void)body_text(b);
	const char *codings = b->decoded == DECODE_NONE ? "" : b->codings;
	snprintf(out, BODY_UNDONE_LEN, "%s%s%s", codings, *codings && *b->charset ? ", " : "", b->charset);
}

static struct bytes without_blanks(struct bytes text)
{
	size_t i = 0;
	while (i < text.len && text.at[i] && strchr(" \t\r\n", text.at[i]))
		i++;
	return bytes_make(text.at + i, text.len - i);
}

static bool begins_json(struct bytes text)
{
	text = without_blanks(text);
	return text.len && (*text.at == '{' || *text.at == '[');
}

bool body_begins_json(struct body *b)
{
	return begins_json(body_text(b));
}

const struct json_tokens *body_json(struct body *b)
{
	if (!b->has_json) {
		struct bytes text = body_text(b);
		bool declared = media_type_ends(b->type, "/json") || media_type_ends(b->type, "+json");
		b->has_json = true;
		b->is_json = (declared || begins_json(text)) && text.len <= b->most &&
			     json_tokenize(text, true, &b->tokens, NULL);
	}
	return b->is_json ? &b->tokens : NULL;
}

/* Without a Content-Type: a name, a =, and nothing that a form would have encoded. The = is looked for first: most
 * texts have none, and each delivery's is looked at. */
static bool looks_like_form(struct bytes text)
{
	const uint8_t *equals = text.len ? memchr(text.at, '=', text.len) : NULL;
	size_t i = 0, name = equals ? (size_t)(equals - text.at) : 0;
	while (i < name && (isalnum(text.at[i]) || (text.at[i] && strchr("_.-[]%", text.at[i]))))
		i++;
	bool named = name > 0 && i == name;
	for (; named && i < text.len; i++)
		named = text.at[i] > ' ' && text.at[i] < 0x7f && !strchr("\"<>\\^`{|}", text.at[i]);
	return named;
}

static bool is_form(struct body *b)
{
	struct bytes text = body_text(b);
	return b->type.len ? bytes_equal_nocase(b->type, "application/x-www-form-urlencoded") : looks_like_form(text);
}

static bool has_nul(struct bytes text)
{
	return text.len && memchr(text.at, 0, text.len);
}

enum body_kind body_kind(struct body *b)
{
	struct multipart m;
	struct bytes text = body_text(b);
	if (text.len == 0)
		return BODY_EMPTY;
	if (body_json(b))
		return BODY_JSON;
	if (multipart_open(b->headers, text, &m))
		return BODY_MULTIPART;
	if (has_nul(text))
		return BODY_BYTES;
	return is_form(b) ? BODY_FORM : BODY_TEXT;
}

/* ---- words ---- */

/* Escapes of JSON undone, wherever they stand: of a text that may be cut. */
static bool undo_escapes(struct bytes text, struct buffer *out)
{
	/* As one string that has lost its quotes. */
	struct json_text t = { .at = text.at, .end = text.at + text.len };
	bool fine = buffer_reserve(out, text.len);
	for (int c = json_text_next(&t); fine && c >= 0; c = json_text_next(&t))
		fine = buffer_put_u8(out, (uint8_t)c);
	return fine;
}

/* A value that is JSON may have escapes of its own: it stands twice then. */
static bool put_field(const struct body_field *f, struct buffer *out)
{
	bool escaped = begins_json(f->value) && memchr(f->value.at, '\\', f->value.len);
	return buffer_append_bytes(out, f->name) && buffer_put_u8(out, '=') && buffer_append_bytes(out, f->value) &&
	       buffer_put_u8(out, '\n') && (!escaped || (undo_escapes(f->value, out) && buffer_put_u8(out, '\n')));
}

/* Of the first `most` bytes; parts that are no text say nothing. */
static bool put_fields(struct body *b, size_t most, struct buffer *out)
{
	struct body_fields f;
	struct body_field field;
	bool fine = true;
	body_fields_open(&f, b);
	struct bytes *of = f.multipart ? &f.multipart->body : &f.rest;
	if (of->len > most)
		of->len = most;
	while (fine && body_fields_next(&f, &field))
		fine = has_nul(field.value) || put_field(&field, out);
	body_fields_free(&f);
	return fine;
}

void body_words(struct body *b, size_t most, struct bytes out[2])
{
	struct bytes text = body_text(b);
	struct multipart m;
	bool fine = true, json = begins_json(text), parts = !json && multipart_open(b->headers, text, &m);
	out[0] = out[1] = bytes_of("");
	if (text.len > most)
		text.len = most;
	if (text.len == 0 || (has_nul(text) && !parts))
		return;
	/* A picture among the parts takes nothing from those that are text. */
	out[0] = has_nul(text) ? bytes_of("") : text;
	b->meaning.len = 0;
	if (parts || (!json && is_form(b)))
		fine = put_fields(b, most, &b->meaning);
	else if ((json || media_type_ends(b->type, "json")) && memchr(text.at, '\\', text.len))
		fine = undo_escapes(text, &b->meaning);
	if (fine && b->meaning.len)
		out[1] = buffer_view(&b->meaning);
	b->no_memory = b->no_memory || !fine;
}
