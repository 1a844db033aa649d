#include "shared/signature/place.h"

#include "shared/json/json_body.h"
#include "shared/content/body.h"
#include "shared/content/multipart.h"
#include "shared/http/form.h"
#include "shared/signature/signature_tools.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

/* How much of a body is looked at as text. */
#define BEGINNING ((size_t)4096)

static const char *after(const char *place, const char *kind)
{
	size_t len = strlen(kind);
	return strncmp(place, kind, len) == 0 ? place + len : NULL;
}

/* ---- reading ---- */

/* What the body says in a field, whatever its Content-Type and the way it is coded (shared/content/body.h). */
static bool read_form(const char *name, const struct signature_input *in, struct buffer *out)
{
	const char *path = strchr(name, '>');
	size_t len = path ? (size_t)(path - name) : strlen(name);
	struct buffer text = { 0 };
	struct body body;
	body_open(&body, in->headers, in->body, JSON_BODY_MOST);
	bool there = body_field_find(&body, bytes_make(name, len), path ? &text : out);
	body_free(&body);
	if (there && path)
		there = json_body_value(buffer_view(&text), path + 1, out, NULL);
	buffer_free(&text);
	return there;
}

const char *place_numbered(const char *path, size_t item, char out[PLACE_LEN])
{
	const char *mark = strchr(path, '#');
	if (!mark)
		return path;
	snprintf(out, PLACE_LEN, "%.*s%zu%s", (int)(mark - path), path, item, mark + 1);
	return out;
}

bool place_read(const char *place, const struct signature_input *in, size_t item, struct buffer *out)
{
	const char *name;
	struct bytes value;
	char path[PLACE_LEN];
	size_t start = out->len;
	bool lower = (name = after(place, "lower:")) != NULL;
	if (lower)
		place = name;
	bool there;
	if ((name = after(place, "field:")))
		there = headers_find(in->headers, name, &value) && buffer_append_bytes(out, value);
	else if ((name = after(place, "form:")))
		there = read_form(name, in, out);
	else if ((name = after(place, "query:")))
		there = form_query_value(in->url, name, &value) && form_decode(value, out);
	else if ((name = after(place, "text:")))
		there = buffer_append_text(out, name);
	else if ((name = after(place, "key:")))
		there = json_body_other_key(in->body, name, out);
	else
		there = json_body_value(in->body, place_numbered(place, item, path), out, NULL);
	for (size_t i = start; there && lower && i < out->len; i++)
		out->at[i] = (uint8_t)tolower(out->at[i]);
	return there;
}

/* Whether a path's last name stands in the body at all: cheap, for it is asked of every delivery. */
static bool may_be_in(struct bytes body, const char *path, size_t len)
{
	size_t start = len;
	while (start && path[start - 1] != '.' && path[start - 1] != ']')
		start--;
	return len - start == 0 || (json_body_begins(body) && memmem(body.at, body.len, path + start, len - start));
}

static bool value_is(struct bytes value, const char *wanted)
{
	return *wanted == '~' ? bytes_contains_nocase(value, wanted + 1)
			      : !*wanted || bytes_equal(value, bytes_of(wanted + 1));
}

/* A field may be there several times, such as Link: one of them is enough. */
static bool field_holds(const char *name, size_t len, const char *wanted, struct bytes headers)
{
	struct bytes n, value;
	for (size_t pos = 0; headers_next(headers, &pos, &n, &value);)
		if (n.len == len && strncasecmp((const char *)n.at, name, len) == 0 && value_is(value, wanted))
			return true;
	return false;
}

bool place_holds(const char *mark, const struct signature_input *in)
{
	char place[120];
	if (*mark == '!')
		return !place_holds(mark + 1, in); // NOLINT(misc-no-recursion)
	size_t len = strcspn(mark, "=~");
	struct buffer value = { 0 };
	const char *name = after(mark, "field:");
	if (name)
		return field_holds(name, (size_t)(mark + len - name), mark + len, in->headers);
	if (!memchr(mark, ':', len) && !may_be_in(in->body, mark, len))
		return false;
	snprintf(place, sizeof place, "%.*s", (int)len, mark);
	if (after(place, "body:"))
		return value_is(bytes_make(in->body.at, in->body.len < BEGINNING ? in->body.len : BEGINNING),
				mark + len);
	bool holds = place_read(place, in, 0, &value) && value_is(buffer_view(&value), mark + len);
	buffer_free(&value);
	return holds;
}

size_t place_count(const char *path, struct bytes body)
{
	return json_body_count(body, path);
}

/* ---- writing ---- */

static bool splice(struct bytes body, struct bytes old, struct bytes value, struct buffer *out)
{
	size_t at = (size_t)(old.at - body.at), end = at + old.len;
	return buffer_append(out, body.at, at) && buffer_append_bytes(out, value) &&
	       buffer_append(out, body.at + end, body.len - end);
}

static bool write_form(const char *wanted, struct bytes body, struct bytes value, struct buffer *out)
{
	struct bytes name, old, rest = body;
	struct buffer text = { 0 };
	bool fine = true, found = false;
	for (size_t i = 0; fine && i < value.len; i++)
		fine = isalnum(value.at[i]) || strchr("-._~", value.at[i])
			   ? buffer_put_u8(&text, value.at[i])
			   : buffer_printf(&text, "%%%02X", value.at[i]);
	while (fine && !found && form_next_pair(&rest, &name, &old))
		if (bytes_equal(name, bytes_of(wanted))) {
			found = true;
			fine = splice(body, old, buffer_view(&text), out);
		}
	buffer_free(&text);
	return fine && found;
}

static bool write_json(const char *path, struct bytes body, struct bytes value, struct buffer *out)
{
	struct buffer old = { 0 }, text = { 0 };
	struct bytes lexeme;
	bool fine = json_body_value(body, path, &old, &lexeme);
	bool quoted = fine && !strchr("-0123456789", lexeme.at[0]);
	fine = fine && (!quoted || buffer_put_u8(&text, '"'));
	for (size_t i = 0; fine && i < value.len; i++)
		fine = (!quoted || (value.at[i] != '"' && value.at[i] != '\\') || buffer_put_u8(&text, '\\')) &&
		       (value.at[i] >= ' ' ? buffer_put_u8(&text, value.at[i])
					   : buffer_printf(&text, "\\u%04x", value.at[i]));
	fine = fine && (!quoted || buffer_put_u8(&text, '"')) && splice(body, lexeme, buffer_view(&text), out);
	buffer_free(&old);
	buffer_free(&text);
	return fine;
}

/* In a part that is not coded. */
static bool write_part(struct multipart *m, const char *wanted, struct bytes value, struct buffer *out)
{
	struct multipart_content content;
	struct multipart_part part;
	struct buffer memory = { 0 };
	struct bytes name;
	bool found = false, fine = true;
	while (fine && !found && multipart_next(m, &part)) {
		fine = multipart_read(&part, &content) && multipart_name(content.headers, &memory, &name);
		found = fine && !part.open && content.coding == MULTIPART_AS_IS && bytes_equal(name, bytes_of(wanted));
		multipart_content_free(&content);
	}
	buffer_free(&memory);
	return fine && found && splice(m->body, part.body, value, out);
}

bool place_write(const char *place, const struct signature_input *in, size_t item, struct bytes value,
		 struct buffer *out)
{
	char path[PLACE_LEN];
	struct multipart m;
	const char *name = after(place, "form:");
	out->len = 0;
	if (!name)
		return write_json(place_numbered(place, item, path), in->body, value, out);
	return multipart_open(in->headers, in->body, &m) ? write_part(&m, name, value, out)
							 : write_form(name, in->body, value, out);
}
