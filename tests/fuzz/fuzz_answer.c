/* What an app answers, line by line as libcurl hands it out, and what a provider asks of an endpoint: a head that is
 * whole holds fields that can be sent on; a handshake that is found has an answer whose fields can be sent. */
#include <stdlib.h>
#include <string.h>

#include "client/app/answer_head.h"
#include "client/delivery/challenge.h"
#include "shared/http/headers.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool condition)
{
	if (!condition)
		abort();
}

static void read_answer(const uint8_t *data, size_t size)
{
	struct answer_head h;
	enum answer_head_state state = ANSWER_HEAD_MORE;
	answer_head_init(&h);
	for (size_t at = 0; at < size && state == ANSWER_HEAD_MORE;) {
		const uint8_t *end = memchr(data + at, '\n', size - at);
		size_t len = end ? (size_t)(end - data) + 1 - at : size - at;
		char *line = malloc(len + 1); /* with a NUL behind it, as libcurl does */
		check(line != NULL);
		memcpy(line, data + at, len);
		line[len] = 0;
		state = answer_head_take(&h, line, len);
		free(line);
		at += len;
	}
	check(headers_valid(buffer_view(&h.fields)) && headers_value_valid(buffer_view(&h.reason)));
	check(state != ANSWER_HEAD_WHOLE || h.status >= 200);
	answer_head_free(&h);
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
	read_answer(data, size);
	meet_challenge(data, size);
	return 0;
}
