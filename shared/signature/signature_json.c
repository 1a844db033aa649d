/* One value out of a JSON body. Bounded: a body that is long or has very many tokens is not searched. */
#include "shared/json/json_tokens.h"
#include "shared/signature/signature_private.h"
#include "shared/signature/signature_tools.h"

#include <stdlib.h>
#include <string.h>

static bool key_is(struct bytes lexeme, const char *name, size_t len)
{
	struct json_text t = json_text_of(lexeme);
	for (size_t i = 0; i < len; i++)
		if (json_text_next(&t) != (uint8_t)name[i])
			return false;
	return json_text_next(&t) < 0;
}

/* The value of a member; of several with one name the last counts, as in JSON.parse. SIZE_MAX: none. */
static size_t member(struct bytes body, const struct json_tokens *t, size_t open, const char *name, size_t len)
{
	size_t found = SIZE_MAX;
	if (t->at[open].kind != TOKEN_OPEN_OBJECT)
		return SIZE_MAX;
	for (size_t i = open + 1; i < t->at[open].partner; i = json_after(t, i + 1))
		if (key_is(json_lexeme(body, &t->at[i]), name, len))
			found = i + 1;
	return found;
}

/* "[0]" of a list. SIZE_MAX: it is none, or shorter. */
static size_t element(const struct json_tokens *t, size_t open, const char **path)
{
	char *end;
	unsigned long wanted = strtoul(*path + 1, &end, 10);
	*path = *end == ']' ? end + 1 : end;
	if (t->at[open].kind != TOKEN_OPEN_ARRAY)
		return SIZE_MAX;
	size_t i = open + 1;
	for (unsigned long k = 0; i < t->at[open].partner && k < wanted; k++)
		i = json_after(t, i);
	return i < t->at[open].partner ? i : SIZE_MAX;
}

static size_t step(struct bytes body, const struct json_tokens *t, size_t at, const char **path)
{
	if (**path == '.')
		++*path;
	if (**path == '[')
		return element(t, at, path);
	size_t len = strcspn(*path, ".[");
	const char *name = *path;
	*path += len;
	return member(body, t, at, name, len);
}

static bool append_meaning(struct bytes lexeme, struct buffer *out)
{
	struct json_text text = json_text_of(lexeme);
	for (int c = json_text_next(&text); c >= 0; c = json_text_next(&text))
		if (!buffer_put_u8(out, (uint8_t)c))
			return false;
	return true;
}

/* False: it is no JSON that is searched. */
static bool read_json(struct bytes body, struct json_tokens *t)
{
	struct json_error je;
	size_t first = 0;
	while (first < body.len && (body.at[first] == ' ' || (body.at[first] >= '\t' && body.at[first] <= '\r')))
		first++;
	return first < body.len && body.len <= SIGNATURE_JSON_MOST &&
	       (body.at[first] == '{' || body.at[first] == '[') && json_tokenize(body, false, t, &je);
}

static size_t find(struct bytes body, const struct json_tokens *t, const char *path)
{
	size_t at = 0;
	while (at != SIZE_MAX && *path)
		at = step(body, t, at, &path);
	return at;
}

bool signature_json_value(struct bytes body, const char *path, struct buffer *out, struct bytes *lexeme)
{
	struct json_tokens t;
	if (!read_json(body, &t))
		return false;
	size_t at = find(body, &t, path);
	bool fine = false;
	if (at != SIZE_MAX && !json_is_open(&t.at[at])) {
		struct bytes found = json_lexeme(body, &t.at[at]);
		if (lexeme)
			*lexeme = found;
		fine = t.at[at].kind == TOKEN_STRING ? append_meaning(found, out) : buffer_append_bytes(out, found);
	}
	json_tokens_free(&t);
	return fine;
}

size_t signature_json_count(struct bytes body, const char *path)
{
	struct json_tokens t;
	if (!read_json(body, &t))
		return 0;
	size_t at = find(body, &t, path);
	size_t count = at != SIZE_MAX && t.at[at].kind == TOKEN_OPEN_ARRAY ? json_members(&t, at) : 0;
	json_tokens_free(&t);
	return count;
}

bool signature_json_other_key(struct bytes body, const char *name, struct buffer *out)
{
	struct json_tokens t;
	if (!read_json(body, &t))
		return false;
	bool fine = false;
	for (size_t i = 1; t.at[0].kind == TOKEN_OPEN_OBJECT && !fine && i < t.at[0].partner; i = json_after(&t, i + 1))
		if (!key_is(json_lexeme(body, &t.at[i]), name, strlen(name)))
			fine = append_meaning(json_lexeme(body, &t.at[i]), out);
	json_tokens_free(&t);
	return fine;
}
