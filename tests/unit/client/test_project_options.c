/* Which options a project's file may set: every option of every command has its line in the table, every line its
 * option, and the values are judged as the table says. The options are those that the commands' own help tells. */
#include "client/options/command.h"
#include "client/options/project_options.h"
#include "tests/unit/unit.h"

#include <unistd.h>

#define MAX_HELP 32768

/* What a command's --help prints. */
static void read_help(const struct command *c, char out[MAX_HELP])
{
	char path[] = "/tmp/creel-help-XXXXXX", name[32], help[] = "--help";
	char *argv[] = { name, help, NULL };
	struct error e = { 0 };
	const struct program program = { 0 };
	int fd = mkstemp(path), kept = dup(STDOUT_FILENO);
	assert_true(fd >= 0 && kept >= 0);
	snprintf(name, sizeof name, "%s", c->name);
	fflush(stdout);
	assert_true(dup2(fd, STDOUT_FILENO) >= 0);
	int status = c->run(2, argv, &program, &e);
	fflush(stdout);
	dup2(kept, STDOUT_FILENO);
	close(kept);
	if (strcmp(c->name, "help") != 0)
		assert_int_equal(status, EXIT_DONE);
	ssize_t len = pread(fd, out, MAX_HELP - 1, 0);
	assert_true(len >= 0 && len < MAX_HELP - 1);
	out[len] = 0;
	close(fd);
	unlink(path);
}

/* The next "  -x, --name ARG  …" of the options' part; NULL at the end. */
static const char *next_option(const char *at, char name[64])
{
	while ((at = strstr(at, "\n  "))) {
		at += 3;
		if ((strncmp(at, "    --", 6) == 0 || strncmp(at + 2, ", --", 4) == 0) &&
		    sscanf(strstr(at, "--") + 2, "%63[a-z-]", name) == 1)
			return at;
	}
	return NULL;
}

static size_t for_each_option(const struct command *c, void (*look)(const char *command, const char *option))
{
	static char help[MAX_HELP];
	char name[64];
	size_t count = 0;
	read_help(c, help);
	const char *at = strstr(help, "\nOptions:\n");
	at = at ? at + strlen("\nOptions:") : "";
	while ((at = next_option(at, name))) {
		look(c->name, name);
		count++;
	}
	return count;
}

static void expect_line(const char *command, const char *option)
{
	if (strcmp(option, "help") != 0 && !project_option_find(command, option))
		fail_msg("%s --%s has no line in client/options/project_options.c: may a project's file set it?",
			 command, option);
}

static void test_every_option_has_a_line(void **state)
{
	size_t count = 0;
	(void)state;
	for (size_t i = 0; command_at(i); i++)
		count += for_each_option(command_at(i), expect_line);
	assert_true(count > 150); /* the walk sees them */
}

static const char *wanted;
static bool seen;

static void note(const char *command, const char *option)
{
	(void)command;
	seen = seen || strcmp(option, wanted) == 0;
}

static void test_every_line_has_an_option(void **state)
{
	(void)state;
	for (size_t i = 0; project_option_at(i); i++) {
		const struct project_option *o = project_option_at(i);
		const struct command *c = command_find(o->command, NULL);
		seen = false;
		wanted = o->option;
		if (!c || !for_each_option(c, note) || !seen)
			fail_msg("the table's line %s --%s is of no option", o->command, o->option);
		assert_ptr_equal(project_option_find(o->command, o->option), o); /* nor is there a second line */
	}
}

/* What the user was promised: nothing of these ever counts from a project's file unasked. */
static void test_what_harms_is_the_users(void **state)
{
	static const char *const harmful[] = { "exec",       "relay",      "allow-remote-target",
					       "forward-to", "insecure",   "ca",
					       "pin",        "ready-file", "force",
					       "db",         "secret",     "header",
					       "token",      "keep",       "max-size",
					       "to",         "body",       "url",
					       "templates",  "where",      "secrets",
					       "edit",       "watch",      "times",
					       "data",       "tolerance" };
	(void)state;
	for (size_t i = 0; project_option_at(i); i++) {
		const struct project_option *o = project_option_at(i);
		for (size_t k = 0; k < sizeof harmful / sizeof *harmful; k++)
			if (strcmp(o->option, harmful[k]) == 0 &&
			    (o->right == PROJECT_MAY || o->right == PROJECT_LOCAL) && strcmp(o->command, "show") != 0)
				fail_msg("%s --%s may be set by a project", o->command, o->option);
	}
	assert_int_equal(project_option_judge("export", "output", "x.har"), PROJECT_REFUSED);
	assert_int_equal(project_option_judge("prune", "filter", "*"), PROJECT_REFUSED);
}

static void test_values(void **state)
{
	static const struct {
		const char *command, *option, *value;
		enum project_verdict verdict;
	} cases[] = {
		{ "listen", "name", "shop", PROJECT_TAKEN },
		{ "listen", "output", "lines", PROJECT_TAKEN },
		{ "list", "filter", "status:5xx", PROJECT_TAKEN },
		{ "list", "relay", "http://evil.test", PROJECT_PASSED_OVER },
		{ "listen", "relay", "http://127.0.0.1:1", PROJECT_REFUSED },
		{ "listen", "no-such-option", "x", PROJECT_REFUSED },
		{ "no-such-command", "name", "x", PROJECT_REFUSED },
		{ "listen", "route", "/a=4000", PROJECT_TAKEN },
		{ "listen", "route", "/a=http://localhost:4000/base", PROJECT_TAKEN },
		{ "listen", "route", "/a=https://[::1]:4000", PROJECT_TAKEN },
		{ "listen", "route", "/a=127.3.2.1:4000", PROJECT_TAKEN },
		{ "listen", "route", "/a=http://evil.test:80", PROJECT_REFUSED },
		{ "listen", "route", "/a=evil.test", PROJECT_REFUSED },
		{ "listen", "route", "/a=http://localhost@evil.test", PROJECT_REFUSED },
		{ "listen", "route", "/a=http://localhost.evil.test", PROJECT_REFUSED },
		{ "listen", "route", "/a=http://127.0.0.1.evil.test", PROJECT_REFUSED },
		{ "listen", "route", "/a=http://192.168.0.1", PROJECT_REFUSED },
		{ "listen", "route", "/a=http://0.0.0.0:80", PROJECT_REFUSED },
		{ "listen", "route", "/a=http://[::ffff:192.168.0.1]:80", PROJECT_REFUSED },
		{ "listen", "route", "/a=4000=http://evil.test", PROJECT_REFUSED },
		{ "listen", "route", "/a=http://evil.test/=4000",
		  PROJECT_TAKEN }, /* its path is odd, its target here */
		{ "listen", "route", "/a=file:///etc/passwd", PROJECT_REFUSED },
		{ "listen", "route", "/a=", PROJECT_REFUSED },
		{ "listen", "route", "", PROJECT_REFUSED },
	};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		if (project_option_judge(cases[i].command, cases[i].option, cases[i].value) != cases[i].verdict)
			fail_msg("%s: %s = %s is not judged %d", cases[i].command, cases[i].option, cases[i].value,
				 cases[i].verdict);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_option_has_a_line),
		cmocka_unit_test(test_every_line_has_an_option),
		cmocka_unit_test(test_what_harms_is_the_users),
		cmocka_unit_test(test_values),
	};
	return RUN(tests);
}
