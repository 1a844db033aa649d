/* What `creel diff` found, as lines for a person or one JSON object for a program. Writes to the given stream only. */
#pragma once

#include <jansson.h>
#include <stdio.h>

#include "client/print/diff_found.h"

struct diff_style {
	bool terminal, color;
};

/* Nothing for two that are equal. False when the output cannot be written, or out of memory. */
MUST_CHECK bool diff_write_lines(FILE *out, const struct diff_found *f, struct diff_style style);
/* The object that it writes; NULL when out of memory. */
json_t *diff_output_json(const struct diff_found *f);
/* EXIT_STORE. */
MUST_CHECK bool diff_write_json(FILE *out, const struct diff_found *f, struct error *e);
