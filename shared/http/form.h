/* Forms (application/x-www-form-urlencoded) and the queries of URLs, which are written alike. Pure; any thread. */
#pragma once

#include "shared/base/buffer.h"

/* Whether the block's Content-Type says that the body is one. */
bool form_is(struct bytes headers);
/* Appends the text without its %41 and + for a blank. False when out of memory. */
MUST_CHECK bool form_decode(struct bytes in, struct buffer *out);
/* Steps through name=value&…: takes the first pair off *rest. The views are still encoded. False at the end. */
bool form_next_pair(struct bytes *rest, struct bytes *name, struct bytes *value);
/* Appends the first value of that name, decoded. False when it is not there, or out of memory. */
bool form_value(struct bytes form, const char *name, struct buffer *out);
/* The first value of that name in a URL's query, still encoded: a view. False when it is not there. */
bool form_query_value(struct bytes url, const char *name, struct bytes *out);
enum form_style {
	FORM_OF_BROWSERS, /* + for a blank; * - . _ as they are (the URL standard) */
	FORM_PERCENT,     /* %20 for a blank; * - . _ as they are */
	FORM_UNRESERVED,  /* %20 for a blank; - . _ ~ as they are (RFC 3986 §2.3) */
};
/* Appends a name or a value as it stands in a form. False when out of memory. */
MUST_CHECK bool form_encode(struct bytes in, enum form_style style, struct buffer *out);
