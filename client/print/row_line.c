#include "client/print/row_line.h"

#include "shared/text/text.h"
#include "shared/text/text_figures.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#define ID_PIPE 6
#define TIME_TODAY 8 /* 14:02:31 */
#define TIME_PIPE 19 /* 2026-11-28T14:02:31 */
#define METHOD 6
#define PROVIDER_LONGEST 15 /* microsoft-teams */
#define EVENT_PIPE 28
#define EVENT_MOST 32
#define EVENT_LEAST 10
#define TARGET_LEAST 14
#define WITH_METHOD 70 /* columns of a terminal */
#define WITH_SIZE 96
#define WITH_COLUMNS 120 /* for provider and event, of lines that come one by one */

/* ---- values ---- */

/* The outcome in a word: "200", "TIME", "ERR", "HELD", "send", "done" (by a command), "wait". May use `room`. */
static const char *status_text(const struct delivery_row *row, char room[8])
{
	if (row->status && !row->broke_off) {
		snprintf(room, 8, "%d", row->status);
		return room;
	}
	if (row->state == DELIVERY_FAILED || row->state == DELIVERY_REFUSED)
		return row->timed_out ? "TIME" : "ERR";
	return row->state == DELIVERY_HELD        ? "HELD"
	       : row->state == DELIVERY_SENDING   ? "send"
	       : row->state == DELIVERY_DELIVERED ? "done"
						  : "wait";
}

/* False where there is no such time. */
static bool local_time(uint64_t at_us, struct tm *then, bool *today, bool *this_year)
{
	time_t at = (time_t)(at_us / 1000000), now = time(NULL);
	struct tm here;
	if (!localtime_r(&at, then) || !localtime_r(&now, &here))
		return false;
	*this_year = then->tm_year == here.tm_year;
	*today = *this_year && then->tm_yday == here.tm_yday;
	return true;
}

void row_line_time(uint64_t at_us, char out[ROW_LINE_TIME_LEN])
{
	struct tm then;
	bool today, this_year;
	if (!local_time(at_us, &then, &today, &this_year) ||
	    strftime(out, ROW_LINE_TIME_LEN, today ? "%H:%M:%S" : "%Y-%m-%dT%H:%M:%S", &then) == 0)
		snprintf(out, ROW_LINE_TIME_LEN, "--:--:--");
}

/* For a terminal: the year only where it is another one, and then no seconds. */
static void short_time(uint64_t at_us, char out[ROW_LINE_TIME_LEN])
{
	struct tm then;
	bool today, this_year;
	if (!local_time(at_us, &then, &today, &this_year) || strftime(out, ROW_LINE_TIME_LEN,
								      today       ? "%H:%M:%S"
								      : this_year ? "%m-%d %H:%M:%S"
										  : "%Y-%m-%d %H:%M",
								      &then) == 0)
		snprintf(out, ROW_LINE_TIME_LEN, "--:--:--");
}

/* ---- widths ---- */

static size_t digits_of(int64_t id)
{
	char text[24];
	return (size_t)snprintf(text, sizeof text, "%" PRId64, id);
}

static size_t width_of(struct bytes text)
{
	struct buffer safe = { 0 };
	size_t width = text_sanitize(&safe, text, TEXT_LINE) ? text_width(buffer_view(&safe)) : 0;
	buffer_free(&safe);
	return width;
}

static size_t less(size_t a, size_t b)
{
	return a < b ? a : b;
}

static size_t more(size_t a, size_t b)
{
	return a > b ? a : b;
}

void row_line_begin(struct row_line *l, int fd)
{
	struct winsize size;
	*l = (struct row_line){ .id = ID_PIPE, .time = TIME_PIPE, .provider = PROVIDER_LONGEST, .event = EVENT_PIPE };
	l->method = l->size = true;
	if (fd < 0 || !isatty(fd))
		return;
	l->columns = ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 1 ? size.ws_col : 80;
	l->method = l->columns >= WITH_METHOD;
	l->size = l->columns >= WITH_SIZE;
	l->id = 4;
	l->time = TIME_TODAY;
	l->loose = l->columns < WITH_COLUMNS;
	l->provider = PROVIDER_LONGEST;
	l->event = less(EVENT_MOST, l->columns / 4);
}

void row_line_fit(struct row_line *l, const struct delivery_row *row)
{
	char at[ROW_LINE_TIME_LEN];
	l->id = more(l->id, digits_of(row->id));
	if (l->columns == 0) {
		l->provider = more(l->provider, width_of(row->provider));
		l->event = more(l->event, width_of(row->event_type));
		return;
	}
	short_time(row->received_at_us, at);
	if (!l->fitted)
		l->provider = l->event = 0;
	l->fitted = true;
	l->loose = false;
	l->time = more(l->time, strlen(at));
	l->provider = less(more(l->provider, width_of(row->provider)), PROVIDER_LONGEST);
	l->event = less(more(l->event, width_of(row->event_type)), less(EVENT_MOST, l->columns / 3));
}

/* ---- the line ---- */

static void put(FILE *out, struct bytes text)
{
	if (text.len > 0)
		fwrite(text.at, 1, text.len, out);
}

/* As much of a sanitised text as fits; the end of one that does not is marked. `most` 0: all of it. The columns. */
static size_t put_cut(FILE *out, struct bytes text, size_t most)
{
	size_t used = 0, at = 0, width = text_width(text);
	if (most == 0 || width <= most) {
		put(out, text);
		return width;
	}
	while (at < text.len) {
		size_t next = at + 1;
		while (next < text.len && (text.at[next] & 0xc0) == 0x80)
			next++;
		size_t one = text_width(bytes_make(text.at + at, next - at));
		if (used + one > most - 1)
			break;
		used += one;
		at = next;
	}
	put(out, bytes_make(text.at, at));
	fputs("…", out);
	return used + 1;
}

/* Padded to `width`, on a terminal cut to it as well; two blanks follow. The columns it took. */
static size_t put_column(const struct row_line *l, FILE *out, struct bytes text, size_t width)
{
	struct buffer safe = { 0 };
	if (!text_sanitize(&safe, text.len ? text : bytes_of("-"), TEXT_LINE))
		safe.len = 0;
	size_t used = put_cut(out, buffer_view(&safe), l->columns ? width : 0);
	size_t gap = (used < width ? width - used : 0) + 2;
	buffer_free(&safe);
	fprintf(out, "%*s", (int)gap, "");
	return used + gap;
}

/* One of provider and event. */
static size_t put_source(const struct row_line *l, FILE *out, struct bytes text, size_t width)
{
	if (width == 0 || (l->loose && text.len == 0))
		return 0;
	return put_column(l, out, text, l->loose ? less(width, more(width_of(text), 1)) : width);
}

static bool put_notes(struct buffer *b, const struct delivery_row *row, struct bytes chaos)
{
	bool judged =
	    bytes_equal(row->signature, bytes_of("valid")) || bytes_equal(row->signature, bytes_of("invalid"));
	return (!judged ||
		buffer_printf(b, "  (signature %.*s)", (int)row->signature.len, (const char *)row->signature.at)) &&
	       (!row->redacted || buffer_append_text(b, "  (redacted)")) &&
	       (!row->replay_of || buffer_printf(b, "  (replay of %" PRId64 ")", row->replay_of)) &&
	       (!chaos.len || buffer_printf(b, "  (chaos: %.*s)", (int)chaos.len, (const char *)chaos.at));
}

/* All columns before the target; how many of the terminal's they take. */
static size_t put_columns(const struct row_line *l, FILE *out, const struct delivery_row *row)
{
	char at[ROW_LINE_TIME_LEN], status[8], took[TEXT_FIGURE_LEN], size[TEXT_FIGURE_LEN];
	if (l->columns)
		short_time(row->received_at_us, at);
	else
		row_line_time(row->received_at_us, at);
	text_took(took, row->took_us);
	text_size(size, row->request_bytes);
	int used =
	    fprintf(out, "%*" PRId64 "  %-*s  %-4s  ", (int)l->id, row->id, (int)l->time, at, status_text(row, status));
	if (l->method)
		used += (int)put_column(l, out, row->method, METHOD);
	used += fprintf(out, "%6s  ", took);
	if (l->size)
		used += fprintf(out, "%5s  ", size);
	size_t all = (used > 0 ? (size_t)used : 0) + put_source(l, out, row->provider, l->provider);
	/* The event leaves room for the target. */
	size_t left = l->columns > all + 2 + TARGET_LEAST ? l->columns - all - 2 - TARGET_LEAST : 0;
	return all +
	       put_source(l, out, row->event_type, l->columns ? less(l->event, more(left, EVENT_LEAST)) : l->event);
}

static void print_line(const struct row_line *l, FILE *out, const struct delivery_row *row, struct bytes chaos)
{
	struct buffer notes = { 0 }, target = { 0 };
	if (!put_notes(&notes, row, chaos) || !text_sanitize(&target, row->target, TEXT_LINE))
		notes.len = target.len = 0;
	size_t left = put_columns(l, out, row);
	left = l->columns > left ? l->columns - left : 1;
	size_t least = less(left, TARGET_LEAST), room = left > notes.len + least ? left - notes.len : least;
	left -= put_cut(out, buffer_view(&target), l->columns ? room : 0);
	if (l->columns == 0 || left > 1)
		put_cut(out, buffer_view(&notes), l->columns ? left : 0);
	buffer_free(&notes);
	buffer_free(&target);
}

/* On a terminal that is too narrow even for this the line itself is cut. */
void row_line_print(const struct row_line *l, FILE *out, const struct delivery_row *row, struct bytes chaos)
{
	char *text = NULL;
	size_t len = 0;
	FILE *f = l->columns ? open_memstream(&text, &len) : NULL;
	print_line(l, f ? f : out, row, chaos);
	if (f && fclose(f) == 0)
		put_cut(out, bytes_make(text, len), l->columns);
	free(text);
	fputc('\n', out);
}
