/* creel, the program on the user's machine: finds the command, runs it, and prints its error as one sentence. */
#include "client/options/command.h"
#include "client/options/upgrade.h"
#include "client/signing/secret_sources.h"
#include "shared/text/text.h"

#include <errno.h>
#include <locale.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

int main(int argc, char **argv)
{
	struct error e = { EXIT_USAGE, "" };
	struct program program = { 0 };
	char help[] = "help", version[] = "version";
	int status = EXIT_USAGE;
	core_dumps_forbid(&program.cores);
	setlocale(LC_CTYPE, "");
	/* Saves a lock and two counters at each of SQLite's allocations; nothing reads the figures. */
	(void)sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
	if (argc > 1 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0))
		argv[1] = help;
	if (argc > 1 && (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "-v") == 0 || strcmp(argv[1], "-V") == 0))
		argv[1] = version;
	upgrade_watch();
	program.gate = secret_gate_new();
	if (!program.gate) {
		error_set(&e, EXIT_USAGE, "out of memory");
	} else if (argc < 2) {
		error_set(&e, EXIT_USAGE,
			  "no command was given; `creel help` lists them, `creel dev 3000` is a good first one");
	} else {
		secret_sources_add(program.gate, argc, argv);
		const struct command *c = command_find(argv[1], &e);
		if (c)
			status = command_run(c, argc - 1, argv + 1, &program, &e);
	}
	/* The command's last lines may still be in the buffer, so it could not see that they cannot be written. */
	errno = 0;
	if ((fflush(stdout) != 0 || ferror(stdout)) && errno != EPIPE && status == EXIT_DONE) {
		status = EXIT_STORE;
		error_set(&e, EXIT_STORE, "the output cannot be written%s%s", errno ? ": " : "",
			  errno ? strerror(errno) : "");
	}
	if (*e.text && status != EXIT_DONE) {
		struct buffer line = { 0 };
		secret_gate_scrub(program.gate, e.text, sizeof e.text);
		if (text_sanitize(&line, bytes_of(e.text), TEXT_LINE))
			fprintf(stderr, "creel: %.*s\n", (int)line.len, (const char *)line.at);
		buffer_free(&line);
	}
	secret_gate_free(program.gate);
	return status;
}
