/* {{name}} in files of HTTP clients: replaced by what the same file says of the name, never by a guess. Pure; any
 * thread. */
#pragma once

#include <jansson.h>

#include "shared/base/buffer.h"
#include "shared/base/error.h"

enum variables_kind { VARIABLES_ALONE, VARIABLES_AND_TEMPLATES };

/* Appends `in` with all of its variables replaced, also within their values, as `values` (an object of texts) has them;
 * "_." in front of a name, as Insomnia writes it, is left out. EXIT_USAGE names a variable that has no value, or says
 * that there is a template ({% … %}), where the client knows these, or a circle. */
MUST_CHECK bool variables_replace(const json_t *values, enum variables_kind kind, struct bytes in, struct buffer *out,
				  struct error *e);
/* Whether clients would find syntax of theirs in it: {{, {% or {#. */
bool variables_in(struct bytes text);
