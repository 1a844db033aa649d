#include "client/command.h"
#include "client/config.h"

#include <curl/curl.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

/* Read from the terminal without showing it. */
static char *ask_token(struct error *e)
{
	char line[1024] = "";
	struct termios old, quiet;
	if (!isatty(STDIN_FILENO))
		return secret_read("@-", e);
	fputs("Token (of `creel-relay token add`): ", stderr);
	bool changed = tcgetattr(STDIN_FILENO, &old) == 0;
	quiet = old;
	quiet.c_lflag &= ~(tcflag_t)ECHO;
	if (changed)
		tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet);
	char *got = fgets(line, sizeof line, stdin);
	if (changed)
		tcsetattr(STDIN_FILENO, TCSAFLUSH, &old);
	fputc('\n', stderr);
	line[strcspn(line, "\r\n")] = 0;
	if (!got || !*line) {
		error_set(e, EXIT_USAGE, "no token was given");
		return NULL;
	}
	char *token = strdup(line);
	OPENSSL_cleanse(line, sizeof line);
	return token;
}

static size_t drop(char *at, size_t size, size_t count, void *user)
{
	(void)at;
	(void)user;
	return size * count;
}

/* A relay answers the tunnel's path with 426 when it is asked without an upgrade. */
static bool check_relay(const char *relay, const char *ca, struct error *e)
{
	char url[1200];
	size_t len = strlen(relay);
	while (len > 0 && relay[len - 1] == '/')
		len--;
	bool ws = strncmp(relay, "ws", 2) == 0;
	snprintf(url, sizeof url, "%s%.*s/_creel/tunnel/", ws ? "http" : "", (int)len - (ws ? 2 : 0), relay + (ws ? 2 : 0));
	CURL *c = curl_easy_init();
	long status = 0;
	if (!c)
		return error_set(e, EXIT_RELAY, "libcurl cannot start");
	curl_easy_setopt(c, CURLOPT_URL, url);
	curl_easy_setopt(c, CURLOPT_TIMEOUT, 15L);
	curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, drop);
	if (ca)
		curl_easy_setopt(c, CURLOPT_CAINFO, ca);
	CURLcode code = curl_easy_perform(c);
	curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, &status);
	curl_easy_cleanup(c);
	if (code != CURLE_OK)
		return error_set(e, EXIT_RELAY, "the relay %.300s cannot be reached: %s", relay, curl_easy_strerror(code));
	return status == 426 || error_set(e, EXIT_RELAY, "%.300s answers, but not as a creel relay does (status %ld)", relay, status);
}

static int run(int argc, char **argv, struct error *e)
{
	struct common_options common;
	const char *token_source = NULL, *ca = NULL;
	bool no_token = false;
	const struct option_spec specs[] = {
		{ "token", 0, OPTION_TEXT, &token_source, "@FILE|@-|env:NAME", "where the token stands (default: asked for)" },
		{ "no-token", 0, OPTION_FLAG, &no_token, NULL, "for a relay on this machine that wants none" },
		{ "ca", 0, OPTION_TEXT, &ca, "FILE", "trust this CA (PEM)" },
	};
	struct options *o = options_new();
	char *token = NULL, *path = NULL;
	int first, status;
	/* CREEL_TOKEN is the secret itself, not a place of one. */
	const char *variable = getenv("CREEL_TOKEN");
	char *given = variable && *variable ? strdup(variable) : NULL;
	unsetenv("CREEL_TOKEN");
	if (!o || !command_parse(&command_login, o, &common, specs, sizeof specs / sizeof *specs, argc, argv, &first, &status, e))
		goto out;
	status = EXIT_USAGE;
	const char *relay = first < argc ? argv[first] : NULL;
	if (!relay || argc - first != 1 || !strstr(relay, "://") || strlen(relay) > 300 || strpbrk(relay, " \r\n\t[]?#")) {
		error_set(e, EXIT_USAGE, "login takes the relay's URL, for example: creel login https://hooks.example.com");
		goto out;
	}
	if (!check_relay(relay, ca, e)) {
		status = (int)e->code;
		goto out;
	}
	if (!no_token && !(token = token_source ? secret_read(token_source, e) : given ? strdup(given) : ask_token(e)))
		goto out;
	if (token && strpbrk(token, " \r\n\t")) {
		error_set(e, EXIT_USAGE, "the token holds blanks: it is one word, creel_ and 64 digits");
		goto out;
	}
	path = common.config ? strdup(common.config) : config_default_path();
	if (!path)
		error_set(e, EXIT_USAGE, "there is no place for the config file: HOME is not set; name one with --config");
	else if (config_login(path, relay, token, e)) {
		printf("%s is the relay now; kept in %s\n", relay, path);
		status = EXIT_DONE;
	}
out:
	if (token)
		OPENSSL_cleanse(token, strlen(token));
	if (given)
		OPENSSL_cleanse(given, strlen(given));
	free(token);
	free(given);
	free(path);
	options_free(o);
	return status;
}

const struct command command_login = {
	"login",
	"creel login URL [--token @FILE|@-|env:NAME | --no-token]",
	"remember a relay and its token",
	"Checks that the relay answers and keeps its URL and your token in the config file (0600). Later commands use them.\n\n"
	"Example: creel login https://hooks.example.com --token @token.txt",
	run,
};
