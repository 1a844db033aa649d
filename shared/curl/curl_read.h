/* curl command lines as requests: what a browser's "Copy as cURL", a provider's documentation or `creel export` writes.
 * The options of curl(1) that make the request are done as curl does them; those about the connection and the output
 * have no effect; all others are refused by their name. User-Agent is that of -H or -A, or none. Pure but for what the
 * sink does. */
#pragma once

#include "shared/transcripts/import_sink.h"

/* False when the sink ended it. */
MUST_CHECK bool curl_read(struct bytes script, const struct import_sink *sink, struct error *e);
