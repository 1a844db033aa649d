/* How a delivery went, in one word, as a row of the page shows it. Pure. */
#pragma once

#include <jansson.h>

#include "shared/store/store.h"

struct web_outcome {
	char text[8];       /* "200", "ERR", "TIME", "wait", "send", "HELD", "refused" */
	const char *kind;   /* the class of its colour: "o2" to "o6", "ow" */
	const char *sign;   /* its symbol in index.html: "s2" to "s7", "sw", "sd", "sh", "sr" */
	const char *reason; /* the phrase of its status code; "": it has none */
};
struct web_outcome web_outcome(const struct delivery_row *row);
/* What is known of a signature ("valid", "invalid", "none"; else unknown), as {sign, kind, text}; NULL when out of
 * memory. */
json_t *web_verdict_json(struct bytes signature);
