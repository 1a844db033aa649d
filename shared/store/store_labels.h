/* What the user says about a delivery: a note of one line, and tags. creel itself sets some tags: "marked" and "edited"
 * in the inspector, "skipped" and "chaos:delay" while it listens. The store's thread; changes are made in the caller's
 * transaction. */
#pragma once

#include "shared/store/store.h"

#define STORE_NOTE_MOST 2000 /* bytes */
#define STORE_TAG_MOST 100

struct store_labels {
	struct buffer note; /* empty: there is none */
	struct buffer tags; /* names in order, a blank between two; without "marked" */
	bool marked;        /* it has that tag */
};
/* *out must have been zeroed, by the caller or by store_labels_free. It stays empty for a delivery that is not
 * there. */
MUST_CHECK bool store_labels_get(struct store *s, int64_t id, struct store_labels *out, struct error *e);
void store_labels_free(struct store_labels *l);

/* Whether they may be set: false and *e (EXIT_USAGE). Pure. */
MUST_CHECK bool store_labels_check(struct bytes note, struct bytes tags, struct error *e);
/* Ends of lines and other control characters become blanks; an empty text removes the note. EXIT_USAGE for one that is
 * too long or not UTF-8, and for a delivery that is not there. */
MUST_CHECK bool store_labels_set_note(struct store *s, int64_t id, struct bytes text, struct error *e);
/* Names with blanks or commas between them take the place of all the delivery's tags but "marked". EXIT_USAGE likewise.
 */
MUST_CHECK bool store_labels_set_tags(struct store *s, int64_t id, struct bytes names, struct error *e);

/* Adds a tag, which the delivery may have already. */
MUST_CHECK bool store_add_tag(struct store *s, int64_t id, struct bytes name, struct error *e);
MUST_CHECK bool store_drop_tag(struct store *s, int64_t id, struct bytes name, struct error *e);
