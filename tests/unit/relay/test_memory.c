/* The bound of the relay's memory, and where it is read. */
#include "relay/common/memory.h"
#include "tests/unit/unit.h"

#include <stdlib.h>
#include <sys/stat.h>

#define MIB (UINT64_C(1) << 20)

static void test_requests_are_refused_before_answers_are_cut(void **state)
{
	struct memory m;
	(void)state;
	memory_begin(&m, 64 * MIB);
	uint64_t held = memory_held();
	if (held == 0)
		skip();
	assert_true(memory_takes(&m, MEMORY_REQUEST, 40 * MIB, 1000));
	/* What was asked for and is not held any more is found out. */
	assert_true(memory_takes(&m, MEMORY_REQUEST, 40 * MIB, 1000));
	assert_false(memory_takes(&m, MEMORY_REQUEST, 50 * MIB, 2000));
	assert_true(memory_takes(&m, MEMORY_ANSWER, 50 * MIB, 3000));
	void *block = malloc(45 * MIB);
	assert_non_null(block);
	memset(block, 1, 45 * MIB);
	assert_false(memory_takes(&m, MEMORY_REQUEST, 5 * MIB, 4000));
	free(block);
	assert_true(memory_takes(&m, MEMORY_REQUEST, 5 * MIB, 5000));
	assert_true(memory_tidy(&m, 1));
	assert_false(memory_tidy(&m, 1));
}

static void test_what_a_crowd_held_goes_back_once_it_has_gone(void **state)
{
	static const size_t connections[] = { 900, 0, 3000, 1600, 1500, 1400, 800, 600, 5 };
	static const bool given_back[] = { false, false, false, false, true, false, false, true, false };
	struct memory m = { 0 };
	(void)state;
	for (size_t i = 0; i < sizeof connections / sizeof *connections; i++)
		assert_int_equal(memory_tidy(&m, connections[i]), given_back[i]);
}

static void test_no_limit(void **state)
{
	struct memory m = { 0 };
	(void)state;
	assert_true(memory_takes(&m, MEMORY_REQUEST, UINT64_C(1) << 60, 0));
}

static void write_limit(const char *root, const char *folder, const char *text)
{
	char path[300];
	snprintf(path, sizeof path, "%s%s", root, folder);
	mkdir(path, 0700);
	snprintf(path, sizeof path, "%s%s/memory.max", root, folder);
	FILE *f = fopen(path, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static void test_the_least_of_the_cgroups_around(void **state)
{
	char root[] = "/tmp/creel-memory-XXXXXX", remove[60];
	(void)state;
	assert_non_null(mkdtemp(root));
	write_limit(root, "", "max\n");
	write_limit(root, "/system.slice", "1000000\n");
	write_limit(root, "/system.slice/relay.service", "2000000\n");
	write_limit(root, "/user.slice", "max\n");
	assert_int_equal(memory_of_cgroup(root, "/system.slice/relay.service"), 1000000);
	assert_int_equal(memory_of_cgroup(root, "/user.slice"), 0);
	assert_int_equal(memory_of_cgroup(root, "/"), 0);
	assert_int_equal(memory_of_cgroup(root, "/missing"), 0);
	snprintf(remove, sizeof remove, "rm -r %s", root);
	assert_int_equal(system(remove), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_requests_are_refused_before_answers_are_cut),
		cmocka_unit_test(test_what_a_crowd_held_goes_back_once_it_has_gone),
		cmocka_unit_test(test_no_limit),
		cmocka_unit_test(test_the_least_of_the_cgroups_around),
	};
	return RUN(tests);
}
