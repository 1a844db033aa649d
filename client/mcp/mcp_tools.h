/* The tools that a coding agent is offered, and what command each call of one runs. Pure. */
#pragma once

#include <jansson.h>

#include "shared/base/bytes.h"
#include "shared/base/error.h"

#define MCP_WORDS 260 /* of a command */

/* How a command's output becomes the result. */
enum mcp_shape {
	MCP_LINES, /* JSON objects, one a line: a list under the tool's `key` */
	MCP_ONE,   /* one JSON object */
	MCP_SHOW,  /* no command: a delivery is read (mcp_show.h) */
};

/* NOLINTNEXTLINE(clang-analyzer-optin.performance.Padding): rows are written in this order */
struct mcp_tool {
	const char *name, *title, *description;
	const char *schema; /* of its arguments, JSON Schema */
	enum mcp_shape shape;
	const char *key; /* with MCP_LINES */
	bool writes;     /* it sends something; others only read */
	/* The words of the command from its arguments, in order. */
	const struct mcp_word *words;
};

/* The i-th, for tests that go through all; NULL after the last. */
const struct mcp_tool *mcp_tools_at(size_t i);
const struct mcp_tool *mcp_tools_find(const char *name);
/* The answer to tools/list; a new reference, NULL when out of memory. */
json_t *mcp_tools_json(void);

struct mcp_words {
	char *at[MCP_WORDS]; /* the command's name first; NULL after the last */
	size_t count;
};
/* Checks the arguments (may be NULL) and makes the command of them. False and *e when an argument is missing, unknown,
 * or not of its kind. mcp_words_free in any case. */
MUST_CHECK bool mcp_tools_words(const struct mcp_tool *t, json_t *arguments, struct mcp_words *out, struct error *e);
void mcp_words_free(struct mcp_words *w);
/* A boolean argument; false where it is not there. */
bool mcp_tools_flag(json_t *arguments, const char *name);
