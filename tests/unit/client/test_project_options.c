/* Who may set which option: every row of every command says it, and what a project's file says is judged by it. */
#include "client/options/command.h"
#include "client/options/project_options.h"
#include "tests/unit/unit.h"

static size_t for_each_option(void (*look)(const struct command *c, const struct option_row *row))
{
	size_t count = 0;
	for (size_t i = 0; command_at(i); i++) {
		struct command_options all;
		const struct option_row *row;
		command_list_options(command_at(i), &all);
		for (size_t k = 0; (row = option_table_row(&all.table, k)); k++, count++)
			look(command_at(i), row);
	}
	return count;
}

static void expect_whole(const struct command *c, const struct option_row *row)
{
	if (!row->name || !row->help)
		fail_msg("%s has a row without a name or help", c->name);
	if (!row->sources)
		fail_msg("%s --%s does not say who may set it", c->name, row->name);
	if (!(row->sources & OPTION_FROM_LINE))
		fail_msg("%s --%s cannot be given on the command line", c->name, row->name);
	if (command_find_option(c, row->name) != row)
		fail_msg("%s --%s has two rows", c->name, row->name);
	if (row->kind == OPTION_CHOICE && (!row->arg || !strchr(row->arg, '|')))
		fail_msg("%s --%s has no choices", c->name, row->name);
	if ((row->kind == OPTION_FLAG) != !row->arg)
		fail_msg("%s --%s: a flag takes nothing, all else something", c->name, row->name);
}

static void test_every_row_is_whole(void **state)
{
	(void)state;
	assert_true(for_each_option(expect_whole) > 200); /* the walk sees them */
}

/* A default is what a command line may say, and is within the row's limits. */
static void expect_valid_default(const struct command *c, const struct option_row *row)
{
	struct command_options all;
	const struct options_source source = { .program = c->name };
	struct options *o = options_new();
	struct error e = { 0 };
	char name[32], option[160], *argv[] = { name, option, NULL };
	int first;
	if (row->preset) {
		void *settings = calloc(1, 1024 + sizeof(struct common_options) + c->settings_size);
		assert_true(settings && o);
		command_list_options(c, &all);
		snprintf(name, sizeof name, "%s", c->name);
		snprintf(option, sizeof option, "--%s=%s", row->name, row->preset);
		if (!options_parse(o, &all.table, settings, &source, 2, argv, &first, &e))
			fail_msg("%s %s: %s", c->name, option, e.text);
		options_free(o);
		o = NULL;
		free(settings);
	}
	options_free(o);
}

static void test_every_default_is_valid(void **state)
{
	(void)state;
	for_each_option(expect_valid_default);
}

/* What `listen` can do `dev` can, save what is for a relay elsewhere. */
static void test_dev_takes_what_listen_takes(void **state)
{
	static const char *const elsewhere[] = { "ca", "pin", "allow-plain-token", "relay" };
	struct command_options all;
	const struct option_row *row;
	(void)state;
	command_list_options(&command_listen, &all);
	for (size_t i = 0; (row = option_table_row(&all.table, i)); i++) {
		bool is_elsewhere = false;
		for (size_t k = 0; k < sizeof elsewhere / sizeof *elsewhere; k++)
			is_elsewhere = is_elsewhere || strcmp(row->name, elsewhere[k]) == 0;
		if (!command_find_option(&command_dev, row->name) != is_elsewhere)
			fail_msg("dev --%s", row->name);
	}
}

/* What the user was promised: nothing of these ever counts from a project's file unasked. */
static void expect_harmless(const struct command *c, const struct option_row *row)
{
	static const char *const harmful[] = { "exec",       "relay",      "allow-remote-target",
					       "forward-to", "insecure",   "ca",
					       "pin",        "ready-file", "force",
					       "db",         "secret",     "header",
					       "token",      "keep",       "max-size",
					       "to",         "body",       "url",
					       "templates",  "where",      "secrets",
					       "edit",       "watch",      "times",
					       "data",       "tolerance",  "config",
					       "chaos",      "hold",       "share" };
	for (size_t k = 0; k < sizeof harmful / sizeof *harmful; k++)
		if (strcmp(row->name, harmful[k]) == 0 && strcmp(c->name, "show") != 0 &&
		    project_options_judge(row, "x") == PROJECT_TAKEN)
			fail_msg("%s --%s may be set by a project", c->name, row->name);
}

static void test_what_harms_is_the_users(void **state)
{
	const struct option_row *row;
	(void)state;
	for_each_option(expect_harmless);
	assert_int_equal(project_options_judge_key(&command_export, "output", "x.har", &row), PROJECT_REFUSED);
	assert_int_equal(project_options_judge_key(&command_prune, "filter", "*", &row), PROJECT_REFUSED);
}

/* An option that would do nothing is none. */
static void test_only_where_they_act(void **state)
{
	(void)state;
	for (size_t i = 0; command_at(i); i++) {
		const struct command *c = command_at(i);
		if (!command_find_option(c, "relay") != !(c->uses & COMMAND_USES_RELAY) ||
		    !command_find_option(c, "db") != !(c->uses & COMMAND_USES_DB))
			fail_msg("%s", c->name);
	}
	assert_non_null(command_find_option(&command_listen, "relay"));
	assert_null(command_find_option(&command_list, "relay"));
	assert_null(command_find_option(&command_dev, "relay"));
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
		{ "listen", "no-such-option", "x", PROJECT_PASSED_OVER },
		{ "listen", "route./a", "4000", PROJECT_TAKEN },
		{ "listen", "route./a", "http://evil.test", PROJECT_REFUSED },
		{ "listen", "secret.github", "@FILE", PROJECT_REFUSED },
		{ "login", "db", "x", PROJECT_PASSED_OVER },
		{ "dev", "relay", "http://127.0.0.1:1", PROJECT_PASSED_OVER },
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
		{ "listen", "route", "/a=unix:/run/docker.sock", PROJECT_REFUSED },
		{ "listen", "route", "/a=4000=http://evil.test", PROJECT_REFUSED },
		{ "listen", "route", "/a=http://evil.test/=4000",
		  PROJECT_TAKEN }, /* its path is odd, its target here */
		{ "listen", "route", "/a=file:///etc/passwd", PROJECT_REFUSED },
		{ "listen", "route", "/a=", PROJECT_REFUSED },
		{ "listen", "route", "", PROJECT_REFUSED },
	};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const struct option_row *row;
		const struct command *c = command_find(cases[i].command, NULL);
		if (project_options_judge_key(c, cases[i].option, cases[i].value, &row) != cases[i].verdict)
			fail_msg("%s: %s = %s is not judged %d", cases[i].command, cases[i].option, cases[i].value,
				 cases[i].verdict);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_row_is_whole),          cmocka_unit_test(test_every_default_is_valid),
		cmocka_unit_test(test_dev_takes_what_listen_takes), cmocka_unit_test(test_what_harms_is_the_users),
		cmocka_unit_test(test_only_where_they_act),         cmocka_unit_test(test_values),
	};
	return RUN(tests);
}
