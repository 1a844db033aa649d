/* Sessions of Charles Proxy as JSON (.chlsj): a list of transactions. Pure but for what the sink does. */
#pragma once

#include "shared/transcripts/import_sink.h"

/* *left_out counts transactions that are not HTTP: tunnels. False when the sink ended it, or the text is not such a
 * session (EXIT_USAGE). */
MUST_CHECK bool charles_read(struct bytes text, const struct import_sink *sink, uint64_t *left_out, struct error *e);
