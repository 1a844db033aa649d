/* A terminal that measures: runs the inspector on a pty, draws what it writes (the sequences of TERM=linux that ncurses
 * uses) and says when what a key should do stands on the screen.
 *
 *   tui-bench [--runs N] [--keys N] [--pages N] [--open] -- creel ui …
 *
 * Lines "name value" on stdout: first_paint_ms (median), first_paint_worst_ms, key_p50_ms, key_p99_ms, key_worst_ms,
 * rss_mib after the keys, rss_pages_mib after the pages, rss_open_mib after a long body was opened. */
#include <errno.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define COLUMNS 80
#define ROWS 24
#define PATIENCE_MS 20000
#define BETWEEN_KEYS_MS 10

struct screen {
	char cell[ROWS][COLUMNS];
	int x, y, top, bottom;
	bool wrap;
	char sequence[64]; /* behind ESC */
	size_t length;     /* of it; SIZE_MAX: none */
	char last;
};

struct terminal {
	struct screen s;
	pid_t child;
	int fd;
};

static double now_ms(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1000 + (double)now.tv_nsec / 1e6;
}

/* ---- the screen ---- */

static void blank(struct screen *s, int y, int from, int to)
{
	for (int x = from; x < to && x < COLUMNS; x++)
		s->cell[y][x] = ' ';
}

static void scroll(struct screen *s, int top, int lines)
{
	int count = s->bottom - top + 1;
	for (int i = 0; i < count; i++) {
		int y = lines > 0 ? top + i : s->bottom - i, from = y + lines;
		if (from >= top && from <= s->bottom)
			memcpy(s->cell[y], s->cell[from], COLUMNS);
		else
			blank(s, y, 0, COLUMNS);
	}
}

static void line_feed(struct screen *s)
{
	if (s->y == s->bottom)
		scroll(s, s->top, 1);
	else if (s->y < ROWS - 1)
		s->y++;
}

static void put(struct screen *s, char c)
{
	if (s->wrap) {
		s->x = 0;
		line_feed(s);
	}
	s->cell[s->y][s->x] = s->last = c;
	s->wrap = s->x == COLUMNS - 1;
	s->x += !s->wrap;
}

static void move_to(struct screen *s, int y, int x)
{
	s->y = y < 0 ? 0 : y >= ROWS ? ROWS - 1 : y;
	s->x = x < 0 ? 0 : x >= COLUMNS ? COLUMNS - 1 : x;
	s->wrap = false;
}

static void shift(struct screen *s, int by)
{
	char *row = s->cell[s->y];
	int rest = COLUMNS - s->x, n = abs(by) < rest ? abs(by) : rest;
	if (by > 0) {
		memmove(row + s->x + n, row + s->x, (size_t)(rest - n));
		blank(s, s->y, s->x, s->x + n);
	} else {
		memmove(row + s->x, row + s->x + n, (size_t)(rest - n));
		blank(s, s->y, COLUMNS - n, COLUMNS);
	}
}

static void erase_lines(struct screen *s, int mode)
{
	int from = mode == 0 ? s->y + 1 : 0, to = mode == 1 ? s->y : ROWS;
	for (int y = from; y < to; y++)
		blank(s, y, 0, COLUMNS);
	if (mode != 2)
		blank(s, s->y, mode == 0 ? s->x : 0, mode == 0 ? COLUMNS : s->x + 1);
}

static void control(struct screen *s, char end, int a, int b)
{
	int n = a > 0 ? a : 1;
	s->wrap = false;
	switch (end) {
	case 'H':
		move_to(s, (a > 0 ? a : 1) - 1, (b > 0 ? b : 1) - 1);
		break;
	case 'A':
		move_to(s, s->y - n, s->x);
		break;
	case 'B':
		move_to(s, s->y + n, s->x);
		break;
	case 'C':
		move_to(s, s->y, s->x + n);
		break;
	case 'D':
		move_to(s, s->y, s->x - n);
		break;
	case 'G':
		move_to(s, s->y, n - 1);
		break;
	case 'd':
		move_to(s, n - 1, s->x);
		break;
	case 'K':
		blank(s, s->y, a == 1 || a == 2 ? 0 : s->x, a == 1 ? s->x + 1 : COLUMNS);
		break;
	case 'J':
		erase_lines(s, a);
		break;
	case 'X':
		blank(s, s->y, s->x, s->x + n);
		break;
	case '@':
		shift(s, n);
		break;
	case 'P':
		shift(s, -n);
		break;
	case 'L':
		scroll(s, s->y, -n);
		break;
	case 'M':
		scroll(s, s->y, n);
		break;
	case 'S':
		scroll(s, s->top, n);
		break;
	case 'T':
		scroll(s, s->top, -n);
		break;
	case 'b':
		for (int i = 0; i < n; i++)
			put(s, s->last);
		break;
	case 'r':
		s->top = (a > 0 ? a : 1) - 1;
		s->bottom = (b > 0 ? b : ROWS) - 1;
		move_to(s, 0, 0);
		break;
	default:
		break; /* colours, modes */
	}
}

static void sequence(struct screen *s, char c)
{
	if (s->length + 1 >= sizeof s->sequence) {
		fprintf(stderr, "tui-bench: a sequence it does not know\n");
		exit(1);
	}
	s->sequence[s->length++] = c;
	s->sequence[s->length] = 0;
	if (s->length == 1 && c != '[' && c != ']' && c != '(' && c != ')') {
		if (c == 'M' && s->y == s->top)
			scroll(s, s->top, -1);
		else if (c == 'M')
			s->y--;
		s->length = SIZE_MAX;
		return;
	}
	char first = s->sequence[0];
	if ((first == '(' || first == ')') && s->length == 2)
		s->length = SIZE_MAX;
	if (first == ']' && (c == 'R' || c == '\a'))
		s->length = SIZE_MAX;
	if (first != '[' || s->length == 1 || c < '@')
		return;
	int a = 0, b = 0;
	if (s->sequence[1] != '?')
		sscanf(s->sequence + 1, "%d;%d", &a, &b);
	s->length = SIZE_MAX;
	control(s, s->sequence[1] == '?' ? 'm' : c, a, b);
}

static void draw(struct screen *s, const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		char c = text[i];
		if (c == '\x1b')
			s->length = 0;
		else if (s->length != SIZE_MAX)
			sequence(s, c);
		else if (c == '\r')
			move_to(s, s->y, 0);
		else if (c == '\n')
			line_feed(s);
		else if (c == '\b')
			move_to(s, s->y, s->x - 1);
		else if (c == '\t')
			move_to(s, s->y, (s->x + 8) & ~7);
		else if ((unsigned char)c >= ' ')
			put(s, c);
	}
}

/* ---- the program ---- */

static void show(const struct terminal *t)
{
	for (int y = 0; y < ROWS; y++)
		fprintf(stderr, "|%.*s|\n", COLUMNS, t->s.cell[y]);
}

static void start(struct terminal *t, char **command)
{
	struct winsize size = { .ws_row = ROWS, .ws_col = COLUMNS };
	memset(t, 0, sizeof *t);
	memset(t->s.cell, ' ', sizeof t->s.cell);
	t->s.bottom = ROWS - 1;
	t->s.length = SIZE_MAX;
	t->child = forkpty(&t->fd, NULL, NULL, &size);
	if (t->child == 0) {
		execvp(command[0], command);
		_exit(127);
	}
	if (t->child < 0) {
		perror("tui-bench: forkpty");
		exit(1);
	}
}

/* Reads until `fits`, or gives up; the time that took. */
static double until(struct terminal *t, const char *what, bool (*fits)(const struct screen *s, long than), long than)
{
	double began = now_ms();
	char piece[65536];
	while (!fits(&t->s, than)) {
		struct pollfd p = { .fd = t->fd, .events = POLLIN };
		ssize_t n = poll(&p, 1, 100) > 0 ? read(t->fd, piece, sizeof piece) : 0;
		if ((n < 0 && errno != EINTR) || now_ms() - began > PATIENCE_MS) {
			fprintf(stderr, "tui-bench: waited in vain for %s\n", what);
			show(t);
			exit(1);
		}
		if (n > 0)
			draw(&t->s, piece, (size_t)n);
	}
	return now_ms() - began;
}

/* Draws what comes for so long. */
static void rest(struct terminal *t, double ms)
{
	char piece[65536];
	for (double end = now_ms() + ms, left; (left = end - now_ms()) > 0;) {
		struct pollfd p = { .fd = t->fd, .events = POLLIN };
		ssize_t n = poll(&p, 1, (int)left + 1) > 0 ? read(t->fd, piece, sizeof piece) : 0;
		if (n > 0)
			draw(&t->s, piece, (size_t)n);
	}
}

static void press(const struct terminal *t, const char *key)
{
	if (write(t->fd, key, strlen(key)) < 0)
		perror("tui-bench: write");
}

static double rss_mib(const struct terminal *t)
{
	char path[60], line[200];
	long kib = 0;
	snprintf(path, sizeof path, "/proc/%d/status", (int)t->child);
	FILE *f = fopen(path, "r");
	while (f && fgets(line, sizeof line, f))
		if (sscanf(line, "VmRSS: %ld", &kib) == 1)
			break;
	if (f)
		fclose(f);
	return (double)kib / 1024;
}

static void finish(struct terminal *t)
{
	kill(t->child, SIGKILL);
	waitpid(t->child, NULL, 0);
	close(t->fd);
}

/* ---- what is on the screen ---- */

/* The chosen delivery's number, in the line above the keys, behind the provider's id once that was read; -1: none. */
static long chosen(const struct screen *s)
{
	const char *row = s->cell[ROWS - 2];
	for (int x = 1; x + 1 < COLUMNS; x++)
		if (row[x] == '#' && row[x - 1] == ' ')
			return strtol(row + x + 1, NULL, 10);
	return -1;
}

static bool has_row(const struct screen *s, long than)
{
	(void)than;
	for (int y = 3; y < ROWS - 2; y++)
		if (s->cell[y][0] == '>' && s->cell[y][6] == ':')
			return true;
	return false;
}

static bool is_chosen(const struct screen *s, long id)
{
	return chosen(s) == id;
}

static bool is_below(const struct screen *s, long id)
{
	long now = chosen(s);
	return now > 0 && now < id;
}

static bool is_any(const struct screen *s, long id)
{
	(void)id;
	return chosen(s) > 0;
}

static bool is_open(const struct screen *s, long than)
{
	(void)than;
	for (int y = 1; y < ROWS - 1; y++)
		if (memmem(s->cell[y], COLUMNS, "1 Request", 9))
			return true;
	return false;
}

static bool has_body(const struct screen *s, long than)
{
	(void)than;
	for (int y = 1; y < ROWS - 1; y++)
		if (memmem(s->cell[y], COLUMNS, "abcdefghij", 10))
			return true;
	return false;
}

/* ---- measuring ---- */

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

static void say_times(const char *name, double *times, size_t n, bool with_p99)
{
	qsort(times, n, sizeof *times, compare);
	printf("%s%s_ms %.1f\n", name, with_p99 ? "_p50" : "", times[n / 2]);
	if (with_p99)
		printf("%s_p99_ms %.1f\n", name, times[n * 99 / 100]);
	printf("%s_worst_ms %.1f\n", name, times[n - 1]);
}

static void measure_paint(char **command, size_t runs)
{
	double *times = calloc(runs, sizeof *times);
	for (size_t i = 0; times && i < runs; i++) {
		struct terminal t;
		start(&t, command);
		times[i] = until(&t, "the first row", has_row, 0);
		finish(&t);
	}
	if (times)
		say_times("first_paint", times, runs, false);
	free(times);
}

static void measure_keys(struct terminal *t, size_t count)
{
	double *times = calloc(count, sizeof *times);
	until(t, "a delivery", is_any, 0);
	for (size_t i = 0; times && i < count; i++) {
		rest(t, BETWEEN_KEYS_MS);
		long id = chosen(&t->s);
		/* A person's steps: three of four up, through what has to be read. */
		bool up = i % 4 != 1;
		press(t, up ? "k" : "j");
		times[i] = until(t, "the next delivery", is_chosen, up ? id - 1 : id + 1);
	}
	if (times)
		say_times("key", times, count, true);
	free(times);
}

static void measure_pages(struct terminal *t, size_t count)
{
	double *times = calloc(count, sizeof *times);
	until(t, "a delivery", is_any, 0);
	for (size_t i = 0; times && i < count; i++) {
		long id = chosen(&t->s);
		press(t, "\x1b[5~");
		times[i] = until(t, "the page before", is_below, id);
	}
	if (times)
		say_times("page", times, count, true);
	free(times);
}

int main(int argc, char **argv)
{
	size_t runs = 0, keys = 0, pages = 0;
	bool open = false;
	int i = 1;
	for (; i < argc && strcmp(argv[i], "--") != 0; i++) {
		if (strcmp(argv[i], "--open") == 0)
			open = true;
		else if (i + 1 < argc && strcmp(argv[i], "--runs") == 0)
			runs = strtoul(argv[++i], NULL, 10);
		else if (i + 1 < argc && strcmp(argv[i], "--keys") == 0)
			keys = strtoul(argv[++i], NULL, 10);
		else if (i + 1 < argc && strcmp(argv[i], "--pages") == 0)
			pages = strtoul(argv[++i], NULL, 10);
	}
	if (i + 1 >= argc) {
		fputs("usage: tui-bench [--runs N] [--keys N] [--pages N] [--open] -- PROGRAM…\n", stderr);
		return 2;
	}
	setenv("TERM", "linux", 1);
	setenv("LC_ALL", "C.UTF-8", 1);
	if (runs)
		measure_paint(argv + i + 1, runs);
	struct terminal t;
	start(&t, argv + i + 1);
	until(&t, "the first row", has_row, 0);
	if (keys) {
		measure_keys(&t, keys);
		printf("rss_mib %.1f\n", rss_mib(&t));
	}
	if (pages) {
		measure_pages(&t, pages);
		printf("rss_pages_mib %.1f\n", rss_mib(&t));
	}
	if (open) {
		press(&t, "G");
		press(&t, "\r");
		until(&t, "an open delivery", is_open, 0);
		until(&t, "its body", has_body, 0);
		printf("rss_open_mib %.1f\n", rss_mib(&t));
	}
	finish(&t);
	return 0;
}
