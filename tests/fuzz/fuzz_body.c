/* What a body says: a head, an empty line and a body. Whatever they are, it is read within its bounds; text in another
 * charset becomes UTF-8; a form is one object of JSON; folding what is folded changes nothing; numbers are in order. */
#include <stdlib.h>
#include <string.h>

#include "shared/content/body.h"
#include "shared/http/headers.h"
#include "shared/json/json_number.h"
#include "shared/text/text.h"
#include "shared/text/text_fold.h"

#define MOST ((size_t)64 << 10)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool fine)
{
	if (!fine)
		abort();
}

/* Lines end in LF alone, so that inputs are easily written. */
static size_t read_head(const uint8_t *data, size_t size, struct buffer *head)
{
	size_t i = 0;
	while (i < size && data[i] != '\n') {
		for (; i < size && data[i] != '\n'; i++)
			check(buffer_put_u8(head, data[i]));
		check(buffer_append_text(head, "\r\n"));
		i += i < size;
	}
	if (!headers_valid(buffer_view(head)))
		head->len = 0;
	return i < size ? i + 1 : size;
}

static bool put_each(void *user, const struct body_value *v)
{
	struct buffer text = { 0 };
	size_t *count = user;
	check(body_value_put(v, &text));
	buffer_free(&text);
	return ++*count == 100;
}

static void follow_paths(struct body *b)
{
	static const char *const paths[] = { "type",   "payload.type", "[0].a", "a.b.c", "Message.id",
					     "a[b]",   "\"a b\"",      "0",     "a.0",   "k",
					     "data.x", "[\"k\"]",      "",      "a..b",  "[9999999999]" };
	for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
		struct buffer out = { 0 };
		struct json_steps steps;
		size_t count = 0;
		(void)body_find(b, paths[i], &out);
		if (json_steps_read(paths[i], &steps))
			(void)body_walk(b, steps.at, steps.count, put_each, &count);
		buffer_free(&out);
	}
}

static void check_words(struct body *b)
{
	struct bytes words[2];
	body_words(b, 1000, words);
	check(words[0].len <= 1000);
	for (int i = 0; i < 2; i++) {
		struct buffer once = { 0 }, twice = { 0 };
		check(text_fold(&once, words[i]) && text_fold(&twice, buffer_view(&once)));
		check(bytes_equal(buffer_view(&once), buffer_view(&twice)));
		buffer_free(&once);
		buffer_free(&twice);
	}
}

static void check_object(struct body *b)
{
	struct buffer object = { 0 };
	struct json_tokens t;
	struct json_error e;
	check(body_put_object(b, &object));
	/* JSON that is as deep as may be is one deeper in an object. */
	if (json_tokenize(buffer_view(&object), false, &t, &e))
		json_tokens_free(&t);
	else
		check(strstr(e.what, "deeper") != NULL);
	buffer_free(&object);
}

static void check_numbers(struct bytes text)
{
	struct json_number a, b;
	struct bytes left = bytes_until(text, ' ');
	if (left.len == text.len || !json_number_read(left, &a) ||
	    !json_number_read(bytes_make(text.at + left.len + 1, text.len - left.len - 1), &b))
		return;
	int there = json_number_compare(&a, &b), back = json_number_compare(&b, &a);
	check((there > 0) == (back < 0) && (there < 0) == (back > 0));
	check(json_number_compare(&a, &a) == 0 && json_number_compare(&b, &b) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buffer head = { 0 };
	struct body b;
	char undone[BODY_UNDONE_LEN];
	size_t from = read_head(data, size, &head);
	body_open(&b, buffer_view(&head), bytes_make(data + from, size - from), MOST);
	struct bytes text = body_text(&b);
	body_say_undone(&b, undone);
	check(text.len <= MOST || (!*b.charset && b.decoded == DECODE_NONE));
	check(!*b.charset || text_is_utf8(text));
	enum body_kind kind = body_kind(&b);
	check((kind == BODY_JSON) == (body_json(&b) != NULL));
	follow_paths(&b);
	check_words(&b);
	if (kind == BODY_FORM || kind == BODY_MULTIPART)
		check_object(&b);
	check_numbers(text);
	body_free(&b);
	buffer_free(&head);
	return 0;
}
