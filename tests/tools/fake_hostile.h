/* Deliveries that want something of the terminal they are shown in: control characters, sequences and invalid UTF-8 in
 * every place. A test fails where the word CANARY is taken for a part of a sequence, or a sequence gets through. */
#pragma once

#include "shared/frontend/source.h"

/* The n-th hostile text; they come over and over. */
const char *fake_hostile_text(size_t n);
/* Header fields, attempts and a body for the document of delivery `id`. False: out of memory. */
MUST_CHECK bool fake_hostile_fill(struct document *d, int64_t id);
