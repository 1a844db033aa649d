/* One line a second for each kind of event. */
#include "shared/program/log_digest.h"
#include "tests/unit/unit.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

static char path[] = "/tmp/creel-digest-XXXXXX";
static int saved_stderr;

/* The log goes to standard error: into a file for the while. */
static void begin(void)
{
	strcpy(path, "/tmp/creel-digest-XXXXXX");
	int fd = mkstemp(path);
	assert_true(fd >= 0);
	saved_stderr = dup(STDERR_FILENO);
	assert_true(dup2(fd, STDERR_FILENO) >= 0);
	close(fd);
}

/* What was logged, without the times. */
static void end(char *out, size_t size)
{
	char line[400];
	*out = 0;
	assert_true(dup2(saved_stderr, STDERR_FILENO) >= 0);
	close(saved_stderr);
	FILE *f = fopen(path, "r");
	assert_non_null(f);
	while (fgets(line, sizeof line, f)) {
		size_t len = strlen(out);
		snprintf(out + len, size - len, "%s", strstr(line, "level="));
	}
	fclose(f);
	unlink(path);
}

static void note(struct log_digest *d, const char *reason, uint64_t now_ms)
{
	if (log_digest_is_due(d, LOG_WARN, "refused", reason, now_ms))
		log_event(LOG_WARN, "refused", "reason", reason, "peer", "192.0.2.1", NULL);
}

static void test_the_first_at_once_then_a_count(void **state)
{
	char log[2000];
	struct log_digest *d = log_digest_new();
	(void)state;
	assert_non_null(d);
	begin();
	for (int i = 0; i < 1000; i++)
		note(d, "slow", 5000);
	note(d, "host", 5001);
	log_digest_flush(d, 5500);
	log_digest_flush(d, 6000);
	for (int i = 0; i < 10; i++)
		note(d, "slow", 6500); /* the line of 6000 was that second's */
	log_digest_flush(d, 7000);
	log_digest_flush(d, 60000);
	note(d, "slow", 60001);
	note(d, "slow", 60002);
	log_digest_free(d);
	end(log, sizeof log);
	assert_string_equal(log, "level=warn event=refused reason=slow peer=192.0.2.1\n"
				 "level=warn event=refused reason=host peer=192.0.2.1\n"
				 "level=warn event=refused reason=slow count=999\n"
				 "level=warn event=refused reason=slow count=10\n"
				 "level=warn event=refused reason=slow peer=192.0.2.1\n"
				 "level=warn event=refused reason=slow count=1\n");
}

/* More kinds than there are places: none of their counts is lost. */
static void test_many_kinds(void **state)
{
	static char log[100000];
	struct log_digest *d = log_digest_new();
	long whole = 0, counted = 0;
	(void)state;
	assert_non_null(d);
	begin();
	for (uint64_t i = 0; i < 600; i++) {
		char reason[20];
		snprintf(reason, sizeof reason, "kind-%d", (int)(i / 3));
		note(d, reason, i);
	}
	log_digest_free(d);
	end(log, sizeof log);
	for (char *at = strstr(log, "reason="); at; at = strstr(at + 1, "reason=")) {
		char *count = strstr(at, "count="), *line = strchr(at, '\n');
		if (count && count < line)
			counted += strtol(count + 6, NULL, 10);
		else
			whole++;
	}
	assert_int_equal(whole, 200);
	assert_int_equal(counted, 400);
}

static void test_without_memory(void **state)
{
	(void)state;
	assert_true(log_digest_is_due(NULL, LOG_WARN, "refused", "slow", 1));
	log_digest_flush(NULL, 2);
	log_digest_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_first_at_once_then_a_count),
		cmocka_unit_test(test_many_kinds),
		cmocka_unit_test(test_without_memory),
	};
	return RUN(tests);
}
