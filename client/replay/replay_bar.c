#include "client/replay/replay_bar.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define BAR_AFTER_MS 1000
#define BAR_EVERY_MS 100
#define BAR_MAX 40

void replay_bar_text(const struct replay_bar *b, uint64_t now_ms, size_t columns, char *out, size_t room)
{
	char tail[80], bar[BAR_MAX + 1];
	double seconds = (double)(now_ms > b->began_ms ? now_ms - b->began_ms : 0) / 1000;
	int len = snprintf(tail, sizeof tail, " %zu/%zu", b->done, b->total);
	if (b->failed)
		len += snprintf(tail + len, sizeof tail - (size_t)len, "  %zu failed", b->failed);
	if (seconds > 0)
		len += snprintf(tail + len, sizeof tail - (size_t)len, "  %.1f/s", (double)b->done / seconds);
	size_t cells = columns > (size_t)len + 3 ? columns - (size_t)len - 3 : 0;
	cells = cells > BAR_MAX ? BAR_MAX : cells;
	size_t full = b->total ? b->done * cells / b->total : 0;
	memset(bar, '#', full);
	memset(bar + full, '.', cells - full);
	bar[cells] = 0;
	if (cells)
		snprintf(out, room, "[%s]%s", bar, tail);
	else
		snprintf(out, room, "%.*s", columns < 80 ? (int)columns : 80, tail + 1);
}

static void on_draw(uv_timer_t *timer)
{
	struct replay_bar *b = timer->data;
	struct winsize size;
	char text[160];
	size_t columns = ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col ? size.ws_col : 80;
	replay_bar_text(b, uv_now(timer->loop), columns - 1, text, sizeof text);
	fprintf(stderr, "\r%s\x1b[K", text);
	fflush(stderr);
	b->drawn = true;
}

void replay_bar_init(struct replay_bar *b, uv_loop_t *loop)
{
	const char *term = getenv("TERM");
	memset(b, 0, sizeof *b);
	uv_timer_init(loop, &b->timer);
	b->timer.data = b;
	uv_unref((uv_handle_t *)&b->timer);
	b->on = isatty(STDERR_FILENO) && term && strcmp(term, "dumb") != 0;
}

void replay_bar_begin(struct replay_bar *b, size_t total)
{
	b->done = b->failed = 0;
	b->total = total;
	b->began_ms = uv_now(b->timer.loop);
	if (b->on)
		uv_timer_start(&b->timer, on_draw, BAR_AFTER_MS, BAR_EVERY_MS);
}

void replay_bar_hide(struct replay_bar *b)
{
	if (!b->drawn)
		return;
	fputs("\r\x1b[K", stderr);
	fflush(stderr);
	b->drawn = false;
}

void replay_bar_end(struct replay_bar *b)
{
	uv_timer_stop(&b->timer);
	replay_bar_hide(b);
}
