#include "shared/syntax/shell_script.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define WORDS_MOST 10000
#define ANSI 1 /* in the place of a quote: $'…' */

static bool no_memory(struct error *e)
{
	return error_set(e, EXIT_STORE, "out of memory");
}

struct shell_script shell_script_of(struct bytes text)
{
	return (struct shell_script){ .text = text, .line = 1 };
}

void shell_command_free(struct shell_command *c)
{
	for (size_t i = 0; i < c->count; i++)
		buffer_free(&c->words[i]);
	free(c->words);
	buffer_free(&c->input);
	buffer_free(&c->input_file);
	memset(c, 0, sizeof *c);
}

static int peek(const struct shell_script *s, size_t ahead)
{
	return s->at + ahead < s->text.len ? s->text.at[s->at + ahead] : -1;
}

static int next(struct shell_script *s)
{
	int c = peek(s, 0);
	s->at += c >= 0;
	s->line += c == '\n';
	return c;
}

static bool here(const struct shell_script *s, const char *text)
{
	size_t len = strlen(text);
	return s->text.len - s->at >= len && memcmp(s->text.at + s->at, text, len) == 0;
}

/* ---- words ---- */

static int hex_digits(struct shell_script *s, int most, uint32_t *value)
{
	int count = 0;
	for (*value = 0; count < most && peek(s, 0) >= 0 && isxdigit(peek(s, 0)); count++) {
		int c = next(s);
		*value = *value * 16 + (uint32_t)(isdigit(c) ? c - '0' : tolower(c) - 'a' + 10);
	}
	return count;
}

static bool put_character(struct buffer *out, uint32_t c)
{
	if (c < 0x80)
		return buffer_put_u8(out, (uint8_t)c);
	if (c >= 0x10000 && !buffer_put_u8(out, (uint8_t)(0xf0 | (c >> 18 & 7))))
		return false;
	if (c >= 0x10000 && !buffer_put_u8(out, (uint8_t)(0x80 | (c >> 12 & 0x3f))))
		return false;
	if (c >= 0x800 && c < 0x10000 && !buffer_put_u8(out, (uint8_t)(0xe0 | c >> 12)))
		return false;
	if (c >= 0x800 && !buffer_put_u8(out, (uint8_t)(0x80 | (c >> 6 & 0x3f))))
		return false;
	if (c < 0x800 && !buffer_put_u8(out, (uint8_t)(0xc0 | c >> 6)))
		return false;
	return buffer_put_u8(out, (uint8_t)(0x80 | (c & 0x3f)));
}

static bool octal(struct shell_script *s, int first, int most, struct buffer *out)
{
	int value = first - '0';
	for (int i = 1; i < most && peek(s, 0) >= '0' && peek(s, 0) <= '7'; i++)
		value = value * 8 + next(s) - '0';
	return buffer_put_u8(out, (uint8_t)value);
}

/* After a backslash in $'…' and in printf's format. */
static bool put_escape(struct shell_script *s, struct buffer *out)
{
	static const char names[] = "abefnrtv", means[] = "\a\b\033\f\n\r\t\v";
	uint32_t value;
	int c = next(s);
	if (c >= '0' && c <= '7')
		return octal(s, c, 3, out);
	if (c == 'x' && hex_digits(s, 2, &value))
		return buffer_put_u8(out, (uint8_t)value);
	if (c == 'u' && hex_digits(s, 4, &value))
		return put_character(out, value);
	if (c == 'U' && hex_digits(s, 8, &value))
		return put_character(out, value);
	if (c == 'c')
		return buffer_put_u8(out, (uint8_t)(next(s) & 0x1f));
	const char *at = c > 0 ? strchr(names, c) : NULL;
	return c < 0 || buffer_put_u8(out, at ? (uint8_t)means[at - names] : (uint8_t)c);
}

static bool unclosed(struct error *e)
{
	return error_set(e, EXIT_USAGE, "a quote is not closed");
}

static bool take_single(struct shell_script *s, struct buffer *out, struct error *e)
{
	for (int c; (c = next(s)) != '\'';) {
		if (c < 0)
			return unclosed(e);
		if (!buffer_put_u8(out, (uint8_t)c))
			return no_memory(e);
	}
	return true;
}

static bool take_ansi(struct shell_script *s, struct buffer *out, struct error *e)
{
	for (int c; (c = next(s)) != '\'';) {
		if (c < 0)
			return unclosed(e);
		if (!(c == '\\' ? put_escape(s, out) : buffer_put_u8(out, (uint8_t)c)))
			return no_memory(e);
	}
	return true;
}

/* $(printf '…'), as our own exports write bytes that are not for pasting; the format has nothing but escapes in it. */
static bool take_printf(struct shell_script *s, struct buffer *out, struct error *e)
{
	static const char start[] = "(printf '";
	s->at += sizeof start - 1;
	for (int c; (c = next(s)) != '\'';) {
		if (c < 0)
			return unclosed(e);
		if (c == '%')
			return error_set(e, EXIT_USAGE, "printf with values");
		if (!(c == '\\' ? put_escape(s, out) : buffer_put_u8(out, (uint8_t)c)))
			return no_memory(e);
	}
	return next(s) == ')' || error_set(e, EXIT_USAGE, "it has a part that only a shell can compute: $(...)");
}

/* After a $. */
static bool take_dollar(struct shell_script *s, struct buffer *out, struct error *e)
{
	int c = peek(s, 0);
	size_t len = 0;
	if (here(s, "(printf '"))
		return take_printf(s, out, e);
	if (c == '(' || c == '{')
		return error_set(e, EXIT_USAGE, "it has a part that only a shell can compute: $%c...", c);
	while (peek(s, len) >= 0 && (isalnum(peek(s, len)) || peek(s, len) == '_'))
		len++;
	if (len || (c > 0 && strchr("@*#?$!-", c)))
		return error_set(e, EXIT_USAGE,
				 "it has the variable $%.*s: put its value there (creel's own exports: --secrets)",
				 len < 60 ? (int)(len ? len : 1) : 60, (const char *)s->text.at + s->at);
	return buffer_put_u8(out, '$') || no_memory(e);
}

static bool is_line_end(const struct shell_script *s)
{
	return peek(s, 0) == '\n' || (peek(s, 0) == '\r' && peek(s, 1) == '\n');
}

static void skip_line_end(struct shell_script *s)
{
	if (next(s) == '\r')
		next(s);
}

static bool take_double(struct shell_script *s, struct buffer *out, struct error *e)
{
	for (int c; (c = next(s)) != '"';) {
		bool fine = true;
		if (c < 0)
			return unclosed(e);
		if (c == '`')
			return error_set(e, EXIT_USAGE, "it has a part that only a shell can compute: `...`");
		if (c == '$') {
			if (!take_dollar(s, out, e))
				return false;
		} else if (c == '\\' && is_line_end(s)) {
			skip_line_end(s);
		} else if (c == '\\' && peek(s, 0) > 0 && strchr("$`\"\\", peek(s, 0))) {
			fine = buffer_put_u8(out, (uint8_t)next(s));
		} else {
			fine = buffer_put_u8(out, (uint8_t)c);
		}
		if (!fine)
			return no_memory(e);
	}
	return true;
}

static bool ends_word(const struct shell_script *s)
{
	int c = peek(s, 0);
	return c < 0 || (c > 0 && strchr(" \t\n;|&<>()", c)) || is_line_end(s);
}

static bool take_piece(struct shell_script *s, struct buffer *out, struct error *e)
{
	int c = next(s);
	if (c == '\'')
		return take_single(s, out, e);
	if (c == '"')
		return take_double(s, out, e);
	if (c == '$' && peek(s, 0) == '\'') {
		next(s);
		return take_ansi(s, out, e);
	}
	if (c == '$' && peek(s, 0) == '"')
		return true; /* $"…": a text to be translated, without a translation */
	if (c == '$')
		return take_dollar(s, out, e);
	if (c == '`')
		return error_set(e, EXIT_USAGE, "it has a part that only a shell can compute: `...`");
	if (c == '\\' && is_line_end(s)) {
		skip_line_end(s);
		return true;
	}
	if (c == '\\' && peek(s, 0) >= 0)
		c = next(s);
	return buffer_put_u8(out, (uint8_t)c) || no_memory(e);
}

static bool take_word(struct shell_script *s, struct buffer *out, struct error *e)
{
	bool fine = true;
	while (fine && !ends_word(s))
		fine = take_piece(s, out, e);
	return fine && ((buffer_put_u8(out, 0) && out->len--) || no_memory(e));
}

/* ---- here-documents ---- */

static struct bytes line_at(struct bytes text)
{
	struct bytes line = bytes_until(text, '\n');
	if (line.len && line.at[line.len - 1] == '\r')
		line.len--;
	return line;
}

/* Of "$(printf '…')", whose text may have quotes of its own: the parenthesis at its end. */
static size_t substitution_end(struct bytes text, size_t at)
{
	bool quoted = false;
	while (at < text.len && (quoted || text.at[at] != ')')) {
		quoted = quoted != (text.at[at] == '\'');
		at++;
	}
	return at < text.len ? at : text.len - 1;
}

/* Where the line that is read ends: after the first line break that is neither quoted nor escaped. */
static size_t line_end(const struct shell_script *s)
{
	uint8_t quote = 0;
	size_t at = s->at;
	for (; at < s->text.len && (quote || s->text.at[at] != '\n'); at++) {
		uint8_t c = s->text.at[at];
		bool escape = c == '\\' && quote != '\'';
		if (escape && at + 2 < s->text.len && s->text.at[at + 1] == '\r')
			at++;
		if (escape)
			at++;
		else if (quote == '"' && c == '$' && at + 1 < s->text.len && s->text.at[at + 1] == '(')
			at = substitution_end(s->text, at);
		else if (quote != ANSI && quote && c == quote)
			quote = 0;
		else if (!quote && c == '\'' && at > 0 && s->text.at[at - 1] == '$')
			quote = ANSI;
		else if (!quote && (c == '\'' || c == '"'))
			quote = c;
		else if (quote == ANSI && c == '\'')
			quote = 0;
	}
	return at < s->text.len ? at + 1 : s->text.len;
}

/* <<'WORD': the lines after this one, up to one that is WORD. */
static bool take_document(struct shell_script *s, struct shell_command *c, struct error *e)
{
	struct buffer word = { 0 };
	while (peek(s, 0) == ' ')
		next(s);
	bool quoted = peek(s, 0) == '\'' || peek(s, 0) == '"' || peek(s, 0) == '\\';
	if (!take_word(s, &word, e)) {
		buffer_free(&word);
		return false;
	}
	struct bytes rest = s->documents;
	if (!rest.at) {
		size_t end = line_end(s);
		rest = bytes_make(s->text.at + end, s->text.len - end);
	}
	bool ended = false, fine = true;
	c->has_input = true;
	c->input.len = 0;
	while (fine && !ended && rest.len) {
		struct bytes line = bytes_until(rest, '\n');
		ended = bytes_equal(line_at(rest), buffer_view(&word));
		size_t whole = line.len + (line.len < rest.len);
		if (!ended && !quoted && line.len &&
		    (memchr(line.at, '$', line.len) || memchr(line.at, '`', line.len) ||
		     memchr(line.at, '\\', line.len)))
			fine = error_set(e, EXIT_USAGE, "its here-document has parts that only a shell can compute");
		else if (!ended)
			fine = buffer_append(&c->input, line.at, whole) || no_memory(e);
		rest = bytes_make(rest.at + whole, rest.len - whole);
	}
	buffer_free(&word);
	s->documents = rest;
	return fine && (ended || error_set(e, EXIT_USAGE, "its here-document has no end"));
}

/* <, <<, <<<, >, >>, 2>&1, &>: what is written is of no interest. */
static bool take_redirection(struct shell_script *s, struct shell_command *c, struct error *e)
{
	struct buffer word = { 0 };
	bool fine;
	if (here(s, "<<<")) {
		s->at += 3;
		while (peek(s, 0) == ' ')
			next(s);
		c->has_input = true;
		c->input.len = 0;
		return take_word(s, &c->input, e) && (buffer_put_u8(&c->input, '\n') || no_memory(e));
	}
	if (here(s, "<<-"))
		return error_set(e, EXIT_USAGE, "a here-document of <<- is not read");
	if (here(s, "<<")) {
		s->at += 2;
		return take_document(s, c, e);
	}
	bool input = next(s) == '<';
	while (peek(s, 0) > 0 && strchr(">&| ", peek(s, 0)))
		next(s);
	fine = take_word(s, input ? &c->input_file : &word, e);
	buffer_free(&word);
	return fine;
}

/* ---- commands ---- */

static bool add_word(struct shell_script *s, struct shell_command *c, struct error *e)
{
	if (c->count == WORDS_MOST)
		return error_set(e, EXIT_USAGE, "it has more than %d words", WORDS_MOST);
	if (c->count == c->cap) {
		size_t cap = c->cap ? 2 * c->cap : 16;
		struct buffer *words = realloc(c->words, cap * sizeof *words);
		if (!words)
			return no_memory(e);
		c->words = words;
		c->cap = cap;
	}
	c->words[c->count++] = (struct buffer){ 0 };
	return take_word(s, &c->words[c->count - 1], e);
}

/* Past the line's end, and the here-documents that follow it. */
static void end_line(struct shell_script *s)
{
	next(s);
	if (!s->documents.at)
		return;
	while (s->text.at + s->at < s->documents.at)
		next(s);
	s->documents = bytes_of(NULL);
}

static void skip_between(struct shell_script *s)
{
	for (;;) {
		int c = peek(s, 0);
		if (c == '#')
			while (peek(s, 0) >= 0 && peek(s, 0) != '\n')
				next(s);
		else if (c == '\n')
			end_line(s);
		else if (c == ' ' || c == '\t' || c == ';' || c == '\r')
			next(s);
		else if (c == '\\' && (peek(s, 1) == '\n' || peek(s, 1) == '\r'))
			next(s);
		else if (here(s, "$ "))
			next(s);
		else
			return;
	}
}

/* Past a line that could not be read, to one that begins like a command again. */
static void recover(struct shell_script *s)
{
	static const char *const starts[] = { "curl ", "curl.exe ", "$ curl ", "base64 -d <<", "# delivery " };
	s->documents = bytes_of(NULL);
	while (peek(s, 0) >= 0) {
		if (next(s) != '\n')
			continue;
		for (size_t i = 0; i < sizeof starts / sizeof *starts; i++)
			if (here(s, starts[i]))
				return;
	}
}

/* One word, redirection or separator. *ended: the command is over. */
static bool take_token(struct shell_script *s, struct shell_command *c, bool *ended, struct error *e)
{
	int at = peek(s, 0);
	*ended = true;
	if (at < 0 || at == '\n' || at == ';' || is_line_end(s))
		return true;
	if (at == '|') {
		next(s);
		c->piped = peek(s, 0) != '|';
		if (!c->piped)
			next(s);
		return true;
	}
	if (here(s, "&&")) {
		s->at += 2;
		return true;
	}
	*ended = false;
	if (here(s, "&>") || at == '<' || at == '>')
		return take_redirection(s, c, e);
	if (at == '&')
		return error_set(e, EXIT_USAGE, "it has an & outside quotes");
	if (at == '(' || at == ')')
		return error_set(e, EXIT_USAGE, "it has a bracket outside quotes");
	if ((at == '1' || at == '2') && peek(s, 1) == '>') {
		next(s);
		return take_redirection(s, c, e);
	}
	return add_word(s, c, e);
}

enum shell_result shell_script_next(struct shell_script *s, struct shell_command *c, struct error *e)
{
	bool ended = false, fine = true;
	memset(c, 0, sizeof *c);
	skip_between(s);
	c->line = s->line;
	if (peek(s, 0) < 0)
		return SHELL_END;
	while (fine && !ended) {
		while (peek(s, 0) == ' ' || peek(s, 0) == '\t')
			next(s);
		if (peek(s, 0) == '\\' && (peek(s, 1) == '\n' || (peek(s, 1) == '\r' && peek(s, 2) == '\n'))) {
			next(s);
			skip_line_end(s);
			continue;
		}
		if (peek(s, 0) == '#')
			while (peek(s, 0) >= 0 && peek(s, 0) != '\n')
				next(s);
		fine = take_token(s, c, &ended, e);
	}
	if (fine)
		return SHELL_COMMAND;
	if (e->code == EXIT_USAGE)
		recover(s);
	return SHELL_FAILED;
}
