/* Screens against tests/fixtures/tui/NAME.txt: the text, a line of dashes, the roles as letters,
 * another line, the grounds. With GOLDEN=write they are written instead; review the diff. */
#pragma once

#include <stdlib.h>
#include <unistd.h>

#include "tests/unit/unit.h"
#include "tests/unit/tui/surface_dump.h"

/* Frees the text. */
static inline void golden_check_text(struct buffer *text, const char *name)
{
	char path[300];
	const char *mode = getenv("GOLDEN");
	snprintf(path, sizeof path, "tests/fixtures/tui/%s.txt", name);
	if (mode && strcmp(mode, "write") == 0) {
		FILE *f = fopen(path, "wb");
		assert_non_null(f);
		assert_int_equal(fwrite(text->at, 1, text->len, f), text->len);
		assert_int_equal(fclose(f), 0);
	}
	static char golden[200000];
	FILE *f = fopen(path, "rb");
	if (!f)
		fail_msg("%s is missing: GOLDEN=write makes it", path);
	size_t len = fread(golden, 1, sizeof golden - 1, f);
	fclose(f);
	golden[len] = '\0';
	if (!bytes_equal(bytes_make(golden, len), buffer_view(text)))
		fail_msg("%s differs; it is now:\n%.*s", path, (int)text->len, (const char *)text->at);
	buffer_free(text);
}

static inline void golden_check(const struct surface *s, const char *name)
{
	struct buffer text = { 0 }, roles = { 0 };
	assert_true(surface_dump(s, &text, &roles));
	assert_true(buffer_append_text(&text, "--------\n") && buffer_append_bytes(&text, buffer_view(&roles)));
	assert_true(buffer_append_text(&text, "--------\n") && dump_grounds(s, &text));
	buffer_free(&roles);
	golden_check_text(&text, name);
}

/* The sizes at which screens are held; the last two are for those that look otherwise where there is much room. */
static const struct {
	int columns, rows;
} golden_sizes[] = { { 40, 10 }, { 80, 24 }, { 120, 40 }, { 160, 50 }, { 220, 60 } };

#define GOLDEN_WIDE 3 /* the first of those */
#define GOLDEN_SIZES 5

/* NAME-COLUMNSxROWS, by the surface's size. */
static inline void golden_check_size(const struct surface *s, const char *name)
{
	char file[100];
	snprintf(file, sizeof file, "%s-%dx%d", name, s->width, s->height);
	golden_check(s, file);
}
