/* Recorded deliveries as what a person copies, keeps in a repository or gives to another tool. The store is read one
 * delivery at a time. Where a delivery is gone by now it is left out. */
#pragma once

#include "shared/base/error.h"
#include "shared/redact/redact.h"
#include "shared/store/store.h"

enum export_as {
	EXPORT_AS_HAR,
	EXPORT_AS_NDJSON, /* both with the last answer; creel reads them back */
	EXPORT_AS_CURL,
	EXPORT_AS_HTTP, /* a .http file; several with lines of ### between them */
	EXPORT_AS_BODY, /* of one delivery, as these: */
	EXPORT_AS_HEADERS,
	EXPORT_AS_RAW, /* the request as HTTP/1.1 would have it */
	EXPORT_AS_URL,
};

struct export_options {
	enum export_as as;
	bool secrets;                            /* in curl: written out, else $CREEL_AUTHORIZATION */
	bool redact;                             /* what redact.h takes out */
	const struct redact_names *redact_names; /* or NULL */
	bool dry_run;                            /* nothing is written, on_redacted is told */
	void (*on_redacted)(void *user, int64_t id, const struct redact_found *found); /* or NULL */
	void *user;
	size_t *redacted;   /* [REDACT_KINDS], added to; or NULL */
	bool force;         /* replaces a file, when all is written */
	const char *base;   /* of curl and URL: "http://localhost:3000"; NULL: where it went last */
	bool (*stop)(void); /* asked before each delivery; true ends it with EXIT_INTERRUPTED. May be NULL. */
};

/* By the names "har", "ndjson", "curl", "curl-secrets", "http", "body", "headers", "raw" and "url". */
MUST_CHECK bool export_named(const char *name, struct export_options *o, struct error *e);
/* By a path's end: .har, .ndjson or .jsonl, .sh, .http. False for another. */
bool export_of_path(const char *path, enum export_as *as);

/* *written, if not NULL, is how many there were; with 0 no file is made, which is no error. EXIT_USAGE: the file is
 * there already, or this cannot be written so; EXIT_STORE: it cannot be written, and nothing of it is left. */
MUST_CHECK bool export_to_file(struct store *s, const int64_t *ids, size_t count, const struct export_options *o,
			       const char *path, size_t *written, struct error *e);
MUST_CHECK bool export_to_stdout(struct store *s, const int64_t *ids, size_t count, const struct export_options *o,
				 size_t *written, struct error *e);
/* Appends. */
MUST_CHECK bool export_to_buffer(struct store *s, const int64_t *ids, size_t count, const struct export_options *o,
				 struct buffer *out, size_t *written, struct error *e);
