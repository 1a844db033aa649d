#include "shared/curl/curl_read.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shared/curl/curl_read_request.h"
#include "shared/text/base64.h"

static bool no_memory(struct error *e)
{
	return error_set(e, EXIT_STORE, "out of memory");
}

static struct bytes word_at(const struct shell_command *c, size_t i)
{
	return buffer_view(&c->words[i]);
}

/* The value of an option that is in the next word. */
static bool next_value(const struct shell_command *cmd, size_t *i, struct bytes *value, struct error *e)
{
	if (*i + 1 >= cmd->count)
		return error_set(e, EXIT_USAGE, "the value of its last option is missing");
	*value = word_at(cmd, ++*i);
	return true;
}

static bool unknown(struct bytes word, struct error *e)
{
	return error_set(e, EXIT_USAGE, "curl's option %.*s is none that creel knows",
			 word.len < 60 ? (int)word.len : 60, (const char *)word.at);
}

static bool take_long(struct curl_read *c, const struct shell_command *cmd, size_t *i, bool *next, struct error *e)
{
	struct bytes word = word_at(cmd, *i), value = { 0 };
	bool takes_value;
	enum curl_option option = curl_option_long(bytes_make(word.at + 2, word.len - 2), &takes_value);
	if (option == CURL_UNKNOWN)
		return unknown(word, e);
	*next = option == CURL_NEXT;
	return (!takes_value || next_value(cmd, i, &value, e)) && curl_read_apply(c, option, value, e);
}

/* "-sSL", "-XPOST", "-d" and its value in the next word. */
static bool take_short(struct curl_read *c, const struct shell_command *cmd, size_t *i, bool *next, struct error *e)
{
	struct bytes word = word_at(cmd, *i);
	for (size_t k = 1; k < word.len; k++) {
		struct bytes value = bytes_make(word.at + k + 1, word.len - k - 1);
		bool takes_value;
		enum curl_option option = curl_option_short((char)word.at[k], &takes_value);
		if (option == CURL_UNKNOWN)
			return unknown(bytes_make(word.at, k + 1), e);
		*next = option == CURL_NEXT;
		if (takes_value && !value.len && !next_value(cmd, i, &value, e))
			return false;
		if (!curl_read_apply(c, option, value, e))
			return false;
		if (takes_value)
			return true;
	}
	return true;
}

static bool read_words(struct curl_read *c, const struct shell_command *cmd, size_t first, size_t *number,
		       struct error *e)
{
	char place[60];
	bool fine = true, only_urls = false;
	snprintf(place, sizeof place, "line %zu", cmd->line);
	for (size_t i = first; fine && i < cmd->count; i++) {
		struct bytes word = word_at(cmd, i);
		bool next = false, is_option = !only_urls && word.len > 1 && word.at[0] == '-';
		if (is_option && bytes_equal(word, bytes_of("--")))
			only_urls = true;
		else if (is_option && word.at[1] == '-')
			fine = take_long(c, cmd, &i, &next, e);
		else if (is_option)
			fine = take_short(c, cmd, &i, &next, e);
		else
			fine = curl_read_apply(c, CURL_URL, word, e);
		if (fine && next) {
			if (!curl_read_finish(c, fine, place, number, e))
				return false;
			curl_read_clear(c);
		}
	}
	return curl_read_finish(c, fine, place, number, e);
}

/* ---- the script ---- */

static bool is_program(struct bytes word, const char *name)
{
	for (size_t i = word.len; i > 0; i--)
		if (word.at[i - 1] == '/') {
			word = bytes_make(word.at + i, word.len - i);
			break;
		}
	return bytes_equal(word, bytes_of(name));
}

static bool has_no_request(struct bytes word)
{
	static const char *const names[] = { "set",     "echo", "exit", "sleep", ":",    "true", "jq",
					     "python3", "cat",  "tee",  "head",  "less", "grep" };
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (is_program(word, names[i]))
			return true;
	return false;
}

/* base64 -d with a here-document, as our own exports have it before a curl. */
static bool decode_input(struct shell_command *cmd, struct shell_command *curl, struct error *e)
{
	struct buffer plain = { 0 };
	if (!is_program(word_at(cmd, 0), "base64") || !cmd->has_input)
		return error_set(e, EXIT_USAGE, "its body comes out of another command: '%.40s'",
				 (const char *)cmd->words[0].at);
	bool fine = true;
	for (size_t i = 0; fine && i < cmd->input.len; i++)
		if (cmd->input.at[i] != '\n' && cmd->input.at[i] != '\r')
			fine = buffer_put_u8(&plain, cmd->input.at[i]);
	curl->input.len = 0;
	curl->has_input = true;
	fine = fine && base64_decode(&curl->input, buffer_view(&plain));
	buffer_free(&plain);
	return fine || error_set(e, EXIT_USAGE, "its here-document is not base64");
}

static bool refuse(const struct import_sink *sink, size_t line, struct error *e)
{
	char place[60];
	snprintf(place, sizeof place, "line %zu", line);
	struct draft none = { 0 };
	return draft_take(&none, false, 0, place, sink, e);
}

static bool read_command(struct shell_command *cmd, struct shell_command *before, size_t *number,
			 const struct import_sink *sink, struct error *e)
{
	size_t first = 0;
	if (!cmd->count)
		return true;
	if (!is_program(word_at(cmd, 0), "curl") && !is_program(word_at(cmd, 0), "curl.exe")) {
		if (cmd->piped || (before->piped && before->count) || has_no_request(word_at(cmd, 0)))
			return true;
		error_set(e, EXIT_USAGE, "'%.60s' is not a curl command", (const char *)cmd->words[0].at);
		return refuse(sink, cmd->line, e);
	}
	first++;
	if (before->piped && before->count && !decode_input(before, cmd, e))
		return refuse(sink, cmd->line, e);
	struct curl_read *c = calloc(1, sizeof *c);
	if (!c)
		return no_memory(e);
	c->sink = sink;
	c->command = cmd;
	bool fine = read_words(c, cmd, first, number, e);
	curl_read_clear(c);
	free(c);
	return fine;
}

/* Of "Copy as cURL (cmd)": ^ before quotes and at the ends of lines. */
static bool is_for_windows(struct bytes script)
{
	return script.len &&
	       (memmem(script.at, script.len, "curl ^\"", 7) || memmem(script.at, script.len, " ^\r\n", 4));
}

bool curl_read(struct bytes script, const struct import_sink *sink, struct error *e)
{
	if (is_for_windows(script))
		return error_set(e, EXIT_USAGE,
				 "it is a command for cmd of Windows: in the browser take \"Copy as cURL (bash)\"");
	struct shell_script s = shell_script_of(script);
	struct shell_command before = { 0 }, cmd;
	size_t number = 0;
	bool fine = true;
	for (enum shell_result r; fine && (r = shell_script_next(&s, &cmd, e)) != SHELL_END;) {
		fine = r == SHELL_COMMAND ? read_command(&cmd, &before, &number, sink, e) : refuse(sink, cmd.line, e);
		shell_command_free(&before);
		before = cmd;
	}
	shell_command_free(&before);
	return fine;
}
