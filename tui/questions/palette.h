/* The command palette: what it offers for what is typed, and what a typed command asks for. Pure. */
#pragma once

#include "shared/base/error.h"
#include "tui/state/effect.h"

#define PROMPT_SUGGESTIONS 96 /* every action; the popup scrolls */
struct suggestion {
	enum action action; /* or ACTION_NONE: `text` completes what is typed */
	const char *text, *help;
	char keys[40];
};

/* What is offered for what is typed, best first; gives how many. */
size_t palette_suggest(const struct ui *ui, enum context c, unsigned have, const char *typed, struct suggestion *out,
		       size_t most);
/* What a typed command asks for. False and *e when it means nothing. */
MUST_CHECK bool palette_run(const char *typed, struct effect *out, struct error *e);
