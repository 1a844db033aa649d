/* JSON tokens: whatever is taken, the table covers every byte but blanks, commas and colons; brackets pair up; paths,
 * parents and meanings of all tokens can be asked for. What is refused says where. */
#include <stdlib.h>
#include <string.h>

#include "shared/json/json_tokens.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_token(struct bytes in, const struct json_tokens *t, size_t i)
{
	const struct json_token *token = &t->at[i];
	if (token->depth > JSON_DEPTH_MAX || token->partner >= t->count || t->at[token->partner].partner != i)
		abort();
	if (json_is_open(token) && (t->at[token->partner].at + 1 != token->at + token->len || json_after(t, i) <= i))
		abort();
	if (json_is_close(token) && token->partner >= i)
		abort();
	if (token->kind == TOKEN_KEY && (i + 1 >= t->count || json_is_close(&t->at[i + 1])))
		abort();
	size_t parent = json_parent(t, i);
	if ((parent == SIZE_MAX) != (token->depth == 0))
		abort();
	if (parent != SIZE_MAX && (!json_is_open(&t->at[parent]) || t->at[parent].partner <= i))
		abort();
	if (token->kind == TOKEN_KEY || token->kind == TOKEN_STRING) {
		struct json_text text = json_text_of(json_lexeme(in, token));
		size_t n = 0;
		while (json_text_next(&text) >= 0)
			n++;
		if (n > token->len)
			abort();
	}
}

static void check_table(struct bytes in, const struct json_tokens *t)
{
	size_t at = in.len >= 3 && memcmp(in.at, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
	for (size_t i = 0; i < t->count; i++) {
		for (; at < t->at[i].at; at++)
			if (!in.at[at] || !strchr(" \t\r\n,:", in.at[at]))
				abort();
		if (at != t->at[i].at)
			abort();
		at += json_is_open(&t->at[i]) ? 1 : t->at[i].len;
	}
	for (; at < in.len; at++)
		if (!in.at[at] || !strchr(" \t\r\n", in.at[at]))
			abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	for (int many = 0; many < 2; many++) {
		struct bytes in = { data, size };
		struct json_tokens t;
		struct json_error e;
		if (!json_tokenize(in, many, &t, &e)) {
			if (e.at > size || e.line == 0 || e.column == 0 || !e.what || t.at)
				abort();
			continue;
		}
		check_table(in, &t);
		for (size_t i = 0; i < t.count && i < 2000; i++) {
			struct buffer path = { 0 };
			check_token(in, &t, i);
			/* Long paths of many tokens would only take time. */
			if (i < 64 && !json_path(in, &t, i, &path))
				abort();
			buffer_free(&path);
		}
		json_tokens_free(&t);
	}
	return 0;
}
