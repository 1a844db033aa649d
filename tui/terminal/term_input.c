/* Keys and the mouse, read through curses. */
#include "tui/terminal/term_private.h"

/* Before curses.h, which else defines a bool of its own. */
#include <stdbool.h>
#define NCURSES_WIDECHAR 1
#include <curses.h>
/* Its macros (lines, columns, tab…) would take half the names of term.c. */
#include <term.h>
#include <unistd.h>
#include <wchar.h>

void term_input_init(void)
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

/* ---- sequences that are not keys ---- */

#define REST_MS 25 /* what a terminal sends comes in one piece, but for a slow line */

/* The next character, if one comes. A key, or the end of a paste, is left there. */
static bool take_char(int wait_ms, wint_t *c)
{
	wtimeout(stdscr, wait_ms);
	int kind = wget_wch(stdscr, c);
	wtimeout(stdscr, 0);
	if (kind == KEY_CODE_YES)
		ungetch((int)*c);
	return kind == OK;
}

static void note(struct term_answer *out, wint_t c)
{
	if (out->len < sizeof out->text)
		out->text[out->len++] = c < 0x80 ? (uint8_t)c : '?';
}

/* After ESC [ and ESC O: parameters, then a letter. */
static void take_parameters(wint_t c, struct term_answer *out)
{
	bool bare = true;
	while (c >= 0x20 && c < 0x40) {
		bare = false;
		note(out, c);
		if (!take_char(REST_MS, &c))
			return;
	}
	if (c < 0x20) { /* broken off */
		unget_wch((wchar_t)c);
		return;
	}
	note(out, c);
	/* The mouse in its oldest form, and function keys of the Linux console. */
	for (int more = !bare ? 0 : c == 'M' ? 3 : c == '[' ? 1 : 0; more > 0 && take_char(REST_MS, &c);)
		more--;
}

/* After ESC ] and its like: a text up to BEL or ESC \. */
static void take_text(wint_t c, struct term_answer *out)
{
	bool escaped = false;
	while (c != 7 && c != 0x9c && !(escaped && c == '\\')) {
		if (escaped) { /* another sequence */
			unget_wch((wchar_t)c);
			unget_wch(TKEY_ESCAPE);
			return;
		}
		escaped = c == TKEY_ESCAPE;
		if (!escaped)
			note(out, c);
		if (!take_char(REST_MS, &c))
			return;
	}
}

/* After an ESC: a sequence that curses has no name for, of a key or an answer of the terminal, is taken whole. Its
 * letters would act: the r of an answer "rgb:..." sends a delivery again. Esc alone and Esc before another key are
 * those keys. */
static bool take_sequence(struct term_answer *out)
{
	wint_t kind, c;
	if (!take_char(0, &kind))
		return false;
	if (!kind || !wcschr(L"[O]P_^", (wchar_t)kind) || !take_char(0, &c)) {
		unget_wch((wchar_t)kind);
		return false;
	}
	out->kind = (uint32_t)kind;
	if (kind == '[' || kind == 'O')
		take_parameters(c, out);
	else
		take_text(c, out);
	return true;
}

bool term_key(struct term *t, struct key *out)
{
	wint_t c;
	for (;;) {
		struct term_answer answer = { .len = 0 };
		int kind = wget_wch(stdscr, &c);
		if (kind == ERR)
			return false;
		if (kind == KEY_CODE_YES) {
			if (take_special(c, out))
				return true;
			continue; /* a key we have no name for */
		}
		key_code code = (key_code)c;
		if (code == TKEY_ESCAPE && take_sequence(&answer)) {
			if (!term_take_answer(t, &answer))
				continue;
			code = TKEY_BACKGROUND;
		}
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
