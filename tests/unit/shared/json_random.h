/* Random JSON from a seed, for tests: every kind of value, odd keys, escapes, blanks. */
#pragma once

#include <stdlib.h>

#include "shared/base/buffer.h"

static inline uint32_t json_random_next(uint32_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 17;
	*state ^= *state << 5;
	return *state;
}

static inline void json_random_put(struct buffer *out, const char *text)
{
	if (!buffer_append_text(out, text))
		abort();
}

static inline void json_random_blank(struct buffer *out, uint32_t *state, bool blanks)
{
	static const char *const some[] = { "", "", " ", "\n", "\t", "\r\n  " };
	if (blanks)
		json_random_put(out, some[json_random_next(state) % 6]);
}

static inline void json_random_string(struct buffer *out, uint32_t *state)
{
	static const char *const some[] = {
		"a", "b", "id", "\xc3\xa9", "\\n",  "\\u00e9",        "\\\"",      "\xf0\x9f\x98\x80",
		"{", "]", ",",  ":",        "\xff", "\\ud83d\\ude00", "x\xcc\x81", "\xe2\x80\xae"
	};
	json_random_put(out, "\"");
	for (uint32_t n = json_random_next(state) % 6; n-- > 0;)
		json_random_put(out, some[json_random_next(state) % (sizeof some / sizeof *some)]);
	json_random_put(out, "\"");
}

static inline void json_random_value(struct buffer *out, uint32_t *state, int depth, bool blanks)
{
	static const char *const scalars[] = { "0",   "-1.50e+3", "12345678901234567890", "true", "false", "null",
					       "1e5", "-0" };
	uint32_t pick = json_random_next(state) % (depth > 5 ? 2 : 4);
	json_random_blank(out, state, blanks);
	if (pick == 0) {
		json_random_put(out, scalars[json_random_next(state) % 8]);
	} else if (pick == 1) {
		json_random_string(out, state);
	} else {
		json_random_put(out, pick == 2 ? "{" : "[");
		uint32_t count = json_random_next(state) % 6;
		for (uint32_t i = 0; i < count; i++) {
			json_random_blank(out, state, blanks);
			if (pick == 2) {
				json_random_string(out, state);
				json_random_blank(out, state, blanks);
				json_random_put(out, ":");
			}
			json_random_value(out, state, depth + 1, blanks);
			if (i + 1 < count)
				json_random_put(out, ",");
		}
		json_random_blank(out, state, blanks);
		json_random_put(out, pick == 2 ? "}" : "]");
	}
	json_random_blank(out, state, blanks);
}

static inline void json_random(struct buffer *out, uint32_t seed, bool blanks)
{
	uint32_t state = seed * 2654435761u | 1;
	json_random_value(out, &state, 0, blanks);
}
