#include "tui/terminal/term_private.h"

/* Before curses.h, which else defines a bool of its own. */
#include <stdbool.h>
#define NCURSES_WIDECHAR 1
#include <curses.h>

#include <fcntl.h>
#include <langinfo.h>
#include <locale.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>
#include <wchar.h>

#include "shared/base/clock.h"
#include "tui/clipboard/clip.h"
#include "tui/terminal/term_line.h"
#include "tui/terminal/term_picture.h"
#include "tui/terminal/theme.h"

struct term {
	SCREEN *screen;
	int watched; /* the terminal opened once more */
	struct theme_question question;
	enum theme theme;
	struct drawn {
		attr_t attributes;
		short pair;
	} drawn[ROLE_COUNT][GROUND_COUNT];
	bool utf8, modern, mouse, paste, cursor;
	uint64_t asked_ms;   /* when it was asked about itself; 0: no answer is waited for */
	struct surface last; /* what the terminal shows; rows alike are not sent again */
	bool repaint;
	struct term_line line;
	struct term_picture picture;
	struct term_graphics graphics;
};

/* What a crash has to put back, and nothing else: the handler can be given no argument. */
static struct {
	struct termios modes;
	char text[256];
	size_t len;
	volatile sig_atomic_t set;
} crash;

static const int crash_signals[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGQUIT };

static void on_crash(int number)
{
	if (crash.set) {
		crash.set = 0;
		tcsetattr(STDIN_FILENO, TCSANOW, &crash.modes);
		ssize_t written = write(STDOUT_FILENO, crash.text, crash.len);
		(void)written;
	}
	raise(number); /* SA_RESETHAND: the default action, or a debugger's */
}

static void crash_text(const char *text)
{
	if (!text || text == (char *)-1 || strlen(text) > sizeof crash.text - crash.len)
		return;
	memcpy(crash.text + crash.len, text, strlen(text));
	crash.len += strlen(text);
}

/* A handler of a sanitiser or debugger that is there already says more than ours would: it stays. */
static void set_crash_handler(void (*handler)(int))
{
	struct sigaction action = { .sa_handler = handler, .sa_flags = (int)SA_RESETHAND }, old;
	for (size_t i = 0; i < sizeof crash_signals / sizeof *crash_signals; i++) {
		if (sigaction(crash_signals[i], NULL, &old))
			continue;
		bool ours = !(old.sa_flags & SA_SIGINFO) && (old.sa_handler == SIG_DFL || old.sa_handler == on_crash);
		if (ours)
			sigaction(crash_signals[i], &action, NULL);
	}
}

static void catch_crashes(const struct term *t)
{
	crash.len = 0;
	if (t->modern) /* pasting and the mouse, on or not */
		crash_text("\x1b[?2004l\x1b[?1000l\x1b[?1006l");
	crash_text(tigetstr("sgr0"));
	crash_text(tigetstr("cnorm"));
	crash_text(tigetstr("rmkx"));
	crash_text(tigetstr("rmcup"));
	crash.set = 1;
	set_crash_handler(on_crash);
}

static void stop_catching_crashes(void)
{
	crash.set = 0;
	set_crash_handler(SIG_DFL);
}

static void write_all(const char *text, size_t len)
{
	while (len) {
		ssize_t n = write(STDOUT_FILENO, text, len);
		if (n <= 0)
			return;
		text += n;
		len -= (size_t)n;
	}
}

static bool refuse(struct error *e, const char *why)
{
	return error_set(e, EXIT_USAGE, "cannot show the inspector: %s; `creel list` prints the deliveries as lines",
			 why);
}

static bool check_terminal(struct error *e)
{
	const char *name = getenv("TERM");
	if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO))
		return refuse(e, "standard input and output are not a terminal");
	if (!name || !*name || strcmp(name, "dumb") == 0)
		return refuse(e, "TERM names no terminal that can move its cursor");
	return true;
}

/* ---- themes ---- */

#define ANSWER_MS 100 /* what a terminal that answers takes at most */

struct pairs { /* colours side by side, each made once: a terminal may have no more than 64 */
	short foreground[256], background[256];
	short count;
};

static short pair_of(struct pairs *p, const struct look *look)
{
	/* The terminal's own colours are a pair as others are: to leave pair 0 curses resets everything, each time. */
	for (short i = 0; i < p->count; i++)
		if (p->foreground[i] == look->foreground && p->background[i] == look->background)
			return (short)(i + 1);
	if (p->count == 255 || p->count + 1 >= COLOR_PAIRS ||
	    init_pair((short)(p->count + 1), look->foreground, look->background) != OK)
		return 0;
	p->foreground[p->count] = look->foreground;
	p->background[p->count] = look->background;
	return ++p->count;
}

static void take_theme(struct term *t, enum theme theme)
{
	struct pairs pairs = { .count = 0 };
	t->theme = theme;
	for (int role = 0; role < ROLE_COUNT; role++)
		for (int ground = 0; ground < GROUND_COUNT; ground++) {
			struct look look = theme_look(theme, (enum role)role, (enum ground)ground);
			t->drawn[role][ground] =
			    (struct drawn){ (look.bold ? A_BOLD : 0) | (look.underline ? A_UNDERLINE : 0) |
						(look.dim ? A_DIM : 0) | (look.reverse ? A_REVERSE : 0),
					    theme == THEME_MONO ? (short)0 : pair_of(&pairs, &look) };
		}
}

static void set_colours(struct term *t, const struct term_options *o)
{
	t->question = (struct theme_question){
		.theme = o->theme, .color = o->color, .no_color = getenv("NO_COLOR"), .colorfgbg = getenv("COLORFGBG")
	};
	if (has_colors() && start_color() == OK) {
		use_default_colors();
		t->question.colors = COLORS;
	}
	take_theme(t, theme_choose(&t->question));
}

static void read_size(struct term *t, struct winsize *size)
{
	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, size))
		*size = (struct winsize){ 0 };
	term_graphics_resize(&t->graphics, size);
}

/* For its background, and for the graphics it can draw. The answers come as keys do; nothing waits for them. */
static void ask(struct term *t, const struct term_options *o)
{
	bool coloured = t->theme != THEME_MONO;
	const char *theme = t->question.theme;
	bool background = t->modern && coloured && (!theme || strcmp(theme, "auto") == 0 || strcmp(theme, "16") == 0);
	const char *graphics =
	    term_graphics_begin(&t->graphics, o->images, t->modern && coloured && t->utf8 && !term_slow(t));
	struct winsize size;
	if (background)
		write_all("\x1b]11;?\x1b\\", 8);
	write_all(graphics, strlen(graphics));
	if (background || *graphics)
		t->asked_ms = clock_steady_ms();
	read_size(t, &size);
}

static bool take_background(struct term *t, struct bytes answer)
{
	uint32_t rgb;
	if (!theme_read_background(answer, &rgb))
		return false;
	t->question.background_known = true;
	t->question.background = rgb;
	enum theme theme = theme_choose(&t->question);
	if (theme == t->theme)
		return false;
	take_theme(t, theme);
	return true;
}

bool term_take_answer(struct term *t, const struct term_answer *answer)
{
	bool asked = t->graphics.asked;
	bool changed = answer->kind == ']' && take_background(t, bytes_make(answer->text, answer->len));
	if (answer->kind != ']')
		term_graphics_answer(&t->graphics, answer);
	/* Its attributes are asked for last, where they are. */
	if (asked ? !t->graphics.asked : answer->kind == ']')
		t->asked_ms = 0;
	if (changed)
		term_repaint(t);
	return changed;
}

/* An answer that comes when the terminal is not ours any more would stand on the shell's line. */
static void drop_answer(struct term *t)
{
	uint64_t now = clock_steady_ms();
	struct pollfd p = { .fd = STDIN_FILENO, .events = POLLIN };
	if (t->asked_ms && now < t->asked_ms + ANSWER_MS && poll(&p, 1, (int)(t->asked_ms + ANSWER_MS - now)) > 0)
		tcflush(STDIN_FILENO, TCIFLUSH);
	t->asked_ms = 0;
}

static void take_graphics_away(struct term *t)
{
	struct buffer out = { 0 };
	if (term_graphics_leave(&t->graphics, &out))
		write_all((const char *)out.at, out.len);
	buffer_free(&out);
}

/* Pasted text then comes between marks. */
static void term_paste(struct term *t, bool on)
{
	static const char *const text[] = { "\x1b[?2004l", "\x1b[?2004h" };
	if (on == t->paste || !t->modern)
		return;
	t->paste = on;
	write_all(text[on], strlen(text[on]));
}

static void set_modes(struct term *t)
{
	raw();
	noecho();
	nonl();
	intrflush(stdscr, FALSE);
	keypad(stdscr, TRUE);
	nodelay(stdscr, TRUE);
	set_escdelay(25);
	mouseinterval(0);
	curs_set(0);
	term_input_init();
	t->cursor = false;
}

/* libuv makes what it watches non-blocking, and would do so to the shell's, and our own output's, very description. */
static int open_watched(void)
{
	const char *name = ttyname(STDIN_FILENO);
	return open(name ? name : "/dev/tty", O_RDONLY | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
}

static bool take_over(struct term *t, struct error *e)
{
	const char *unfit = term_unfit();
	t->watched = open_watched();
	if (t->watched < 0)
		return refuse(e, "the terminal cannot be opened");
	if (unfit)
		return refuse(e, unfit);
	if (tcgetattr(STDIN_FILENO, &crash.modes) || !(t->screen = newterm(NULL, stdout, stdin)))
		return refuse(e, "the terminal cannot be set up");
	set_term(t->screen);
	return true;
}

struct term *term_open(const struct term_options *options, struct error *e)
{
	if (!check_terminal(e))
		return NULL;
	struct term *t = calloc(1, sizeof *t);
	if (!t) {
		refuse(e, "out of memory");
		return NULL;
	}
	setlocale(LC_CTYPE, "");
	t->utf8 = strcmp(nl_langinfo(CODESET), "UTF-8") == 0 && !options->ascii;
	/* Sequences of our own go only to what is known to swallow those it does not know. */
	const char *name = getenv("TERM");
	t->modern =
	    name && strncmp(name, "linux", 5) != 0 && strncmp(name, "vt", 2) != 0 && strncmp(name, "ansi", 4) != 0;
	if (!take_over(t, e)) {
		if (t->watched >= 0)
			close(t->watched);
		free(t);
		return NULL;
	}
	catch_crashes(t);
	set_modes(t);
	set_colours(t, options);
	ask(t, options);
	t->repaint = true;
	term_paste(t, true);
	term_mouse(t, options->mouse);
	return t;
}

void term_close(struct term *t)
{
	if (!isendwin()) { /* else another program has the terminal, or had it last */
		drop_answer(t);
		take_graphics_away(t);
		term_paste(t, false);
		term_mouse(t, false);
		curs_set(1);
		endwin();
	}
	stop_catching_crashes();
	delscreen(t->screen);
	close(t->watched);
	surface_free(&t->last);
	free(t);
}

int term_fd(const struct term *t)
{
	return t->watched;
}

bool term_gone(const struct term *t)
{
	struct pollfd p = { .fd = term_fd(t), .events = POLLIN };
	struct termios modes;
	if (poll(&p, 1, 0) <= 0)
		return false;
	/* POLLNVAL is also what macOS says of /dev/tty, which it cannot poll. */
	return (p.revents & (POLLHUP | POLLERR)) || ((p.revents & POLLNVAL) && tcgetattr(p.fd, &modes) != 0);
}

void term_size(const struct term *t, int *columns, int *rows)
{
	(void)t;
	getmaxyx(stdscr, *rows, *columns);
}

bool term_slow(const struct term *t)
{
	(void)t;
	return baudrate() > 0 && baudrate() <= 19200;
}

void term_resize(struct term *t)
{
	struct winsize size;
	read_size(t, &size);
	if (!size.ws_col || !size.ws_row)
		return;
	resizeterm(size.ws_row, size.ws_col);
	term_repaint(t);
}

void term_repaint(struct term *t)
{
	t->repaint = true;
}

/* ---- drawing ---- */

static uint32_t bar(const struct term *t, uint32_t base)
{
	uint32_t eighths = base & 15;
	bool level = base < SURFACE_METER;
	if (!t->utf8)
		return level ? (uint32_t) " .:-=+*%#"[eighths] : eighths >= 4 ? '#' : '-';
	return level || eighths == 8 ? 0x2580 + eighths : 0x2590 - eighths;
}

/* The C library and utf8proc may know different Unicodes; what they differ on would shift the row. */
static uint32_t shown(const struct term *t, const struct cell *c)
{
	if (c->base >= 0x20 && c->base < 0x7f)
		return c->base;
	if (c->base == SURFACE_LINE)
		return t->utf8 ? 0x2500 : '-';
	if (c->base == SURFACE_BAR)
		return t->utf8 ? 0x2502 : '|';
	if (c->base == SURFACE_UP)
		return t->utf8 ? 0x25b2 : '^';
	if (c->base == SURFACE_DOWN)
		return t->utf8 ? 0x25bc : 'v';
	if (c->base > SURFACE_LEVEL && c->base <= SURFACE_METER + 8)
		return bar(t, c->base);
	if (!t->utf8 || c->base < 0xa0)
		return '?';
	return wcwidth((wchar_t)c->base) == c->width ? c->base : 0xFFFD;
}

static void put_cell(const struct term *t, int x, int y, const struct cell *c)
{
	wchar_t text[4] = { (wchar_t)shown(t, c) };
	size_t len = 1;
	for (int i = 0; i < 2 && c->mark[i] && t->utf8; i++)
		if (wcwidth((wchar_t)c->mark[i]) == 0)
			text[len++] = (wchar_t)c->mark[i];
	cchar_t cell;
	const struct drawn *drawn = &t->drawn[c->role][c->ground];
	if (setcchar(&cell, text, drawn->attributes, drawn->pair, NULL) != OK)
		return;
	mvadd_wch(y, x, &cell);
	if (c->width == 2 && wcwidth(text[0]) != 2)
		mvaddch(y, x + 1, ' ');
}

static bool row_alike(const struct surface *a, const struct surface *b, int y)
{
	size_t width = (size_t)a->width;
	for (size_t x = 0; x < width; x++) {
		const struct cell *p = &a->cells[(size_t)y * width + x], *q = &b->cells[(size_t)y * width + x];
		if (p->base != q->base || p->role != q->role || p->ground != q->ground || p->mark[0] != q->mark[0] ||
		    p->mark[1] != q->mark[1])
			return false;
	}
	return true;
}

static bool has_picture(const struct surface *s, int y)
{
	for (int x = 0; x < s->width; x++)
		if (s->cells[y * s->width + x].base == SURFACE_PIXELS)
			return true;
	return false;
}

static void draw_row(struct term *t, const struct surface *s, int y)
{
	for (int x = 0; x < s->width; x++) {
		const struct cell *c = &s->cells[y * s->width + x];
		if (c->base == SURFACE_PIXELS)
			term_picture_put(&t->picture, x, y, c, term_graphics_has(&t->graphics, c->mark[0]));
		else if (c->base)
			put_cell(t, x, y, c);
	}
}

/* Curses does not know of sixels on its cells: it writes the lines again where they were. */
static void spoil_lines(const struct term *t, int height)
{
	for (int i = 0; t->graphics.how == GRAPHICS_SIXEL && i < t->graphics.before_count; i++) {
		struct rect at = t->graphics.before[i].at;
		for (int y = at.y; y < at.y + at.height && y < height; y++)
			wredrawln(stdscr, y, 1);
	}
}

static void draw_graphics(struct term *t, const struct surface *s)
{
	struct buffer out = { 0 };
	if (term_graphics_put(&t->graphics, s->cursor_x, s->cursor_y, &out))
		write_all((const char *)out.at, out.len);
	buffer_free(&out);
}

bool term_ready(const struct term *t)
{
	return !term_slow(t) || term_line_ready(&t->line, clock_steady_us());
}

void term_draw(struct term *t, const struct surface *s)
{
	t->picture.utf8 = t->utf8;
	t->picture.colours = t->question.colors >= 256 && !theme_is_plain(t->theme);
	t->repaint = term_picture_begin(&t->picture) || t->repaint;
	bool all = t->repaint || t->last.width != s->width || t->last.height != s->height;
	if (all && !surface_resize(&t->last, s->width, s->height))
		return;
	bool moved = term_graphics_plan(&t->graphics, s, all);
	if (term_slow(t))
		term_line_carry(&t->line, s, all ? NULL : &t->last, clock_steady_us(), baudrate());
	if (all)
		erase();
	if (t->repaint)
		clearok(stdscr, TRUE);
	t->repaint = false;
	for (int y = 0; y < s->height; y++)
		if (all || !row_alike(s, &t->last, y) || (moved && has_picture(s, y)))
			draw_row(t, s, y);
	if (moved)
		spoil_lines(t, s->height);
	memcpy(t->last.cells, s->cells, (size_t)s->width * (size_t)s->height * sizeof *s->cells);
	if (t->cursor != s->cursor_shown)
		curs_set(s->cursor_shown);
	t->cursor = s->cursor_shown;
	move(s->cursor_y, s->cursor_x);
	refresh();
	draw_graphics(t, s);
}

/* ---- leaving and coming back ---- */

void term_leave(struct term *t)
{
	drop_answer(t);
	take_graphics_away(t);
	term_paste(t, false);
	curs_set(1);
	def_prog_mode();
	endwin();
}

void term_enter(struct term *t)
{
	t->paste = false; /* whatever the program before left */
	reset_prog_mode();
	curs_set(t->cursor);
	term_paste(t, true);
	term_resize(t);
	term_repaint(t);
}

void term_mouse(struct term *t, bool on)
{
	if (on == t->mouse)
		return;
	t->mouse = on;
	mousemask(on ? BUTTON1_PRESSED | BUTTON4_PRESSED | BUTTON5_PRESSED : 0, NULL);
}

bool term_clipboard(struct term *t, struct bytes b)
{
	struct buffer out = { 0 };
	bool fine = t->modern && clip_osc52(&out, b);
	if (fine)
		write_all((const char *)out.at, out.len);
	buffer_free(&out);
	return fine;
}

void term_notify(struct term *t, enum term_notice how, const char *text)
{
	char out[200] = "\a";
	if (t->modern && how == TERM_NOTICE_OSC9)
		snprintf(out, sizeof out, "\033]9;%s\033\\", text);
	else if (t->modern && how == TERM_NOTICE_OSC777)
		snprintf(out, sizeof out, "\033]777;notify;creel;%s\033\\", text);
	if (how != TERM_NOTICE_OFF)
		write_all(out, strlen(out));
}

void term_own(void)
{
	if (tcgetpgrp(STDIN_FILENO) == getpgrp())
		return;
	/* Whoever asks for it from the background is stopped, unless it does not care. */
	struct sigaction old, ignore = { .sa_handler = SIG_IGN };
	if (sigaction(SIGTTOU, &ignore, &old))
		return;
	tcsetpgrp(STDIN_FILENO, getpgrp());
	sigaction(SIGTTOU, &old, NULL);
}

const char *term_library_version(void)
{
	const char *text = curses_version(), *digit = strpbrk(text, "0123456789");
	return digit ? digit : text;
}
