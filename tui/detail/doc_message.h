/* A request or an answer as a document (tui/DESIGN.md §3.7). It borrows from the `struct document` it was made of.
 * Pure. */
#pragma once

#include "tui/documents/doc.h"
#include "tui/views/view.h"

enum body_look { LOOK_PRETTY, LOOK_FORCED /* pretty, however long it is */, LOOK_RAW, LOOK_HEX };

struct doc_made {
	struct doc *doc;
	size_t body_line; /* the first line of the body */
	char about[80];   /* of the body */
	bool bytes;       /* the body's lines are bytes: 8, 16 or 32 each */
	size_t shown;     /* of its bytes */
	bool folds;
};

struct message_look {
	const struct document *document;
	bool answer;
	enum body_look look;
	const char *rest; /* how to get the part of the body that is missing */
	const struct ui *ui;
	int columns;
};

/* Request or answer: first line, header fields, body. */
bool doc_message(const struct message_look *l, struct doc_made *out);
/* The same for another width, around the body as it stands. */
bool doc_message_widen(const struct message_look *l, struct doc_made *made);
/* The bytes as recorded: the body's, then the header fields'. */
bool doc_recorded(const struct message_look *l, struct doc_made *out);
