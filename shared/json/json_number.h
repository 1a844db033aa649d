/* Numbers of JSON compared exactly, however many digits they have: as decimals, never as doubles. 9007199254740993 is
 * not 9007199254740992; 1, 1.0 and 1e0 are the same, and so are 0 and -0. Exponents beyond a thousand million million
 * count as that many. Pure; any thread. */
#pragma once

#include "shared/base/bytes.h"

/* A number as it stands in a text, which it points into. */
struct json_number {
	struct bytes digits; /* from the first that is not 0 to the last that is not, with a point among them perhaps */
	int64_t magnitude;   /* 12.3 is .123 times ten to the power of 2 */
	bool negative;
};

/* As in JSON, or with a + or zeros before it: what people type. False when the text is anything else. */
bool json_number_read(struct bytes text, struct json_number *out);
/* <0, 0, >0. */
int json_number_compare(const struct json_number *a, const struct json_number *b);
