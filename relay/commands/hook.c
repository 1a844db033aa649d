/* What uacme runs for each challenge: `creel-relay begin|done|failed TYPE NAME TOKEN AUTH` with the relay's folder in
 * CREEL_ACME_DATA. Exit status 0 takes the challenge, anything else leaves it for the next type. */
#include "relay/commands/commands.h"
#include "relay/control/control_ask.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The folder acme lies in the relay's data folder. */
static bool tell_relay(const char *folder, const char *kind, char **argv, const char *key, struct error *e)
{
	char data[4096], line[600];
	struct buffer out = { 0 };
	snprintf(data, sizeof data, "%s/..", folder);
	snprintf(line, sizeof line, "challenge %s %s %s %s", argv[0], kind, key, argv[4]);
	bool fine = control_ask(data, line, &out, e) == CONTROL_OK;
	buffer_free(&out);
	return fine;
}

int hook_run(int argc, char **argv, struct secret_gate *gate, struct error *e)
{
	const char *folder = getenv("CREEL_ACME_DATA"), *program = getenv("CREEL_ACME_HOOK");
	bool fine = false;
	(void)gate;
	if (argc != 5 || !folder) {
		error_set(e, EXIT_USAGE, "`creel-relay %s` is run by uacme alone; see creel-relay help", argv[0]);
		return EXIT_USAGE;
	}
	if (strcmp(argv[1], "dns-01") == 0 && program && *program) {
		execvp(program, (char *const[]){ (char *)(uintptr_t)program, argv[0], argv[1], argv[2], argv[3],
						 argv[4], NULL });
		error_set(e, EXIT_RELAY, "the program %s of --acme-hook cannot be run: %s", program, strerror(errno));
	} else if (strcmp(argv[1], "dns-01") == 0) {
		error_set(e, EXIT_NO, "a wildcard needs a program that --acme-hook names");
	} else if (program && *program) {
		error_set(e, EXIT_NO, "all is proved by DNS, as --acme-hook says");
	} else if (strcmp(argv[1], "http-01") == 0) {
		fine = tell_relay(folder, "http", argv, argv[3], e);
	} else if (strcmp(argv[1], "tls-alpn-01") == 0) {
		fine = tell_relay(folder, "alpn", argv, argv[2], e);
	}
	return fine ? EXIT_DONE : EXIT_NO;
}
