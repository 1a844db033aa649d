/* A delivery in a line of JSON, as `creel export --format ndjson` writes it (client/transfer/export.c), read back: the
 * fields of `creel show --json`, with what a string cannot hold as NAME_base64, and the last attempt. Pure; any thread.
 */
#pragma once

#include "shared/base/error.h"
#include "shared/transcripts/transcript.h"

/* False and a sentence without the line's number. transcript_free in any case. The line's bytes are undefined then
 * (json_once.h). */
MUST_CHECK bool ndjson_read(struct bytes line, struct transcript *out, struct error *e);
