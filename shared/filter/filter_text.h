/* A filter's text narrowed by one more term, and given back without it; and terms of values. The texts are parsed, so
 * that a quoted word or a group is not taken for what it looks like. `now_us` as in filter_parse. Pure; any thread. */
#pragma once

#include "shared/filter/filter.h"

/* Appends a text that matches what both do: "status:5xx is:marked", "(a OR b) is:marked". False when out of memory. */
MUST_CHECK bool filter_text_narrow(struct buffer *out, const char *text, const char *term, uint64_t now_us);
/* Appends a term that holds for exactly this value: event:invoice.paid, event:"a b". False when out of memory. */
MUST_CHECK bool filter_text_put(struct buffer *out, const char *field, struct bytes value);
/* If the last of the terms that must hold is `term`, to the letter: appends what the others are, without the
 * parentheses that filter_text_narrow put around them. False, and nothing appended, when it is not, or when out of
 * memory. */
bool filter_text_widen(struct buffer *out, const char *text, const char *term, uint64_t now_us);
