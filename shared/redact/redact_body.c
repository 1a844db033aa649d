/* A body by its content coding and its type. What cannot be looked into is taken out as a whole. */
#include "shared/redact/redact_private.h"

#include <ctype.h>
#include <string.h>
#include <zlib.h>

#include "shared/content/charset.h"
#include "shared/content/decode.h"
#include "shared/http/headers.h"
#include "shared/text/text.h"

/* Of a decoded body; what is larger counts as one that cannot be looked into. */
#define DECODED_MOST ((size_t)256 << 20)

static bool starts_with(struct bytes b, const char *text, size_t len)
{
	return b.len >= len && memcmp(b.at, text, len) == 0;
}

/* Archives and compressed data by their first bytes. gzip is looked into. */
static bool is_archive(struct bytes b)
{
	static const struct {
		const char *at;
		size_t len;
	} magic[] = {
		{ "PK\x03\x04", 4 }, /* zip, and documents of offices */
		{ "PK\x05\x06", 4 }, /* an empty one */
		{ "BZh", 3 },        /* bzip2 */
		{ "\xfd"
		  "7zXZ\0",
		  6 },                       /* xz */
		{ "\x28\xb5\x2f\xfd", 4 },   /* Zstandard */
		{ "7z\xbc\xaf\x27\x1c", 6 }, /* 7-Zip */
		{ "Rar!\x1a\x07", 6 },
		{ "\x04\x22\x4d\x18", 4 }, /* LZ4 */
		{ "\x1f\x9d", 2 },         /* compress */
		{ "SQLite format 3\0", 16 },
	};
	for (size_t i = 0; i < sizeof magic / sizeof *magic; i++)
		if (starts_with(b, magic[i].at, magic[i].len))
			return true;
	return false;
}

/* By a byte order mark, or as every second byte of the first letters is zero. */
static bool is_wide_text(struct bytes b)
{
	if (starts_with(b, "\xff\xfe", 2) || starts_with(b, "\xfe\xff", 2))
		return true;
	if (b.len < 8)
		return false;
	size_t odd = 0, even = 0;
	for (size_t i = 0; i < 8; i++) {
		odd += i % 2 == 1 && b.at[i] == 0;
		even += i % 2 == 0 && b.at[i] == 0;
	}
	return odd + even >= 4 && (odd == 0 || even == 0 || odd + even == 6) && (isprint(b.at[0]) || isprint(b.at[1]));
}

static bool type_is(struct bytes type, const char *name)
{
	size_t len = strlen(name);
	return type.len >= len && bytes_equal_nocase(bytes_make(type.at, len), name);
}

/* name=value&…, whatever its type says. */
static bool looks_like_form(struct bytes b)
{
	size_t equals = 0, marks = 0;
	for (size_t i = 0; i < b.len; i++) {
		if (b.at[i] <= ' ' || b.at[i] >= 0x7f || strchr("\"<>{}\\", b.at[i]))
			return false;
		equals += b.at[i] == '=';
		marks += b.at[i] == '%' || b.at[i] == '&';
	}
	return equals > 0 && marks > 0;
}

static bool take_whole(struct redaction *r, struct bytes body, const char *why, struct buffer *out, bool *replaced)
{
	*replaced = true;
	redact_note(r, REDACT_BODY, bytes_of(NULL), why);
	return buffer_printf(out, REDACTED ": %zu bytes (%s)", body.len, why);
}

static bool put_gzip(struct bytes in, struct buffer *out)
{
	z_stream z = { 0 };
	if (in.len > UINT32_MAX ||
	    deflateInit2(&z, Z_DEFAULT_COMPRESSION, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY) != Z_OK)
		return false;
	uLong most = deflateBound(&z, (uLong)in.len);
	bool fine = buffer_reserve(out, most);
	if (fine) {
		z.next_in = (Bytef *)(uintptr_t)in.at;
		z.avail_in = (uInt)in.len;
		z.next_out = out->at + out->len;
		z.avail_out = (uInt)most;
		fine = deflate(&z, Z_FINISH) == Z_STREAM_END;
		out->len += most - z.avail_out;
	}
	deflateEnd(&z);
	return fine;
}

/* What was coded has nothing in it; but a file name or what follows its end may. *clean: it does
 * not, and the bytes may stay as they are. */
static bool look_beside(struct redaction *r, struct bytes coded, bool *clean)
{
	struct redaction own = { .names = r->names, .within = r->within };
	struct buffer out = { 0 };
	bool fine = redact_scan(&own, coded, 0, &out);
	*clean = own.total == 0;
	if (fine && !*clean)
		redact_note(r, REDACT_BODY, bytes_of(NULL), "beside what its content coding says");
	buffer_free(&out);
	return fine;
}

/* A file of gzip, not coded for the way: it stays one. */
static bool redact_gzip(struct redaction *r, struct bytes body, unsigned depth, struct buffer *out, bool *replaced)
{
	struct buffer plain = { 0 }, inner = { 0 };
	char codings[64];
	size_t before = r->total;
	bool clean;
	enum decode_result result = decode_body_most(bytes_of(""), body, DECODED_MOST, &plain, codings);
	bool fine = result != DECODE_NO_MEMORY;
	if (fine && result != DECODE_WHOLE)
		fine = take_whole(r, body, "damaged or too large gzip", out, replaced);
	else
		fine = fine && redact_content(r, bytes_of(""), buffer_view(&plain), depth + 1, &inner, replaced);
	if (fine && result == DECODE_WHOLE && r->total == before)
		fine = look_beside(r, body, &clean);
	if (fine && result == DECODE_WHOLE && *replaced)
		fine = buffer_append_bytes(out, buffer_view(&inner));
	else if (fine && result == DECODE_WHOLE)
		fine = r->total > before ? put_gzip(buffer_view(&inner), out) : buffer_append_bytes(out, body);
	buffer_free(&plain);
	buffer_free(&inner);
	return fine;
}

/* A body in UTF-8, or in what has ASCII's letters for its own. */
static bool redact_plain(struct redaction *r, struct bytes type, struct bytes body, unsigned depth, struct buffer *out)
{
	bool done = false;
	if (type_is(type, "multipart/") && !redact_multipart(r, type, body, depth, out, &done))
		return false;
	if (done)
		return true;
	/* What is JSON is, whatever it is called. */
	size_t first = starts_with(body, "\xef\xbb\xbf", 3) ? 3 : 0;
	while (first < body.len && isspace(body.at[first]))
		first++;
	if (first < body.len && strchr("{[\"", body.at[first] ? body.at[first] : ' ') &&
	    (!redact_json(r, body, depth, out, &done) || (!done && !redact_cut_json(r, body, depth, out, &done))))
		return false;
	if (done)
		return true;
	if ((type_is(type, "text/csv") || type_is(type, "text/tab-separated-values")) &&
	    !redact_csv(r, body, depth, out, &done))
		return false;
	if (done)
		return true;
	if (type_is(type, "application/x-www-form-urlencoded"))
		return redact_pairs(r, WHERE_FORM, body, depth, out);
	if (looks_like_form(body))
		return redact_pairs(r, WHERE_FORM, body, depth, out);
	return redact_value(r, body, depth, out);
}

/* A text in another charset (shared/content/charset.h) stays in it. *done: it can be read in it, all of it. */
static bool redact_converted(struct redaction *r, const struct charset *c, struct bytes type, struct bytes body,
			     unsigned depth, struct buffer *out, bool *done)
{
	struct buffer plain = { 0 }, inner = { 0 }, back = { 0 };
	struct bytes text = bytes_make(body.at + c->mark, body.len - c->mark);
	size_t before = r->total;
	bool unknown, exact = false;
	bool fine = charset_to_utf8(c->name, text, DECODED_MOST, &plain, &unknown) &&
		    charset_from_utf8(c->name, buffer_view(&plain), &back, &exact);
	*done = fine && exact && bytes_equal(buffer_view(&back), text);
	if (!*done)
		goto out;
	back.len = 0;
	fine = redact_plain(r, type, buffer_view(&plain), depth, &inner) && buffer_append(out, body.at, c->mark);
	if (fine && r->total > before)
		fine = charset_from_utf8(c->name, buffer_view(&inner), &back, &exact) &&
		       buffer_append_bytes(out, buffer_view(&back));
	else if (fine)
		fine = buffer_append_bytes(out, text);
out:
	buffer_free(&plain);
	buffer_free(&inner);
	buffer_free(&back);
	return fine;
}

bool redact_content(struct redaction *r, struct bytes type, struct bytes body, unsigned depth, struct buffer *out,
		    bool *replaced)
{
	bool done = false;
	*replaced = false;
	if (depth > REDACT_DEPTH_MAX)
		return take_whole(r, body, NESTED_TOO_DEEPLY, out, replaced);
	if (starts_with(body, "\x1f\x8b\x08", 3))
		return redact_gzip(r, body, depth, out, replaced);
	if (is_archive(body))
		return take_whole(r, body, "an archive or compressed", out, replaced);
	struct charset c = body.len ? charset_of(type, body) : (struct charset){ .mark = 0 };
	if (c.name[0] && !redact_converted(r, &c, type, body, depth, out, &done))
		return false;
	if (!done && (charset_unit(c.name) > 1 || is_wide_text(body)))
		return take_whole(r, body, "text of 16 or 32 bits a character", out, replaced);
	return done || redact_plain(r, type, body, depth, out);
}

static bool is_coded(struct bytes headers)
{
	struct bytes value;
	return headers_find(headers, "content-encoding", &value) && value.len && !bytes_equal_nocase(value, "identity");
}

bool redact_coded(struct redaction *r, struct bytes headers, struct bytes body, struct buffer *out, bool *decoded,
		  bool *replaced)
{
	struct buffer plain = { 0 };
	struct bytes type = bytes_of(""), in = body;
	char codings[64];
	size_t before = r->total;
	bool fine = true;
	*decoded = *replaced = false;
	if (!headers_find(headers, "content-type", &type))
		type = bytes_of("");
	if (is_coded(headers) && body.len) {
		enum decode_result result = decode_body_most(headers, body, DECODED_MOST, &plain, codings);
		if (result == DECODE_NO_MEMORY) {
			fine = false;
			goto out;
		}
		*decoded = result == DECODE_WHOLE;
		in = *decoded ? buffer_view(&plain) : body;
		/* Text that was not coded at all, whatever the field says, is text. */
		if (result == DECODE_CUT || result == DECODE_DAMAGED ||
		    (result == DECODE_NONE && !text_is_utf8(body))) {
			*decoded = true;
			fine = take_whole(r, body,
					  result == DECODE_CUT ? "too large" : "unknown or damaged content coding", out,
					  replaced);
			goto out;
		}
	}
	r->near_aws = redact_shape_has_aws_key(in);
	fine = redact_content(r, type, in, 0, out, replaced);
	r->near_aws = false;
	bool clean = true;
	if (fine && *decoded && r->total == before)
		fine = look_beside(r, body, &clean);
	if (fine && r->total == before) {
		*decoded = false;
		out->len = 0;
		fine = buffer_append_bytes(out, body);
	}
out:
	buffer_free(&plain);
	return fine;
}
