#include "shared/json/json_once.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define LONG_TEXT ((size_t)1 << 20)

struct reading {
	struct bytes text;
	size_t at, given_back; /* up to which byte it was read, and its memory given back */
};

/* "\ud800" to "\udfff", in either case of letters; a pair of them too. */
static bool has_half(struct bytes text)
{
	const uint8_t *at = text.at, *end = text.at + text.len;
	while ((at = memchr(at, '\\', (size_t)(end - at)))) {
		if (end - at < 4)
			return false;
		if (at[1] == 'u' && (at[2] | 0x20) == 'd' && !(at[3] >= '0' && at[3] <= '7'))
			return true;
		at += 2;
	}
	return false;
}

/* Whole pages alone: what lies beside the text is others'. */
static void give_back(struct reading *r)
{
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE), base = (uintptr_t)r->text.at;
	uintptr_t from = (base + r->given_back + page - 1) / page * page, to = (base + r->at) / page * page;
	if (to > from)
		(void)madvise((void *)from, to - from, MADV_DONTNEED);
	r->given_back = r->at;
}

static size_t on_more(void *to, size_t len, void *user)
{
	struct reading *r = user;
	size_t left = r->text.len - r->at, piece = left < len ? left : len;
	memcpy(to, r->text.at + r->at, piece);
	r->at += piece;
	if (r->at - r->given_back >= LONG_TEXT)
		give_back(r);
	return piece;
}

json_t *json_load_once(struct bytes text, size_t flags, json_error_t *je)
{
	struct reading r = { .text = text };
	if (text.len < LONG_TEXT || has_half(text))
		return json_loadb(text.len ? (const char *)text.at : "", text.len, flags, je);
	return json_load_callback(on_more, &r, flags, je);
}
