#include "relay/common/http_rules.h"

#include "relay/common/limits.h"
#include "shared/http/headers.h"
#include "shared/wire/wire.h"

#include <string.h>

bool http_rules_is_no_request(struct bytes start)
{
	while (start.len > 0 && (*start.at == '\r' || *start.at == '\n'))
		start = bytes_make(start.at + 1, start.len - 1);
	const uint8_t *end = start.len > 0 ? memchr(start.at, '\n', start.len) : NULL;
	if (!end || *start.at == 0) /* libmicrohttpd 0.9.75 takes a line that begins with NUL for an empty one */
		return false;
	return *start.at == ' ' || !memchr(start.at, ' ', (size_t)(end - start.at));
}

/* 1*DIGIT, fitting 63 bits. */
static bool parse_length(struct bytes value, uint64_t *out)
{
	*out = 0;
	while (value.len > 0 && (value.at[value.len - 1] == ' ' || value.at[value.len - 1] == '\t'))
		value.len--;
	for (size_t i = 0; i < value.len; i++) {
		if (value.at[i] < '0' || value.at[i] > '9' || *out > (INT64_MAX - 9) / 10)
			return false;
		*out = *out * 10 + (uint64_t)(value.at[i] - '0');
	}
	return value.len > 0;
}

static bool is_chunked(struct bytes value)
{
	while (value.len > 0 && (value.at[value.len - 1] == ' ' || value.at[value.len - 1] == '\t'))
		value.len--;
	return bytes_equal_nocase(value, "chunked");
}

/* Every byte visible: RFC 3986's characters and, as some senders have it, raw 8-bit ones. */
static bool target_valid(struct bytes target)
{
	for (size_t i = 0; i < target.len; i++)
		if (target.at[i] <= 0x20 || target.at[i] == 0x7f)
			return false;
	return target.len > 0 && target.at[0] == '/';
}

static enum refusal check_fields(struct bytes block, bool http11, struct http_framing *framing)
{
	size_t hosts = 0, lengths = 0, encodings = 0;
	struct bytes name, value;
	framing->has_body = false;
	framing->body_len = 0;
	for (size_t pos = 0; headers_next(block, &pos, &name, &value);) {
		if (bytes_equal_nocase(name, "Host")) {
			hosts++;
		} else if (bytes_equal_nocase(name, "Content-Length")) {
			if (lengths++ > 0 || !parse_length(value, &framing->body_len))
				return REFUSE_LENGTH;
		} else if (bytes_equal_nocase(name, "Transfer-Encoding")) {
			if (encodings++ > 0 || !is_chunked(value))
				return REFUSE_ENCODING;
		}
	}
	if (lengths && encodings)
		return REFUSE_LENGTH_AND_ENCODING;
	if (encodings && !http11)
		return REFUSE_ENCODING;
	if (hosts > 1 || (http11 && hosts == 0))
		return REFUSE_HOST;
	framing->has_body = lengths || encodings;
	if (encodings)
		framing->body_len = WIRE_UNKNOWN_LENGTH;
	return REFUSE_NOTHING;
}

enum refusal http_rules_check(const struct http_head *head, uint64_t max_body, struct http_framing *framing)
{
	bool http11 = bytes_equal(head->version, bytes_of("HTTP/1.1"));
	if (!http11 && !bytes_equal(head->version, bytes_of("HTTP/1.0")))
		return REFUSE_VERSION;
	if (head->size > LIMIT_HEAD_BYTES || head->fields > LIMIT_HEAD_FIELDS)
		return REFUSE_HEADERS_TOO_LARGE;
	if (!headers_name_valid(head->method))
		return REFUSE_BAD_METHOD;
	if (!target_valid(head->target))
		return REFUSE_BAD_TARGET;
	if (!headers_valid(head->headers))
		return REFUSE_BAD_FIELD;
	enum refusal r = check_fields(head->headers, http11, framing);
	if (r == REFUSE_NOTHING && framing->body_len != WIRE_UNKNOWN_LENGTH && framing->body_len > max_body)
		r = REFUSE_BODY_TOO_LARGE;
	return r;
}
