/* creel-relay: the public end of creel. This file is the table of subcommands. */
#include "relay/data_owner.h"
#include "relay/names/tokens.h"
#include "relay/serve.h"
#include "shared/program/core_dumps.h"
#include "shared/program/libraries.h"
#include "shared/program/log.h"
#include "shared/program/options.h"
#include "shared/text/text.h"

#include <errno.h>
#include <microhttpd.h>
#include <openssl/crypto.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifndef __linux__ /* unistd.h declares it there */
extern char **environ;
#else
#include <unistd.h>
#endif

static void print_token(void *user, const struct token_row *row)
{
	char made[TEXT_TIME_LEN], used[TEXT_TIME_LEN];
	text_format_time(made, row->created_at_us);
	text_format_time(used, row->used_at_us);
	fprintf(user, "%-24s  %-24s  %s  %s%s  %llu tunnel name%s%s\n", row->name, row->tunnels, made,
		row->used_at_us ? "last used " : "never used", row->used_at_us ? used : "",
		(unsigned long long)row->names, row->names == 1 ? "" : "s", row->warning ? "" : "  no browser warning");
}

static void print_name(void *user, const struct name_row *row)
{
	char claimed[TEXT_TIME_LEN], seen[TEXT_TIME_LEN];
	text_format_time(claimed, row->claimed_at_us);
	text_format_time(seen, row->seen_at_us);
	fprintf(user, "%-24s  %-24s  %s  %s\n", row->name, *row->owner ? row->owner : "-", claimed, seen);
}

/* `argv`: the verb and what follows it. */
static bool token_verb(struct tokens *t, char **argv, const char *tunnels, bool warning, struct error *e)
{
	const char *verb = argv[0], *name = argv[1];
	char secret[TOKEN_TEXT_LEN + 1];
	if (strcmp(verb, "list") == 0)
		return tokens_list(t, print_token, stdout, e);
	if (strcmp(verb, "revoke") == 0)
		return tokens_revoke(t, name, e);
	if (strcmp(verb, "names") == 0)
		return tokens_list_names(t, name, print_name, stdout, e);
	if (strcmp(verb, "free") == 0)
		return tokens_free_name(t, name, e);
	if (strcmp(verb, "warning") == 0)
		return tokens_set_warning(t, name, strcmp(argv[2], "on") == 0, e);
	bool is_new = strcmp(verb, "add") == 0;
	if (is_new ? !tokens_add(t, name, tunnels, secret, e) || (!warning && !tokens_set_warning(t, name, false, e))
		   : !tokens_rotate(t, name, secret, e))
		return false;
	errno = 0;
	bool told = printf("%s\n", secret) > 0 && fflush(stdout) == 0;
	int code = errno;
	OPENSSL_cleanse(secret, sizeof secret);
	if (told) {
		fprintf(stderr, "This is the only time the secret is shown. On the laptop: creel login URL\n");
		return true;
	}
	/* Nobody can use a token whose secret was never seen, and its name would be taken. */
	struct error ignored;
	bool gone = is_new && tokens_revoke(t, name, &ignored);
	return error_set(e, EXIT_STORE, "the secret cannot be written: %s; the token %s", strerror(code),
			 !is_new ? "has a secret that nobody knows: rotate it again"
			 : gone  ? "was taken back"
				 : "exists nonetheless: revoke it");
}

static bool is_token_verb(char **argv, int count)
{
	static const struct {
		const char *verb;
		int words, most;
	} verbs[] = { { "list", 1, 1 },    { "add", 2, 2 },   { "revoke", 2, 2 }, { "rotate", 2, 2 },
		      { "warning", 3, 3 }, { "names", 1, 2 }, { "free", 2, 2 } };
	for (size_t i = 0; count > 0 && i < sizeof verbs / sizeof *verbs; i++)
		if (strcmp(argv[0], verbs[i].verb) == 0)
			return count >= verbs[i].words && count <= verbs[i].most &&
			       (count < 3 || strcmp(argv[2], "on") == 0 || strcmp(argv[2], "off") == 0);
	return false;
}

struct token_options {
	const char *data, *tunnels;
	bool no_warning, help;
};

static const struct option_row token_rows[] = {
	{ "data", 'd', OPTION_TEXT_AT(struct token_options, data), OPTION_BY_CALLER, "DIR", "the relay's data folder",
	  .preset = "./creel-relay-data" },
	{ "tunnels", 0, OPTION_TEXT_AT(struct token_options, tunnels), OPTION_BY_CALLER, "GLOB",
	  "tunnel names the token may hold", .preset = "*" },
	{ "no-browser-warning", 0, OPTION_FLAG_AT(struct token_options, no_warning), OPTION_BY_CALLER, NULL,
	  "add: browsers see its tunnels at once, whatever serve --browser-warning says" },
	{ "help", 'h', OPTION_FLAG_AT(struct token_options, help), OPTION_BY_LINE, NULL, "this text" },
};
static const struct option_group token_groups[] = { OPTION_GROUP(token_rows, 0) };
static const struct option_table token_table = { token_groups, 1 };

static void print_token_help(void)
{
	printf(
	    "Usage: creel-relay token add NAME [--tunnels GLOB] [--no-browser-warning] | list | revoke NAME |\n"
	    "                         rotate NAME | warning NAME on|off | names [NAME] | free TUNNEL\n\n"
	    "Tokens say who may open tunnels, and own tunnel names; `names` shows these with the times of first and\n"
	    "last use. A running relay sees changes within a second: a client of a freed name is disconnected.\n\n");
	options_print(stdout, &token_table);
}

static int run_token(int argc, char **argv, struct secret_gate *gate, struct error *e)
{
	struct token_options t = { .help = false };
	const struct options_source source = { .program = "creel-relay token", .env_prefix = "CREEL_RELAY_" };
	struct options *o = options_new();
	struct tokens *tokens = NULL;
	int first, status = EXIT_USAGE;
	(void)gate;
	if (!o || !options_parse(o, &token_table, &t, &source, argc, argv, &first, e))
		goto out;
	if (t.help) {
		print_token_help();
		status = EXIT_DONE;
		goto out;
	}
	const char *verb = first < argc ? argv[first] : "";
	if (!is_token_verb(argv + first, argc - first)) {
		error_set(
		    e, EXIT_USAGE,
		    "write: creel-relay token add NAME [--tunnels GLOB] [--no-browser-warning], token list, token "
		    "revoke NAME, token rotate NAME, token warning NAME on|off, token names [NAME], or token free "
		    "TUNNEL");
		goto out;
	}
	if (data_owner_become(t.data, e) && tokens_open(&tokens, t.data, strcmp(verb, "add") == 0, e) &&
	    token_verb(tokens, argv + first, t.tunnels, !t.no_warning, e))
		status = EXIT_DONE;
	else
		status = (int)e->code;
out:
	tokens_close(tokens);
	options_free(o);
	return status;
}

static int run_version(int argc, char **argv, struct secret_gate *gate, struct error *e)
{
	(void)gate;
	bool verbose = argc == 2 && (strcmp(argv[1], "--verbose") == 0 || strcmp(argv[1], "-v") == 0);
	if (argc == 2 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)) {
		puts("Usage: creel-relay version [--verbose]\n\nPrints the name and version; with --verbose also the "
		     "libraries' versions, and where one is\nolder than a release that closed a known hole.");
		return EXIT_DONE;
	}
	if (argc > 1 && !verbose) {
		error_set(e, EXIT_USAGE, "version takes --verbose alone, not '%.60s'", argv[1]);
		return EXIT_USAGE;
	}
	puts("creel-relay " CREEL_VERSION);
	if (verbose) {
		struct library list[LIBRARIES_COMMON + 1];
		libraries_common(list);
		list[LIBRARIES_COMMON] = (struct library){ "libmicrohttpd", MHD_get_version() };
		libraries_print(stdout, list, sizeof list / sizeof *list);
		libraries_print_origin(stdout);
	}
	return EXIT_DONE;
}

static int run_help(int argc, char **argv, struct secret_gate *gate, struct error *e);

static const struct {
	const char *name, *summary;
	int (*run)(int argc, char **argv, struct secret_gate *gate, struct error *e);
} commands[] = {
	{ "serve", "take webhooks and carry them to clients", serve_run },
	{ "token", "who may open tunnels, and the names they own", run_token },
	{ "version", "print the version", run_version },
	{ "help", "this text", run_help },
};

static int run_help(int argc, char **argv, struct secret_gate *gate, struct error *e)
{
	if (argc > 1) {
		char help[] = "--help", *args[] = { argv[1], help, NULL };
		for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
			if (strcmp(argv[1], commands[i].name) == 0 && commands[i].run != run_help)
				return commands[i].run(2, args, gate, e);
	}
	puts("Usage: creel-relay COMMAND [OPTIONS]\n\nThe public end of creel, a self-hosted tunnel for webhooks.\n");
	for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
		printf("  %-10s %s\n", commands[i].name, commands[i].summary);
	puts("\ncreel-relay COMMAND --help explains one.");
	return EXIT_DONE;
}

/* No option and no variable takes a token. What looks like one was put there by mistake, and sentences and log lines
 * that repeat a wrong value must not show it. */
static void hide_secrets(struct secret_gate *gate, int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		secret_gate_add_tokens(gate, argv[i]);
		secret_gate_add_urls(gate, argv[i]);
	}
	for (char **at = environ; *at; at++) {
		secret_gate_add_tokens(gate, *at);
		if (strncmp(*at, "CREEL_", 6) == 0)
			secret_gate_add_urls(gate, *at);
	}
}

int main(int argc, char **argv)
{
	struct error e = { EXIT_USAGE, "" };
	const char *name = argc > 1 ? argv[1] : "";
	int status = EXIT_USAGE;
	core_dumps_forbid(NULL); /* one would hold tokens and bodies */
	/* It would cost a lock and two counters at each allocation, for figures that nobody reads. */
	(void)sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
	if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0)
		name = "help";
	if (strcmp(name, "--version") == 0)
		name = "version";
	struct secret_gate *gate = secret_gate_new();
	if (gate)
		hide_secrets(gate, argc, argv);
	log_set_gate(gate);
	size_t i = 0, count = sizeof commands / sizeof *commands;
	while (i < count && strcmp(name, commands[i].name) != 0)
		i++;
	if (!gate)
		error_set(&e, EXIT_USAGE, "out of memory");
	else if (argc < 2)
		error_set(&e, EXIT_USAGE, "no command was given; `creel-relay help` lists them");
	else if (i < count)
		status = commands[i].run(argc - 1, argv + 1, gate, &e);
	else
		error_set(&e, EXIT_USAGE, "'%.60s' is not a command; see creel-relay help", name);
	errno = 0;
	if ((fflush(stdout) != 0 || ferror(stdout)) && errno != EPIPE && status == EXIT_DONE) {
		status = EXIT_STORE;
		error_set(&e, EXIT_STORE, "the output cannot be written%s%s", errno ? ": " : "",
			  errno ? strerror(errno) : "");
	}
	if (*e.text) {
		struct buffer line = { 0 };
		secret_gate_scrub(gate, e.text, sizeof e.text);
		if (text_sanitize(&line, bytes_of(e.text), TEXT_LINE))
			fprintf(stderr, "creel-relay: %.*s\n", (int)line.len, (const char *)line.at);
		buffer_free(&line);
	}
	log_set_gate(NULL);
	secret_gate_free(gate);
	return status;
}
