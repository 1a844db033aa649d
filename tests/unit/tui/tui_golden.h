/* Screens against tests/fixtures/tui/NAME.txt: the text, a line of dashes, the roles as letters,
 * another line, the grounds. With GOLDEN=write they
 * are written instead; review the diff. */
#pragma once

#include <stdlib.h>
#include <unistd.h>

#include "tests/unit/unit.h"
#include "tests/unit/tui/surface_dump.h"

static inline void golden_check(const struct surface *s, const char *name)
{
	struct buffer text = { 0 }, roles = { 0 };
	char path[300];
	snprintf(path, sizeof path, "tests/fixtures/tui/%s.txt", name);
	assert_true(surface_dump(s, &text, &roles));
	assert_true(buffer_append_text(&text, "--------\n") && buffer_append_bytes(&text, buffer_view(&roles)));
	assert_true(buffer_append_text(&text, "--------\n") && dump_grounds(s, &text));
	buffer_free(&roles);
	const char *mode = getenv("GOLDEN");
	if (mode && strcmp(mode, "write") == 0) {
		FILE *f = fopen(path, "wb");
		assert_non_null(f);
		assert_int_equal(fwrite(text.at, 1, text.len, f), text.len);
		assert_int_equal(fclose(f), 0);
	}
	static char golden[200000];
	FILE *f = fopen(path, "rb");
	if (!f)
		fail_msg("%s is missing: GOLDEN=write makes it", path);
	size_t len = fread(golden, 1, sizeof golden - 1, f);
	fclose(f);
	golden[len] = '\0';
	if (!bytes_equal(bytes_make(golden, len), buffer_view(&text)))
		fail_msg("%s differs; it is now:\n%.*s", path, (int)text.len, (const char *)text.at);
	buffer_free(&text);
}
