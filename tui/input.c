#include "tui/term_private.h"

/* curses.h is told that bool is C's. */
#include <stdbool.h>
#define NCURSES_WIDECHAR 1
#include <curses.h>
/* Its macros (lines, columns, tab…) would take half the names of term.c. */
#include <term.h>
#include <unistd.h>

void input_init(void)
{
	define_key("\x1b[200~", CODE_PASTE_BEGIN);
	define_key("\x1b[201~", CODE_PASTE_END);
	/* What tmux and xterm send whatever their terminfo says. */
	define_key("\x1b[1~", KEY_HOME);
	define_key("\x1b[4~", KEY_END);
	define_key("\x1b[H", KEY_HOME);
	define_key("\x1b[F", KEY_END);
	define_key("\x1b[A", KEY_UP);
	define_key("\x1b[B", KEY_DOWN);
	define_key("\x1b[C", KEY_RIGHT);
	define_key("\x1b[D", KEY_LEFT);
}

static const struct {
	wint_t curses;
	key_code code;
} specials[] = {
	{ KEY_UP, TKEY_UP },
	{ KEY_DOWN, TKEY_DOWN },
	{ KEY_LEFT, TKEY_LEFT },
	{ KEY_RIGHT, TKEY_RIGHT },
	{ KEY_HOME, TKEY_HOME },
	{ KEY_END, TKEY_END },
	{ KEY_PPAGE, TKEY_PAGE_UP },
	{ KEY_NPAGE, TKEY_PAGE_DOWN },
	{ KEY_IC, TKEY_INSERT },
	{ KEY_DC, TKEY_DELETE },
	{ KEY_BTAB, TKEY_BACKTAB },
	{ KEY_ENTER, TKEY_ENTER },
	{ KEY_BACKSPACE, TKEY_BACKSPACE },
	{ KEY_RESIZE, TKEY_RESIZE },
	{ CODE_PASTE_BEGIN, TKEY_PASTE_BEGIN },
	{ CODE_PASTE_END, TKEY_PASTE_END },
};

static bool take_mouse(struct key *out)
{
	MEVENT event;
	if (getmouse(&event) != OK)
		return false;
	*out = (struct key){ .code = TKEY_MOUSE, .x = event.x, .y = event.y };
	if (event.bstate & BUTTON1_PRESSED)
		out->mouse = MOUSE_CLICK;
	else if (event.bstate & BUTTON4_PRESSED)
		out->mouse = MOUSE_WHEEL_UP;
	else if (event.bstate & BUTTON5_PRESSED)
		out->mouse = MOUSE_WHEEL_DOWN;
	return out->mouse != MOUSE_NONE;
}

static bool take_special(wint_t c, struct key *out)
{
	if (c == KEY_MOUSE)
		return take_mouse(out);
	if (c > KEY_F0 && c <= KEY_F(12)) {
		*out = (struct key){ .code = TKEY_F0 + (key_code)(c - KEY_F0) };
		return true;
	}
	for (size_t i = 0; i < sizeof specials / sizeof *specials; i++)
		if (specials[i].curses == c) {
			*out = (struct key){ .code = specials[i].code };
			return true;
		}
	return false;
}

bool term_key(struct term *t, struct key *out)
{
	wint_t c;
	(void)t;
	for (;;) {
		int kind = wget_wch(stdscr, &c);
		if (kind == ERR)
			return false;
		if (kind == KEY_CODE_YES) {
			if (take_special(c, out))
				return true;
			continue; /* a key we have no name for */
		}
		key_code code = (key_code)c;
		if (code == 8)
			code = TKEY_BACKSPACE;
		if (code == '\n')
			code = TKEY_ENTER;
		*out = (struct key){ .code = code };
		return true;
	}
}

/* Asked first because newterm leaks what it began when the terminal is not known (ncurses 6.4). */
const char *term_unfit(void)
{
	int problem;
	if (setupterm(NULL, STDOUT_FILENO, &problem) != OK)
		return "TERM names no terminal that is known here";
	bool fit = tigetstr("cup") && tigetstr("clear");
	del_curterm(cur_term);
	return fit ? NULL : "the terminal that TERM names cannot move its cursor";
}
