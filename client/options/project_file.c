#include "client/options/project_file.h"

#include "client/common/limits.h"
#include "client/options/command.h"
#include "client/options/config.h"
#include "shared/redact/redact.h"
#include "shared/text/text.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

/* ---- reading ---- */

char *project_file_path(const char *name)
{
	const char *slash = strrchr(name, '/');
	char *folder = slash ? strndup(name, slash == name ? 1 : (size_t)(slash - name)) : strdup(".");
	char *real = folder ? realpath(folder, NULL) : NULL;
	struct buffer b = { 0 };
	bool fine = real && buffer_printf(&b, "%s/%s", strcmp(real, "/") == 0 ? "" : real, slash ? slash + 1 : name) &&
		    buffer_put_u8(&b, 0);
	free(folder);
	free(real);
	if (fine)
		return (char *)b.at;
	buffer_free(&b);
	return NULL;
}

bool project_file_read(struct project_file *p, const char *name, struct error *e)
{
	memset(p, 0, sizeof *p);
	p->name = name;
	if (!ini_file_read(name, &p->file, e))
		return false;
	p->path = project_file_path(name);
	if (p->path && p->file.there)
		p->trust = trust_look(p->path, buffer_view(&p->file.text));
	return p->path || !p->file.there ||
	       error_set(e, EXIT_USAGE, "the folder of %s cannot be found: %s", name, strerror(errno));
}

void project_file_free(struct project_file *p)
{
	ini_file_free(&p->file);
	free(p->path);
	p->path = NULL;
}

/* ---- what is bound to the user's trust ---- */

struct bound {
	void (*on)(void *user, const char *section, const char *key, const char *value);
	void *user;
};

static bool is_bound(const char *section, const char *key, const char *value)
{
	const struct option_row *row;
	if (strncmp(section, CONFIG_TOKEN_SECTION, strlen(CONFIG_TOKEN_SECTION)) == 0)
		return true;
	for (size_t i = 0; command_at(i); i++) {
		const struct command *command = command_at(i);
		if ((!*section || strcmp(section, command->name) == 0) &&
		    project_options_judge_key(command, key, value, &row) == PROJECT_REFUSED)
			return true;
	}
	return false;
}

static bool on_key(void *user, const char *section, const char *key, const char *value, struct error *e)
{
	const struct bound *b = user;
	(void)e;
	if (is_bound(section, key, value))
		b->on(b->user, section, key, value);
	return true;
}

bool project_file_each_bound(const struct project_file *p,
			     void (*on)(void *user, const char *section, const char *key, const char *value),
			     void *user, struct error *e)
{
	struct bound b = { on, user };
	return ini_file_parse(p->name, buffer_view(&p->file.text), on_key, &b, e);
}

/* ---- showing it ---- */

static bool starts(const char *text, const char *with)
{
	return strncmp(text, with, strlen(with)) == 0;
}

/* Where a secret is said to be is no secret; anything else may be one. */
static bool is_secret(const char *section, const char *key, const char *value)
{
	size_t name = strcspn(key, ".");
	if (starts(section, CONFIG_TOKEN_SECTION))
		return true;
	if (strncmp(key, "header", name) == 0 && name == 6)
		return redact_is_secret(bytes_make(value, strcspn(value, ":")));
	if ((strncmp(key, "secret", name) != 0 || name != 6) && strcmp(key, "token") != 0)
		return false;
	const char *place = strchr(value, '=') && !starts(value, "@") ? strchr(value, '=') + 1 : value;
	return !starts(place, "@") && !starts(place, "env:");
}

/* Keys whose value is a URL. Other values, a command for one, are shown to the last byte: they are what is to be
 * judged. */
static bool is_url_key(const char *key)
{
	static const char *const keys[] = { "relay", "forward-to", "route", "to", "target", "url" };
	size_t len = strcspn(key, ".");
	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
		if (strlen(keys[i]) == len && strncmp(key, keys[i], len) == 0)
			return true;
	return false;
}

/* Appends a value without what stands before a URL's host: a password, or a host that looks better than the real one.
 */
static bool put_value(struct buffer *out, const char *key, const char *value)
{
	const char *host = strstr(value, "://");
	size_t before = host ? (size_t)(host + 3 - value) : 0, len = strcspn(value + before, "/?# ");
	size_t at = len;
	while (at > 0 && value[before + at - 1] != '@')
		at--;
	if (!is_url_key(key) || !host || at == 0)
		return buffer_append_text(out, value);
	return buffer_printf(out, "%.*s(not shown)%s", (int)before, value, value + before + at - 1);
}

static void print_key(void *user, const char *section, const char *key, const char *value)
{
	struct buffer line = { 0 }, shown = { 0 };
	if (buffer_printf(&line, "%s%s%s%s = ", *section ? "[" : "", section, *section ? "] " : "", key) &&
	    (is_secret(section, key, value) ? buffer_append_text(&line, "(not shown)")
					    : put_value(&line, key, value)) &&
	    text_sanitize(&shown, buffer_view(&line), TEXT_LINE))
		fprintf(user, "  %.*s\n", (int)shown.len, (const char *)shown.at);
	if (line.len)
		OPENSSL_cleanse(line.at, line.len);
	buffer_free(&line);
	buffer_free(&shown);
}

bool project_file_print(const struct project_file *p, FILE *out, struct error *e)
{
	return project_file_each_bound(p, print_key, out, e);
}

static void count_key(void *user, const char *section, const char *key, const char *value)
{
	(void)section;
	(void)key;
	(void)value;
	++*(size_t *)user;
}

/* ---- trusting it ---- */

/* Whoever uses sudo is the same person. */
static bool is_ours(uid_t owner)
{
	const char *sudo = geteuid() == 0 ? getenv("SUDO_UID") : NULL;
	return owner == geteuid() || owner == 0 || (sudo && *sudo && strtoul(sudo, NULL, 10) == owner);
}

bool project_file_may_trust(const struct project_file *p, struct error *e)
{
	if (!is_ours(p->file.st.st_uid))
		return error_set(
		    e, EXIT_USAGE,
		    "%s belongs to another user, so it is not trusted: make it your own with chown, or name "
		    "it with --config FILE at each call",
		    p->name);
	return !(p->file.st.st_mode & S_IWOTH) ||
	       error_set(e, EXIT_USAGE,
			 "%s can be written by everybody on this machine, so it is not trusted: chmod o-w it first",
			 p->name);
}

/* In the background a question would stop the program. */
static bool has_person(void)
{
	return isatty(STDIN_FILENO) && isatty(STDERR_FILENO) && tcgetpgrp(STDIN_FILENO) == getpgrp();
}

static bool says_yes(void)
{
	char line[64] = "";
	tcflush(STDIN_FILENO, TCIFLUSH); /* what was typed before the question is no answer to it */
	fputs("Trust this file as it is? [y/N] ", stderr);
	if (!fgets(line, sizeof line, stdin)) {
		fputc('\n', stderr);
		return false;
	}
	line[strcspn(line, "\r\n")] = 0;
	return strcasecmp(line, "y") == 0 || strcasecmp(line, "yes") == 0;
}

/* True: it is trusted now. */
static bool ask(struct project_file *p, struct error *e)
{
	size_t count = 0;
	if (!p->may_ask || !has_person() || !project_file_each_bound(p, count_key, &count, e) ||
	    count > LIMIT_PROJECT_KEYS || !project_file_may_trust(p, NULL))
		return false;
	p->may_ask = false;
	fprintf(stderr, "./creel.ini of this folder %s, and sets what a project may not unasked:\n",
		p->trust == TRUST_CHANGED ? "has changed since you trusted it" : "is not trusted");
	if (!project_file_print(p, stderr, e) || !says_yes() || !trust_give(p->path, buffer_view(&p->file.text), e))
		return false;
	p->trust = TRUST_GIVEN;
	return true;
}

static bool refuse(const struct project_file *p, const char *key, struct error *e)
{
	struct error why = { EXIT_DONE, "" };
	if (!project_file_may_trust(p, &why))
		return error_set(e, EXIT_USAGE, "%s sets %.100s, which no project may before `creel trust`; and %.300s",
				 p->name, key, why.text);
	return error_set(
	    e, EXIT_USAGE,
	    "%s sets %.100s, which no project may before you trust it%s: read it and say `creel trust`, or "
	    "take the line out",
	    p->name, key, p->trust == TRUST_CHANGED ? " again, as it has changed" : "");
}

static bool is_trusted(struct project_file *p, const char *key, struct error *e)
{
	struct error why = { EXIT_DONE, "" };
	if (p->trust == TRUST_GIVEN || ask(p, &why))
		return true;
	if (why.code == EXIT_DONE)
		return refuse(p, key, e);
	*e = why;
	return false;
}

enum options_key project_file_judge(struct project_file *p, const struct option_row *row, const char *key,
				    const char *value, struct error *e)
{
	switch (project_options_judge(row, value)) {
	case PROJECT_TAKEN:
		return OPTIONS_KEY_TAKEN;
	case PROJECT_PASSED_OVER:
		return OPTIONS_KEY_PASSED_OVER;
	case PROJECT_REFUSED:
		break;
	}
	return is_trusted(p, key, e) ? OPTIONS_KEY_TAKEN : OPTIONS_KEY_REFUSED;
}

char *project_file_token(struct project_file *p, const char *relay, struct error *e)
{
	struct bytes found;
	char *token = NULL;
	if (config_find_token(buffer_view(&p->file.text), relay, &found) && is_trusted(p, "token", e) &&
	    !(token = bytes_dup_text(found)))
		error_set(e, EXIT_USAGE, "out of memory");
	return token;
}
