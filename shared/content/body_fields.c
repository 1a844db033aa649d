/* The fields of forms and of multipart bodies, one after another (shared/content/body.h). */
#include "shared/content/body.h"

#include <stdlib.h>

#include "shared/content/media_type.h"
#include "shared/content/multipart.h"
#include "shared/http/form.h"
#include "shared/http/headers.h"
#include "shared/text/text.h"

/* A form says of its charset by a field: `_charset_` is HTML's, `charset` PayPal's. */
static void find_charset(struct body_fields *f, struct bytes form)
{
	struct buffer named = { 0 };
	struct bytes type, charset;
	if (headers_find(f->body->headers, "Content-Type", &type) && media_type_parameter(type, "charset", &charset))
		charset_named(charset, f->charset);
	else if (form_value(form, "_charset_", &named) || form_value(form, "charset", &named))
		charset_named(buffer_view(&named), f->charset);
	buffer_free(&named);
}

void body_fields_open(struct body_fields *f, struct body *b)
{
	struct bytes text = body_text(b);
	*f = (struct body_fields){ .body = b };
	f->multipart = malloc(sizeof *f->multipart);
	if (!f->multipart)
		b->no_memory = true;
	if (f->multipart && multipart_open(b->headers, text, f->multipart))
		return;
	free(f->multipart);
	f->multipart = NULL;
	f->rest = b->no_memory ? bytes_of(NULL) : text;
	find_charset(f, text);
}

void body_fields_free(struct body_fields *f)
{
	free(f->multipart);
	buffer_free(&f->name);
	buffer_free(&f->value);
	*f = (struct body_fields){ 0 };
}

/* Bytes that are not UTF-8 are what the form says it is in. */
static bool to_utf8(const struct body_fields *f, struct buffer *text)
{
	struct buffer converted = { 0 };
	bool unknown = false;
	if (!f->charset[0] || text_is_utf8(buffer_view(text)))
		return true;
	bool fine = charset_to_utf8(f->charset, buffer_view(text), f->body->most, &converted, &unknown);
	if (!fine || unknown) {
		buffer_free(&converted);
		return fine;
	}
	buffer_free(text);
	*text = converted;
	return true;
}

static bool next_pair(struct body_fields *f)
{
	struct bytes name, value;
	if (!form_next_pair(&f->rest, &name, &value))
		return false;
	f->name.len = f->value.len = 0;
	f->has_value = value.at != name.at + name.len;
	if (form_decode(name, &f->name) && form_decode(value, &f->value) && to_utf8(f, &f->name) &&
	    to_utf8(f, &f->value))
		return true;
	f->body->no_memory = true;
	return false;
}

/* A part's text in its own charset, under the name of its Content-Disposition; with `wanted` only if that is its name:
 * what is not asked for is not converted. *skipped: it is another one. */
static bool read_part(struct body_fields *f, const struct multipart_part *part, const struct bytes *wanted,
		      bool *skipped)
{
	struct multipart_content content;
	struct bytes name;
	struct body own;
	f->value.len = 0;
	f->has_value = true;
	bool fine = multipart_read(part, &content) && multipart_name(content.headers, &f->name, &name);
	*skipped = fine && wanted && !bytes_equal(name, *wanted);
	if (fine && name.at != f->name.at) {
		f->name.len = 0;
		fine = buffer_append_bytes(&f->name, name);
	}
	body_open(&own, content.headers, content.body, f->body->most);
	fine = fine && (*skipped || (buffer_append_bytes(&f->value, body_text(&own)) && !own.no_memory));
	body_free(&own);
	multipart_content_free(&content);
	f->body->no_memory = f->body->no_memory || !fine;
	return fine;
}

static bool next_part(struct body_fields *f)
{
	struct multipart_part part;
	bool skipped;
	return multipart_next(f->multipart, &part) && read_part(f, &part, NULL, &skipped);
}

bool body_fields_next(struct body_fields *f, struct body_field *out)
{
	if (!(f->multipart ? next_part(f) : next_pair(f)))
		return false;
	out->name = f->name.len ? buffer_view(&f->name) : bytes_of("");
	out->value = f->value.len ? buffer_view(&f->value) : bytes_of("");
	out->has_value = f->has_value;
	return true;
}

bool body_field_find(struct body *b, struct bytes name, struct buffer *out)
{
	struct multipart_part part;
	struct body_fields f;
	bool found = false, other = true;
	enum body_kind kind = body_begins_json(b) ? BODY_JSON : body_kind(b);
	if (kind != BODY_FORM && kind != BODY_MULTIPART)
		return false;
	body_fields_open(&f, b);
	while (
	    !found && !b->no_memory &&
	    (f.multipart ? multipart_next(f.multipart, &part) && read_part(&f, &part, &name, &other) : next_pair(&f)))
		found = f.multipart ? !other : bytes_equal(buffer_view(&f.name), name);
	found = found && buffer_append_bytes(out, buffer_view(&f.value));
	body_fields_free(&f);
	return found;
}

static bool put_string(struct bytes text, struct buffer *out)
{
	bool fine = buffer_put_u8(out, '"');
	for (size_t i = 0; fine && i < text.len; i++) {
		uint8_t c = text.at[i];
		if (c < 0x20)
			fine = buffer_printf(out, "\\u%04x", c);
		else
			fine = (c != '"' && c != '\\') || buffer_put_u8(out, '\\');
		fine = fine && (c < 0x20 || buffer_put_u8(out, c));
	}
	return fine && buffer_put_u8(out, '"');
}

static bool put_value(struct bytes value, struct buffer *out)
{
	struct json_tokens t;
	if (!value.len || (*value.at != '{' && *value.at != '[') || !json_tokenize(value, false, &t, NULL))
		return put_string(value, out);
	json_tokens_free(&t);
	return buffer_append_bytes(out, value);
}

bool body_put_object(struct body *b, struct buffer *out)
{
	struct body_fields f;
	struct body_field field;
	bool fine = buffer_put_u8(out, '{'), first = true;
	body_fields_open(&f, b);
	while (fine && body_fields_next(&f, &field)) {
		fine = (first || buffer_put_u8(out, ',')) && put_string(field.name, out) && buffer_put_u8(out, ':') &&
		       put_value(field.value, out);
		first = false;
	}
	body_fields_free(&f);
	return fine && !b->no_memory && buffer_put_u8(out, '}');
}
