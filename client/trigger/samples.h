/* Samples of webhooks for `creel trigger`: client/samples/NAME.http, compiled in, and a user's own in the same form.
 *
 * A sample is a request as text (shared/http/http_text.h) without its signature. {{id}} is 24 hex digits, {{uuid}} a
 * UUID,
 * {{now}} and {{now_ms}} the time since 1970, {{iso}} the same as RFC 3339; in NAME.any, which stands for every event
 * of NAME that has no sample of its own, {{event}} is the event and {{topic}} the event with its first dot as a slash.
 */
#pragma once

#include "shared/base/buffer.h"
#include "shared/base/error.h"

struct sample {
	const char *name; /* "stripe.invoice.paid" */
	const char *text;
};

/* Ends in a NULL name; made of client/samples. */
extern const struct sample samples_built_in[];

/* Finds it by "stripe.invoice.paid", "stripe" (its usual event) or, with NAME.any, any event: *event is the rest of the
 * name then, else NULL. NULL and EXIT_USAGE with the nearest spelling. */
const struct sample *samples_find(const char *name, const char **event, struct error *e);
/* FOLDER/NAME.http, appended. False without an error (*e untouched, *found false) when there is none. */
MUST_CHECK bool samples_read_own(const char *folder, const char *name, struct buffer *text, bool *found,
				 struct error *e);
/* $XDG_CONFIG_HOME/creel/templates or ~/.config/creel/templates; caller frees, may be NULL. */
char *samples_default_folder(void);
/* Fills in the {{…}}; unknown ones stay. `event` may be NULL. EXIT_USAGE for an event that cannot stand in a header. */
MUST_CHECK bool samples_fill(struct bytes text, const char *event, uint64_t now_ms, struct buffer *out,
			     struct error *e);
/* Sets a value of a JSON body by its path, or a field of a form: "data.object.amount=100". EXIT_USAGE. */
MUST_CHECK bool samples_set(struct buffer *body, bool is_form, const char *assignment, struct error *e);
