/* The terminal lent to another program (an editor), and taken back. */
#include "tui/desk/tui_private.h"

#define LATE_TICKS 3 /* two whole ones at least */

bool tui_away(const struct tui *t)
{
	return t->away || t->late > 0;
}

void tui_away_begin(struct tui *t)
{
	t->away = true;
	uv_poll_stop(&t->input);
	term_leave(t->term);
	/* C-\ in the program would end us too. What we start gets all signals as they were. */
	struct sigaction ignore = { .sa_handler = SIG_IGN };
	sigaction(SIGQUIT, &ignore, &t->quit);
}

void tui_away_end(struct tui *t)
{
	t->away = false;
	/* The C-c that ended the program was sent to us as well, and may reach us only after the program's end was
	 * reported: two signals can be taken by two threads, in either order. */
	t->late = LATE_TICKS;
	sigaction(SIGQUIT, &t->quit, NULL);
	term_own();
	term_enter(t->term);
	t->deaf = uv_poll_start(&t->input, UV_READABLE, t->on_readable) != 0;
	tui_draw_soon(t);
}

void tui_away_tick(struct tui *t)
{
	t->late -= !t->away && t->late > 0;
}
