/* What a Content-Type says: type/subtype and parameters (RFC 9110 §8.3). Pure; any thread. */
#pragma once

#include "shared/base/bytes.h"

/* The block's Content-Type without its parameters; empty when there is none. */
struct bytes media_type_of(struct bytes headers);
/* The same out of the field's value. */
struct bytes media_type_trim(struct bytes content_type);
/* Whether it ends so, in upper or lower case: "/json", "+json". */
bool media_type_ends(struct bytes type, const char *end);
/* Whether it begins so: "multipart/". */
bool media_type_begins(struct bytes type, const char *begin);
/* A parameter of a field's whole value, without its quotes: of Content-Type and of Content-Disposition. What stands in
 * the quotes is given as it came. False when it is not there. */
bool media_type_parameter(struct bytes value, const char *name, struct bytes *out);
