/* Where a value stands in a request: the places that the rows of the table name. Inside of shared/signature. Pure.
 *
 *    field:NAME      a header field's value
 *    form:NAME       a field of a form or a part of a multipart body, as its Content-Type says
 *    form:NAME>PATH  a value of the JSON that is in it
 *    query:NAME      a parameter of the URL's query, decoded
 *    key:OTHER       the first name in a JSON object that is not OTHER
 *    text:TEXT       that text, whatever came
 *    lower:PLACE     what is in that place, in lower case
 *    PATH            a value of a JSON body: "event.type", "[0].event"; [#] is the `item`-th element
 */
#pragma once

#include "shared/signature/signature_private.h"

/* Long enough for every path of the table. */
#define PLACE_LEN 160
/* The path with the item's number for its '#': the path itself where it has none, else *out. */
const char *place_numbered(const char *path, size_t item, char out[PLACE_LEN]);
/* Appends the value. False when it is not there, or out of memory. */
MUST_CHECK bool place_read(const char *place, const struct signature_input *in, size_t item, struct buffer *out);
/* A mark: PLACE (there is a value), PLACE=TEXT (it is that) PLACE~TEXT (it contains that, case folded),
 * body:~TEXT (the beginning of the body, whatever it is, contains that), or !MARK (that does not hold). */
bool place_holds(const char *mark, const struct signature_input *in);
/* Puts the body with `value` in that place into *out, which is emptied. False when the place is not in the body as it
 * is, or out of memory. */
MUST_CHECK bool place_write(const char *place, const struct signature_input *in, size_t item, struct bytes value,
			    struct buffer *out);
/* How many members the list at that path has; 0 when it is none. */
size_t place_count(const char *path, struct bytes body);
