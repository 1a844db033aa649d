/* The line somebody types into: filter, search, command, offset, file name; with history, completion and a popup of
 * suggestions. Pure: what it wants checked it asks through `check`. */
#pragma once

#include "tui/views/complete.h"

enum prompt_kind { PROMPT_NONE, PROMPT_FILTER, PROMPT_SEARCH, PROMPT_COMMAND, PROMPT_OFFSET, PROMPT_PATH };

#define HISTORY_MAX 100
struct history {
	char *at[HISTORY_MAX]; /* the newest last */
	size_t count;
};
/* Moves it to the end when it is there already. */
void history_add(struct history *h, const char *text);
void history_free(struct history *h);

#define PROMPT_SUGGESTIONS 80 /* every action; the popup scrolls */
struct suggestion {
	enum action action; /* or ACTION_NONE: `text` completes what is typed */
	const char *text, *help;
	char keys[40];
};

struct prompt {
	enum prompt_kind kind;
	char text[UI_FILTER_MAX];
	size_t len, cursor; /* bytes */
	char trouble[600];
	struct history filters, searches, commands;
	size_t history_at;
	char kept[UI_FILTER_MAX]; /* what was typed before Up */
	struct suggestion suggestions[PROMPT_SUGGESTIONS];
	size_t suggestion_count, suggestion;
	struct completion found; /* PROMPT_FILTER: the suggestions' texts */
	bool pasting, backwards;
	enum context context; /* of the view below, for what the palette offers */
	unsigned have;
	struct effect pending; /* PROMPT_PATH: what is done with the path */
	bool (*check)(void *user, const char *filter, struct error *e);
	void *user;
};

void prompt_open(struct prompt *p, const struct ui *ui, enum prompt_kind kind, const char *text);
void prompt_close(struct prompt *p);
void prompt_free(struct prompt *p);
/* Any key while it is open; *out is what follows. */
void prompt_key(struct prompt *p, const struct ui *ui, const struct key *key, struct effect *out);
void prompt_draw(const struct prompt *p, const struct ui *ui, struct surface *s, struct rect line, struct rect body);

/* palette.c: what the palette offers for what is typed, best first, and what a command typed out does (false and *e
 * when it means nothing). */
size_t palette_suggest(const struct ui *ui, enum context c, unsigned have, const char *typed, struct suggestion *out,
		       size_t most);
MUST_CHECK bool palette_run(const char *typed, struct effect *out, struct error *e);
/* How well the typed letters occur in the text in their order; 0: not at all. */
int palette_match(const char *typed, const char *text);

enum export_format { EXPORT_CURL, EXPORT_HAR, EXPORT_NDJSON, EXPORT_HTTP, EXPORT_BODY, EXPORT_COUNT };
extern const char *const export_names[EXPORT_COUNT]; /* as struct deed_ops takes them */
