#include "tui/documents/doc_make.h"

#include <stdio.h>

#include "shared/text/text_fold.h"
#include "tui/terminal/text.h"

static uint8_t lower(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? (uint8_t)(c | 0x20) : c;
}

/* Whether a match may begin with that byte; of letters beyond ASCII the two cases may begin otherwise. */
static bool may_begin(uint8_t c, uint8_t needle)
{
	return needle > 127 ? c > 127 : lower(c) == lower(needle);
}

size_t doc_search(struct bytes in, struct bytes needle, size_t from)
{
	if (needle.len == 0 || in.len < needle.len)
		return SIZE_MAX;
	for (size_t i = from; i <= in.len - needle.len; i++)
		if (may_begin(in.at[i], *needle.at) && text_fold_equal(in.at + i, needle.at, needle.len))
			return i;
	return SIZE_MAX;
}

size_t doc_search_back(struct bytes in, struct bytes needle, size_t from)
{
	if (needle.len == 0 || in.len < needle.len)
		return SIZE_MAX;
	size_t end = in.len - needle.len + 1;
	for (size_t i = from < end ? from : end; i-- > 0;)
		if (may_begin(in.at[i], *needle.at) && text_fold_equal(in.at + i, needle.at, needle.len))
			return i;
	return SIZE_MAX;
}

size_t doc_own_words(const char *text, struct cell *out, size_t most)
{
	size_t used;
	return text_cells(bytes_of(text), TEXT_LINE, ROLE_OURS, 0, out, most, &used);
}

static int unit_of(uint64_t bytes, double *divisor)
{
	int unit = 0;
	for (*divisor = 1; (double)bytes / *divisor >= 1024 && unit < 4; unit++)
		*divisor *= 1024;
	return unit;
}

static const char *const units[] = { "bytes", "KiB", "MiB", "GiB", "TiB" };

void doc_amount(char text[32], uint64_t bytes)
{
	double by;
	int unit = unit_of(bytes, &by);
	snprintf(text, 32, "%.*f %s", unit && (double)bytes / by < 10 ? 1 : 0, (double)bytes / by,
		 bytes == 1 ? "byte" : units[unit]);
}

bool doc_cut_note(char text[80], uint64_t shown, uint64_t total)
{
	double shown_by, total_by;
	char amount[32];
	if (shown >= total)
		return false;
	int shown_unit = unit_of(shown, &shown_by), total_unit = unit_of(total, &total_by);
	snprintf(amount, sizeof amount, "%.*f", shown_unit ? 1 : 0, (double)shown / shown_by);
	snprintf(text, 80, "shown %s%s%s of %.*f %s", amount, shown_unit == total_unit ? "" : " ",
		 shown_unit == total_unit ? "" : units[shown_unit], total_unit && (double)total / total_by < 10 ? 1 : 0,
		 (double)total / total_by, units[total_unit]);
	return true;
}

size_t doc_fold_nothing(struct doc *d, size_t i, enum doc_fold how)
{
	(void)d;
	(void)how;
	return i;
}

size_t doc_partner_nothing(struct doc *d, size_t i)
{
	(void)d;
	return i;
}

void doc_free(struct doc *d)
{
	if (d)
		d->ops->free(d);
}
