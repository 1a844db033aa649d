/* What the message line says, and the log of events. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shared/base/clock.h"
#include "tui/desk/tui_private.h"

void tui_draw_soon(struct tui *t)
{
	t->dirty = true;
}

static void say(struct tui *t, bool bad, const char *format, va_list args) __attribute__((format(printf, 3, 0)));

static void say(struct tui *t, bool bad, const char *format, va_list args)
{
	struct ui *ui = &t->screen.ui;
	vsnprintf(ui->message, sizeof ui->message, format, args);
	ui->message_bad = bad;
	t->shows_event = false;
	if (!t->outcome.generation)
		t->outcome.replay = 0;
	tui_draw_soon(t);
}

void tui_say(struct tui *t, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	say(t, false, format, args);
	va_end(args);
}

void tui_warn(struct tui *t, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	say(t, true, format, args);
	va_end(args);
}

void tui_say_effect(struct tui *t, const struct effect *e)
{
	tui_say(t, "%s", e->text);
}

void tui_event(struct tui *t, const char *sentence)
{
	struct ui *ui = &t->screen.ui;
	struct event *e = &ui->events[ui->event_next];
	free(e->text);
	*e = (struct event){ clock_now_us(), strdup(sentence) };
	ui->event_next = (ui->event_next + 1) % UI_EVENTS;
	ui->event_count += ui->event_count < UI_EVENTS;
	t->state_at_ms = 0; /* it may be about the state, which must not contradict it */
	tui_say(t, "%s", sentence);
	t->shows_event = true;
}
