#include "shared/program/progress.h"

#include "shared/base/clock.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define DRAW_AFTER_MS 1000
#define DRAW_EVERY_MS 100
#define BAR_MAX 40
#define ECHO_ROOM 4     /* columns left free: a ^C echoed at the edge would wrap, and the bar's row stay */
#define LEFT_AFTER 0.01 /* before that much is done the rate says little */

struct line {
	char *at;
	size_t len, room;
};

static void put(struct line *l, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void put(struct line *l, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	int n = vsnprintf(l->at + l->len, l->room - l->len, format, args);
	va_end(args);
	if (n > 0)
		l->len = l->len + (size_t)n < l->room ? l->len + (size_t)n : l->room - 1;
}

static double fraction(const struct progress *p)
{
	uint64_t part = p->whole ? p->part : p->done, whole = p->whole ? p->whole : p->total;
	if (whole == 0)
		return 0;
	return part < whole ? (double)part / (double)whole : 1;
}

static void put_left(struct line *l, double seconds)
{
	if (seconds < 60)
		put(l, "  %.0f s left", seconds < 1 ? 1 : seconds);
	else if (seconds < 3600)
		put(l, "  %.0f min left", seconds / 60);
	else if (seconds < 360000)
		put(l, "  %.1f h left", seconds / 3600);
}

/* What stands after the bar. */
static void put_figures(struct line *l, const struct progress *p, uint64_t now_ms)
{
	double seconds = (double)(now_ms > p->began_ms ? now_ms - p->began_ms : 0) / 1000, share = fraction(p);
	if (!p->done && !p->total && !p->whole) {
		put(l, "%.0f s", seconds);
		return;
	}
	put(l, "%" PRIu64, p->done);
	if (p->total)
		put(l, "/%" PRIu64, p->total);
	if (p->failed)
		put(l, "  %" PRIu64 " failed", p->failed);
	if (seconds > 0)
		put(l, "  %.1f/s", (double)p->done / seconds);
	if (share >= LEFT_AFTER && share < 1)
		put_left(l, seconds * (1 - share) / share);
}

void progress_text(const struct progress *p, uint64_t now_ms, size_t columns, char out[PROGRESS_LEN])
{
	char figures[PROGRESS_LEN / 2];
	struct line tail = { figures, 0, sizeof figures };
	struct line all = { out, 0, columns < PROGRESS_LEN ? columns + 1 : PROGRESS_LEN };
	put_figures(&tail, p, now_ms);
	size_t taken = tail.len + (p->doing ? strlen(p->doing) + 1 : 0) + 3;
	size_t cells = columns > taken && (p->total || p->whole) ? columns - taken : 0;
	cells = cells > BAR_MAX ? BAR_MAX : cells;
	size_t full = (size_t)((double)cells * fraction(p));
	out[0] = 0;
	if (p->doing && columns > taken - 3)
		put(&all, "%s ", p->doing);
	if (cells) {
		char bar[BAR_MAX + 1];
		memset(bar, '#', full);
		memset(bar + full, '.', cells - full);
		bar[cells] = 0;
		put(&all, "[%s] ", bar);
	}
	put(&all, "%s", figures);
}

void progress_begin(struct progress *p, const char *doing, uint64_t total)
{
	const char *term = getenv("TERM");
	*p = (struct progress){ .doing = doing, .total = total, .began_ms = clock_steady_ms() };
	p->on = isatty(STDERR_FILENO) && term && strcmp(term, "dumb") != 0;
	p->looked_ms = p->began_ms + DRAW_AFTER_MS - DRAW_EVERY_MS;
}

void progress_tick(struct progress *p)
{
	struct winsize size;
	char text[PROGRESS_LEN];
	uint64_t now = p->on ? clock_steady_ms() : 0;
	if (!p->on || (!p->hidden && now < p->looked_ms + DRAW_EVERY_MS))
		return;
	p->looked_ms = now;
	p->hidden = false;
	size_t columns = ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col ? size.ws_col : 80;
	progress_text(p, now, columns > ECHO_ROOM ? columns - ECHO_ROOM : columns, text);
	fprintf(stderr, "\r%s\x1b[K", text);
	fflush(stderr);
	p->drawn = true;
}

void progress_hide(struct progress *p)
{
	if (!p->drawn)
		return;
	fputs("\r\x1b[K", stderr);
	fflush(stderr);
	p->drawn = false;
	p->hidden = true;
}

void progress_end(struct progress *p)
{
	progress_hide(p);
	p->on = false;
}
