#include "shared/signature/place.h"

#include "shared/http/form.h"
#include "shared/signature/signature_tools.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

static const char *after(const char *place, const char *kind)
{
	size_t len = strlen(kind);
	return strncmp(place, kind, len) == 0 ? place + len : NULL;
}

/* ---- multipart/form-data (RFC 7578): the value of a part, which lies between blank line and boundary ---- */

static struct bytes parameter(struct bytes value, const char *name)
{
	size_t len = strlen(name);
	for (size_t i = 0; i + len + 1 < value.len; i++) {
		bool starts = i == 0 || value.at[i - 1] == ';' || value.at[i - 1] == ' ' || value.at[i - 1] == '\t';
		if (!starts || value.at[i + len] != '=' || !bytes_equal_nocase(bytes_make(value.at + i, len), name))
			continue;
		struct bytes rest = bytes_make(value.at + i + len + 1, value.len - i - len - 1);
		if (rest.len && rest.at[0] == '"')
			return bytes_until(bytes_make(rest.at + 1, rest.len - 1), '"');
		rest = bytes_until(rest, ';');
		while (rest.len && (rest.at[rest.len - 1] == ' ' || rest.at[rest.len - 1] == '\t'))
			rest.len--;
		return rest;
	}
	return bytes_of(NULL);
}

/* Where "--BOUNDARY" next begins a line. SIZE_MAX: nowhere. */
static size_t next_boundary(struct bytes body, size_t from, struct bytes boundary)
{
	while (from + boundary.len + 2 <= body.len) {
		const uint8_t *at = memmem(body.at + from, body.len - from, boundary.at, boundary.len);
		if (!at)
			break;
		size_t start = (size_t)(at - body.at);
		if (start >= 2 && memcmp(at - 2, "--", 2) == 0 && (start == 2 || body.at[start - 3] == '\n'))
			return start - 2;
		from = start + 1;
	}
	return SIZE_MAX;
}

static bool part_is(struct bytes part, const char *name, struct bytes *value)
{
	struct bytes disposition;
	const uint8_t *blank = part.len ? memmem(part.at, part.len, "\r\n\r\n", 4) : NULL;
	if (!blank)
		return false;
	size_t head = (size_t)(blank - part.at) + 2;
	*value = bytes_make(blank + 4, part.len - head - 2);
	return headers_find(bytes_make(part.at, head), "Content-Disposition", &disposition) &&
	       bytes_equal(parameter(disposition, "name"), bytes_of(name));
}

static bool multipart_value(struct bytes type, struct bytes body, const char *name, struct bytes *value)
{
	static const char kind[] = "multipart/form-data";
	if (type.len < sizeof kind - 1 || !bytes_equal_nocase(bytes_make(type.at, sizeof kind - 1), kind))
		return false;
	struct bytes boundary = parameter(type, "boundary");
	if (boundary.len == 0 || boundary.len > 70)
		return false;
	for (size_t at = next_boundary(body, 0, boundary); at != SIZE_MAX;) {
		size_t start = at + 2 + boundary.len, next = next_boundary(body, start, boundary);
		if (next == SIZE_MAX || next < start + 4)
			return false;
		/* The line ends before and after a part belong to the boundaries. */
		if (memcmp(body.at + start, "\r\n", 2) == 0 &&
		    part_is(bytes_make(body.at + start + 2, next - start - 4), name, value))
			return true;
		at = next;
	}
	return false;
}

/* ---- reading ---- */

static bool read_form(const char *name, const struct signature_input *in, struct buffer *out)
{
	char field[80];
	const char *path = strchr(name, '>');
	struct buffer text = { 0 };
	struct bytes type, part;
	snprintf(field, sizeof field, "%.*s", (int)(path ? path - name : (int)strlen(name)), name);
	bool there = false;
	if (form_is(in->headers))
		there = form_value(in->body, field, &text);
	else if (headers_find(in->headers, "Content-Type", &type) && multipart_value(type, in->body, field, &part))
		there = buffer_append_bytes(&text, part);
	if (there)
		there = path ? signature_json_value(buffer_view(&text), path + 1, out, NULL)
			     : buffer_append_bytes(out, buffer_view(&text));
	buffer_free(&text);
	return there;
}

/* The path with the item's number for its '#'. */
static const char *numbered(const char *path, size_t item, char out[160])
{
	const char *mark = strchr(path, '#');
	if (!mark)
		return path;
	snprintf(out, 160, "%.*s%zu%s", (int)(mark - path), path, item, mark + 1);
	return out;
}

bool place_read(const char *place, const struct signature_input *in, size_t item, struct buffer *out)
{
	const char *name;
	struct bytes value;
	char path[160];
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
	else if ((name = after(place, "key:")))
		there = signature_json_other_key(in->body, name, out);
	else
		there = signature_json_value(in->body, numbered(place, item, path), out, NULL);
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
	return len - start == 0 || (body.len && memmem(body.at, body.len, path + start, len - start));
}

bool place_holds(const char *mark, const struct signature_input *in)
{
	char place[120];
	if (*mark == '!')
		return !place_holds(mark + 1, in); // NOLINT(misc-no-recursion)
	size_t len = strcspn(mark, "=~");
	struct buffer value = { 0 };
	if (!memchr(mark, ':', len) && !may_be_in(in->body, mark, len))
		return false;
	snprintf(place, sizeof place, "%.*s", (int)len, mark);
	bool holds = place_read(place, in, 0, &value);
	if (holds && mark[len] == '=')
		holds = bytes_equal(buffer_view(&value), bytes_of(mark + len + 1));
	else if (holds && mark[len] == '~')
		holds = bytes_contains_nocase(buffer_view(&value), mark + len + 1);
	buffer_free(&value);
	return holds;
}

size_t place_count(const char *path, struct bytes body)
{
	return signature_json_count(body, path);
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
	bool fine = signature_json_value(body, path, &old, &lexeme);
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

bool place_write(const char *place, const struct signature_input *in, size_t item, struct bytes value,
		 struct buffer *out)
{
	char path[160];
	struct bytes type, part;
	const char *name = after(place, "form:");
	out->len = 0;
	if (!name)
		return write_json(numbered(place, item, path), in->body, value, out);
	if (form_is(in->headers))
		return write_form(name, in->body, value, out);
	return headers_find(in->headers, "Content-Type", &type) && multipart_value(type, in->body, name, &part) &&
	       splice(in->body, part, value, out);
}
