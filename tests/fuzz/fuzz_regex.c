/* Regular expressions, and after a NUL what they are tried on: what is refused has a reason, the quick way and the
 * certain one agree, and where the steps are over there is no answer. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shared/filter/filter_private.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool over(void *looks)
{
	size_t *left = looks;
	return *left == 0 || --*left == 0;
}

static void check(bool fine, const char *what)
{
	if (fine)
		return;
	fprintf(stderr, "%s\n", what);
	abort();
}

/* 1: fits, 0: not, -1: given up. */
static int ask(const struct filter_regex *r, struct bytes text)
{
	size_t looks = 3000;
	struct filter_stop stop = { .stopped = over, .user = &looks };
	bool fits = filter_regex_fits(r, text, &stop);
	check(!stop.broken || (!fits && looks == 0), "no answer, and not stopped");
	return stop.broken ? -1 : fits;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *end = size ? memchr(data, 0, size) : NULL;
	struct filter_regex r;
	const char *why = NULL;
	if (!end)
		return 0;
	if (filter_regex_read((const char *)data, &r, &why)) {
		struct bytes text = bytes_make(end + 1, size - (size_t)(end + 1 - data));
		struct filter_regex certain = { .certain = r.certain, .cost = r.cost };
		int one = ask(&r, text), other = ask(&certain, text);
		check(one == other || one < 0 || other < 0, "the two ways differ");
	} else {
		check(why && *why, "no reason");
	}
	filter_regex_free(&r);
	return 0;
}
