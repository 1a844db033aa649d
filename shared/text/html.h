/* Text from outside as HTML. Pure; any thread. */
#pragma once

#include "shared/base/buffer.h"

/* As the content of an element or of a quoted attribute: control characters, bidi controls and what is not UTF-8 become
 * visible (shared/text/text.h), and stay in one piece behind letters that run from right to left; &, <, >, " and ' are
 * escaped. */
MUST_CHECK bool html_text(struct buffer *out, struct bytes text);
/* The same, with line breaks and tabs as they are. */
MUST_CHECK bool html_body(struct buffer *out, struct bytes text);
