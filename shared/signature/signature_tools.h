/* Parts of what webhooks are read and signed with, for handshakes and samples as well. Pure; any thread. */
#pragma once

#include "shared/base/buffer.h"

#define SIGNATURE_JSON_MOST ((size_t)256 << 10)
/* One value of a JSON text of up to SIGNATURE_JSON_MOST by a path as "event.type", "[0].event". Appends a string's
 * meaning or a number's lexeme. False: there is none. *lexeme, if not NULL, is where it stands. */
bool signature_json_value(struct bytes body, const char *path, struct buffer *out, struct bytes *lexeme);
/* Of a query, "…?a=1&b=2", still encoded. */
bool signature_query_value(struct bytes url, const char *name, struct bytes *out);
/* Undoes %41 and + of forms and queries. */
MUST_CHECK bool signature_decode_form(struct bytes in, struct buffer *out);
bool signature_begins(struct bytes b, const char *with);
/* In constant time, but for the lengths. */
bool signature_equal(struct bytes a, struct bytes b);
/* HMAC-SHA256 in lower-case hex, appended. */
MUST_CHECK bool signature_hmac_hex(struct bytes key, struct bytes content, struct buffer *out);
