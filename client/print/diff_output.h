/* What `creel diff` found, as lines for a person or one JSON object for a program. Writes to the given stream only. */
#pragma once

#include <stdio.h>

#include "shared/content/body.h"
#include "shared/formats/diff.h"
#include "shared/store/store.h"

enum diff_body { DIFF_BODY_SAME, DIFF_BODY_JSON, DIFF_BODY_TEXT, DIFF_BODY_BINARY };

struct diff_message { /* one of the two; owned by the command */
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
	size_t first;          /* binary: offset of the first byte that differs */
	bool cut_differs;      /* both bodies were recorded in part, and are of different sizes */
	size_t passed_over;    /* fields that were not compared */
	bool equal;
};

struct diff_style {
	bool terminal, color;
};

/* Nothing for two that are equal. False when the output cannot be written, or out of memory. */
MUST_CHECK bool diff_write_lines(FILE *out, const struct diff_found *f, struct diff_style style);
/* EXIT_STORE. */
MUST_CHECK bool diff_write_json(FILE *out, const struct diff_found *f, struct error *e);
