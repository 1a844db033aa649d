/* What was changed in an edited request, line by line. */
#include <string.h>

#include "shared/compare/diff.h"
#include "shared/frontend/edit.h"

#define AROUND 2          /* lines that stay the same, around those that do not */
#define LEAD ((size_t)24) /* bytes of what is the same before the first difference in a long line */
#define SHOWN_MAX 180     /* bytes of a line */

struct teller {
	const struct diff_lines *a, *b;
	const struct diff_rows *rows;
	void (*line)(void *user, char sign, struct bytes text);
	void *user;
};

/* As it is shown: a body that lies in a file of its own is compared apart. */
static bool write_shown(const struct http_text *t, struct buffer *out)
{
	struct http_text shown = *t;
	shown.body_file = bytes_of(http_text_wants_file(t->body) ? "body.bin" : "");
	return http_text_write(out, &shown);
}

static size_t same_bytes(struct bytes a, struct bytes b)
{
	size_t n = 0;
	while (n < a.len && n < b.len && a.at[n] == b.at[n])
		n++;
	return n;
}

/* The line on the other side that stands for the one in row i: the n-th removed and the n-th added of a gap. */
static struct bytes partner(const struct teller *t, size_t i)
{
	bool removed = t->rows->at[i].kind == DIFF_REMOVED;
	size_t first = i, nth;
	while (first > 0 && t->rows->at[first - 1].kind == t->rows->at[i].kind)
		first--;
	nth = i - first;
	size_t other = first;
	if (removed)
		while (other < t->rows->count && t->rows->at[other].kind == DIFF_REMOVED)
			other++;
	else
		while (other > 0 && t->rows->at[other - 1].kind == DIFF_REMOVED)
			other--;
	other += nth;
	enum diff_kind wanted = removed ? DIFF_ADDED : DIFF_REMOVED;
	if (other >= t->rows->count || t->rows->at[other].kind != wanted || (!removed && other >= first))
		return bytes_of(NULL);
	return removed ? diff_line(t->b, t->rows->at[other].b) : diff_line(t->a, t->rows->at[other].a);
}

/* A long line is shown from shortly before its first difference. */
static void tell_changed(const struct teller *t, size_t i)
{
	const struct diff_row *row = &t->rows->at[i];
	bool removed = row->kind == DIFF_REMOVED;
	struct bytes text = removed ? diff_line(t->a, row->a) : diff_line(t->b, row->b);
	size_t from = same_bytes(text, partner(t, i));
	char shown[SHOWN_MAX + 4];
	from = from > 2 * LEAD ? from - LEAD : 0;
	while (from > 0 && from < text.len && (text.at[from] & 0xc0) == 0x80)
		from--;
	size_t len = text.len - from < SHOWN_MAX ? text.len - from : SHOWN_MAX;
	while (from + len < text.len && len && (text.at[from + len] & 0xc0) == 0x80)
		len--;
	size_t lead = from ? 3 : 0;
	memcpy(shown, "...", lead);
	memcpy(shown + lead, text.at + from, len);
	t->line(t->user, removed ? '-' : '+', bytes_make(shown, lead + len));
}

static void tell_lines(const struct teller *t)
{
	size_t from = 0, start, end;
	while (diff_hunk(t->rows, from, AROUND, &start, &end)) {
		if (from)
			t->line(t->user, '@', bytes_of("..."));
		for (size_t i = start; i < end; i++) {
			if (t->rows->at[i].kind == DIFF_SAME)
				t->line(t->user, ' ', diff_line(t->a, t->rows->at[i].a));
			else
				tell_changed(t, i);
		}
		from = end;
	}
}

static bool tell_beside(const struct edit *e, struct teller *t)
{
	struct buffer words = { 0 };
	size_t at;
	if (!http_text_wants_file(e->was.body) && !http_text_wants_file(e->now.body))
		return true;
	bool fine = diff_first_byte(e->was.body, e->now.body, &at)
			? buffer_printf(&words, "body: %zu bytes before, %zu now; the first difference is byte %zu",
					e->was.body.len, e->now.body.len, at)
			: buffer_printf(&words, "body: the same %zu bytes", e->now.body.len);
	if (fine)
		t->line(t->user, '@', buffer_view(&words));
	buffer_free(&words);
	return fine;
}

bool edit_changes(const struct edit *e, void (*line)(void *user, char sign, struct bytes text), void *user)
{
	struct buffer was = { 0 }, now = { 0 };
	struct diff_lines a = { 0 }, b = { 0 };
	struct diff_rows rows = { 0 };
	bool fine = write_shown(&e->was, &was) && write_shown(&e->now, &now) &&
		    diff_lines_split(buffer_view(&was), &a) && diff_lines_split(buffer_view(&now), &b) &&
		    diff_text(&a, &b, &rows);
	struct teller t = { &a, &b, &rows, line, user };
	if (fine) {
		tell_lines(&t);
		fine = tell_beside(e, &t);
	}
	diff_rows_free(&rows);
	diff_lines_free(&b);
	diff_lines_free(&a);
	buffer_free(&now);
	buffer_free(&was);
	return fine;
}
