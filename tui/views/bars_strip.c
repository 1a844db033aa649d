/* The line that shows a replay's progress. */
#include "tui/views/bars.h"

#include <stdio.h>
#include <string.h>

#include "tui/terminal/text.h"

static const char *strip_title(const struct strip *strip)
{
	if (strip->running)
		return " replay  ";
	return strip->progress.sent < strip->progress.total ? " stopped  " : " replayed  ";
}

/* "  8/s  7s left" */
static void strip_pace(const struct ui *ui, char *out, size_t room)
{
	const struct replay_progress *p = &ui->strip.progress;
	uint64_t end = ui->strip.running ? ui->now_us : ui->strip.ended_us;
	double seconds = end > ui->strip.begun_us ? (double)(end - ui->strip.begun_us) / 1e6 : 0;
	double rate = seconds > 0.2 ? (double)p->sent / seconds : 0;
	out[0] = '\0';
	double left = rate > 0 ? (double)(p->total - p->sent) / rate : 0;
	char words[16] = "";
	if (left < 100)
		snprintf(words, sizeof words, "%.0fs", left);
	else
		text_took(words, (int64_t)(left * 1e6));
	if (rate >= 0.5)
		snprintf(out, room, "  %.0f/s", rate);
	if (rate > 0 && ui->strip.running && p->total > p->sent)
		snprintf(out + strlen(out), room - strlen(out), "  %s left", words);
}

#define STRIP_BAR 28

static const char *strip_keys(const struct ui *ui, int columns)
{
	return ui->strip.running ? "X: stop" : columns < 60 ? "Enter Esc" : "Enter: show  Esc: close";
}

enum action bars_strip_at(const struct ui *ui, struct rect area, int x)
{
	const char *keys = strip_keys(ui, area.width), *close = strstr(keys, "Esc");
	int from = area.x + area.width - (int)strlen(keys);
	if (ui->strip.running)
		return ACTION_STOP;
	if (x < from)
		return ACTION_NONE;
	return x < from + (int)(close - keys) ? ACTION_OPEN : ACTION_CLEAR;
}

/* The words first; the bar has what room they leave. */
void bars_draw_strip(const struct ui *ui, struct surface *s, struct rect area)
{
	const struct replay_progress *p = &ui->strip.progress;
	char count[64], ok[32], failed[32], pace[64];
	snprintf(count, sizeof count, "%zu/%zu  ", p->sent, p->total);
	snprintf(ok, sizeof ok, "%zu ok  ", p->ok);
	snprintf(failed, sizeof failed, "%zu failed", p->failed);
	strip_pace(ui, pace, sizeof pace);
	const char *keys = strip_keys(ui, area.width);
	struct rect rest = area;
	rest.width = bars_print_right(s, area, ROLE_KEY, keys) - area.x - 1;
	int x = surface_print(s, rest, area.x, area.y, ROLE_TITLE, "%s", strip_title(&ui->strip));
	int words = (int)(strlen(count) + strlen(ok) + strlen(failed) + strlen(pace));
	int bar = rest.x + rest.width - x - words - 4;
	bar = bar < STRIP_BAR ? bar : STRIP_BAR;
	if (bar >= 8 && p->total) {
		int full = (int)((size_t)bar * p->sent / p->total);
		x = surface_print(s, rest, x, area.y, ROLE_NORMAL, "[%.*s%.*s]  ", full, "############################",
				  bar - full, "............................");
	}
	x = surface_print(s, rest, x, area.y, ROLE_NORMAL, "%s", count);
	x = surface_print(s, rest, x, area.y, ROLE_2XX, "%s", ok);
	x = surface_print(s, rest, x, area.y, p->failed ? ROLE_5XX : ROLE_DIM, "%s", failed);
	surface_print(s, rest, x, area.y, ROLE_DIM, "%s", pace);
}
