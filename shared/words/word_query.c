#include "shared/words/word_query.h"

#include <string.h>

#define BOTH '&'
#define EITHER '|'
#define WHOLE '='
#define OPEN '*'
/* Groups within groups (FILTER_DEPTH_MAX), each with what stands before it. */
#define DEEP 80

bool word_query_put_word(struct buffer *out, const char *parts, struct bytes word, bool open)
{
	size_t len = word.len < WORD_MOST ? word.len : WORD_MOST;
	return buffer_put_u8(out, open && len == word.len ? OPEN : WHOLE) && buffer_put_text8(out, parts) &&
	       buffer_put_u8(out, (uint8_t)len) && buffer_append(out, word.at, len);
}

bool word_query_put_both(struct buffer *out)
{
	return buffer_put_u8(out, BOTH);
}

bool word_query_put_either(struct buffer *out)
{
	return buffer_put_u8(out, EITHER);
}

/* ---- running ---- */

struct run {
	struct bytes rest;
	bool (*look)(void *user, struct bytes key, bool open, struct word_places *into);
	void *user;
	struct word_places stack[DEEP];
	size_t depth;
};

static bool take(struct run *r, struct bytes *out)
{
	if (r->rest.len == 0 || r->rest.len - 1 < *r->rest.at)
		return false;
	*out = bytes_make(r->rest.at + 1, *r->rest.at);
	r->rest = bytes_make(out->at + out->len, r->rest.len - 1 - out->len);
	return true;
}

static bool run_word(struct run *r, bool open)
{
	struct bytes parts, word;
	uint8_t key[WORD_MOST + 1];
	if (r->depth == DEEP || !take(r, &parts) || !take(r, &word) || word.len > WORD_MOST)
		return false;
	struct word_places *into = &r->stack[r->depth++];
	memset(into, 0, sizeof *into);
	if (word.len)
		memcpy(key + 1, word.at, word.len);
	for (size_t i = 0; i < parts.len; i++) {
		key[0] = parts.at[i];
		if (!r->look(r->user, bytes_make(key, word.len + 1), open, into))
			return false;
	}
	return true;
}

static bool run_join(struct run *r, bool both)
{
	if (r->depth < 2)
		return false;
	struct word_places *into = &r->stack[r->depth - 2], *other = &r->stack[r->depth - 1];
	for (size_t i = 0; i < sizeof into->bits / sizeof *into->bits; i++)
		into->bits[i] = both ? into->bits[i] & other->bits[i] : into->bits[i] | other->bits[i];
	r->depth--;
	return true;
}

bool word_query_run(struct bytes query, bool (*look)(void *user, struct bytes key, bool open, struct word_places *into),
		    void *user, struct word_places *out)
{
	struct run r;
	r.rest = query;
	r.look = look;
	r.user = user;
	r.depth = 0;
	while (r.rest.len) {
		uint8_t what = *r.rest.at;
		r.rest = bytes_make(r.rest.at + 1, r.rest.len - 1);
		if (what == WHOLE || what == OPEN ? !run_word(&r, what == OPEN)
						  : (what != BOTH && what != EITHER) || !run_join(&r, what == BOTH))
			return false;
	}
	if (r.depth != 1)
		return false;
	*out = r.stack[0];
	return true;
}
