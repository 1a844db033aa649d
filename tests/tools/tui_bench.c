/* A terminal that measures: runs the inspector on a pty, draws what it writes (the sequences of TERM=linux that ncurses
 * uses) and says when what a key should do stands on the screen.
 *
 *   tui-bench [--size COLUMNSxROWS] [--runs N] [--keys N] [--pages N] [--open] [--walk FILTER] [--sorted N]
 *             [--overview N] [--typed N] [--slow N] -- creel ui …
 *
 * Lines "name value" on stdout: first_paint_ms (median), first_paint_worst_ms, key_p50_ms, key_p99_ms, key_worst_ms,
 * key_bytes, what a key has written while nothing else happens, rss_mib after the keys, rss_pages_mib after the pages,
 * rss_open_mib after a long body was opened; from Esc to the end of a filter's walk walk_end_ms (median),
 * walk_end_worst_ms, and walk_cpu_ms, the most that was spent after it. Of N keys each: order_ms, from the choice of
 * TOOK to all of its order, and sorted_p99_ms, a key there, every tenth while it is sorted the other way round;
 * overview_p99_ms, in the overview, which is counted anew every tenth key; typed_p99_ms, a letter of a filter that is
 * applied while it is typed. On a line of 9,600 baud N keys are typed ahead, 30 a second: slow_bytes that the program
 * wrote for all of them, slow_after_ms from the last of them until the screen is as they want it; and slow_esc_ms, from
 * Esc until a prompt is gone. */
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
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "tests/tools/bench_screen.h"

#define PATIENCE_MS 20000
#define BETWEEN_KEYS_MS 10
#define SETTLED_MS 500 /* until what belongs to a key has come */
#define WALKS 10
#define WATCHED_MS 1000 /* after Esc */
#define MOMENT_MS 10    /* a quarter of it in use is busy */

struct terminal {
	struct screen s;
	pid_t child;
	int fd;
	uint64_t bytes; /* that came from it */
};

static int columns = 80, rows = 24; /* of the terminal */
static bool slow;                   /* of 9,600 baud */

static double now_ms(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1000 + (double)now.tv_nsec / 1e6;
}

/* ---- the program ---- */

static void show(const struct terminal *t)
{
	for (int y = 0; y < rows; y++)
		fprintf(stderr, "|%.*s|\n", columns, t->s.cell[y]);
}

static void start(struct terminal *t, char **command)
{
	struct winsize size = { .ws_row = (unsigned short)rows, .ws_col = (unsigned short)columns };
	memset(t, 0, sizeof *t);
	screen_init(&t->s, columns, rows);
	t->child = forkpty(&t->fd, NULL, NULL, &size);
	if (t->child == 0) {
		struct termios modes;
		if (slow && tcgetattr(STDIN_FILENO, &modes) == 0 && cfsetspeed(&modes, B9600) == 0)
			(void)tcsetattr(STDIN_FILENO, TCSANOW, &modes);
		execvp(command[0], command);
		_exit(127);
	}
	if (t->child < 0) {
		perror("tui-bench: forkpty");
		exit(1);
	}
}

static void take(struct terminal *t, const char *piece, size_t len)
{
	t->bytes += len;
	screen_draw(&t->s, piece, len);
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
			take(t, piece, (size_t)n);
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
			take(t, piece, (size_t)n);
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
	const char *row = s->cell[s->rows - 2];
	for (int x = 1; x + 1 < s->columns; x++)
		if (row[x] == '#' && row[x - 1] == ' ')
			return strtol(row + x + 1, NULL, 10);
	return -1;
}

static bool has_row(const struct screen *s, long than)
{
	(void)than;
	for (int y = 3; y < s->rows - 2; y++)
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
	for (int y = 1; y < s->rows - 1; y++)
		if (memmem(s->cell[y], (size_t)s->columns, "1 Request", 9))
			return true;
	return false;
}

static bool has_body(const struct screen *s, long than)
{
	(void)than;
	for (int y = 1; y < s->rows - 1; y++)
		if (memmem(s->cell[y], (size_t)s->columns, "abcdefghij", 10))
			return true;
	return false;
}

static bool has_word(const struct screen *s, const char *word)
{
	return memmem(s->cell[1], (size_t)s->columns, word, strlen(word));
}

static bool is_paused(const struct screen *s, long than)
{
	(void)than;
	return has_word(s, "PAUSED");
}

static bool is_counted(const struct screen *s, long than)
{
	return has_row(s, than) && !memchr(s->cell[0], '~', (size_t)s->columns);
}

static bool is_walking(const struct screen *s, long than)
{
	return has_row(s, than) && has_word(s, "searched") && has_word(s, "(Esc stops)");
}

/* What was found stays. */
static bool is_stopped(const struct screen *s, long than)
{
	return has_row(s, than) && has_word(s, "STOPPED");
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
	rest(t, SETTLED_MS);
	uint64_t bytes = t->bytes;
	for (size_t i = 0; times && i < count; i++) {
		rest(t, BETWEEN_KEYS_MS);
		long id = chosen(&t->s);
		/* A person's steps: three of four up, through what has to be read. */
		bool up = i % 4 != 1;
		press(t, up ? "k" : "j");
		times[i] = until(t, "the next delivery", is_chosen, up ? id - 1 : id + 1);
	}
	rest(t, SETTLED_MS);
	if (times)
		say_times("key", times, count, true);
	if (count)
		printf("key_bytes %.1f\n", (double)(t->bytes - bytes) / (double)count);
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

static double cpu_ms(clockid_t clock)
{
	struct timespec now;
	clock_gettime(clock, &now);
	return (double)now.tv_sec * 1000 + (double)now.tv_nsec / 1e6;
}

/* From Esc until the screen says so and the program rests: the end of the last moment in which it was busy, within the
 * time it is watched. *after: the CPU it spent in the latter half of that. */
static double stop_walk(struct terminal *t, double *after)
{
	clockid_t clock;
	if (clock_getcpuclockid(t->child, &clock) != 0) {
		fputs("tui-bench: there is no CPU clock of the program\n", stderr);
		exit(1);
	}
	double began = now_ms(), half = -1;
	press(t, "\x1b");
	double end = until(t, "the walk's end", is_stopped, 0), spent = cpu_ms(clock);
	while (now_ms() - began < WATCHED_MS) {
		rest(t, MOMENT_MS);
		double now = cpu_ms(clock);
		if (now - spent > MOMENT_MS / 4.0)
			end = now_ms() - began;
		spent = now;
		if (half < 0 && now_ms() - began >= WATCHED_MS / 2.0)
			half = now;
	}
	*after = half < 0 ? 0 : spent - half;
	return end;
}

/* As somebody does it who looks at an older delivery: the matches are counted for him, too, which walks as well. */
static void measure_walk(char **command, const char *filter)
{
	double times[WALKS], most = 0, after;
	for (size_t i = 0; i < WALKS; i++) {
		struct terminal t;
		start(&t, command);
		until(&t, "the first row and the count", is_counted, 0);
		press(&t, "F");
		until(&t, "the pause", is_paused, 0);
		press(&t, "f");
		press(&t, filter);
		press(&t, "\r");
		until(&t, "a walk that found something", is_walking, 0);
		times[i] = stop_walk(&t, &after);
		most = after > most ? after : most;
		finish(&t);
	}
	say_times("walk_end", times, WALKS, false);
	printf("walk_cpu_ms %.1f\n", most);
}

/* ---- keys in other views ---- */

/* CPU that the thread which draws has spent: unlike a time it is the same on a busy machine. */
static double drawing_ms(const struct terminal *t)
{
	char path[80];
	unsigned long long ns = 0;
	snprintf(path, sizeof path, "/proc/%d/task/%d/schedstat", (int)t->child, (int)t->child);
	FILE *f = fopen(path, "r");
	if (!f || fscanf(f, "%llu", &ns) != 1)
		ns = 0;
	if (f)
		fclose(f);
	return (double)ns / 1e6;
}

struct measured {
	const char *name;
	double *times, most_cpu;
	size_t count;
};

static struct measured begin_keys(const char *name, size_t count)
{
	return (struct measured){ name, calloc(count, sizeof(double)), 0, 0 };
}

static void add_key(struct measured *m, double ms, double cpu)
{
	if (m->times)
		m->times[m->count++] = ms;
	m->most_cpu = cpu > m->most_cpu ? cpu : m->most_cpu;
}

static void end_keys(struct measured *m)
{
	if (m->count)
		say_times(m->name, m->times, m->count, true);
	printf("%s_cpu_ms %.1f\n", m->name, m->most_cpu);
	free(m->times);
}

static bool is_sorted(const struct screen *s, long than)
{
	return has_row(s, than) && has_word(s, "SORTED by took");
}

static bool is_other(const struct screen *s, long id)
{
	return chosen(s) > 0 && chosen(s) != id;
}

static void measure_sorted(struct terminal *t, size_t count)
{
	struct measured m = begin_keys("sorted", count);
	press(t, "s");
	rest(t, SETTLED_MS);
	press(t, "t");
	printf("order_ms %.1f\n", until(t, "the order", is_sorted, 0));
	for (size_t i = 0; i < count; i++) {
		rest(t, BETWEEN_KEYS_MS);
		if (i % 10 == 9)
			press(t, "v");
		if (i % 10 == 9)
			rest(t, BETWEEN_KEYS_MS);
		long id = chosen(&t->s);
		double cpu = drawing_ms(t);
		press(t, "j");
		double ms = until(t, "another delivery", is_other, id);
		add_key(&m, ms, drawing_ms(t) - cpu);
	}
	end_keys(&m);
}

/* Where a row is chosen that is no delivery: from the key to anything of the answer, which is written in one. */
static double answered(struct terminal *t, const char *key)
{
	uint64_t bytes = t->bytes;
	double began = now_ms();
	char piece[65536];
	press(t, key);
	while (t->bytes == bytes) {
		ssize_t n = read(t->fd, piece, sizeof piece);
		if ((n < 0 && errno != EINTR) || now_ms() - began > PATIENCE_MS) {
			fprintf(stderr, "tui-bench: waited in vain for an answer to %s\n", key);
			exit(1);
		}
		if (n > 0)
			take(t, piece, (size_t)n);
	}
	return now_ms() - began;
}

static void measure_overview(struct terminal *t, size_t count)
{
	struct measured m = begin_keys("overview", count);
	press(t, "O");
	rest(t, SETTLED_MS);
	for (size_t i = 0; i < count; i++) {
		rest(t, BETWEEN_KEYS_MS);
		if (i % 10 == 9)
			press(t, i % 20 == 9 ? "[" : "]");
		double cpu = drawing_ms(t), ms = answered(t, i % 4 < 2 ? "j" : "k");
		add_key(&m, ms, drawing_ms(t) - cpu);
	}
	end_keys(&m);
	press(t, "q");
	rest(t, SETTLED_MS);
}

/* Words that are looked for in all bodies, and taken back. */
static void measure_typed(struct terminal *t, size_t count)
{
	static const char word[] = "body:/needle/ took:>1s event:invoice";
	struct measured m = begin_keys("typed", count);
	press(t, "f");
	rest(t, SETTLED_MS);
	for (size_t i = 0; i < count; i++) {
		size_t at = i % (2 * (sizeof word - 1));
		char key[2] = { at < sizeof word - 1 ? word[at] : 0x7f };
		rest(t, i % 5 ? BETWEEN_KEYS_MS : SETTLED_MS / 2); /* long enough for it to be applied */
		double cpu = drawing_ms(t), ms = answered(t, key);
		add_key(&m, ms, drawing_ms(t) - cpu);
	}
	end_keys(&m);
	press(t, "\x1b");
	rest(t, SETTLED_MS);
}

/* ---- a slow line ---- */

#define LINE_BYTES 48 /* in LINE_MS: 960 a second */
#define LINE_MS 50

/* What such a line carries in LINE_MS. */
static size_t carry(struct terminal *t)
{
	char piece[LINE_BYTES];
	struct pollfd p = { .fd = t->fd, .events = POLLIN };
	double began = now_ms();
	ssize_t n = poll(&p, 1, LINE_MS) > 0 ? read(t->fd, piece, sizeof piece) : 0;
	if (n > 0)
		take(t, piece, (size_t)n);
	double left = LINE_MS - (now_ms() - began);
	if (left > 0)
		poll(NULL, 0, (int)left);
	return n > 0 ? (size_t)n : 0;
}

static double carry_until(struct terminal *t, const char *what, bool (*fits)(const struct screen *s, long than),
			  long than)
{
	double began = now_ms();
	while (!fits(&t->s, than)) {
		carry(t);
		if (now_ms() - began > PATIENCE_MS) {
			fprintf(stderr, "tui-bench: waited in vain for %s\n", what);
			show(t);
			exit(1);
		}
	}
	return now_ms() - began;
}

static void carry_all(struct terminal *t)
{
	for (int quiet = 0; quiet < SETTLED_MS / LINE_MS;)
		quiet = carry(t) ? 0 : quiet + 1;
}

static bool has_prompt(const struct screen *s, long shown)
{
	return (memmem(s->cell[s->rows - 2], (size_t)s->columns, "source:stripe", 13) != NULL) == (shown != 0);
}

static void measure_slow(char **command, size_t count)
{
	struct terminal t;
	slow = true;
	start(&t, command);
	carry_until(&t, "a delivery", is_any, 0);
	carry_all(&t);
	long id = chosen(&t.s);
	uint64_t bytes = t.bytes;
	for (size_t i = 0; i < count; i++) {
		press(&t, "k");
		if (i % 3 != 2)
			carry(&t);
	}
	printf("slow_after_ms %.1f\n", carry_until(&t, "the last delivery", is_chosen, id - (long)count));
	carry_all(&t);
	printf("slow_bytes %.1f\n", (double)(t.bytes - bytes));
	press(&t, "fsource:stripe");
	carry_until(&t, "the prompt", has_prompt, 1);
	press(&t, "\x1b");
	printf("slow_esc_ms %.1f\n", carry_until(&t, "the prompt to be gone", has_prompt, 0));
	finish(&t);
	slow = false;
}

static void take_size(const char *text)
{
	if (sscanf(text, "%dx%d", &columns, &rows) != 2 || columns < 40 || columns > COLUMNS_MOST || rows < 10 ||
	    rows > ROWS_MOST) {
		fputs("tui-bench: --size takes 40x10 to 240x80\n", stderr);
		exit(2);
	}
}

int main(int argc, char **argv)
{
	size_t runs = 0, typed_ahead = 0, keys = 0, pages = 0, sorted = 0, overview = 0, typed = 0;
	bool open = false;
	const char *walk = NULL;
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
		else if (i + 1 < argc && strcmp(argv[i], "--sorted") == 0)
			sorted = strtoul(argv[++i], NULL, 10);
		else if (i + 1 < argc && strcmp(argv[i], "--overview") == 0)
			overview = strtoul(argv[++i], NULL, 10);
		else if (i + 1 < argc && strcmp(argv[i], "--typed") == 0)
			typed = strtoul(argv[++i], NULL, 10);
		else if (i + 1 < argc && strcmp(argv[i], "--slow") == 0)
			typed_ahead = strtoul(argv[++i], NULL, 10);
		else if (i + 1 < argc && strcmp(argv[i], "--size") == 0)
			take_size(argv[++i]);
		else if (i + 1 < argc && strcmp(argv[i], "--walk") == 0)
			walk = argv[++i];
	}
	if (i + 1 >= argc) {
		fputs("usage: tui-bench [--runs N] [--keys N] [--pages N] [--open] [--walk FILTER] "
		      "[--sorted N] [--overview N] [--typed N] [--slow N] [--size COLUMNSxROWS] -- PROGRAM…\n",
		      stderr);
		return 2;
	}
	setenv("TERM", "linux", 1);
	setenv("LC_ALL", "C.UTF-8", 1);
	if (runs)
		measure_paint(argv + i + 1, runs);
	if (typed_ahead)
		measure_slow(argv + i + 1, typed_ahead);
	if (walk)
		measure_walk(argv + i + 1, walk);
	if (!keys && !pages && !open && !sorted && !overview && !typed)
		return 0;
	struct terminal t;
	start(&t, argv + i + 1);
	until(&t, "the first row", has_row, 0);
	if (keys) {
		measure_keys(&t, keys);
		printf("rss_mib %.1f\n", rss_mib(&t));
	}
	if (typed)
		measure_typed(&t, typed);
	if (overview)
		measure_overview(&t, overview);
	if (sorted)
		measure_sorted(&t, sorted);
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
