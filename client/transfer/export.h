/* Recorded deliveries as what a person copies, keeps in a repository or gives to another tool. Reads the store one
 * delivery at a time, on the thread of its connection; a delivery that was deleted meanwhile is left out. */
#pragma once

#include "shared/base/error.h"
#include "shared/redact/redact.h"
#include "shared/store/store.h"

enum export_as {
	EXPORT_AS_HAR,
	EXPORT_AS_NDJSON, /* both with the last answer; `creel import` reads them */
	EXPORT_AS_HTML,   /* a page to send (report.h), with both; `creel import` reads it */
	EXPORT_AS_CURL,
	EXPORT_AS_HTTP,     /* a .http file; several requests have lines of ### between them */
	EXPORT_AS_POSTMAN,  /* a collection of version 2.1 */
	EXPORT_AS_INSOMNIA, /* an export of version 4 */
	EXPORT_AS_PYTEST,   /* this and the next three: a test that sends them again (test_code.h) */
	EXPORT_AS_JEST,
	EXPORT_AS_JUNIT,
	EXPORT_AS_GO,
	EXPORT_AS_BODY, /* this and the rest take one delivery, URLs several */
	EXPORT_AS_HEADERS,
	EXPORT_AS_RAW, /* the request as HTTP/1.1 */
	EXPORT_AS_URL,
};

struct export_options {
	enum export_as as;
	bool secrets;                            /* in curl commands: written out, instead of $CREEL_AUTHORIZATION */
	bool redact;                             /* take secrets out (redact.h) */
	const struct redact_names *redact_names; /* or NULL */
	bool dry_run;                            /* write nothing, only call on_redacted */
	void (*on_redacted)(void *user, int64_t id, const struct redact_found *found); /* or NULL */
	void *user;
	/* Called with the reason for each of several deliveries that cannot be written in this format; the others are.
	 * NULL: the first ends it. */
	void (*on_refused)(void *user, const char *sentence);
	uint64_t bytes_most; /* those with more in their bodies are left out; 0: none is */
	size_t *redacted;    /* [REDACT_KINDS], counts that are added to; or NULL */
	bool force;          /* replace a file, once all is written */
	const char *base;    /* of curl and URL: "http://localhost:3000"; NULL: where it went last */
	/* Asked after each delivery, of which so many are written; true ends it with EXIT_INTERRUPTED; may be NULL. */
	bool (*stop)(void *user, size_t written);
};

/* Sets `as` and `secrets` by a name: har, ndjson, curl, curl-secrets, http, postman, insomnia, body, headers, raw or
 * url. EXIT_USAGE. */
MUST_CHECK bool export_named(const char *name, struct export_options *o, struct error *e);
/* By a path's ending: .har, .ndjson or .jsonl, .sh, .http, .postman_collection.json, .insomnia.json, .py, .test.js,
 * .java, _test.go. False for any other. */
bool export_of_path(const char *path, enum export_as *as);

/* *written (may be NULL) is how many deliveries there were. With none no file is made, which is not an error.
 * EXIT_USAGE: the file exists, or a delivery cannot be written in this format. EXIT_STORE: it cannot be written, and
 * nothing of the file is left. */
MUST_CHECK bool export_to_file(struct store *s, const int64_t *ids, size_t count, const struct export_options *o,
			       const char *path, size_t *written, struct error *e);
MUST_CHECK bool export_to_stdout(struct store *s, const int64_t *ids, size_t count, const struct export_options *o,
				 size_t *written, struct error *e);
/* Hands each piece over as soon as it is written; false from `take` ends it with its *e. */
MUST_CHECK bool export_to_taker(struct store *s, const int64_t *ids, size_t count, const struct export_options *o,
				bool (*take)(void *user, struct bytes piece, struct error *e), void *user,
				struct error *e);
/* Appends to *out. */
MUST_CHECK bool export_to_buffer(struct store *s, const int64_t *ids, size_t count, const struct export_options *o,
				 struct buffer *out, size_t *written, struct error *e);
