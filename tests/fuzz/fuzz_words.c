/* A page of the search index as a damaged record may hold it: nothing may crash. And a text: what is made of it is
 * found again, each word in its place and in no other, and with one byte changed never elsewhere. */
#include <stdlib.h>
#include <string.h>

#include "shared/words/word_query.h"

#define BLOCK 9
#define PLACE 4000
#define PAGES_MOST 64

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool condition)
{
	if (!condition)
		abort();
}

struct pages {
	size_t count;
	struct buffer first[PAGES_MOST], page[PAGES_MOST];
};

static bool keep(void *user, struct bytes first, struct bytes page)
{
	struct pages *p = user;
	return p->count < PAGES_MOST && buffer_append_bytes(&p->first[p->count], first) &&
	       buffer_append_bytes(&p->page[p->count++], page);
}

static int compare(struct bytes a, struct bytes b)
{
	size_t len = a.len < b.len ? a.len : b.len;
	int order = len ? memcmp(a.at, b.at, len) : 0;
	return order ? order : (a.len > b.len) - (a.len < b.len);
}

static bool look(void *user, struct bytes key, bool open, struct word_places *into)
{
	const struct pages *p = user;
	struct word_find find;
	size_t i = p->count;
	word_find_begin(&find, BLOCK, key, open, into);
	while (i > 1 && compare(buffer_view(&p->first[i - 1]), key) > 0)
		i--;
	for (i = i ? i - 1 : 0; find.on && i < p->count; i++)
		if (!word_find_in(&find, buffer_view(&p->page[i])))
			return false;
	return !find.on;
}

static bool stands(const struct pages *p, struct bytes word, bool open, bool *said)
{
	struct buffer query = { 0 };
	struct word_places found;
	check(word_query_put_word(&query, "b", word, open));
	*said = word_query_run(buffer_view(&query), look, (void *)p, &found);
	buffer_free(&query);
	return *said && found.bits[PLACE / 64] >> (PLACE % 64) & 1;
}

static void find_all(const struct pages *p, struct bytes text, bool whole)
{
	struct word_split split = { 0 };
	struct bytes word;
	bool said;
	check(word_split_begin(&split, text));
	while (word_split_next(&split, &word)) {
		check(stands(p, word, false, &said) || (!said && !whole));
		check(stands(p, bytes_make(word.at, 1), true, &said) || (!said && !whole));
	}
	check(!stands(p, bytes_of("-"), false, &said) && (said || !whole));
	word_split_free(&split);
}

/* `at` chooses the byte that is damaged. */
static void make_and_find(uint64_t at, struct bytes text)
{
	static struct pages p;
	struct word_block *b = word_block_new(at);
	check(b && word_block_add(b, PLACE, WORD_PART_BODY, text));
	if (word_block_pages(b, BLOCK, keep, &p) && p.count) {
		find_all(&p, text, true);
		struct buffer *page = &p.page[at % p.count];
		page->at[(at >> 8) % page->len] ^= (uint8_t)(at >> 24 | 1);
		find_all(&p, text, false);
	}
	for (size_t i = 0; i < p.count; i++) {
		buffer_free(&p.first[i]);
		buffer_free(&p.page[i]);
	}
	p.count = 0;
	word_block_free(b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct word_places found = { { 0 } };
	struct word_find find;
	struct buffer page = { 0 };
	uint64_t at = 0;
	/* With a sum that fits, or nothing else would be read. */
	size_t next = size && data[0] % 34 < size ? data[0] % 34 : 0;
	check(buffer_append(&page, data, size) && word_page_end(&page, BLOCK, next & 1, bytes_make(data, next)));
	for (int open = 0; open < 2; open++) {
		word_find_begin(&find, BLOCK, bytes_make(data, size < 5 ? size : 5), open, &found);
		(void)!word_find_in(&find, buffer_view(&page));
		(void)!word_find_in(&find, buffer_view(&page));
		word_find_begin(&find, BLOCK, bytes_of("b"), open, &found);
		(void)!word_find_in(&find, bytes_make(data, size));
	}
	buffer_free(&page);
	memcpy(&at, data, size < sizeof at ? size : sizeof at);
	make_and_find(at, bytes_make(data, size));
	return 0;
}
