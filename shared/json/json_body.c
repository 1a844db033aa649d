#include "shared/json/json_body.h"

#include "shared/json/json_find.h"

#include <string.h>

#define BYTE_ORDER_MARK "\xef\xbb\xbf" /* .NET's programs write one */

bool json_body_begins(struct bytes body)
{
	size_t first = bytes_begins(body, BYTE_ORDER_MARK) ? strlen(BYTE_ORDER_MARK) : 0, before = first;
	while (first < body.len && (body.at[first] == ' ' || (body.at[first] >= '\t' && body.at[first] <= '\r')))
		first++;
	return first < body.len && body.len - before <= JSON_BODY_MOST &&
	       (body.at[first] == '{' || body.at[first] == '[');
}

/* False: it is no JSON that is searched. A byte order mark before it is left out of *whole. */
static bool read_json(struct bytes *whole, struct json_tokens *t)
{
	if (!json_body_begins(*whole))
		return false;
	if (bytes_begins(*whole, BYTE_ORDER_MARK))
		*whole = bytes_make(whole->at + 3, whole->len - 3);
	return json_tokenize(*whole, true, t, NULL);
}

/* In the first value, of several. */
static size_t find(struct bytes body, const struct json_tokens *t, const char *path)
{
	struct json_steps steps;
	size_t at = json_steps_read(path, &steps) ? 0 : SIZE_MAX;
	for (size_t i = 0; at != SIZE_MAX && i < steps.count; i++)
		at = json_step_into(body, t, at, &steps.at[i]);
	return at;
}

bool json_body_value(struct bytes body, const char *path, struct buffer *out, struct bytes *lexeme)
{
	struct json_tokens t;
	if (!read_json(&body, &t))
		return false;
	size_t at = find(body, &t, path);
	bool fine = at != SIZE_MAX && !json_is_open(&t.at[at]) && json_put_value(body, &t, at, out);
	if (fine && lexeme)
		*lexeme = json_lexeme(body, &t.at[at]);
	json_tokens_free(&t);
	return fine;
}

size_t json_body_count(struct bytes body, const char *path)
{
	struct json_tokens t;
	if (!read_json(&body, &t))
		return 0;
	size_t at = find(body, &t, path);
	size_t count = at != SIZE_MAX && t.at[at].kind == TOKEN_OPEN_ARRAY ? json_members(&t, at) : 0;
	json_tokens_free(&t);
	return count;
}

bool json_body_other_key(struct bytes body, const char *name, struct buffer *out)
{
	struct json_tokens t;
	size_t start = out->len;
	if (!read_json(&body, &t))
		return false;
	bool fine = false;
	for (size_t i = 1; t.at[0].kind == TOKEN_OPEN_OBJECT && !fine && i < t.at[0].partner; i = json_after(&t, i)) {
		out->len = start;
		fine = json_put_value(body, &t, i, out) &&
		       !bytes_equal(bytes_make(out->at + start, out->len - start), bytes_of(name));
	}
	if (!fine)
		out->len = start;
	json_tokens_free(&t);
	return fine;
}
