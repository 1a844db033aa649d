#include "client/print/json_pretty.h"

/* What is nested deeply on purpose would be mostly blanks. */
#define MOST_TIMES 16
#define MOST_MORE 65536

static bool put_indent(struct buffer *out, size_t depth)
{
	bool fine = true;
	for (size_t i = 0; fine && i < depth; i++)
		fine = buffer_append_text(out, "  ");
	return fine;
}

/* The end of a value's or closing bracket's line. */
static bool put_end(struct buffer *out, const struct json_tokens *t, size_t i)
{
	return (!json_has_comma(t, i) || buffer_put_u8(out, ',')) && buffer_put_u8(out, '\n');
}

/* Token i at the beginning of a line, or after its key. *next: the token after what was put. */
static bool put_token(struct buffer *out, struct bytes in, const struct json_tokens *t, size_t i, size_t *next)
{
	const struct json_token *token = &t->at[i];
	bool after_key = i > 0 && t->at[i - 1].kind == TOKEN_KEY;
	*next = i + 1;
	if (!after_key && !put_indent(out, token->depth))
		return false;
	if (json_is_open(token) && token->partner == i + 1) { /* nothing in it */
		*next = i + 2;
		return buffer_append_text(out, token->kind == TOKEN_OPEN_OBJECT ? "{}" : "[]") &&
		       put_end(out, t, i + 1);
	}
	if (json_is_open(token))
		return buffer_append_text(out, token->kind == TOKEN_OPEN_OBJECT ? "{\n" : "[\n");
	if (json_is_close(token))
		return buffer_put_u8(out, token->kind == TOKEN_CLOSE_OBJECT ? '}' : ']') && put_end(out, t, i);
	return buffer_append_bytes(out, json_lexeme(in, token)) &&
	       (token->kind == TOKEN_KEY ? buffer_append_text(out, ": ") : put_end(out, t, i));
}

bool json_pretty_put(struct buffer *out, struct bytes text, const struct json_tokens *tokens)
{
	size_t before = out->len;
	bool fine = true;
	for (size_t i = 0; fine && i < tokens->count;)
		fine = put_token(out, text, tokens, i, &i) && out->len - before <= MOST_TIMES * text.len + MOST_MORE;
	if (!fine)
		out->len = before;
	return fine;
}
