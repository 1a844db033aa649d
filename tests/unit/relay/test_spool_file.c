/* The spool's file: who may read it, what is refused, a full disk. */
#include <dlfcn.h>
#include <errno.h>
#include <sqlite3.h>
#include <sys/mount.h>
#include <sys/statvfs.h>

#include "relay/spool/spool_private.h"
#include "tests/unit/relay/spool_fixture.h"

#define NO_KEY bytes_make(NULL, 0)

static const char *file(const char *end)
{
	static char path[128];
	snprintf(path, sizeof path, "%s/spool.db%s", folder, end);
	return path;
}

static int mode_of(const char *path)
{
	struct stat st;
	return stat(path, &st) == 0 ? (int)(st.st_mode & 0777) : -1;
}

static void test_nobody_else_may_read(void **state)
{
	static const mode_t umasks[] = { 0, 0777 };
	(void)state;
	for (size_t i = 0; i < 2; i++) {
		mode_t old = umask(umasks[i]);
		open_spool();
		put(join_as("dev", NO_KEY), 1, "x");
		umask(old);
		assert_int_equal(mode_of(file("")), 0600);
		assert_int_equal(mode_of(file("-wal")), 0600);
		close_spool();
		assert_int_equal(unlink(file("")), 0);
	}
	strcat(folder, "/new");
	open_spool();
	assert_int_equal(mode_of(folder), 0700);
	close_spool();
}

/* The sentence names the file and says what to do. */
static void refused(const char *reason)
{
	struct error e;
	assert_null(spool_open(&loop, folder, &settings, &e));
	assert_int_equal(e.code, EXIT_STORE);
	if (!strstr(e.text, reason) || !strstr(e.text, folder))
		fail_msg("not '%s' in: %s", reason, e.text);
}

static void overwrite(long at, size_t len)
{
	FILE *f = fopen(file(""), "r+b");
	assert_non_null(f);
	assert_int_equal(fseek(f, at, SEEK_SET), 0);
	for (size_t i = 0; i < len; i++)
		assert_int_not_equal(fputc(0xa5, f), EOF);
	assert_int_equal(fclose(f), 0);
}

static void test_a_damaged_file_is_named(void **state)
{
	(void)state;
	open_spool();
	int64_t dev = join_as("dev", NO_KEY);
	for (uint32_t n = 0; n < 200; n++)
		put(dev, n, "x");
	close_spool();
	struct stat st;
	assert_int_equal(stat(file(""), &st), 0);
	overwrite(4096, (size_t)st.st_size - 4096); /* all pages but the first */
	refused("is damaged");
	overwrite(0, 100);
	refused("not a database");
	assert_int_equal(unlink(file("")), 0);
	open_spool();
	put(join_as("dev", NO_KEY), 1, "x");
}

static void run_sql(const char *sql)
{
	sqlite3 *db;
	assert_int_equal(sqlite3_open(file(""), &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

static void test_what_is_not_its_own_is_left_alone(void **state)
{
	(void)state;
	run_sql("CREATE TABLE theirs (a)");
	refused("of another program");
	run_sql("DROP TABLE theirs; PRAGMA application_id=5");
	refused("of another program");
	assert_int_equal(unlink(file("")), 0);
	open_spool();
	close_spool();
	run_sql("PRAGMA user_version=99");
	refused("of a newer creel-relay");
	assert_int_equal(unlink(file("")), 0);
	assert_int_equal(mkdir(file(""), 0700), 0);
	refused("is not a file");
	snprintf(folder + strlen(folder), 20, "/no/such");
	refused("cannot be made");
	folder[strlen(folder) - strlen("/no/such")] = 0;
}

/* Root may write everywhere: as somebody else, in a child. */
static void test_a_folder_that_may_not_be_written(void **state)
{
	(void)state;
	open_spool();
	put(join_as("dev", NO_KEY), 1, "x");
	close_spool();
	for (int i = 0; i < 2; i++) {
		assert_int_equal(chmod(folder, 0755), 0);
		if (i == 1)
			assert_int_equal(unlink(file("")), 0);
		assert_int_equal(chmod(file(""), 0444), i == 0 ? 0 : -1);
		assert_int_equal(chmod(folder, 0555), 0);
		pid_t child = fork();
		if (child == 0) {
			struct error e;
			if (geteuid() == 0 && setuid(65534) != 0)
				_exit(2);
			struct spool *s = spool_open(&loop, folder, &settings, &e);
			bool right = !s && e.code == EXIT_STORE && strstr(e.text, folder) &&
				     strstr(e.text, i == 0 ? "is read-only" : "cannot be made");
			if (!right)
				fprintf(stderr, "%s\n", s ? "it was opened" : e.text);
			_exit(right ? 0 : 1);
		}
		int status;
		assert_int_equal(waitpid(child, &status, 0), child);
		assert_int_equal(status, 0);
	}
}

static void test_one_relay_to_a_folder(void **state)
{
	(void)state;
	open_spool();
	put(join_as("dev", NO_KEY), 1, "x");
	pid_t child = fork();
	if (child == 0) {
		execl("/proc/self/exe", "test_spool_file", "second", folder, (char *)NULL);
		_exit(3);
	}
	int status;
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	put(join_as("dev", NO_KEY), 2, "x");
}

/* What the test above starts. */
static int second_relay(const char *in)
{
	struct error e;
	struct spool_settings set = { .max_age_ms = HOUR_MS, .sweep_ms = HOUR_MS };
	uv_loop_init(&loop);
	if (!spool_open(&loop, in, &set, &e) && e.code == EXIT_STORE && strstr(e.text, "another program holds it"))
		return 0;
	fprintf(stderr, "the second relay: %s\n", e.text);
	return 1;
}

/* ---- a full disk ---- */

/* Stands before the C library's: a disk that tells of room it does not have, as with a quota. */
static bool boast;

int statvfs(const char *restrict path, struct statvfs *restrict disk)
{
	int (*real)(const char *, struct statvfs *);
	*(void **)&real = dlsym(RTLD_NEXT, "statvfs");
	int code = real(path, disk);
	if (boast)
		disk->f_bavail = 1u << 30;
	return code;
}

static bool mounted;

static int set_up_small_disk(void **state)
{
	int code = set_up(state);
	mounted = code == 0 && mount("creel-test", folder, "tmpfs", 0, "size=40m,mode=700") == 0;
	return code;
}

static int tear_down_small_disk(void **state)
{
	close_spool();
	boast = false;
	if (mounted)
		umount(folder);
	return tear_down(state);
}

static void fill_disk(void)
{
	char path[128], block[4096] = { 0 };
	snprintf(path, sizeof path, "%s/ballast", folder);
	FILE *f = fopen(path, "wb");
	assert_non_null(f);
	setvbuf(f, NULL, _IONBF, 0);
	while (fwrite(block, sizeof block, 1, f) == 1)
		;
	fclose(f);
}

static void free_disk(void)
{
	char path[128];
	snprintf(path, sizeof path, "%s/ballast", folder);
	assert_int_equal(unlink(path), 0);
}

static void test_a_full_disk_is_said_and_passes(void **state)
{
	static char payload[64 << 10];
	(void)state;
	if (!mounted) {
		print_message("a full disk: not tested, a tmpfs cannot be mounted (%s)\n", strerror(errno));
		skip();
	}
	memset(payload, 'p', sizeof payload - 1);
	settings.sweep_ms = 20;
	boast = true; /* SQLite is to find it out */
	open_spool();
	int64_t dev = join_as("dev", NO_KEY);
	put(dev, 1, "before");
	fill_disk();
	struct spool_item item = item_of(2, bytes_of(payload));
	const char *said = put_item(dev, &item);
	assert_non_null(strstr(said, "the disk is full"));
	assert_non_null(strstr(said, folder));
	assert_int_equal(spool_level(spool, dev).count, 1); /* the room is given back */
	assert_int_equal(spool_level(spool, dev).bytes, 6);
	/* A mailbox that cannot be written takes nothing until it can. */
	static char owner[32 << 10];
	memset(owner, 'o', sizeof owner - 1);
	struct spool_mailbox large = { .tunnel = bytes_of("late"), .owner = bytes_of(owner) };
	int64_t late = spool_join(spool, &large);
	assert_true(late > 0);
	item = item_of(3, bytes_of("late"));
	assert_string_not_equal(put_item(late, &item), "");
	/* What is there can still be read. */
	assert_int_equal(count_and_free(fetch(dev, 0, 9)), 1);

	free_disk();
	item = item_of(2, bytes_of(payload));
	assert_string_equal(put_item(dev, &item), "");
	item = item_of(3, bytes_of("late"));
	assert_string_equal(put_item(late, &item), "");
	reopen_spool();
	assert_int_equal(spool_level(spool, dev).count, 2);
	assert_int_equal(spool_level(spool, dev).bytes, 6 + strlen(payload));
	assert_int_equal(spool_level(spool, late).count, 1);
	assert_int_equal(count_and_free(fetch(dev, 0, 9)), 2);
}

/* Deliveries that are handed out must not stay because removing them needs room in the log. */
static void test_the_spool_does_not_fill_the_disk(void **state)
{
	static char payload[256 << 10];
	(void)state;
	if (!mounted) {
		print_message("a full disk: not tested, a tmpfs cannot be mounted (%s)\n", strerror(errno));
		skip();
	}
	memset(payload, 'p', sizeof payload - 1);
	settings.sweep_ms = 20;
	open_spool();
	int64_t dev = join_as("dev", NO_KEY), other = join_as("other", NO_KEY);
	uint32_t kept = 0;
	const char *said;
	for (;; kept++) {
		struct spool_item item = item_of(kept, bytes_of(payload));
		said = put_item(dev, &item);
		if (*said)
			break;
	}
	assert_non_null(strstr(said, "the disk is full"));
	assert_true(kept > 20);
	assert_int_equal(spool_level(spool, dev).count, kept);
	struct spool_waiting *list = NULL;
	uint32_t handed = 0;
	for (int64_t after = 0; (list = fetch(dev, after, 1000));)
		for (; list; handed++) {
			struct spool_waiting *w = take(&list);
			assert_int_equal(bytes_get_u32(w->event_id), handed);
			assert_true(bytes_equal(buffer_view(&w->payload), bytes_of(payload)));
			after = w->row;
			spool_forget(spool, dev, w->row);
			spool_waiting_free(w);
		}
	assert_int_equal(handed, kept);
	WAIT(spool_level(spool, dev).count == 0);
	/* The file keeps its size, but its pages are free again. Not for as many: the log may be longer than it was. */
	kept /= 4;
	for (uint32_t n = 0; n < kept; n++) {
		struct spool_item item = item_of(n, bytes_of(payload));
		assert_string_equal(put_item(other, &item), "");
	}
	reopen_spool();
	assert_int_equal(spool_level(spool, other).count, kept);
	spool_leave(spool, other);
	WAIT(batch_writer_pending(spool->writer) == 0 && !spool->purging);
	struct stat before, after;
	assert_int_equal(stat(file(""), &before), 0);
	reopen_spool(); /* with nothing in it, it becomes small */
	close_spool();
	assert_int_equal(stat(file(""), &after), 0);
	assert_true(after.st_size < before.st_size / 10);
}

/* Whoever is forgotten then is handed out no more, and again after a restart: clients know what they have. */
static void test_a_full_disk_forgets_nothing_for_good(void **state)
{
	(void)state;
	if (!mounted) {
		print_message("a full disk: not tested, a tmpfs cannot be mounted (%s)\n", strerror(errno));
		skip();
	}
	settings.sweep_ms = 60000;
	boast = true;
	open_spool();
	int64_t dev = join_as("dev", NO_KEY);
	for (uint32_t n = 0; n < 200; n++)
		put(dev, n, "payload");
	struct spool_waiting *list = fetch(dev, 0, 200);
	fill_disk();
	for (struct spool_waiting *w = list; w; w = w->next)
		spool_forget(spool, dev, w->row);
	assert_int_equal(count_and_free(list), 200);
	WAIT(batch_writer_pending(spool->writer) == 0);
	assert_non_null(spool->failed);
	assert_null(fetch(dev, 0, 9));
	uint64_t left = spool_level(spool, dev).count;
	assert_true(left > 0);
	close_spool();
	free_disk();
	open_spool();
	assert_int_equal(count_and_free(fetch(dev, 0, 200)), left);
}

int main(int argc, char **argv)
{
	if (argc == 3 && strcmp(argv[1], "second") == 0)
		return second_relay(argv[2]);
	const struct CMUnitTest tests[] = {
		WITH_SPOOL(test_nobody_else_may_read),
		WITH_SPOOL(test_a_damaged_file_is_named),
		WITH_SPOOL(test_what_is_not_its_own_is_left_alone),
		WITH_SPOOL(test_a_folder_that_may_not_be_written),
		WITH_SPOOL(test_one_relay_to_a_folder),
		cmocka_unit_test_setup_teardown(test_a_full_disk_is_said_and_passes, set_up_small_disk,
						tear_down_small_disk),
		cmocka_unit_test_setup_teardown(test_the_spool_does_not_fill_the_disk, set_up_small_disk,
						tear_down_small_disk),
		cmocka_unit_test_setup_teardown(test_a_full_disk_forgets_nothing_for_good, set_up_small_disk,
						tear_down_small_disk),
	};
	return RUN(tests);
}
