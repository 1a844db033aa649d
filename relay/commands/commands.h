/* The subcommands of creel-relay that main.c's table names, beside `serve`. Each has a file of its own (restore is in
 * backup.c) and gives the program's exit status; *e is set where that is not EXIT_DONE and there is a sentence to it.
 * argv[0] is the command's name. To be called before any thread is started. */
#pragma once

#include "shared/base/error.h"
#include "shared/secrets/secret_gate.h"

int token_run(int argc, char **argv, struct secret_gate *gate, struct error *e);
int setup_run(int argc, char **argv, struct secret_gate *gate, struct error *e);
int status_run(int argc, char **argv, struct secret_gate *gate, struct error *e);
/* Run only by uacme, and in no list of commands. */
int hook_run(int argc, char **argv, struct secret_gate *gate, struct error *e);
int backup_run(int argc, char **argv, struct secret_gate *gate, struct error *e);
int backup_run_restore(int argc, char **argv, struct secret_gate *gate, struct error *e);
int tunnel_run(int argc, char **argv, struct secret_gate *gate, struct error *e);
int cluster_run(int argc, char **argv, struct secret_gate *gate, struct error *e);
