/* A request as a command or a collection describes it, on its way to a delivery: a URL instead of a target, fields and
 * a body that a client puts together when it sends (curl, .http, Postman, Insomnia). Pure but for what the sink does.
 */
#pragma once

#include "shared/transcripts/import_sink.h"

struct draft {
	struct buffer method; /* empty: GET, or POST where there is a body */
	struct buffer url;    /* with http:// or https://, or from its path on */
	struct buffer target; /* exactly this one instead of the URL's, unless empty */
	struct buffer headers, body;
	bool has_body;
	bool keep_head;      /* no Content-Length is added */
	uint64_t created_us; /* 0: the file does not say it */
	bool has_id;         /* one that creel exported: it keeps its id */
	uint8_t id[UUID_LEN];
	/* An example of an answer, where status is not 0. */
	int status;
	struct buffer reason, answer_headers, answer_body;
	uint64_t answered_after_us;
};

void draft_free(struct draft *d);
/* Adds a field after checking it. EXIT_USAGE. */
MUST_CHECK bool draft_add_field(struct draft *d, struct bytes name, struct bytes value, struct error *e);
/* The same with the blanks around the value as they are in the file. */
MUST_CHECK bool draft_add_exact(struct draft *d, struct bytes name, struct bytes after_colon, struct error *e);
bool draft_has_field(const struct draft *d, const char *name);
/* Authorization: Basic, of a user and a password. */
MUST_CHECK bool draft_add_basic(struct draft *d, struct bytes user, struct bytes password, struct error *e);
/* Turns it into a delivery, of which only an example of an answer says that it was ever sent, and hands it to the sink;
 * what cannot be converted (also *e with `fine` false) is refused there, by its place. Its id is made of the request
 * and its number in the file, so that the same file gives the same ids. Blanks and bytes beyond ASCII in the URL are
 * escaped, as clients do. False ends the reading. */
MUST_CHECK bool draft_take(struct draft *d, bool fine, size_t number, const char *place, const struct import_sink *sink,
			   struct error *e);

/* "https://user@host:1/path?query#fragment" as its authority, without the user, and its target. False: no scheme. */
bool draft_split_url(struct bytes url, struct bytes *authority, struct bytes *target);
