#include "shared/json/json_find.h"

#include <string.h>

#define ENDS " \t\r\n=<>()"

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Digits as a place; false when there are none, or too many. */
static bool read_index(const char *at, size_t len, uint32_t *out)
{
	if (len == 0 || len > 9)
		return false;
	for (*out = 0; len > 0; at++, len--) {
		if (!is_digit(*at))
			return false;
		*out = *out * 10 + (uint32_t)(*at - '0');
	}
	return true;
}

static const char *take_quoted(const char **path, const char *close, struct json_step *out)
{
	const char *from = *path + 1;
	size_t len = strcspn(from, "\"");
	if (!from[len])
		return "this \" has no second one";
	if (strncmp(from + len + 1, close, strlen(close)) != 0)
		return "a ] is missing after the quotes";
	out->key = bytes_make(from, len);
	*path = from + len + 1 + strlen(close);
	return NULL;
}

/* [3] and ["odd name"], as the inspector writes them. */
static const char *take_bracket(const char **path, struct json_step *out)
{
	const char *from = *path + 1;
	if (*from == '"') {
		*path = from;
		return take_quoted(path, "]", out);
	}
	size_t len = strspn(from, "0123456789");
	if (from[len] != ']' || len == 0)
		return "a number and ] are missing, as in json:items[0].id";
	out->has_index = read_index(from, len, &out->index);
	if (!out->has_index)
		return "this place in an array is too large";
	*path = from + len + 1;
	return NULL;
}

const char *json_step_take(const char **path, struct json_step *out)
{
	*out = (struct json_step){ 0 };
	if (**path == '[')
		return take_bracket(path, out);
	if (**path == '.')
		++*path;
	if (**path == '"')
		return take_quoted(path, "", out);
	size_t len = strcspn(*path, ".[\"" ENDS);
	if (len == 0)
		return "a name is missing here, as in json:data.object.id=cus_1";
	out->key = bytes_make(*path, len);
	out->has_index = read_index(*path, len, &out->index);
	*path += len;
	return NULL;
}

bool json_steps_read(const char *path, struct json_steps *out)
{
	for (out->count = 0; *path; out->count++)
		if (out->count == JSON_STEPS_MOST || json_step_take(&path, &out->at[out->count]) != NULL)
			return false;
	return true;
}

static bool key_is(struct bytes lexeme, struct bytes key)
{
	if (lexeme.len == key.len + 2 && (key.len == 0 || memcmp(lexeme.at + 1, key.at, key.len) == 0))
		return !key.len || !memchr(key.at, '\\', key.len);
	if (lexeme.len < key.len + 2 || !memchr(lexeme.at, '\\', lexeme.len))
		return false;
	struct json_text t = json_text_of(lexeme);
	for (size_t i = 0; i < key.len; i++)
		if (json_text_next(&t) != key.at[i])
			return false;
	return json_text_next(&t) < 0;
}

static size_t member(struct bytes in, const struct json_tokens *t, size_t open, struct bytes key)
{
	size_t found = SIZE_MAX;
	for (size_t i = open + 1; i < t->at[open].partner; i = json_after(t, i))
		if (key_is(json_lexeme(in, &t->at[i]), key))
			found = i + 1;
	return found;
}

static size_t element(const struct json_tokens *t, size_t open, uint32_t index)
{
	size_t i = open + 1;
	for (; index > 0 && i < t->at[open].partner; index--)
		i = json_after(t, i);
	return i < t->at[open].partner ? i : SIZE_MAX;
}

size_t json_step_into(struct bytes in, const struct json_tokens *t, size_t at, const struct json_step *step)
{
	if (t->at[at].kind == TOKEN_OPEN_OBJECT && step->key.at)
		return member(in, t, at, step->key);
	if (t->at[at].kind == TOKEN_OPEN_ARRAY && step->has_index)
		return element(t, at, step->index);
	return SIZE_MAX;
}

static bool put_meaning(struct bytes lexeme, struct buffer *out)
{
	if (!memchr(lexeme.at, '\\', lexeme.len))
		return buffer_append(out, lexeme.at + 1, lexeme.len - 2);
	struct json_text text = json_text_of(lexeme);
	for (int c = json_text_next(&text); c >= 0; c = json_text_next(&text))
		if (!buffer_put_u8(out, (uint8_t)c))
			return false;
	return true;
}

static bool put_compact(struct bytes in, const struct json_tokens *t, size_t at, struct buffer *out)
{
	bool fine = true;
	for (size_t i = at; fine && i <= t->at[at].partner; i++) {
		struct bytes lexeme = json_lexeme(in, &t->at[i]);
		if (json_is_open(&t->at[i]))
			lexeme.len = 1;
		fine = buffer_append_bytes(out, lexeme);
		if (t->at[i].kind == TOKEN_KEY)
			fine = fine && buffer_put_u8(out, ':');
		else if (!json_is_open(&t->at[i]) && i < t->at[at].partner && json_has_comma(t, i))
			fine = fine && buffer_put_u8(out, ',');
	}
	return fine;
}

bool json_put_value(struct bytes in, const struct json_tokens *t, size_t at, struct buffer *out)
{
	struct bytes lexeme = json_lexeme(in, &t->at[at]);
	if (t->at[at].kind == TOKEN_STRING || t->at[at].kind == TOKEN_KEY)
		return put_meaning(lexeme, out);
	return json_is_open(&t->at[at]) ? put_compact(in, t, at, out) : buffer_append_bytes(out, lexeme);
}
