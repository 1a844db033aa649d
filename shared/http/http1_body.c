/* Bodies: how long they are, and their bytes without the framing. */
#include "shared/http/http1.h"

#include "shared/http/headers.h"

#include <string.h>

/* Where in a chunked body the next byte stands (§7.1). */
enum chunk_state {
	CHUNK_SIZE,  /* the first digit */
	CHUNK_DIGIT, /* a further one, or what ends them */
	CHUNK_BLANK, /* after the size: another, or what ends the line */
	CHUNK_EXTENSION,
	CHUNK_QUOTED, /* in an extension's quotes */
	CHUNK_ESCAPED,
	CHUNK_SIZE_LF,
	CHUNK_DATA,
	CHUNK_DATA_CR,
	CHUNK_DATA_LF,
	CHUNK_TRAILER,
	CHUNK_OVER,
};

static void begin(struct http1_body *b, enum http1_framing framing, uint64_t left, uint64_t most)
{
	*b = (struct http1_body){ .framing = framing, .left = left, .most = most };
}

enum http1_fault http1_request_body(const struct http1_head *h, uint64_t most, struct http1_body *b)
{
	begin(b, HTTP1_NO_BODY, 0, most);
	if (h->lengths > 1 || h->length_bad)
		return HTTP1_BAD_LENGTH;
	if (h->lengths && h->codings)
		return HTTP1_LENGTH_AND_CODING;
	if (h->codings && (!h->chunked || h->minor == 0))
		return HTTP1_BAD_CODING;
	if (h->codings) {
		begin(b, HTTP1_CHUNKED, 0, most);
		b->refuses_framing = true;
	} else if (h->lengths) {
		begin(b, HTTP1_LENGTH, h->length, most);
	}
	return h->lengths && h->length > most ? HTTP1_BODY_TOO_LARGE : HTTP1_FINE;
}

enum http1_fault http1_response_body(const struct http1_head *h, bool head_only, struct http1_body *b)
{
	begin(b, HTTP1_NO_BODY, 0, UINT64_MAX);
	if (h->codings && !h->chunked)
		return HTTP1_BAD_CODING;
	if (h->length_bad && !h->codings)
		return HTTP1_BAD_LENGTH;
	if (head_only || h->status < 200 || h->status == 204 || h->status == 304)
		return HTTP1_FINE;
	if (h->codings)
		begin(b, HTTP1_CHUNKED, 0, UINT64_MAX);
	else if (h->lengths)
		begin(b, HTTP1_LENGTH, h->length, UINT64_MAX);
	else
		begin(b, HTTP1_UNTIL_CLOSE, 0, UINT64_MAX);
	return HTTP1_FINE;
}

bool http1_body_is_over(const struct http1_body *b)
{
	switch (b->framing) {
	case HTTP1_NO_BODY:
		return true;
	case HTTP1_LENGTH:
		return b->left == 0;
	case HTTP1_CHUNKED:
		return b->chunk == CHUNK_OVER;
	case HTTP1_UNTIL_CLOSE:
		break;
	}
	return false;
}

static bool fail(struct http1_body *b, enum http1_fault fault)
{
	b->fault = fault;
	return false;
}

/* ---- trailers ---- */

bool http1_trailer_forbidden(struct bytes name)
{
	static const char *const names[] = {
		"Transfer-Encoding",
		"Content-Length",
		"Host",
		"Connection",
		"Keep-Alive",
		"Upgrade",
		"TE",
		"Trailer",
		"Authorization",
		"Proxy-Authorization",
		"Proxy-Authenticate",
		"Proxy-Connection",
		"WWW-Authenticate",
		"Proxy-Authentication-Info",
		"Authentication-Info",
		"Cookie",
		"Set-Cookie",
		"Content-Encoding",
		"Content-Type",
		"Content-Range",
		"Cache-Control",
		"Expect",
		"Max-Forwards",
		"Pragma",
		"Range",
		"Age",
		"Expires",
		"Date",
		"Location",
		"Retry-After",
		"Vary",
		"Warning",
		"Forwarded",
		"Via",
	};
	static const char *const starts[] = { "If-", "X-Forwarded-", "X_Forwarded_", "Creel-" };
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (bytes_equal_nocase(name, names[i]))
			return true;
	for (size_t i = 0; i < sizeof starts / sizeof *starts; i++) {
		size_t len = strlen(starts[i]);
		if (name.len >= len && bytes_equal_nocase(bytes_make(name.at, len), starts[i]))
			return true;
	}
	return false;
}

static bool frames(struct bytes name)
{
	return bytes_equal_nocase(name, "Transfer-Encoding") || bytes_equal_nocase(name, "Content-Length");
}

/* A whole line, with its CR LF. */
static bool take_trailer(struct http1_body *b)
{
	struct bytes line = buffer_view(&b->trailer), name, value;
	if (line.len < 2 || memchr(line.at, '\r', line.len) != line.at + line.len - 2)
		return fail(b, HTTP1_BAD_TRAILER);
	if (line.len == 2) {
		b->chunk = CHUNK_OVER;
		return true;
	}
	size_t pos = 0;
	if (!headers_next(line, &pos, &name, &value) || pos != line.len || !headers_name_valid(name) ||
	    !headers_value_valid(value) || (b->refuses_framing && frames(name)))
		return fail(b, HTTP1_BAD_TRAILER);
	if (++b->fields > HTTP1_FIELDS_MOST)
		return fail(b, HTTP1_TRAILERS_TOO_LARGE);
	if (!http1_trailer_forbidden(name) && !buffer_append_bytes(&b->trailers, line))
		return fail(b, HTTP1_NO_MEMORY);
	b->trailer.len = 0;
	return true;
}

/* As much of a trailer line as is here. Returns the bytes taken; 0: b->fault. */
static size_t read_trailer(struct http1_body *b, const uint8_t *at, size_t len)
{
	const uint8_t *lf = memchr(at, '\n', len);
	size_t n = lf ? (size_t)(lf - at) + 1 : len;
	b->line += (unsigned)n;
	if (n > HTTP1_HEAD_MOST || b->line > HTTP1_HEAD_MOST)
		return fail(b, HTTP1_TRAILERS_TOO_LARGE);
	if (!buffer_append(&b->trailer, at, n))
		return fail(b, HTTP1_NO_MEMORY);
	const uint8_t *cr = memchr(b->trailer.at, '\r', b->trailer.len);
	if (cr && cr + 1 < b->trailer.at + b->trailer.len && cr[1] != '\n')
		return fail(b, HTTP1_BAD_TRAILER);
	return lf && !take_trailer(b) ? 0 : n;
}

/* ---- chunks ---- */

static int digit_of(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool take_digit(struct http1_body *b, int digit)
{
	if (b->left >> 59)
		return fail(b, HTTP1_BAD_CHUNK); /* beyond what any body may have, and about to overflow */
	b->left = b->left * 16 + (uint64_t)digit;
	if (b->left > b->most - b->total)
		return fail(b, HTTP1_BODY_TOO_LARGE);
	b->chunk = CHUNK_DIGIT;
	return true;
}

/* What comes after the digits. Blanks before an extension are bad ones that must be taken (RFC 9112 §7.1.1, RFC 9110
 * §5.6.3); where no extension follows, some servers pad the size with them, and no reader takes it for another size. */
static bool end_size(struct http1_body *b, uint8_t c)
{
	if (c == '\r')
		b->chunk = CHUNK_SIZE_LF;
	else if (c == ';')
		b->chunk = CHUNK_EXTENSION;
	else if (c == ' ' || c == '\t')
		b->chunk = CHUNK_BLANK;
	else
		return fail(b, HTTP1_BAD_CHUNK);
	return true;
}

/* Nobody reads them. They have no control byte but TAB, and no line ends inside quotes: some go on reading there until
 * the quotes are closed. */
static bool take_extension(struct http1_body *b, uint8_t c)
{
	bool ends = c == '\r' && b->chunk == CHUNK_EXTENSION;
	if (++b->line > HTTP1_CHUNK_LINE_MOST || (c < 0x20 && c != '\t' && !ends) || c == 0x7f)
		return fail(b, HTTP1_BAD_CHUNK);
	if (ends)
		b->chunk = CHUNK_SIZE_LF;
	else if (b->chunk == CHUNK_ESCAPED)
		b->chunk = CHUNK_QUOTED;
	else if (b->chunk == CHUNK_QUOTED && c == '\\')
		b->chunk = CHUNK_ESCAPED;
	else if (c == '"')
		b->chunk = b->chunk == CHUNK_QUOTED ? CHUNK_EXTENSION : CHUNK_QUOTED;
	return true;
}

/* A byte of the framing between two pieces. False: b->fault. */
static bool take_framing(struct http1_body *b, uint8_t c)
{
	int digit = digit_of(c);
	switch ((enum chunk_state)b->chunk) {
	case CHUNK_SIZE:
		b->left = 0;
		b->line = 0;
		return digit >= 0 ? take_digit(b, digit) : fail(b, HTTP1_BAD_CHUNK);
	case CHUNK_DIGIT:
		if (++b->line > HTTP1_CHUNK_LINE_MOST)
			return fail(b, HTTP1_BAD_CHUNK);
		return digit >= 0 ? take_digit(b, digit) : end_size(b, c);
	case CHUNK_BLANK:
		return ++b->line > HTTP1_CHUNK_LINE_MOST ? fail(b, HTTP1_BAD_CHUNK) : end_size(b, c);
	case CHUNK_EXTENSION:
	case CHUNK_QUOTED:
	case CHUNK_ESCAPED:
		return take_extension(b, c);
	case CHUNK_SIZE_LF:
		b->line = 0;
		b->chunk = b->left > 0 ? CHUNK_DATA : CHUNK_TRAILER;
		return c == '\n' || fail(b, HTTP1_BAD_CHUNK);
	case CHUNK_DATA_CR:
		b->chunk = CHUNK_DATA_LF;
		return c == '\r' || fail(b, HTTP1_BAD_CHUNK);
	case CHUNK_DATA_LF:
		b->chunk = CHUNK_SIZE;
		return c == '\n' || fail(b, HTTP1_BAD_CHUNK);
	case CHUNK_DATA:
	case CHUNK_TRAILER:
	case CHUNK_OVER:
		break;
	}
	return fail(b, HTTP1_BAD_CHUNK);
}

/* Bytes of body: of a length or of a chunk. */
static enum http1_state take_piece(struct http1_body *b, struct bytes rest, size_t *used, struct bytes *piece)
{
	size_t n = rest.len < b->left ? rest.len : (size_t)b->left;
	b->left -= n;
	b->total += n;
	*used += n;
	*piece = bytes_make(rest.at, n);
	return HTTP1_PIECE;
}

static enum http1_state read_chunks(struct http1_body *b, struct bytes in, size_t *used, struct bytes *piece)
{
	while (*used < in.len && b->chunk != CHUNK_OVER) {
		struct bytes rest = bytes_make(in.at + *used, in.len - *used);
		if (b->chunk == CHUNK_DATA) {
			enum http1_state state = take_piece(b, rest, used, piece);
			if (b->left == 0)
				b->chunk = CHUNK_DATA_CR;
			return state;
		}
		size_t n = b->chunk == CHUNK_TRAILER ? read_trailer(b, rest.at, rest.len) : take_framing(b, *rest.at);
		if (n == 0)
			return HTTP1_BAD;
		*used += n;
	}
	return b->chunk == CHUNK_OVER ? HTTP1_WHOLE : HTTP1_MORE;
}

enum http1_state http1_body_read(struct http1_body *b, struct bytes in, size_t *used, struct bytes *piece)
{
	*used = 0;
	*piece = bytes_make(NULL, 0);
	switch (b->framing) {
	case HTTP1_NO_BODY:
		return HTTP1_WHOLE;
	case HTTP1_LENGTH:
		if (b->left == 0)
			return HTTP1_WHOLE;
		return in.len > 0 ? take_piece(b, in, used, piece) : HTTP1_MORE;
	case HTTP1_CHUNKED:
		return read_chunks(b, in, used, piece);
	case HTTP1_UNTIL_CLOSE:
		*used = in.len;
		*piece = in;
		b->total += in.len;
		return in.len > 0 ? HTTP1_PIECE : HTTP1_MORE;
	}
	return HTTP1_BAD;
}

enum http1_state http1_body_end(const struct http1_body *b)
{
	return b->framing == HTTP1_UNTIL_CLOSE || http1_body_is_over(b) ? HTTP1_WHOLE : HTTP1_BAD;
}

void http1_body_free(struct http1_body *b)
{
	buffer_free(&b->trailers);
	buffer_free(&b->trailer);
}
