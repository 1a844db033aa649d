#include "client/options/config.h"

#include "shared/disk/file.h"
#include "shared/disk/folder.h"
#include "shared/options/ini_file.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

char *config_default_path(void)
{
	return folder_of_user(FOLDER_CONFIG, "config.ini");
}

/* The section of a relay's token. http and ws, https and wss name the same relay. */
static void section_of(char out[400], const char *relay)
{
	size_t len = strlen(relay);
	bool ws = strncmp(relay, "ws://", 5) == 0 || strncmp(relay, "wss://", 6) == 0;
	while (len > 0 && relay[len - 1] == '/')
		len--;
	if (ws)
		snprintf(out, 400, CONFIG_TOKEN_SECTION "http%.*s", len < 380 ? (int)len - 2 : 378, relay + 2);
	else
		snprintf(out, 400, CONFIG_TOKEN_SECTION "%.*s", len < 380 ? (int)len : 380, relay);
}

/* The next line with its line feed, taken off what is left; false at the end. */
static bool next_line(struct bytes *rest, struct bytes *line)
{
	if (rest->len == 0)
		return false;
	const uint8_t *end = memchr(rest->at, '\n', rest->len);
	size_t len = end ? (size_t)(end - rest->at) + 1 : rest->len;
	*line = bytes_make(rest->at, len);
	*rest = bytes_make(rest->at + len, rest->len - len);
	return true;
}

/* Blanks as libinih knows them. */
static struct bytes skip_blanks(struct bytes b)
{
	while (b.len > 0 && isspace(*b.at))
		b = bytes_make(b.at + 1, b.len - 1);
	return b;
}

/* Its bytes before the first of `ends`. */
static struct bytes before_any(struct bytes b, const char *ends)
{
	size_t len = 0;
	while (len < b.len && b.at[len] && !strchr(ends, b.at[len]))
		len++;
	return bytes_make(b.at, len);
}

static bool is_comment(struct bytes line)
{
	line = skip_blanks(line);
	return line.len == 0 || *line.at == ';' || *line.at == '#';
}

/* What libinih takes a line for, as far as that matters here. */
struct lines {
	struct bytes rest, line;
	bool below_key; /* an indented line goes on with the value of the key before it, whatever it looks like */
};

enum line_kind { LINE_END, LINE_COMMENT, LINE_SECTION, LINE_KEY, LINE_MORE };

static enum line_kind next_kind(struct lines *l)
{
	if (!next_line(&l->rest, &l->line))
		return LINE_END;
	if (is_comment(l->line))
		return LINE_COMMENT;
	struct bytes start = skip_blanks(l->line);
	if (l->below_key && start.at > l->line.at)
		return LINE_MORE;
	l->below_key = !strchr("[=:", *start.at); /* nothing goes on below a key without a name */
	return *start.at == '[' ? LINE_SECTION : LINE_KEY;
}

/* The name in a line "[name]". */
static struct bytes section_name(struct bytes line)
{
	line = skip_blanks(line);
	return before_any(bytes_make(line.at + 1, line.len - 1), "]\n");
}

/* The value of "key = value", as far as its first blank. */
static bool key_line(struct bytes line, const char *key, struct bytes *value)
{
	size_t len = strlen(key);
	line = skip_blanks(line);
	if (line.len < len || memcmp(line.at, key, len) != 0)
		return false;
	line = skip_blanks(bytes_make(line.at + len, line.len - len));
	if (line.len == 0 || (*line.at != '=' && *line.at != ':'))
		return false;
	*value = before_any(skip_blanks(bytes_make(line.at + 1, line.len - 1)), " \t\r\n");
	return true;
}

/* Some editors write a byte order mark; it counts at the beginning alone. */
static struct bytes without_mark(struct bytes text)
{
	bool marked = text.len >= 3 && memcmp(text.at, "\xef\xbb\xbf", 3) == 0;
	return marked ? bytes_make(text.at + 3, text.len - 3) : text;
}

/* Read here and not by libinih, which cuts a section's name at 49 characters: many a relay's URL is longer. */
bool config_find_token(struct bytes text, const char *relay, struct bytes *token)
{
	char section[400];
	struct lines l = { .rest = without_mark(text) };
	bool inside = false;
	section_of(section, relay);
	for (enum line_kind kind; (kind = next_kind(&l)) != LINE_END;) {
		if (kind == LINE_SECTION)
			inside = bytes_equal(section_name(l.line), bytes_of(section));
		else if (kind == LINE_KEY && inside && key_line(l.line, "token", token) && token->len > 0)
			return true;
	}
	return false;
}

bool config_same_relay(const char *a, const char *b)
{
	char one[400], other[400];
	section_of(one, a);
	section_of(other, b);
	return strcmp(one, other) == 0;
}

char *config_token(const char *path, const char *relay, struct error *e)
{
	struct ini_file f;
	struct bytes found;
	char *token = NULL;
	if (ini_file_read(path, &f, e) && config_find_token(buffer_view(&f.text), relay, &found) &&
	    !(token = bytes_dup_text(found)))
		error_set(e, EXIT_USAGE, "out of memory");
	ini_file_free(&f);
	return token;
}

/* Copies the old file line by line, leaving out what is to be set. */
static bool copy_rest(struct bytes in, struct buffer *out, const char *section, bool replaces_token)
{
	struct bytes value;
	struct lines l = { .rest = in };
	bool inside = false, top = true, dropped = false, fine = true;
	for (enum line_kind kind; fine && (kind = next_kind(&l)) != LINE_END;) {
		if (kind == LINE_SECTION) {
			top = section_name(l.line).len == 0; /* "[]" is no section, too */
			inside = bytes_equal(section_name(l.line), bytes_of(section));
		}
		if (kind != LINE_COMMENT && kind != LINE_MORE)
			dropped = (inside && replaces_token) ||
				  (top && kind == LINE_KEY && key_line(l.line, "relay", &value));
		/* What is indented, yet below nothing, would go on with what stands before it now. */
		bool as_it_is = kind == LINE_COMMENT || kind == LINE_MORE;
		if (kind == LINE_COMMENT || !dropped)
			fine = buffer_append_bytes(out, as_it_is ? l.line : skip_blanks(l.line));
	}
	if (fine && out->len > 0 && out->at[out->len - 1] != '\n')
		fine = buffer_put_u8(out, '\n');
	return fine;
}

bool config_write_login(struct bytes old, const char *relay, const char *token, struct buffer *out)
{
	char section[400];
	section_of(section, relay);
	return buffer_printf(out, "relay = %s\n", relay) && copy_rest(without_mark(old), out, section, token != NULL) &&
	       (!token || buffer_printf(out, "[%s]\ntoken = %s\n", section, token));
}

bool config_make_folders(const char *path, struct error *e)
{
	char *copy = strdup(path);
	bool fine = true;
	for (char *slash = copy ? strchr(copy + 1, '/') : NULL; fine && slash; slash = strchr(slash + 1, '/')) {
		*slash = 0;
		fine =
		    mkdir(copy, 0700) == 0 || errno == EEXIST || access(copy, F_OK) == 0 ||
		    error_set(e, EXIT_USAGE,
			      "the folder %s of the config file cannot be made: %s; name another place with --config",
			      copy, strerror(errno));
		*slash = '/';
	}
	free(copy);
	return fine;
}

bool config_login(const char *path, const char *relay, const char *token, struct error *e)
{
	char real[PATH_MAX];
	struct ini_file old = { .there = false };
	struct buffer text = { 0 };
	/* A new file is renamed over the old one: that must not make a plain file of /dev/null, say, nor lose what one
	 * holds that cannot be read. */
	bool fine = config_make_folders(path, e) && ini_file_read(path, &old, e);
	if (fine) {
		if (realpath(path, real)) /* a link into somebody's dotfiles stays a link */
			path = real;
		fine =
		    (config_write_login(buffer_view(&old.text), relay, token, &text) &&
		     file_replace(path, buffer_view(&text), FILE_PRIVATE | FILE_SYNCED)) ||
		    error_set(e, EXIT_USAGE,
			      "the config file %s cannot be written: %s; see to its folder's permissions and space, or "
			      "name another place with --config",
			      path, strerror(errno));
	}
	if (text.len)
		OPENSSL_cleanse(text.at, text.len);
	buffer_free(&text);
	ini_file_free(&old);
	return fine;
}
