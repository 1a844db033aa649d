#include "client/signing/secret_sources.h"

#include "client/options/config.h"
#include "client/options/project_file.h"
#include "client/proxy/proxy.h"
#include "shared/options/ini_file.h"
#include "shared/redact/redact.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#ifndef __linux__ /* unistd.h declares it there */
extern char **environ;
#else
#include <unistd.h>
#endif

/* The value of --secret, `token =` and the like: where a secret is, or the secret itself. */
static void add_value(struct secret_gate *g, const char *text)
{
	if (strncmp(text, "env:", 4) == 0) {
		const char *value = getenv(text + 4);
		/* A variable's name has capitals only; anything else may be a secret that was put there by mistake. */
		bool is_name = strspn(text + 4, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") == strlen(text + 4);
		secret_gate_add(g, value ? value : is_name ? NULL : text + 4);
	} else if (text[0] != '@') {
		secret_gate_add(g, text);
	}
}

/* "github=VALUE" as well as VALUE alone, which may contain a '=' itself. */
static void add_spec(struct secret_gate *g, const char *text)
{
	const char *equals = strchr(text, '=');
	bool is_provider = equals && equals > text && equals - text < 64;
	for (const char *c = text; is_provider && c < equals; c++)
		is_provider = isalnum((unsigned char)*c) || *c == '-' || *c == '_';
	if (!is_provider || (equals[1] != '@' && strncmp(equals + 1, "env:", 4) != 0))
		add_value(g, text);
	if (is_provider)
		add_value(g, equals + 1);
}

static bool is_secret_key(const char *name, size_t len)
{
	static const char *const keys[] = { "token", "secret", "password" };
	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
		if (len >= strlen(keys[i]) && strncasecmp(name, keys[i], strlen(keys[i])) == 0 &&
		    (len == strlen(keys[i]) || strchr(".-_", name[strlen(keys[i])])))
			return true;
	return false;
}

/* "Authorization: Bearer x" of -H: adds the value, and its last word. */
static void add_field(struct secret_gate *g, const char *text)
{
	size_t len = strcspn(text, ": \t="); /* it may be mistyped */
	if (!text[len] || !redact_is_secret(bytes_make(text, len)))
		return;
	const char *value = text + len + strspn(text + len, ": \t="), *blank = strrchr(value, ' ');
	secret_gate_add(g, value);
	if (blank)
		secret_gate_add(g, blank + 1);
}

/* ---- environment and command line ---- */

static void add_proxy(struct secret_gate *g, const char *value)
{
	struct proxy p;
	if (proxy_split(value, &p))
		secret_gate_add_login(g, p.user, p.password);
	proxy_free(&p);
	secret_gate_add_urls(g, value);
}

static bool ends_in(const char *name, size_t len, const char *end)
{
	size_t n = strlen(end);
	return len >= n && strncasecmp(name + len - n, end, n) == 0;
}

static void add_environment(struct secret_gate *g)
{
	for (char **at = environ; *at; at++) {
		const char *equals = strchr(*at, '=');
		size_t len = equals ? (size_t)(equals - *at) : 0;
		if (!equals)
			continue;
		if (ends_in(*at, len, "_proxy"))
			add_proxy(g, equals + 1);
		if (strncmp(*at, "CREEL_", 6) != 0)
			continue;
		if (is_secret_key(*at + 6, len - 6))
			add_spec(g, equals + 1);
		secret_gate_add_urls(g, equals + 1);
		if (strncmp(*at, "CREEL_HEADER=", 13) == 0)
			add_field(g, equals + 1);
	}
}

static void add_words(struct secret_gate *g, int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		const char *word = argv[i], *name = word + strspn(word, "-"), *equals = strchr(word, '=');
		secret_gate_add_urls(g, word);
		if (strncmp(word, "-H", 2) == 0 || strncmp(word, "--header", 8) == 0)
			add_field(g, word[1] == 'H' && word[2]  ? word + 2
				     : equals && word[1] == '-' ? equals + 1
				     : i + 1 < argc             ? argv[i + 1]
								: "");
		if (name == word || !is_secret_key(name, strcspn(name, "=")))
			continue;
		if (equals)
			add_spec(g, equals + 1);
		else if (i + 1 < argc && argv[i + 1][0] != '-')
			add_spec(g, argv[i + 1]);
	}
}

/* ---- config files ---- */

static void add_line(struct secret_gate *g, char *line)
{
	char *name = line + strspn(line, " \t"), *divides = strpbrk(name, "=:");
	line[strcspn(line, "\r\n")] = 0;
	secret_gate_add_urls(g, name);
	if (divides && strncasecmp(name, "header", 6) == 0)
		add_field(g, divides + 1 + strspn(divides + 1, " \t"));
	/* A line without its '=' is wrong, but may still hold a secret. */
	if (!divides)
		divides = strpbrk(name, " \t");
	if (!divides || !is_secret_key(name, strcspn(name, "=: \t")))
		return;
	char *value = divides + 1 + strspn(divides + 1, " \t=:"), *end = value + strlen(value);
	while (end > value && strchr(" \t\"'", end[-1]))
		*--end = 0;
	add_spec(g, value + strspn(value, "\"'"));
}

static void add_text(struct secret_gate *g, struct buffer *text)
{
	if (!buffer_put_u8(text, 0))
		return;
	for (char *line = (char *)text->at, *next; line; line = next) {
		char *end = strchr(line, '\n');
		next = end ? end + 1 : NULL;
		if (end)
			*end = 0;
		add_line(g, line);
	}
}

static void add_file(struct secret_gate *g, const char *path)
{
	struct ini_file f = { .there = false };
	/* The command reports a file that cannot be read. */
	if (path && ini_file_read(path, &f, NULL) && f.there)
		add_text(g, &f.text);
	ini_file_free(&f);
}

/* Only when the user trusted the file: its secrets are not used otherwise, and it could hide words of creel's own
 * sentences. */
static void add_project(struct secret_gate *g)
{
	struct project_file p;
	if (project_file_read(&p, PROJECT_FILE, NULL) && p.file.there && p.trust == TRUST_GIVEN)
		add_text(g, &p.file.text);
	project_file_free(&p);
}

static const char *named_config(int argc, char **argv)
{
	const char *path = getenv("CREEL_CONFIG");
	for (int i = 1; i < argc; i++) {
		if (strncmp(argv[i], "--config=", 9) == 0)
			path = argv[i] + 9;
		else if (strcmp(argv[i], "--config") == 0 && i + 1 < argc)
			path = argv[i + 1];
	}
	return path;
}

void secret_sources_add(struct secret_gate *g, int argc, char **argv)
{
	char *user = config_default_path();
	add_environment(g);
	add_words(g, argc, argv);
	add_file(g, user);
	add_project(g);
	add_file(g, named_config(argc, argv));
	free(user);
}
