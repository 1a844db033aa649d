#include "shared/json/json_tokens.h"

#include <stdlib.h>
#include <string.h>

/* What may come next. */
enum expect {
	EXPECT_VALUE,
	EXPECT_VALUE_OR_END, /* after [ */
	EXPECT_KEY,
	EXPECT_KEY_OR_END, /* after { */
	EXPECT_COLON,
	EXPECT_COMMA_OR_END,
	EXPECT_NOTHING, /* after the value at the top */
};

struct tokenizer {
	struct bytes in;
	size_t pos;
	bool many;
	struct json_tokens *out;
	size_t cap;
	enum expect expect;
	size_t depth;
	uint32_t open[JSON_DEPTH_MAX]; /* indices of the open brackets */
	const char *what;
};

static bool fails(struct tokenizer *t, const char *what)
{
	t->what = what;
	return false;
}

static bool push(struct tokenizer *t, enum json_kind kind, size_t at, size_t len)
{
	if (t->out->count == t->cap) {
		/* First guess: a token every 8 bytes. */
		size_t cap = t->cap ? t->cap * 2 : t->in.len / 8 + 16;
		struct json_token *grown =
		    cap > SIZE_MAX / sizeof *grown ? NULL : realloc(t->out->at, cap * sizeof *grown);
		if (!grown)
			return fails(t, "there is not enough memory");
		t->out->at = grown;
		t->cap = cap;
	}
	t->out->at[t->out->count] = (struct json_token){ (uint32_t)at, (uint32_t)len, (uint32_t)t->out->count,
							 (uint16_t)t->depth, (uint8_t)kind };
	t->out->count++;
	return true;
}

static bool is_hex(uint8_t c)
{
	return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f');
}

static bool scan_escape(struct tokenizer *t, size_t *pos)
{
	struct bytes in = t->in;
	size_t i = *pos + 1;
	t->pos = *pos; /* where an error stands */
	if (i >= in.len)
		return fails(t, "the text ends within a string");
	if (in.at[i] == 'u') {
		for (size_t n = 1; n <= 4; n++)
			if (i + n >= in.len || !is_hex(in.at[i + n]))
				return fails(t, "\\u wants four hexadecimal digits");
		*pos = i + 5;
		return true;
	}
	if (in.at[i] == 0 || !strchr("\"\\/bfnrt", in.at[i]))
		return fails(t, "this escape is not one of JSON's");
	*pos = i + 1;
	return true;
}

#define EACH_BYTE (UINT64_MAX / 255)

/* The highest bit of each byte that is zero; borrows may set one above it as well. */
static uint64_t zeros(uint64_t word)
{
	return (word - EACH_BYTE) & ~word & EACH_BYTE * 0x80;
}

/* Past what stands for itself in a string: eight bytes at a time, since most of all JSON is that. */
static size_t skip_plain(struct bytes in, size_t i)
{
	for (uint64_t word; i + sizeof word <= in.len; i += sizeof word) {
		memcpy(&word, in.at + i, sizeof word);
		uint64_t controls = (word - EACH_BYTE * 0x20) & ~word & EACH_BYTE * 0x80;
		if (controls | zeros(word ^ EACH_BYTE * '"') | zeros(word ^ EACH_BYTE * '\\'))
			break;
	}
	while (i < in.len && in.at[i] != '"' && in.at[i] != '\\' && in.at[i] >= 0x20)
		i++;
	return i;
}

/* t->pos is at the opening quote, and after the closing one at the end. */
static bool scan_string(struct tokenizer *t, enum json_kind kind)
{
	struct bytes in = t->in;
	size_t start = t->pos, i = start + 1;
	for (;;) {
		i = skip_plain(in, i);
		if (i >= in.len) {
			t->pos = in.len;
			return fails(t, "the text ends within a string");
		}
		if (in.at[i] == '"')
			break;
		if (in.at[i] < 0x20) {
			t->pos = i;
			return fails(t, "a control character stands in a string");
		}
		if (!scan_escape(t, &i))
			return false;
	}
	t->pos = i + 1;
	return push(t, kind, start, i + 1 - start);
}

static size_t digits(struct bytes in, size_t i)
{
	while (i < in.len && in.at[i] >= '0' && in.at[i] <= '9')
		i++;
	return i;
}

static bool scan_number(struct tokenizer *t)
{
	struct bytes in = t->in;
	size_t start = t->pos, i = start, from;
	if (in.at[i] == '-')
		i++;
	from = i;
	i = digits(in, i);
	if (i == from || (in.at[from] == '0' && i > from + 1)) {
		t->pos = from;
		return fails(t, i == from ? "a digit is missing" : "a number begins with 0");
	}
	if (i < in.len && in.at[i] == '.') {
		from = ++i;
		i = digits(in, i);
	}
	if (i < in.len && (in.at[i] | 0x20) == 'e' && i != from) {
		i++;
		if (i < in.len && (in.at[i] == '+' || in.at[i] == '-'))
			i++;
		from = i;
		i = digits(in, i);
	}
	t->pos = i;
	if (i == from)
		return fails(t, "a digit is missing");
	return push(t, TOKEN_NUMBER, start, i - start);
}

static bool scan_word(struct tokenizer *t)
{
	static const char *const words[] = { "true", "false", "null" };
	for (size_t w = 0; w < sizeof words / sizeof *words; w++) {
		size_t len = strlen(words[w]);
		if (t->in.len - t->pos < len || memcmp(t->in.at + t->pos, words[w], len) != 0)
			continue;
		t->pos += len;
		return push(t, TOKEN_WORD, t->pos - len, len);
	}
	return fails(t, "a value is missing");
}

static enum expect behind_value(const struct tokenizer *t)
{
	if (t->depth == 0)
		return t->many ? EXPECT_VALUE : EXPECT_NOTHING;
	return EXPECT_COMMA_OR_END;
}

static bool scan_open(struct tokenizer *t, bool object)
{
	if (t->depth == JSON_DEPTH_MAX)
		return fails(t, "it is nested deeper than 512");
	if (!push(t, object ? TOKEN_OPEN_OBJECT : TOKEN_OPEN_ARRAY, t->pos, 1))
		return false;
	t->open[t->depth++] = (uint32_t)(t->out->count - 1);
	t->expect = object ? EXPECT_KEY_OR_END : EXPECT_VALUE_OR_END;
	t->pos++;
	return true;
}

static bool scan_close(struct tokenizer *t, bool object)
{
	uint32_t open = t->depth ? t->open[t->depth - 1] : 0;
	if (t->depth == 0)
		return fails(t, "no bracket is open");
	bool is_object = t->out->at[open].kind == TOKEN_OPEN_OBJECT;
	if (t->expect == EXPECT_KEY || t->expect == EXPECT_VALUE || t->expect == EXPECT_COLON || is_object != object)
		return fails(t, t->expect == EXPECT_COLON   ? "a colon is missing"
				: t->expect == EXPECT_KEY   ? "a key is missing"
				: t->expect == EXPECT_VALUE ? "a value is missing"
				: is_object                 ? "the open bracket is {"
							    : "the open bracket is [");
	t->depth--;
	if (!push(t, object ? TOKEN_CLOSE_OBJECT : TOKEN_CLOSE_ARRAY, t->pos, 1))
		return false;
	struct json_token *close = &t->out->at[t->out->count - 1];
	close->partner = open;
	t->out->at[open].partner = (uint32_t)(t->out->count - 1);
	t->out->at[open].len = close->at + 1 - t->out->at[open].at;
	t->pos++;
	t->expect = behind_value(t);
	return true;
}

static bool scan_value(struct tokenizer *t, uint8_t c)
{
	bool fine = c == '"'                             ? scan_string(t, TOKEN_STRING)
		    : c == '-' || (c >= '0' && c <= '9') ? scan_number(t)
							 : scan_word(t);
	t->expect = behind_value(t);
	return fine;
}

static bool in_object(const struct tokenizer *t)
{
	return t->depth && t->out->at[t->open[t->depth - 1]].kind == TOKEN_OPEN_OBJECT;
}

static bool step(struct tokenizer *t, uint8_t c)
{
	if (c == '}' || c == ']')
		return scan_close(t, c == '}');
	switch (t->expect) {
	case EXPECT_VALUE:
	case EXPECT_VALUE_OR_END:
		/* Values side by side need something between them: 12 34, not 12true. */
		if (t->depth == 0 && t->out->count && !strchr("{[\"", c) &&
		    !strchr(" \t\r\n}]\"", t->in.at[t->pos - 1]))
			return fails(t, "a blank is missing between two values");
		if (t->depth == 0)
			t->out->values++;
		return c == '{' || c == '[' ? scan_open(t, c == '{') : scan_value(t, c);
	case EXPECT_KEY:
	case EXPECT_KEY_OR_END:
		if (c != '"')
			return fails(t, "a key in quotes is missing");
		t->expect = EXPECT_COLON;
		return scan_string(t, TOKEN_KEY);
	case EXPECT_COLON:
		if (c != ':')
			return fails(t, "a colon is missing");
		t->expect = EXPECT_VALUE;
		t->pos++;
		return true;
	case EXPECT_COMMA_OR_END:
		if (c != ',')
			return fails(t, in_object(t) ? "a comma or } is missing" : "a comma or ] is missing");
		t->expect = in_object(t) ? EXPECT_KEY : EXPECT_VALUE;
		t->pos++;
		return true;
	case EXPECT_NOTHING:
		break;
	}
	return fails(t, "something follows the end");
}

static bool is_blank(uint8_t c)
{
	return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

static bool run(struct tokenizer *t)
{
	if (t->in.len > UINT32_MAX - 1)
		return fails(t, "it is larger than 4 GiB");
	if (t->in.len >= 3 && memcmp(t->in.at, "\xef\xbb\xbf", 3) == 0)
		t->pos = 3;
	for (;;) {
		while (t->pos < t->in.len && is_blank(t->in.at[t->pos]))
			t->pos++;
		if (t->pos == t->in.len)
			break;
		if (!step(t, t->in.at[t->pos]))
			return false;
	}
	if (t->depth)
		return fails(t, in_object(t) ? "the text ends before }" : "the text ends before ]");
	return t->out->count > 0 || fails(t, "a value is missing");
}

static void locate(struct bytes in, size_t at, const char *what, struct json_error *e)
{
	size_t line = 1, column = 1;
	for (size_t i = 0; i < at; i++) {
		if (in.at[i] == '\n') {
			line++;
			column = 1;
		} else if ((in.at[i] & 0xc0) != 0x80) { /* continuation bytes belong to the character before */
			column++;
		}
	}
	*e = (struct json_error){ at, line, column, what };
}

bool json_tokenize(struct bytes in, bool many, struct json_tokens *out, struct json_error *e)
{
	struct tokenizer t = { .in = in, .many = many, .out = out };
	*out = (struct json_tokens){ 0 };
	if (run(&t))
		return true;
	if (e)
		locate(in, t.pos, t.what, e);
	json_tokens_free(out);
	return false;
}

void json_tokens_free(struct json_tokens *t)
{
	free(t->at);
	*t = (struct json_tokens){ 0 };
}
