/* What `creel export` and `creel report` have in common: deliveries by id or filter, written to a file. */
#pragma once

#include "client/options/command.h"
#include "client/selection/selection.h"
#include "client/transfer/export.h"
#include "shared/program/progress.h"

struct export_command {
	const struct secret_gate *gate;
	struct export_options options;
	struct option_values redact;
	struct redact_names names;
	size_t redacted[REDACT_KINDS], refused;
	const char *format, *path, *where, *to;
	char *base;
	struct store *store;
	struct selection found;
	struct progress progress;
};

/* Runs a command whose settings are a struct export_command. Returns the exit status. */
int cmd_export_run(struct command_call *call, struct error *e);
