/* Samples of webhooks for `creel trigger`: client/samples/NAME.http, compiled in, and a user's own in the same form.
 *
 * A sample is a request as text (shared/http/http_text.h) without its signature. It may contain {{id}} (24 hex digits),
 * {{uuid}}, {{now}} and {{now_ms}} (the time since 1970) and {{iso}} (the same by RFC 3339). NAME.any serves every
 * event of NAME that has no sample of its own (of those in event_names.h, where they are listed); there {{event}} is
 * the event, {{topic}} the event with its first dot as a slash, {{name}} and {{action}} what is before and after that
 * dot. A sample with {{event|invoice.paid}} serves other events of that object, one with {{action|opened}} other
 * actions. A command's only thread. */
#pragma once

#include "shared/base/buffer.h"
#include "shared/base/error.h"

struct sample {
	const char *name; /* "stripe.invoice.paid" */
	const char *text;
};

/* Made of client/samples; the last one's name is NULL. */
extern const struct sample samples_built_in[];

/* Finds a sample by "stripe.invoice.paid", by "stripe" (its usual event), by "hubspot.contact" where it is the only one
 * that begins so or, with a NAME.any, by any event of NAME: *event is then the event, and NULL otherwise. NULL and
 * EXIT_USAGE, with the nearest names. */
const struct sample *samples_find(const char *name, const char **event, struct error *e);
/* The usual event of "stripe"; NULL: there is no such provider. */
const struct sample *samples_of_provider(const char *name);
/* Whether it is a NAME.any. */
bool samples_is_any(const struct sample *s);
/* Appends FOLDER/NAME.http. *found is false when there is none, which is not an error. EXIT_USAGE when it cannot be
 * read. */
MUST_CHECK bool samples_read_own(const char *folder, const char *name, struct buffer *text, bool *found,
				 struct error *e);
/* $XDG_CONFIG_HOME/creel/templates or ~/.config/creel/templates; the caller frees it. NULL when neither is
 * known. */
char *samples_default_folder(void);
/* Appends `text` with its {{…}} filled in; unknown ones stay. `event` may be NULL. EXIT_USAGE for an event that cannot
 * stand in a header. */
MUST_CHECK bool samples_fill(struct bytes text, const char *event, uint64_t now_ms, struct buffer *out,
			     struct error *e);
/* Sets a value of a JSON body by its path (json_edit.h), or a field of a form: "data.object.amount=100". What is not
 * there is added, null takes away. EXIT_USAGE. */
MUST_CHECK bool samples_set(struct buffer *body, bool is_form, const char *assignment, struct error *e);
