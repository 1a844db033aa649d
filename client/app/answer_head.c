#include "client/app/answer_head.h"

#include "client/common/limits.h"
#include "shared/http/headers.h"
#include "shared/wire/wire.h"

#include <stdlib.h>
#include <string.h>

#define MOST_REASON 1000

void answer_head_init(struct answer_head *h)
{
	*h = (struct answer_head){ .declared = WIRE_UNKNOWN_LENGTH };
}

void answer_head_free(struct answer_head *h)
{
	buffer_free(&h->reason);
	buffer_free(&h->fields);
}

static void take_status_line(struct answer_head *h, const char *at, size_t len)
{
	const char *blank = memchr(at, ' ', len);
	size_t rest = blank ? len - (size_t)(blank - at) : 0;
	h->status = rest >= 4 ? atoi((char[4]){ blank[1], blank[2], blank[3], 0 }) : 0;
	h->fields.len = h->reason.len = 0;
	h->declared = WIRE_UNKNOWN_LENGTH;
	h->coded = false;
	if (rest > 5) {
		size_t n = rest - 5;
		while (n > 0 && (blank[5 + n - 1] == '\r' || blank[5 + n - 1] == '\n'))
			n--;
		if (headers_value_valid(bytes_make(blank + 5, n)) && n < MOST_REASON &&
		    !buffer_append(&h->reason, blank + 5, n))
			h->reason.len = 0;
	}
}

static bool take_field(struct answer_head *h, const char *at, size_t len)
{
	const char *colon = memchr(at, ':', len);
	if (!colon)
		return true; /* not a field: HTTP clients skip it */
	const char *value = colon + 1, *end = at + len;
	while (end > value && (end[-1] == '\r' || end[-1] == '\n' || end[-1] == ' ' || end[-1] == '\t'))
		end--;
	while (value < end && (*value == ' ' || *value == '\t'))
		value++;
	struct bytes n = bytes_make(at, (size_t)(colon - at)), v = bytes_make(value, (size_t)(end - value));
	if (!headers_name_valid(n) || !headers_value_valid(v))
		return true;
	if (bytes_equal_nocase(n, "Transfer-Encoding"))
		h->coded = true;
	else if (bytes_equal_nocase(n, "Content-Length"))
		h->declared = strtoull((const char *)v.at, NULL, 10); /* libcurl ends what it hands out with NUL */
	return headers_append(&h->fields, n, v);
}

uint64_t answer_head_body_len(const struct answer_head *h)
{
	/* As libcurl has it: Transfer-Encoding goes first (RFC 9112 §6.3), and what is beyond its range is not read. */
	return h->coded || h->declared > INT64_MAX ? WIRE_UNKNOWN_LENGTH : h->declared;
}

enum answer_head_state answer_head_take(struct answer_head *h, const char *line, size_t len)
{
	if (h->fields.len + len > LIMIT_ANSWER_HEAD)
		return ANSWER_HEAD_TOO_LARGE;
	if (len > 5 && memcmp(line, "HTTP/", 5) == 0)
		take_status_line(h, line, len);
	else if (len > 0 && (line[0] == '\r' || line[0] == '\n'))
		return h->status < 200 && !(h->upgrade && h->status == 101) ? ANSWER_HEAD_MORE : ANSWER_HEAD_WHOLE;
	else if (!take_field(h, line, len))
		return ANSWER_HEAD_NO_MEMORY;
	return ANSWER_HEAD_MORE;
}
