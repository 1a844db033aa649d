/* The line in which the disk is given much to do: one after the other, in order. */
#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

#include "shared/disk/disk_aside.h"
#include "tests/unit/unit.h"

#define TASKS 6

struct place {
	struct disk_task task; /* first */
	struct line *line;
	int number;
};

struct line {
	struct place places[TASKS];
	atomic_int running, most, begun;
	int over;
	uv_loop_t loop;
	bool again; /* one more is put into the line by the first that is over */
};

static void run(struct disk_task *t)
{
	struct place *p = (struct place *)t;
	struct line *l = p->line;
	int now = atomic_fetch_add(&l->running, 1) + 1;
	if (now > atomic_load(&l->most))
		atomic_store(&l->most, now);
	assert_int_equal(atomic_fetch_add(&l->begun, 1), p->number);
	usleep(2000); /* long enough for the others, were they let in */
	atomic_fetch_sub(&l->running, 1);
}

static void done(struct disk_task *t)
{
	struct place *p = (struct place *)t;
	struct line *l = p->line;
	assert_int_equal(l->over++, p->number);
	if (l->again) {
		l->again = false;
		disk_aside_run(&l->loop, &l->places[TASKS - 1].task);
	}
}

static void one_after_the_other(void **state)
{
	struct line l = { .again = true };
	(void)state;
	assert_int_equal(uv_loop_init(&l.loop), 0);
	for (int i = 0; i < TASKS; i++)
		l.places[i] = (struct place){ { .run = run, .done = done }, &l, i };
	for (int i = 0; i < TASKS - 1; i++)
		disk_aside_run(&l.loop, &l.places[i].task);
	uv_run(&l.loop, UV_RUN_DEFAULT);
	assert_int_equal(l.over, TASKS);
	assert_int_equal(l.most, 1);
	assert_int_equal(uv_loop_close(&l.loop), 0);
}

/* What is only begun early gives way to what stands in the line. */
static void early_writing_gives_way(void **state)
{
#ifdef SYNC_FILE_RANGE_WRITE
	struct line l = { 0 };
	char path[] = "/tmp/creel-aside-XXXXXX";
	int fd = mkstemp(path);
	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(uv_loop_init(&l.loop), 0);
	l.places[0] = (struct place){ { .run = run, .done = done }, &l, 0 };
	disk_aside_run(&l.loop, &l.places[0].task);
	assert_false(disk_aside_write(&l.loop, fd, 0, 1));
	uv_run(&l.loop, UV_RUN_DEFAULT);
	assert_true(disk_aside_write(&l.loop, fd, 0, 1));
	assert_false(disk_aside_write(&l.loop, fd, 1, 1));
	uv_run(&l.loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&l.loop), 0);
	assert_int_equal(close(fd), 0);
	unlink(path);
#else
	(void)state;
	skip();
#endif
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_after_the_other),
		cmocka_unit_test(early_writing_gives_way),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
