/* The line at the bottom that the user types into: a filter, search, command, offset or file name. It has a history,
 * completion and a popup of suggestions. Pure. */
#pragma once

#include "tui/terminal/layout.h"
#include "tui/questions/complete.h"
#include "tui/state/effect.h"
#include "tui/questions/history.h"
#include "tui/questions/palette.h"

struct prompt {
	enum prompt_kind kind;
	char text[UI_FILTER_MAX];
	size_t len, cursor; /* bytes */
	char trouble[600];
	int trouble_column; /* of a filter, in characters from 1; 0: none is named */
	struct history filters, searches, commands;
	size_t history_at;
	char kept[UI_FILTER_MAX]; /* what was typed before Up */
	struct suggestion suggestions[PROMPT_SUGGESTIONS];
	size_t suggestion_count, suggestion;
	struct completion found; /* PROMPT_FILTER: the suggestions' texts */
	struct {
		int y, first, count;
	} drawn; /* which suggestions stand from which row of the screen on, for clicks */
	bool pasting;
	enum context context; /* of the view below, for what the palette offers */
	unsigned have;
	int64_t about;             /* PROMPT_NOTE, PROMPT_TAGS: the delivery */
	enum export_format format; /* PROMPT_PATH: what is written to the path */
};

void prompt_open(struct prompt *p, const struct ui *ui, enum prompt_kind kind, const char *text);
void prompt_free(struct prompt *p);
/* Any key while it is open, or the mouse: a click takes what is offered; *out is what it asks for. */
void prompt_key(struct prompt *p, const struct ui *ui, const struct key *key, struct effect *out);
void prompt_draw(struct prompt *p, const struct ui *ui, struct surface *s, struct rect line, struct rect body);
