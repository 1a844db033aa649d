/* creel-relay: the public end of creel. This file is the table of subcommands. */
#include "relay/commands/commands.h"
#include "relay/serve.h"
#include "shared/program/core_dumps.h"
#include "shared/program/libraries.h"
#include "shared/program/log.h"
#include "shared/text/text.h"
#include "shared/text/text_distance.h"

#include <errno.h>
#include <microhttpd.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifndef __linux__ /* unistd.h declares it there */
extern char **environ;
#else
#include <unistd.h>
#endif

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
	{ "setup", "make a relay ready: options, first token, checks", setup_run },
	{ "serve", "take webhooks and carry them to clients", serve_run },
	{ "status", "how the relay is: tunnels, what waits, tokens", status_run },
	{ "tunnel", "the tunnels that are known; close one", tunnel_run },
	{ "token", "who may open tunnels, and the names they own", token_run },
	{ "cluster", "the nodes of the relay's cluster", cluster_run },
	{ "backup", "save tokens, names and what waits to a file", backup_run },
	{ "restore", "add what a backup holds to a stopped relay", backup_run_restore },
	{ "version", "print the version", run_version },
	{ "help", "this text", run_help },
	/* What uacme calls its hook with. */
	{ "begin", NULL, hook_run },
	{ "done", NULL, hook_run },
	{ "failed", NULL, hook_run },
};

#define COMMANDS (sizeof commands / sizeof *commands)

/* COMMANDS, and *e with the nearest right spelling, when there is none of that name. */
static size_t find_command(const char *name, struct error *e)
{
	const char *nearest = NULL;
	size_t least = 3;
	for (size_t i = 0; i < COMMANDS; i++) {
		size_t distance = text_distance(commands[i].name, name);
		if (distance == 0)
			return i;
		if (distance < least && commands[i].summary) {
			least = distance;
			nearest = commands[i].name;
		}
	}
	error_set(e, EXIT_USAGE, "'%.60s' is not a command%s%s; see creel-relay help", name,
		  nearest ? ", did you mean " : "", nearest ? nearest : "");
	return COMMANDS;
}

static int run_help(int argc, char **argv, struct secret_gate *gate, struct error *e)
{
	if (argc > 2) {
		error_set(e, EXIT_USAGE, "help takes one command, for example: creel-relay help serve");
		return EXIT_USAGE;
	}
	if (argc == 2 && argv[1][0] != '-') {
		char help[] = "--help", *args[] = { argv[1], help, NULL };
		size_t i = find_command(argv[1], e);
		if (i == COMMANDS)
			return EXIT_USAGE;
		if (commands[i].summary && commands[i].run != run_help)
			return commands[i].run(2, args, gate, e);
	}
	puts("Usage: creel-relay COMMAND [OPTIONS]\n\nThe public end of creel, a self-hosted tunnel for webhooks.\n");
	for (size_t i = 0; i < COMMANDS; i++)
		if (commands[i].summary)
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
	size_t i = argc > 1 ? find_command(name, &e) : COMMANDS;
	if (!gate)
		error_set(&e, EXIT_USAGE, "out of memory");
	else if (argc < 2)
		error_set(&e, EXIT_USAGE, "no command was given; `creel-relay help` lists them");
	else if (i < COMMANDS)
		status = commands[i].run(argc - 1, argv + 1, gate, &e);
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
