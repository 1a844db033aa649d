/* The table of creel's fixed limits: each row is heeded in the file that it names, and stands in creel(1) as it is. Run
 * from the project's root. */
#include "client/common/limits.h"
#include "shared/options/quantity.h"
#include "tests/unit/unit.h"

#include <ctype.h>

enum unit { COUNT, BYTES, MIB, SECONDS };

static const struct row {
	const char *word, *name;
	enum unit unit;
	int64_t value;
	const char *file, *about, *then;
} rows[] = {
#define LIMIT(id, name, unit, value, file, about, then) { "LIMIT_" #id, name, unit, value, file, about, then },
#include "client/common/limits.def"
};
static const size_t count = sizeof rows / sizeof *rows;

static char *read_text(const char *path)
{
	FILE *f = fopen(path, "rb");
	char *text = calloc(1, 1u << 20);
	if (!f || !text)
		fail_msg("%s is not there", path);
	else
		assert_true(fread(text, 1, (1u << 20) - 1, f) > 0);
	if (f)
		fclose(f);
	return text;
}

static void format(const struct row *r, char out[QUANTITY_LEN])
{
	if (r->unit == SECONDS)
		quantity_format_duration(r->value * 1000, out);
	else if (r->unit == COUNT)
		snprintf(out, QUANTITY_LEN, "%lld", (long long)r->value);
	else
		quantity_format_size((uint64_t)r->value << (r->unit == MIB ? 20 : 0), out);
}

static void test_files_heed_them(void **state)
{
	(void)state;
	for (size_t i = 0; i < count; i++) {
		char *text = read_text(rows[i].file);
		const char *at = strstr(text, rows[i].word);
		size_t len = strlen(rows[i].word);
		while (at && (isalnum((unsigned char)at[len]) || at[len] == '_'))
			at = strstr(at + len, rows[i].word);
		if (!at)
			fail_msg("%s is not heeded in %s", rows[i].name, rows[i].file);
		free(text);
		for (size_t other = 0; other < i; other++)
			assert_string_not_equal(rows[other].name, rows[i].name);
	}
}

static void test_manual(void **state)
{
	char *page = read_text("client/creel.1"), *limits = strstr(page, "\n.SH LIMITS\n"), *to = limits;
	size_t entries = 0;
	(void)state;
	assert_non_null(limits);
	char *next = strstr(limits + 1, "\n.SH ");
	if (next)
		*next = 0;
	/* Lines are joined, hyphens as they are read. */
	for (const char *from = limits; *from; from++)
		if (*from != '\\' || from[1] != '-')
			*to++ = *from == '\n' ? ' ' : *from;
	*to++ = ' ';
	*to = 0;
	for (const char *at = limits; (at = strstr(at, " .TP ")) != NULL; at++)
		entries++;
	assert_int_equal(entries, count);
	for (size_t i = 0; i < count; i++) {
		const struct row *r = &rows[i];
		char value[QUANTITY_LEN], entry[700];
		format(r, value);
		snprintf(entry, sizeof entry, " .TP \\fB%s\\fR %s %c%s. Beyond it: %s. ", r->name, value,
			 toupper((unsigned char)*r->about), r->about + 1, r->then);
		if (!strstr(limits, entry))
			fail_msg("creel(1) lacks: %s", entry);
	}
	free(page);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_files_heed_them),
		cmocka_unit_test(test_manual),
	};
	return RUN(tests);
}
