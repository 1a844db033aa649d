/* Cookies of a HAR entry. A tool that has them in its header fields lists them besides; where there is no such field
 * the list is all there is of them. */
#include <string.h>

#include "shared/har/har_private.h"
#include "shared/http/headers.h"
#include "shared/http/http_date.h"
#include "shared/transcripts/import_json.h"

static bool no_memory(struct error *e)
{
	return error_set(e, EXIT_STORE, "out of memory");
}

static bool is_plain(struct bytes b, const char *stops)
{
	for (size_t i = 0; i < b.len; i++)
		if (b.at[i] < 0x20 || b.at[i] == 0x7f || strchr(stops, b.at[i]))
			return false;
	return true;
}

static bool put_pair(const json_t *cookie, struct buffer *out, struct error *e)
{
	const json_t *n = json_object_get(cookie, "name"), *v = json_object_get(cookie, "value");
	struct bytes name = json_to_bytes(n), value = json_to_bytes(v);
	if (!json_is_string(n) || (v && !json_is_string(v) && !json_is_null(v)))
		return error_set(e, EXIT_USAGE, "it has no \"name\" and \"value\" that are texts");
	if (!name.len || !is_plain(name, "=;, ") || !is_plain(value, ";"))
		return error_set(e, EXIT_USAGE, "its name or value cannot be written in a header field");
	return (buffer_append_bytes(out, name) && buffer_put_u8(out, '=') && buffer_append_bytes(out, value)) ||
	       no_memory(e);
}

static bool put_attribute(const json_t *cookie, const char *member, const char *name, struct buffer *out,
			  struct error *e)
{
	const json_t *value = json_object_get(cookie, member);
	if (json_is_true(value))
		return (buffer_append_text(out, "; ") && buffer_append_text(out, name)) || no_memory(e);
	if (!json_is_string(value) || !json_string_length(value))
		return true;
	if (!is_plain(json_to_bytes(value), ";"))
		return error_set(e, EXIT_USAGE, "its %s cannot be written in a header field", name);
	return (buffer_append_text(out, "; ") && buffer_append_text(out, name) && buffer_put_u8(out, '=') &&
		buffer_append_bytes(out, json_to_bytes(value))) ||
	       no_memory(e);
}

/* HAR has ISO 8601, the field a date of RFC 9110 §5.6.7; what is neither stays as it is. */
static bool put_expires(const json_t *cookie, struct buffer *out, struct error *e)
{
	uint64_t at_us;
	char text[HTTP_DATE_SIZE];
	struct error ignored;
	if (!json_string_length(json_object_get(cookie, "expires")))
		return true;
	if (!import_time(cookie, "expires", &at_us, &ignored))
		return put_attribute(cookie, "expires", "Expires", out, e);
	http_date_write((time_t)(at_us / 1000000), text);
	return (buffer_append_text(out, "; Expires=") && buffer_append_text(out, text)) || no_memory(e);
}

static bool put_set_cookie(const json_t *cookie, struct buffer *block, struct error *e)
{
	struct buffer value = { 0 };
	bool fine = put_pair(cookie, &value, e) && put_attribute(cookie, "path", "Path", &value, e) &&
		    put_attribute(cookie, "domain", "Domain", &value, e) && put_expires(cookie, &value, e) &&
		    put_attribute(cookie, "httpOnly", "HttpOnly", &value, e) &&
		    put_attribute(cookie, "secure", "Secure", &value, e) &&
		    put_attribute(cookie, "sameSite", "SameSite", &value, e) &&
		    import_field(block, bytes_of("Set-Cookie"), buffer_view(&value), e);
	buffer_free(&value);
	return fine;
}

bool har_read_cookies(const json_t *message, const char *path, bool is_request, struct buffer *block, struct error *e)
{
	const json_t *list = json_object_get(message, "cookies");
	struct buffer line = { 0 };
	struct bytes there;
	char place[60];
	bool fine = true;
	size_t i;
	json_t *cookie;
	if (headers_find(buffer_view(block), is_request ? "cookie" : "set-cookie", &there) || !json_is_array(list))
		return true;
	json_array_foreach(list, i, cookie)
	{
		if (!fine)
			break;
		if (is_request)
			fine = (!i || buffer_append_text(&line, "; ") || no_memory(e)) && put_pair(cookie, &line, e);
		else
			fine = put_set_cookie(cookie, block, e);
		snprintf(place, sizeof place, "%s.cookies[%zu]", path, i);
		if (!fine)
			error_prefix(e, place);
	}
	if (fine && line.len)
		fine = import_field(block, bytes_of("Cookie"), buffer_view(&line), e);
	buffer_free(&line);
	return fine;
}
