/* Values out of a JSON body, by the rules that all of creel reads JSON by (json_tokens.h), and by a path (json_find.h).
 * Bounded: a long body is not searched. A byte order mark before the text is allowed. Pure; any thread. */
#pragma once

#include "shared/base/buffer.h"

#define JSON_BODY_MOST ((size_t)256 << 10)
/* Whether it may be a JSON text with values in it, by its first character and its length. */
bool json_body_begins(struct bytes body);
/* One value of a JSON text of up to JSON_BODY_MOST by a path as "event.type", "[0].event". Appends a string's
 * meaning or a number's lexeme. False: there is none. *lexeme, if not NULL, is where it stands. */
bool json_body_value(struct bytes body, const char *path, struct buffer *out, struct bytes *lexeme);
/* How many members the list at that path has; 0: there is no list. */
size_t json_body_count(struct bytes body, const char *path);
/* Appends the first name of a JSON object that is not `name`. False: there is none. */
bool json_body_other_key(struct bytes body, const char *name, struct buffer *out);
