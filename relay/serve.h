/* `creel-relay serve`: makes the relay's parts in order, runs the loop, and ends cleanly on SIGTERM and SIGINT. The
 * main thread. */
#pragma once

#include "shared/base/error.h"
#include "shared/secrets/secret_gate.h"

/* Serves until a signal ends it. Returns the exit status; where that is not EXIT_DONE, *e says why. The gate learns of
 * secrets that the config file holds. */
int serve_run(int argc, char **argv, struct secret_gate *gate, struct error *e);
