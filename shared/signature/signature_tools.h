/* Parts of what webhooks are read and signed with, by challenges and samples as well. Pure; any thread. */
#pragma once

#include "shared/base/buffer.h"

#define SIGNATURE_JSON_MOST ((size_t)256 << 10)
/* Whether it may be a JSON text with values in it, by its first character and its length. */
bool signature_json_begins(struct bytes body);
/* One value of a JSON text of up to SIGNATURE_JSON_MOST by a path as "event.type", "[0].event". Appends a string's
 * meaning or a number's lexeme. False: there is none. *lexeme, if not NULL, is where it stands. */
bool signature_json_value(struct bytes body, const char *path, struct buffer *out, struct bytes *lexeme);
/* How many members the list at that path has; 0: there is no list. */
size_t signature_json_count(struct bytes body, const char *path);
/* Appends the first name of a JSON object that is not `name`. False: there is none. */
bool signature_json_other_key(struct bytes body, const char *name, struct buffer *out);
/* In constant time for equal lengths. */
bool signature_equal(struct bytes a, struct bytes b);
/* HMAC-SHA256 in lower-case hex, appended. */
MUST_CHECK bool signature_hmac_hex(struct bytes key, struct bytes content, struct buffer *out);
/* The same as Braintree makes it: HMAC-SHA1, the key the SHA-1 of the secret's last line. */
MUST_CHECK bool signature_braintree_hex(struct bytes secret, struct bytes content, struct buffer *out);
