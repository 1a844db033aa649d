/* What Postman's collections and Insomnia's exports have in common: texts with variables, lists of pairs of which some
 * are disabled, and bodies that are listed instead of written out. Sentences name the list and the pair. Pure but for
 * what the sink does. */
#pragma once

#include <jansson.h>

#include "shared/transcripts/draft.h"
#include "shared/syntax/variables.h"

struct collection {
	const struct import_sink *sink;
	enum variables_kind templates;
	json_t *values;   /* of the variables */
	const char *name; /* of a pair's name: "key" or "name" */
	size_t number;    /* of the requests that were taken */
	/* Header values are sent as ISO-8859-1, one byte a character. */
	bool latin1;
	bool plain; /* nothing is a variable */
};

/* Appends a text with its variables replaced; nothing for null or a missing one. A text with half of a surrogate pair
 * is refused (json_halves_load). */
MUST_CHECK bool collection_text(const struct collection *c, const json_t *text, struct buffer *out, struct error *e);
/* The same for the text of an object's member. */
MUST_CHECK bool collection_member(const struct collection *c, const json_t *object, const char *member,
				  struct buffer *out, struct error *e);
/* Appends a header field, its value as the client sends it. */
MUST_CHECK bool collection_field(const struct collection *c, struct buffer *block, struct bytes name,
				 struct bytes value, struct error *e);
/* Appends a list of pairs as header fields. */
MUST_CHECK bool collection_fields(const struct collection *c, const json_t *list, struct buffer *block,
				  struct error *e);
/* The same as name=value&…, appended; %41 in it stays as it is with `encoded_too`. */
MUST_CHECK bool collection_pairs(const struct collection *c, const json_t *list, bool encoded_too, struct buffer *out,
				 struct error *e);
/* The same as a multipart body, with its Content-Type. Files are in `file_member` of a pair: a path or a list of one.
 */
MUST_CHECK bool collection_parts(const struct collection *c, const json_t *list, const char *file_member,
				 struct draft *d, struct error *e);
/* Takes the body from a file. */
MUST_CHECK bool collection_file(const struct collection *c, const json_t *path, struct draft *d, struct error *e);
/* Adds a Content-Type, unless there is one. */
MUST_CHECK bool collection_type(struct draft *d, const char *type, struct error *e);
/* Replaces each ":name" in the path of d->url by its value in a list. */
MUST_CHECK bool collection_path(const struct collection *c, const json_t *list, struct draft *d, struct error *e);
/* Adds "name=value" to d->url. */
MUST_CHECK bool collection_add_query(struct draft *d, struct bytes query, struct error *e);
/* Puts the members of an object into c->values, those of objects within as "outer.inner". */
MUST_CHECK bool collection_define(struct collection *c, const json_t *object, struct error *e);
/* For a request that creel exported: takes the delivery's id, when it was received, and its exact target
 * (collection_write_own). To be called once d->url is known. */
MUST_CHECK bool collection_own(const json_t *holder, struct draft *d, struct error *e);
