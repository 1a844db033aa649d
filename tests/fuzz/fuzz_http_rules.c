/* A request's head as the relay judges it: what passes has one framing that nobody after it can read another way. The
 * input is the request line's three words, one blank apart, and the fields behind its line's end. */
#include <stdlib.h>
#include <string.h>

#include "relay/common/http_rules.h"
#include "relay/common/limits.h"
#include "shared/http/headers.h"
#include "shared/wire/wire.h"

#define MAX_BODY 1000000

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool condition)
{
	if (!condition)
		abort();
}

static struct bytes take(struct bytes *rest, const char *end, size_t len)
{
	const uint8_t *at = rest->len ? memmem(rest->at, rest->len, end, len) : NULL;
	struct bytes word = bytes_make(rest->at, at ? (size_t)(at - rest->at) : rest->len);
	size_t used = at ? word.len + len : word.len;
	*rest = bytes_make(rest->at + used, rest->len - used);
	return word;
}

static size_t count(struct bytes block, const char *wanted)
{
	struct bytes name, value;
	size_t n = 0;
	for (size_t pos = 0; headers_next(block, &pos, &name, &value);)
		n += bytes_equal_nocase(name, wanted);
	return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes rest = bytes_make(data, size);
	struct http_head head = { .size = size };
	struct http_framing framing = { false, 0 };
	if (size == 0)
		return 0;
	head.method = take(&rest, " ", 1);
	head.target = take(&rest, " ", 1);
	head.version = take(&rest, "\r\n", 2);
	head.headers = rest;
	head.fields = headers_count(rest);
	enum refusal why = http_rules_check(&head, MAX_BODY, &framing);
	check(why < REFUSE_COUNT);
	if (why != REFUSE_NOTHING) {
		check(refusal_text(why)->status >= 400 && *refusal_text(why)->sentence);
		return 0;
	}
	size_t lengths = count(rest, "Content-Length"), encodings = count(rest, "Transfer-Encoding");
	check(headers_valid(rest) && headers_name_valid(head.method) && head.fields <= LIMIT_HEAD_FIELDS);
	check(lengths + encodings <= 1 && count(rest, "Host") <= 1);
	check(framing.has_body == (lengths + encodings > 0));
	check(encodings ? framing.body_len == WIRE_UNKNOWN_LENGTH : framing.body_len <= MAX_BODY);
	check(head.target.at[0] == '/' && !memchr(head.target.at, 0, head.target.len));
	return 0;
}
