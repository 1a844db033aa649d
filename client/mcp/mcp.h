/* A server of the Model Context Protocol (modelcontextprotocol.io, versions 2024-11-05 to 2025-11-25) on standard input
 * and output, for coding agents: what creel can do, as tools. One line a message, nothing else on standard output. */
#pragma once

#include "shared/base/error.h"

struct mcp_options {
	const char *db;
	const char *config; /* or NULL */
};
/* Serves until standard input has ended and every call is answered, or a signal comes. Returns the exit status. */
int mcp_serve(const struct mcp_options *o, struct error *e);
