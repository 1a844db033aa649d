/* Which clipboard is tried in which order, how OSC 52 is framed, and what becomes of programs that fail. */
#include "shared/text/base64.h"
#include "tests/unit/unit.h"
#include "tui/clipboard/clip.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static void expect_plan(struct clip_place p, size_t len, const char *want)
{
	static const char letters[CLIP_WAYS + 1] = "ctowxmf";
	enum clip_way ways[CLIP_WAYS];
	char got[CLIP_WAYS + 1] = "";
	size_t count = clip_plan(&p, len, ways);
	for (size_t i = 0; i < count; i++)
		got[i] = letters[ways[i]];
	assert_string_equal(got, want);
}

static void test_plan(void **state)
{
	(void)state;
	expect_plan((struct clip_place){ 0 }, 10, "of");
	expect_plan((struct clip_place){ 0 }, CLIP_OSC52_MAX, "of");
	expect_plan((struct clip_place){ 0 }, CLIP_OSC52_MAX + 1, "f");
	expect_plan((struct clip_place){ .command = "" }, 1, "of");
	expect_plan((struct clip_place){ .command = "x", .tmux = true, .wayland = true, .x11 = true, .mac = true }, 1,
		    "ctowxmf");
	/* A display that was forwarded is not where the user looks. */
	expect_plan((struct clip_place){ .ssh = true, .wayland = true, .x11 = true, .mac = true }, 1, "of");
	expect_plan((struct clip_place){ .ssh = true, .tmux = true }, CLIP_OSC52_MAX + 1, "tf");
}

static void test_place(void **state)
{
	(void)state;
	setenv("TMUX", "/tmp/x,1,0", 1);
	setenv("SSH_TTY", "", 1);
	setenv("DISPLAY", ":0", 1);
	unsetenv("WAYLAND_DISPLAY");
	struct clip_place p = clip_place_here("cmd");
	assert_true(p.tmux && p.x11 && !p.ssh && !p.wayland);
	assert_string_equal(p.command, "cmd");
	setenv("SSH_TTY", "/dev/pts/1", 1);
	setenv("TMUX", "", 1);
	p = clip_place_here(NULL);
	assert_true(p.ssh && !p.tmux);
}

static void test_osc52(void **state)
{
	struct buffer out = { 0 }, back = { 0 };
	uint8_t *large = calloc(1, CLIP_OSC52_MAX + 1);
	(void)state;
	assert_non_null(large);
	assert_true(clip_osc52(&out, bytes_of("hi")));
	assert_true(bytes_equal(buffer_view(&out), bytes_of("\x1b]52;c;aGk=\x07")));
	/* Whatever is in it, nothing but base64 stands between the frame. */
	uint8_t all[256];
	for (unsigned i = 0; i < 256; i++)
		all[i] = (uint8_t)(255 - i);
	buffer_free(&out);
	assert_true(clip_osc52(&out, bytes_make(all, sizeof all)));
	assert_int_equal(out.at[out.len - 1], 7);
	for (size_t i = 7; i < out.len - 1; i++)
		assert_true(out.at[i] > 0x20 && out.at[i] < 0x7f);
	assert_true(base64_decode(&back, bytes_make(out.at + 7, out.len - 8)));
	assert_true(bytes_equal(buffer_view(&back), bytes_make(all, sizeof all)));
	buffer_free(&out);
	assert_true(clip_osc52(&out, bytes_make(large, CLIP_OSC52_MAX)));
	assert_true(out.len <= 100000);
	buffer_free(&out);
	assert_false(clip_osc52(&out, bytes_make(large, CLIP_OSC52_MAX + 1)));
	assert_int_equal(out.len, 0);
	buffer_free(&back);
	free(large);
}

/* ---- programs ---- */

struct told {
	char where[600];
	int times, sent;
	bool bad, takes;
};

static bool on_terminal(void *user, struct bytes b)
{
	struct told *told = user;
	told->sent += bytes_equal(b, bytes_of("what is copied"));
	return told->takes;
}

static void on_done(void *user, bool bad, const char *where)
{
	struct told *told = user;
	told->times++;
	told->bad = bad;
	snprintf(told->where, sizeof told->where, "%s", where);
}

static struct told copy(struct clip_place p, bool terminal, bool forget)
{
	struct told told = { .takes = terminal };
	struct clip_asker asker = { on_terminal, on_done, &told };
	uv_loop_t loop;
	assert_int_equal(uv_loop_init(&loop), 0);
	struct clip *c = clip_start(&loop, &p, bytes_of("what is copied"), &asker);
	assert_true((c == NULL) == (told.times == 1));
	if (c && forget)
		clip_forget(c);
	uv_run(&loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&loop), 0);
	return told;
}

static char *read_small(const char *path)
{
	static char text[100];
	FILE *f = fopen(path, "rb");
	assert_non_null(f);
	size_t len = fread(text, 1, sizeof text - 1, f);
	fclose(f);
	text[len] = '\0';
	return text;
}

static void test_programs(void **state)
{
	char dir[] = "/tmp/creel-clip-XXXXXX", command[200], path[100];
	(void)state;
	assert_non_null(mkdtemp(dir));
	setenv("TMPDIR", dir, 1);
	snprintf(path, sizeof path, "%s/taken", dir);
	snprintf(command, sizeof command, "cat >%s", path);
	struct told told = copy((struct clip_place){ .command = command }, true, false);
	assert_string_equal(told.where, "with the configured command");
	assert_false(told.bad);
	assert_int_equal(told.times, 1);
	assert_int_equal(told.sent, 0);
	assert_string_equal(read_small(path), "what is copied");
	unlink(path);
	/* One that does not read what it is given, and fails; then the terminal, which may not have taken it. */
	told = copy((struct clip_place){ .command = "exit 1" }, true, false);
	assert_int_equal(told.sent, 1);
	assert_string_equal(told.where, "sent to the terminal (OSC 52), which may refuse it");
	/* Killed. */
	told = copy((struct clip_place){ .command = "kill -9 $$" }, true, false);
	assert_int_equal(told.sent, 1);
	/* A terminal that cannot, nothing else: a file. */
	told = copy((struct clip_place){ .command = "exit 1" }, false, false);
	assert_false(told.bad);
	assert_int_equal(strncmp(told.where, "in ", 3), 0);
	*strchr(told.where, ':') = '\0';
	assert_int_equal(strncmp(told.where + 3, dir, strlen(dir)), 0);
	assert_string_equal(read_small(told.where + 3), "what is copied");
	struct stat s;
	assert_int_equal(stat(told.where + 3, &s), 0);
	assert_int_equal(s.st_mode & 0777, 0600);
	unlink(told.where + 3);
	/* Forgotten: the program ends by itself, nobody is told. */
	told = copy((struct clip_place){ .command = command }, true, true);
	assert_int_equal(told.times, 0);
	assert_string_equal(read_small(path), "what is copied");
	unlink(path);
	rmdir(dir);
	/* Nowhere to write. */
	setenv("TMPDIR", "/nowhere", 1);
	told = copy((struct clip_place){ 0 }, false, false);
	assert_true(told.bad);
	assert_non_null(strstr(told.where, "cannot write /nowhere/"));
}

/* In a folder of our own in the place of PATH. */
static void test_missing_programs(void **state)
{
	char *path = strdup(getenv("PATH"));
	(void)state;
	assert_non_null(path);
	setenv("PATH", "/nowhere", 1);
	setenv("TMPDIR", "/tmp", 1);
	struct told told = copy((struct clip_place){ .tmux = true, .x11 = true, .wayland = true }, true, false);
	assert_int_equal(told.times, 1);
	assert_int_equal(told.sent, 1);
	assert_string_equal(told.where, "sent to the terminal (OSC 52), which may refuse it");
	setenv("PATH", path, 1);
	free(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_plan),
		cmocka_unit_test(test_place),
		cmocka_unit_test(test_osc52),
		cmocka_unit_test(test_programs),
		cmocka_unit_test(test_missing_programs),
	};
	return RUN(tests);
}
