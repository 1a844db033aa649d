/* What `creel diff` compares, and how it says what it found: lines for a person, one JSON object for a program. */
#pragma once

#include <stdio.h>

#include "shared/formats/diff.h"
#include "shared/store/store.h"

enum diff_body { DIFF_BODY_SAME, DIFF_BODY_JSON, DIFF_BODY_TEXT, DIFF_BODY_BINARY };

struct diff_message { /* one side */
	int64_t id;
	int status; /* 0 none */
	struct buffer method, target, decoded;
	struct message m;
	struct bytes body; /* decoded, if it was coded */
	char codings[64];
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
	bool cut_differs;      /* bodies recorded in part, of different sizes */
	size_t passed_over;
	bool equal;
};

struct diff_style {
	bool terminal, color;
};

/* False when the output cannot be written or memory is out. */
MUST_CHECK bool diff_write_lines(FILE *out, const struct diff_found *f, struct diff_style style);
MUST_CHECK bool diff_write_json(FILE *out, const struct diff_found *f, struct error *e);
