/* Texts split into words, and blocks of them, beside the plain way of doing it. */
#include "shared/text/text_fold.h"
#include "shared/words/word_query.h"
#include "tests/unit/unit.h"

static unsigned seed = 7;

static unsigned draw(unsigned below)
{
	seed = seed * 1103515245u + 12345u;
	return (seed >> 16) % below;
}

/* ---- splitting ---- */

/* A byte after the other, of the folded text. */
static bool next_plainly(struct bytes text, size_t *at, struct bytes *out)
{
	while (*at < text.len && !word_is_byte(text.at[*at]))
		++*at;
	size_t from = *at;
	while (*at < text.len && word_is_byte(text.at[*at]))
		++*at;
	size_t len = *at - from;
	*out = bytes_make(text.at + from, len < WORD_MOST ? len : WORD_MOST);
	return len > 0;
}

static void expect_split(struct word_split *w, struct bytes text)
{
	struct buffer folded = { 0 };
	struct bytes word, expected;
	size_t at = 0;
	assert_true(text_fold(&folded, text));
	assert_true(word_split_begin(w, text));
	while (next_plainly(buffer_view(&folded), &at, &expected)) {
		assert_true(word_split_next(w, &word));
		assert_int_equal(word.len, expected.len);
		assert_memory_equal(word.at, expected.at, word.len);
	}
	assert_false(word_split_next(w, &word));
	assert_false(word_split_next(w, &word));
	buffer_free(&folded);
}

static void test_split(void **state)
{
	struct word_split w = { 0 };
	uint8_t text[400];
	(void)state;
	expect_split(&w, bytes_of(""));
	expect_split(&w, bytes_of("One two-THREE 4.5 \xc3\x89t\xc3\xa9 \xff"));
	for (size_t i = 0; i < 256; i++)
		text[i] = (uint8_t)i;
	expect_split(&w, bytes_make(text, 256));
	/* Each length and place about the eights and sixty-fours, and much of one kind. */
	for (int round = 0; round < 4000; round++) {
		size_t len = draw(200);
		uint8_t kind = (uint8_t)draw(4);
		for (size_t i = 0; i < len; i++)
			text[i] = kind == 0                  ? (uint8_t)draw(256)
				  : kind == 1                ? (uint8_t)draw(128)
				  : draw(kind == 2 ? 70 : 5) ? (uint8_t)('A' + draw(58))
							     : ' ';
		/* A copy of its own, so that a byte read behind its end is seen. */
		uint8_t *own = malloc(len ? len : 1);
		assert_non_null(own);
		memcpy(own, text, len);
		expect_split(&w, bytes_make(own, len));
		free(own);
	}
	word_split_free(&w);
}

/* ---- blocks ---- */

#define PAGES_MOST 4000

struct kept {
	size_t count;
	struct buffer first[PAGES_MOST], page[PAGES_MOST];
};

static bool keep(void *user, struct bytes first, struct bytes page)
{
	struct kept *k = user;
	assert_true(k->count < PAGES_MOST);
	assert_int_equal(first.len == 0, k->count == 0);
	assert_true(k->count < 2 ||
		    memcmp(k->first[k->count - 1].at, first.at,
			   k->first[k->count - 1].len < first.len ? k->first[k->count - 1].len : first.len) <= 0);
	assert_true(buffer_append_bytes(&k->first[k->count], first) && buffer_append_bytes(&k->page[k->count], page));
	k->count++;
	return true;
}

static void forget(struct kept *k)
{
	for (size_t i = 0; i < k->count; i++) {
		buffer_free(&k->first[i]);
		buffer_free(&k->page[i]);
	}
	k->count = 0;
}

#define BLOCK 77 /* its number */

/* As the store does it: from the last page that begins at the key or before it. */
static bool look(void *user, struct bytes key, bool open, struct word_places *into)
{
	struct kept *k = user;
	struct word_find find;
	size_t i = k->count;
	word_find_begin(&find, BLOCK, key, open, into);
	while (i > 0) {
		struct bytes first = buffer_view(&k->first[--i]);
		int order = first.len ? memcmp(first.at, key.at, first.len < key.len ? first.len : key.len) : 0;
		if (order < 0 || (order == 0 && first.len <= key.len))
			break;
	}
	for (; find.on && i < k->count; i++)
		if (!word_find_in(&find, buffer_view(&k->page[i])))
			return false;
	return !find.on;
}

static bool has(const struct word_places *p, size_t place)
{
	return p->bits[place / 64] >> (place % 64) & 1;
}

#define PLACES 3000
#define WORDS 700

/* Some words are everywhere, some in runs, some here and there, some once. */
static bool stands_in(unsigned word, unsigned place)
{
	switch (word % 5) {
	case 0:
		return word < 40;
	case 1:
		return place / 100 % 7 == word % 7;
	case 2:
		return (place * 2654435761u ^ word * 40503u) % 11 == 0;
	case 3:
		return place == word * 4;
	default:
		return place % 64 == word % 64 || place == PLACES - 1;
	}
}

static void spell(unsigned word, char out[80])
{
	static const char *const forms[][2] = {
		{ "w", "" }, { "shared", "word" }, { "", "" }, { "aVeryLongWordThatIsLongerThanOthers", "" }
	};
	size_t form = word % 3 + (word % 100 == 99);
	snprintf(out, 80, "%s%u%s", forms[form][0], word, forms[form][1]);
}

static void expect_word(struct kept *k, const char *word, bool open)
{
	struct word_places found;
	struct buffer query = { 0 };
	char spelt[80];
	size_t len = strlen(word);
	assert_true(word_query_put_word(&query, "b", bytes_of(word), open));
	assert_true(word_query_run(buffer_view(&query), look, k, &found));
	bool expected[PLACES] = { false };
	for (unsigned w = 0; w < WORDS; w++) {
		struct buffer folded = { 0 };
		spell(w, spelt);
		assert_true(text_fold(&folded, bytes_of(spelt)));
		size_t own = folded.len < WORD_MOST ? folded.len : WORD_MOST, asked = len < WORD_MOST ? len : WORD_MOST;
		bool fits =
		    (open && len <= WORD_MOST ? own >= asked : own == asked) && memcmp(folded.at, word, asked) == 0;
		for (unsigned place = 0; fits && place < PLACES; place++)
			expected[place] = expected[place] || stands_in(w, place);
		buffer_free(&folded);
	}
	for (unsigned place = 0; place < PLACES; place++)
		if (has(&found, place) != expected[place])
			fail_msg("%s%s at %u: %d", word, open ? "*" : "", place, has(&found, place));
	buffer_free(&query);
}

static void test_block(void **state)
{
	static struct kept k;
	struct word_block *b = word_block_new(11);
	struct buffer text = { 0 };
	char spelt[80];
	(void)state;
	assert_non_null(b);
	for (int round = 0; round < 2; round++) {
		word_block_clear(b);
		forget(&k);
		for (unsigned place = 0; place < PLACES; place++) {
			text.len = 0;
			for (unsigned w = 0; w < WORDS; w++) {
				spell(w, spelt);
				if (stands_in(w, place))
					assert_true(buffer_printf(&text, "%s, ", spelt));
			}
			assert_true(word_block_add(b, place, WORD_PART_ABOUT, bytes_of("elsewhere w0")));
			assert_true(word_block_add(b, place, WORD_PART_BODY, buffer_view(&text)));
			/* Once more: a word stands in a delivery or does not. */
			assert_true(word_block_add(b, place, WORD_PART_BODY, buffer_view(&text)));
		}
		assert_true(word_block_pages(b, BLOCK, keep, &k));
	}
	static const char *const whole[] = { "w0",
					     "w9",
					     "shared1word",
					     "shared697word",
					     "2",
					     "elsewhere",
					     "nowhere",
					     "w",
					     "averylongwordthatislongerthanothers99" };
	for (size_t i = 0; i < sizeof whole / sizeof *whole; i++)
		expect_word(&k, whole[i], false);
	static const char *const open[] = { "shared6", "w69", "2", "zzz", "averylongword" };
	for (size_t i = 0; i < sizeof open / sizeof *open; i++)
		expect_word(&k, open[i], true);
	forget(&k);
	buffer_free(&text);
	word_block_free(b);
}

static void test_query(void **state)
{
	static struct kept k;
	struct word_block *b = word_block_new(11);
	struct word_places found;
	struct buffer query = { 0 };
	(void)state;
	assert_non_null(b);
	assert_true(word_block_add(b, 0, WORD_PART_BODY, bytes_of("one two")) &&
		    word_block_add(b, 1, WORD_PART_BODY, bytes_of("two three")) &&
		    word_block_add(b, 4095, WORD_PART_ABOUT, bytes_of("one three")) &&
		    word_block_pages(b, BLOCK, keep, &k));
	/* (one AND two) OR three, in any part */
	assert_true(word_query_put_word(&query, "ab", bytes_of("one"), false) &&
		    word_query_put_word(&query, "ab", bytes_of("two"), false) && word_query_put_both(&query) &&
		    word_query_put_word(&query, "a", bytes_of("thre"), true) && word_query_put_either(&query));
	assert_true(word_query_run(buffer_view(&query), look, &k, &found));
	assert_true(has(&found, 0) && !has(&found, 1) && has(&found, 4095));
	/* Cut off anywhere it is no query, or another one. */
	for (size_t len = 0; len < query.len; len++)
		(void)!word_query_run(bytes_make(query.at, len), look, &k, &found);
	assert_false(word_query_run(bytes_of(""), look, &k, &found));
	assert_false(word_query_run(bytes_of("&"), look, &k, &found));
	assert_false(word_query_run(bytes_of("x"), look, &k, &found));
	query.len = 0;
	for (int i = 0; i < 200; i++)
		assert_true(word_query_put_word(&query, "a", bytes_of("one"), false));
	assert_false(word_query_run(buffer_view(&query), look, &k, &found));
	forget(&k);
	buffer_free(&query);
	word_block_free(b);
}

/* Whether the search for it says something, and then that it stands where it should. */
static bool is_found(struct kept *k, const char *key, bool open, unsigned every)
{
	struct word_places found = { { 0 } };
	if (!look(k, bytes_of(key), open, &found))
		return false;
	for (unsigned place = 0; place < 4096; place++)
		if (has(&found, place) != (every && place % every == 0))
			fail_msg("%s at %u", key, place);
	return true;
}

static void make_many(struct word_block *b, struct kept *k)
{
	char text[100];
	for (unsigned place = 0; place < 4096; place += 3) {
		snprintf(text, sizeof text, "alpha beta gamma alphabet w%u w%ux", place, place);
		assert_true(word_block_add(b, place, WORD_PART_BODY, bytes_of(text)));
	}
	assert_true(word_block_pages(b, BLOCK, keep, k));
	assert_true(k->count > 10);
}

/* Whatever single byte is another one, no search says that there is nothing: it says nothing, or what is right. */
static void test_damaged_pages(void **state)
{
	static struct kept k;
	static const char *const keys[] = { "balpha", "bgamma", "bw3", "bw4095x", "bzz", "a" };
	struct word_block *b = word_block_new(5);
	struct word_find find;
	struct word_places found;
	(void)state;
	assert_non_null(b);
	make_many(b, &k);
	for (int i = 0; i < 2; i++)
		assert_true(is_found(&k, keys[i], false, 3));
	for (int round = 0; round < 20000; round++) {
		struct bytes page = buffer_view(&k.page[draw((unsigned)k.count)]);
		size_t len = draw(4) ? page.len : draw((unsigned)page.len);
		uint8_t *own = malloc(len ? len : 1);
		assert_non_null(own);
		memcpy(own, page.at, len);
		if (len)
			own[draw((unsigned)len)] ^= (uint8_t)(1 + draw(255));
		word_find_begin(&find, BLOCK, bytes_of(keys[draw(6)]), draw(2), &found);
		assert_false(word_find_in(&find, bytes_make(own, len)));
		free(own);
	}
	forget(&k);
	word_block_free(b);
}

/* A page that is missing, in another's place, or in another block. */
static void test_pages_that_are_not_wanted(void **state)
{
	static struct kept k, less;
	struct word_block *b = word_block_new(5);
	struct word_find find;
	struct word_places found = { { 0 } };
	(void)state;
	assert_non_null(b);
	make_many(b, &k);
	/* The whole has one. */
	assert_true(is_found(&k, "bnowhere", false, 0));
	assert_true(is_found(&k, "a", false, 0));
	assert_true(is_found(&k, "bzz", false, 0));
	assert_true(is_found(&k, "bgamm", true, 3));
	assert_true(is_found(&k, "b", true, 3));
	for (size_t gone = 0; gone < k.count; gone++) {
		int silent = 0;
		for (size_t i = 0; i < k.count; i++)
			if (i != gone)
				assert_true(buffer_append_bytes(&less.first[less.count], buffer_view(&k.first[i])) &&
					    buffer_append_bytes(&less.page[less.count++], buffer_view(&k.page[i])));
		/* Those that stand in the others are found all the same. */
		silent += !is_found(&less, "balpha", false, 3);
		silent += !is_found(&less, "bgamma", false, 3);
		assert_true(silent <= 2);
		assert_false(is_found(&less, "b", true, 3));
		for (unsigned place = 0; place < 4096; place += 300) {
			struct word_places at = { { 0 } };
			char key[20];
			snprintf(key, sizeof key, "bw%ux", place);
			if (look(&less, bytes_of(key), false, &at))
				assert_true(has(&at, place));
			else
				silent++;
		}
		forget(&less);
	}
	/* In another block's rows, or by a row that says another word. */
	word_find_begin(&find, BLOCK + 1, bytes_of("balpha"), false, &found);
	assert_false(word_find_in(&find, buffer_view(&k.page[0])));
	word_find_begin(&find, BLOCK, bytes_of("balpha"), false, &found);
	assert_false(word_find_in(&find, buffer_view(&k.page[k.count - 1])));
	word_find_begin(&find, BLOCK, bytes_of("bzz"), false, &found);
	assert_false(word_find_in(&find, buffer_view(&k.page[0])));
	forget(&k);
	word_block_free(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_split), cmocka_unit_test(test_block),
					    cmocka_unit_test(test_query), cmocka_unit_test(test_damaged_pages),
					    cmocka_unit_test(test_pages_that_are_not_wanted) };
	return RUN(tests);
}
