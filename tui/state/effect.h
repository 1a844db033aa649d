/* What an action in a view asks the desk to do: views and questions only say it, tui/desk alone carries it out. Pure.
 */
#pragma once

#include "shared/base/bytes.h"
#include "tui/state/export_format.h"
#include "tui/state/ui.h"

/* What of a delivery is copied. */
enum copy_what {
	COPY_URL,
	COPY_CURL,
	COPY_CURL_SECRETS,
	COPY_BODY,
	COPY_HEADERS,
	COPY_RAW,
	COPY_VALUE,
	COPY_PATH,
	COPY_ID,
};

enum prompt_kind { PROMPT_NONE, PROMPT_FILTER, PROMPT_SEARCH, PROMPT_COMMAND, PROMPT_OFFSET, PROMPT_PATH };

enum edit_step { EDIT_BEGIN, EDIT_AGAIN, EDIT_DROP };

#define IDS_KEPT (-2) /* other: the deliveries that a question was asked about */

enum effect_kind {
	EFFECT_NONE,
	EFFECT_POP,
	EFFECT_QUIT, /* flag: at once, without asking; number 2: go on in lines, 3: interrupted */
	EFFECT_SAY,  /* text */
	EFFECT_OPEN, /* detail of id */
	EFFECT_HELP,
	EFFECT_EVENTS,
	EFFECT_PROMPT, /* number: enum prompt_kind, text: what it begins with */
	EFFECT_FILTER, /* text */
	EFFECT_SEARCH, /* text in the list, flag: backwards */
	EFFECT_GOTO,   /* id */
	EFFECT_REPLAY, /* id, or 0: what is marked; other -1: what is filtered; asked first but for an id */
	EFFECT_STOP,
	EFFECT_EDIT, /* id; number: enum edit_step */
	EFFECT_DIFF, /* id and other, or other 0: the last of its kind */
	EFFECT_COPY_MENU,
	EFFECT_EXPORT_MENU,
	EFFECT_COPY, /* bytes, text: what they are; or without bytes number: enum copy_what, of id */
	EFFECT_MARK, /* id */
	EFFECT_UNMARK_ALL,
	EFFECT_DELETE,   /* id, or 0: what is marked */
	EFFECT_EXPORT,   /* text: the path; number: enum export_format; id, or 0: what is marked; other -1: what is
			    filtered */
	EFFECT_ASK_PATH, /* the same, the path still to be asked for */
	EFFECT_SEND,     /* the edited request; flag: signed anew */
	EFFECT_ACTION,   /* number: enum action */
	EFFECT_SET,      /* text: "mouse on" */
	EFFECT_OFFSET,   /* text: what was typed */
	EFFECT_SPLIT,
	EFFECT_MOUSE,
	EFFECT_REPAINT,
	EFFECT_SUSPEND,
	EFFECT_REMEMBER, /* order and time are kept for the next time */
};

struct effect {
	enum effect_kind kind;
	int64_t id, other;
	uint64_t number;
	bool flag;
	char text[UI_FILTER_MAX];
	struct buffer bytes; /* the receiver frees */
};

/* A sentence for the message line. */
void effect_say(struct effect *out, const char *format, ...) __attribute__((format(printf, 2, 3)));
