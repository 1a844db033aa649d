/* Two recorded requests, read and compared: what `creel diff` and the page show. The thread of the store's connection.
 */
#pragma once

#include "shared/content/body.h"
#include "shared/compare/diff.h"
#include "shared/store/store.h"

enum diff_body {
	DIFF_BODY_SAME,
	DIFF_BODY_JSON,
	DIFF_BODY_TEXT,
	DIFF_BODY_BINARY,
	DIFF_BODY_TOO_LONG, /* for diff_wanted's bounds: they differ, and nothing is said beyond `first` */
};

struct diff_message { /* one of the two; of struct diff_found */
	int64_t id;
	int status; /* of an answer; 0: none, or a request */
	struct buffer method, target, object;
	struct message m;
	struct body said;
	struct bytes body;            /* what is compared: without codings and charset; a form as `object` */
	char undone[BODY_UNDONE_LEN]; /* "gzip"; "": there were none */
	struct json_tokens tokens;
	struct diff_lines lines;
};

struct diff_found {
	struct diff_message side[2];
	bool line_differs; /* method or target */
	struct diff_fields fields;
	enum diff_body kind;
	struct diff_rows rows; /* JSON and text */
	size_t told_most;      /* as it was wanted */
	size_t first;          /* binary, too long: offset of the first byte that differs */
	bool cut_differs;      /* both bodies were recorded in part, and are of different sizes */
	size_t passed_over;    /* fields that were not compared */
	bool equal;
};

struct diff_wanted {
	bool key_order;       /* that of keys in JSON counts */
	bool ignore_volatile; /* dates, request ids, signatures and timestamps do not count */
	/* As struct diff_rows has them; zeroed: there are none. */
	struct deadline *until;
	size_t most;
	size_t told_most; /* bytes of what differs, in diff_output_json; beyond it the bodies are too long */
};
/* `names` as store_resolve takes them. False and *e; diff_found_free in any case. */
MUST_CHECK bool diff_found_read(struct store *s, const char *const names[2], const struct diff_wanted *wanted,
				struct diff_found *out, struct error *e);
void diff_found_free(struct diff_found *f);
