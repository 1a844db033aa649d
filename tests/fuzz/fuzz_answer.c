/* What a provider asks of an endpoint: a handshake that is found has an answer whose fields can be sent. */
#include <stdlib.h>
#include <string.h>

#include "client/origin/challenge.h"
#include "shared/http/headers.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool condition)
{
	if (!condition)
		abort();
}

static void meet_challenge(const uint8_t *data, size_t size)
{
	const uint8_t *target_end = memchr(data, '\n', size);
	size_t target = target_end ? (size_t)(target_end - data) : size;
	const uint8_t *rest = data + target + (target_end != NULL);
	size_t left = size - target - (target_end != NULL);
	const uint8_t *blank = left ? memmem(rest, left, "\r\n\r\n", 4) : NULL;
	size_t headers = blank ? (size_t)(blank - rest) + 2 : 0;
	struct challenge_request r = { .target = bytes_make(data, target), .headers = bytes_make(rest, headers) };
	r.body = blank ? bytes_make(blank + 4, left - headers - 2) : bytes_make(rest, left);
	r.method = bytes_of(r.body.len ? "POST" : "GET");
	struct challenge c;
	if (!headers_valid(r.headers))
		return;
	if (challenge_find(&r, NULL, &c)) {
		check(c.provider && headers_valid(buffer_view(&c.headers)));
		check(c.confirm.len == 0 || challenge_may_fetch(bytes_of((const char *)c.confirm.at)));
	}
	challenge_free(&c);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0)
		return 0;
	meet_challenge(data, size);
	return 0;
}
