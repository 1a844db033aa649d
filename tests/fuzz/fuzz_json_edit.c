/* `trigger --data`: a path and a value, a NUL, the body. Whatever is taken leaves JSON that is JSON; a value that was
 * taken away is not there any more; what is refused leaves the body as it was. */
#include <stdlib.h>
#include <string.h>

#include "client/trigger/json_edit.h"
#include "shared/json/json_tokens.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool is_json(struct bytes text)
{
	struct json_tokens t = { 0 };
	struct json_error e;
	bool fine = json_tokenize(text, false, &t, &e);
	json_tokens_free(&t);
	return fine;
}

static void check(const char *path, const char *value, struct bytes before)
{
	struct buffer body = { 0 };
	struct error e;
	if (!buffer_append_bytes(&body, before))
		abort();
	if (!json_edit_set(&body, path, value, &e)) {
		if (!bytes_equal(buffer_view(&body), before))
			abort();
	} else if (!is_json(before) || !is_json(buffer_view(&body))) {
		abort();
	}
	buffer_free(&body);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *nul = size ? memchr(data, 0, size) : NULL;
	char *text = nul ? strdup((const char *)data) : NULL;
	char *equals = text ? strchr(text, '=') : NULL;
	if (equals) {
		struct bytes body = bytes_make(nul + 1, size - (size_t)(nul + 1 - data));
		*equals = 0;
		check(text, equals + 1, body);
		check(text, "null", body);
	}
	free(text);
	return 0;
}
