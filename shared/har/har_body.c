#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "shared/content/charset.h"
#include "shared/content/media_type.h"
#include "shared/har/har_private.h"
#include "shared/transcripts/import_json.h"
#include "shared/syntax/multipart.h"
#include "shared/http/headers.h"
#include "shared/text/base64.h"
#include "shared/text/text.h"

#define MOST 1e15

static bool no_memory(struct error *e)
{
	return error_set(e, EXIT_STORE, "out of memory");
}

static bool has_blanks(struct bytes text)
{
	return text.len &&
	       (memchr(text.at, '\n', text.len) || memchr(text.at, '\r', text.len) || memchr(text.at, ' ', text.len));
}

/* Base64 as any tool writes it: lines, no padding, the alphabet for URLs. */
static bool decode(struct bytes text, struct buffer *out, const char *path, struct error *e)
{
	struct buffer plain = { 0 };
	bool fine = true;
	if (!has_blanks(text))
		return base64_decode_loose(out, text) || error_set(e, EXIT_USAGE, "%s: \"text\" is not base64", path);
	for (size_t i = 0; fine && i < text.len; i++)
		if (text.at[i] != '\n' && text.at[i] != '\r' && text.at[i] != ' ')
			fine = buffer_put_u8(&plain, text.at[i]);
	if (!fine) {
		buffer_free(&plain);
		return no_memory(e);
	}
	fine = base64_decode_loose(out, buffer_view(&plain));
	buffer_free(&plain);
	return fine || error_set(e, EXIT_USAGE, "%s: \"text\" is not base64", path);
}

bool har_read_text(const json_t *holder, const char *path, struct buffer *out, bool *present, bool *coded,
		   struct error *e)
{
	const json_t *text = json_object_get(holder, "text"), *coding = json_object_get(holder, "encoding");
	out->len = 0;
	*coded = false;
	*present = text && !json_is_null(text);
	if (!coding || json_is_null(coding) || json_string_length(coding) == 0)
		coding = json_object_get(holder, "_encoding");
	if (holder && !json_is_null(holder) && !json_is_object(holder))
		return error_set(e, EXIT_USAGE, "%s is not an object", path);
	if (!*present)
		return true;
	if (!json_is_string(text))
		return error_set(e, EXIT_USAGE, "%s: \"text\" is not a text", path);
	if (!coding || json_is_null(coding) || (json_is_string(coding) && json_string_length(coding) == 0) ||
	    bytes_equal_nocase(json_to_bytes(coding), "utf-8") || bytes_equal_nocase(json_to_bytes(coding), "utf8"))
		return buffer_append_bytes(out, json_to_bytes(text)) || no_memory(e);
	*coded = true;
	if (bytes_equal_nocase(json_to_bytes(coding), "base64"))
		return decode(json_to_bytes(text), out, path, e);
	return error_set(e, EXIT_USAGE, "%s: the encoding '%.40s' is none that creel knows: base64 is", path,
			 json_is_string(coding) ? json_string_value(coding) : "");
}

/* ---- the head, made true for the body that the file has ---- */

static int64_t length_of(struct bytes headers)
{
	struct bytes value;
	uint64_t length;
	if (!headers_find(headers, "content-length", &value) || !headers_read_length(value, &length))
		return -1;
	return (int64_t)length;
}

static int64_t size_of(const json_t *holder, const char *name)
{
	double size = json_number_value(json_object_get(holder, name));
	return size > 0 && size < MOST ? (int64_t)size : -1;
}

/* Whether the body cannot be in the coding that the head names: tools keep what a message says, decoded. */
static bool was_decoded(const struct message *m, bool coded)
{
	struct bytes coding;
	if (!m->body.len || !headers_find(buffer_view(&m->headers), "content-encoding", &coding) ||
	    bytes_equal_nocase(coding, "identity"))
		return false;
	bool gzip = bytes_contains_nocase(coding, "gzip");
	return !coded || (gzip && !(m->body.len >= 2 && m->body.at[0] == 0x1f && m->body.at[1] == 0x8b));
}

bool har_mend_head(struct message *m, bool coded, struct error *e)
{
	char length[24];
	struct buffer out = { 0 };
	struct bytes name, value;
	bool decoded = was_decoded(m, coded), fine = true;
	snprintf(length, sizeof length, "%zu", m->body.len);
	for (size_t pos = 0; fine && headers_next(buffer_view(&m->headers), &pos, &name, &value);) {
		if (decoded && bytes_equal_nocase(name, "content-encoding"))
			continue;
		fine =
		    headers_append(&out, name, bytes_equal_nocase(name, "content-length") ? bytes_of(length) : value);
	}
	if (!fine) {
		buffer_free(&out);
		return no_memory(e);
	}
	buffer_free(&m->headers);
	m->headers = out;
	return true;
}

/* ---- charsets: JSON holds characters, a body was sent as bytes ---- */

static bool is_ascii(struct bytes b)
{
	for (size_t i = 0; i < b.len; i++)
		if (b.at[i] >= 0x80)
			return false;
	return true;
}

/* What Windows-1252 has no character for is itself in ISO-8859-1, and the name of the one is used for both. */
static bool encode(const char *charset, struct bytes text, struct buffer *out, bool *exact)
{
	bool fine = charset_from_utf8(charset, text, out, exact);
	if (!fine || *exact || strcmp(charset, "WINDOWS-1252") != 0)
		return fine;
	out->len = 0;
	return charset_from_utf8("ISO-8859-1", text, out, exact);
}

/* Which of UTF-16's bytes comes first is not said by its name alone. */
static bool is_either_way(const char *charset)
{
	return strcasecmp(charset, "UTF-16") == 0 || strcasecmp(charset, "UTF-32") == 0;
}

/* In the charset that its type names, unless its length says that it was sent in UTF-8. `lengths`: what is known of
 * it, or -1. */
static bool to_charset(struct message *m, struct bytes type, const int64_t lengths[2], const char *path,
		       struct error *e)
{
	struct buffer out = { 0 };
	struct bytes in = buffer_view(&m->body), sent, named;
	char charset[CHARSET_NAME_LEN];
	bool exact = false;
	/* The field as it was sent comes first. */
	if (!in.len || (!(headers_find(buffer_view(&m->headers), "content-type", &sent) &&
			  media_type_parameter(sent, "charset", &named)) &&
			!(type.len && media_type_parameter(type, "charset", &named))))
		return true;
	charset_named(named, charset);
	/* What is bytes already, is. */
	if (!charset[0] || !text_is_utf8(in) || (is_ascii(in) && charset_unit(charset) == 1) ||
	    lengths[0] == (int64_t)in.len || lengths[1] == (int64_t)in.len)
		return true;
	if (is_either_way(charset))
		return error_set(e, EXIT_USAGE, "%s: \"text\" was sent in %s, and which byte came first is not said",
				 path, charset);
	bool fine = encode(charset, in, &out, &exact);
	if (fine && exact) {
		buffer_free(&m->body);
		m->body = out;
		return true;
	}
	buffer_free(&out);
	return fine ? error_set(e, EXIT_USAGE, "%s: \"text\" cannot be written in the charset '%.*s' of its type", path,
				(int)named.len, (const char *)named.at)
		    : no_memory(e);
}

/* ---- request ---- */

static bool part_of(const json_t *param, const char *path, struct multipart_part *part, struct error *e)
{
	const json_t *value = json_object_get(param, "value");
	part->name = json_to_bytes(json_object_get(param, "name"));
	part->value = json_to_bytes(value);
	part->file_name = json_to_bytes(json_object_get(param, "fileName"));
	part->type = json_to_bytes(json_object_get(param, "contentType"));
	if (part->file_name.len && !json_is_string(value))
		return error_set(e, EXIT_USAGE, "%s names a file whose contents are not in it", path);
	return (multipart_can_name(part->name) && multipart_can_name(part->file_name) &&
		headers_value_valid(part->type)) ||
	       error_set(e, EXIT_USAGE, "%s: a part's name, file name or type holds quotes or control characters",
			 path);
}

static bool read_parts(const json_t *params, struct bytes boundary, struct buffer *out, struct error *e)
{
	size_t i;
	json_t *param;
	char path[60];
	json_array_foreach(params, i, param)
	{
		struct multipart_part part;
		snprintf(path, sizeof path, "request.postData.params[%zu]", i);
		if (!part_of(param, path, &part, e))
			return false;
		if (!multipart_put(out, boundary, &part))
			return no_memory(e);
	}
	return multipart_end(out, boundary) || no_memory(e);
}

/* A form, where a tool wrote its pairs in the place of the text. */
static bool read_params(const json_t *request, const json_t *post, struct message *m, struct error *e)
{
	const json_t *params = json_object_get(post, "params");
	struct bytes head = buffer_view(&m->headers), type = json_to_bytes(json_object_get(post, "mimeType")), boundary;
	const int64_t sizes[2] = { length_of(head), size_of(request, "bodySize") };
	if (!params || json_is_null(params) || (json_is_array(params) && json_array_size(params) == 0))
		return true;
	if (!bytes_contains_nocase(type, "multipart/form-data"))
		headers_find(head, "content-type", &type);
	if (!bytes_contains_nocase(type, "multipart/form-data"))
		return har_read_pairs(params, "request.postData.params", sizes, &m->body, e);
	if (!multipart_boundary(type, &boundary) &&
	    !(headers_find(head, "content-type", &type) && multipart_boundary(type, &boundary)))
		return error_set(e, EXIT_USAGE,
				 "request.postData.params are parts of a multipart body, and no boundary is named");
	return read_parts(params, boundary, &m->body, e);
}

bool har_read_post(const json_t *request, struct message *m, struct error *e)
{
	const json_t *post = json_object_get(request, "postData");
	int64_t length = length_of(buffer_view(&m->headers)), size = size_of(request, "bodySize");
	bool present, coded;
	if (!har_read_text(post, "request.postData", &m->body, &present, &coded, e))
		return false;
	const int64_t lengths[2] = { length, size };
	if (!coded && !to_charset(m, json_to_bytes(json_object_get(post, "mimeType")), lengths, "request.postData", e))
		return false;
	if (!m->body.len && !read_params(request, post, m, e))
		return false;
	m->body_size = m->body.len;
	if (m->body.len || present)
		return har_mend_head(m, coded, e);
	/* There was one, and the file does not have it. */
	m->body_size = length > 0 ? (uint64_t)length : size > 0 ? (uint64_t)size : 0;
	return true;
}

bool har_read_content(const json_t *response, bool may_have_body, struct message *m, struct error *e)
{
	const json_t *content = json_object_get(response, "content");
	int64_t size = size_of(content, "size");
	bool present, coded;
	if (!har_read_text(content, "response.content", &m->body, &present, &coded, e))
		return false;
	const int64_t lengths[2] = { length_of(buffer_view(&m->headers)), size };
	if (!coded &&
	    !to_charset(m, json_to_bytes(json_object_get(content, "mimeType")), lengths, "response.content", e))
		return false;
	m->body_size = m->body.len;
	if (!may_have_body)
		return true;
	if (m->body.len)
		return har_mend_head(m, coded, e);
	if (!present)
		m->body_size = size > 0 ? (uint64_t)size : 0;
	return true;
}
