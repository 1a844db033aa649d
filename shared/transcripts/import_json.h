/* Reading deliveries out of JSON that somebody may have written: what ndjson.c and har_read.c share. Sentences name the
 * field; the caller adds the place. Pure; any thread. */
#pragma once

#include "shared/base/error.h"
#include "shared/transcripts/transcript.h"
#include "shared/json/json_bytes.h"

/* A text of the object into `out`: empty when it is missing or null, an error when it is something else. */
MUST_CHECK bool import_text(const json_t *object, const char *name, struct buffer *out, struct error *e);
/* "NAME_base64" when there is one, else the text "NAME". */
MUST_CHECK bool import_bytes(const json_t *object, const char *name, struct buffer *out, struct error *e);
MUST_CHECK bool import_number(const json_t *object, const char *name, double most, double *out, struct error *e);
MUST_CHECK bool import_flag(const json_t *object, const char *name, bool *out, struct error *e);
MUST_CHECK bool import_field(struct buffer *block, struct bytes name, struct bytes value, struct error *e);
/* "2026-11-23T13:42:34.123456Z", also with +01:00, +0100 or +01, any number of digits after the point, or a blank for
 * the T. A time without a zone is refused. */
MUST_CHECK bool import_time(const json_t *object, const char *name, uint64_t *out_us, struct error *e);
/* The id in the text, or one made of the time and the object, the same each time. */
MUST_CHECK bool import_event_id(const json_t *text, const json_t *object, uint64_t at_us, uint8_t out[UUID_LEN],
				struct error *e);
/* Texts "note" and the strings of the list "tags". */
MUST_CHECK bool import_labels(const json_t *object, struct store_labels *out, struct error *e);
/* The names of store.h; what is unknown is an error. Missing leaves *out. */
MUST_CHECK bool import_state(const json_t *object, enum delivery_state *out, struct error *e);
MUST_CHECK bool import_result(const json_t *object, enum attempt_result *out, struct error *e);
