/* The user's config file: tokens are found again under whatever form of the relay's URL, and a login loses nothing. */
#include "client/options/config.h"
#include "shared/base/buffer.h"
#include "tests/unit/unit.h"

#include <sys/stat.h>
#include <unistd.h>

struct place {
	char path[200], folder[64];
};

static int set_up(void **state)
{
	static struct place place;
	struct place *p = &place;
	snprintf(p->folder, sizeof p->folder, "/tmp/creel-config-XXXXXX");
	assert_non_null(mkdtemp(p->folder));
	snprintf(p->path, sizeof p->path, "%s/config.ini", p->folder);
	*state = p;
	return 0;
}

static int tear_down(void **state)
{
	struct place *p = *state;
	char command[100];
	snprintf(command, sizeof command, "rm -rf %s", p->folder);
	return system(command);
}

static void put(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");
	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

static void expect_file(const char *path, const char *text)
{
	char got[4096];
	FILE *f = fopen(path, "r");
	assert_non_null(f);
	got[fread(got, 1, sizeof got - 1, f)] = 0;
	fclose(f);
	assert_string_equal(got, text);
}

static void expect_token(const char *path, const char *relay, const char *token)
{
	struct error e = { 0 };
	char *got = config_token(path, relay, &e);
	assert_string_equal(e.text, "");
	if (token) {
		assert_non_null(got);
		assert_string_equal(got, token);
	} else {
		assert_null(got);
	}
	free(got);
}

static void test_forms_of_a_url(void **state)
{
	struct place *p = *state;
	struct error e = { 0 };
	/* Longer than the 49 characters libinih keeps of a section's name. */
	const char *url = "https://webhooks-staging.internal.engineering.example-company.com/some/prefix";
	assert_true(config_login(p->path, url, "creel_long", &e));
	assert_true(config_login(p->path, "https://a.test/", "creel_a", &e));
	expect_token(p->path, url, "creel_long");
	expect_token(p->path, "https://webhooks-staging.internal.engineering.example-company.com/some", NULL);
	expect_token(p->path, "wss://a.test", "creel_a");
	expect_token(p->path, "https://a.test//", "creel_a");
	/* The token of the encrypted way must not be sent in the clear. */
	expect_token(p->path, "http://a.test", NULL);
	expect_token(p->path, "ws://a.test", NULL);
	expect_token(p->path, "https://a.test.evil.test", NULL);
}

static void test_everything_else_is_kept(void **state)
{
	struct place *p = *state;
	struct error e = { 0 };
	put(p->path,
	    "# mine\nrelay = https://old.test\nrelay-note = x\n[token https://b.test]\ntoken: creel_old ; note\n"
	    "[listen]\nrelay = https://other.test\ntimeout = 9s");
	expect_token(p->path, "https://b.test", "creel_old");
	assert_true(config_login(p->path, "https://b.test", "creel_new", &e));
	expect_file(p->path, "relay = https://b.test\n# mine\nrelay-note = x\n[listen]\nrelay = https://other.test\n"
			     "timeout = 9s\n[token https://b.test]\ntoken = creel_new\n");
	/* Without a token the one that is there stays. */
	assert_true(config_login(p->path, "https://b.test", NULL, &e));
	expect_token(p->path, "https://b.test", "creel_new");
}

static void expect_login(const char *old, const char *text)
{
	struct buffer out = { 0 };
	assert_true(config_write_login(bytes_of(old), "https://b.test", "creel_new", &out) && buffer_put_u8(&out, 0));
	assert_string_equal((char *)out.at, text);
	buffer_free(&out);
}

/* To libinih an indented line goes on with the value before it: what was none of that must not become it. */
static void test_what_goes_on_with_a_value(void **state)
{
	(void)state;
#define NEW "[token https://b.test]\ntoken = creel_new\n"
	expect_login("  name = x\n", "relay = https://b.test\nname = x\n" NEW);
	expect_login("\xef\xbb\xbf[listen]\nname = x", "relay = https://b.test\n[listen]\nname = x\n" NEW);
	expect_login("relay = a\n  b\nname = x\n", "relay = https://b.test\nname = x\n" NEW);
	expect_login("name = x\n [token https://b.test]\nrelay = a\n",
		     "relay = https://b.test\nname = x\n [token https://b.test]\n" NEW);
	expect_login("name = x\n[token https://b.test]\ntoken = old\n  older\n [listen]\n[listen]\nk = v\n",
		     "relay = https://b.test\nname = x\n[listen]\nk = v\n" NEW);
	expect_login("[]\nrelay = a\n", "relay = https://b.test\n[]\n" NEW);
#undef NEW
	struct bytes token;
	assert_false(config_find_token(bytes_of("note = x\n  [token https://b.test]\n  token = creel_not\n"),
				       "https://b.test", &token));
	assert_true(config_find_token(bytes_of("\xef\xbb\xbf[token https://b.test]\r\n\ttoken=creel_b\r\n"),
				      "https://b.test", &token));
	assert_true(bytes_equal(token, bytes_of("creel_b")));
}

static void test_same_relay(void **state)
{
	(void)state;
	assert_true(config_same_relay("https://a.test/", "wss://a.test"));
	assert_true(config_same_relay("http://a.test:80//", "ws://a.test:80"));
	assert_false(config_same_relay("http://a.test", "https://a.test"));
	assert_false(config_same_relay("https://a.test", "https://a.test.evil.test"));
	assert_false(config_same_relay("https://a.test", "https://a.test@evil.test"));
}

static void test_a_link_stays_a_link(void **state)
{
	struct place *p = *state;
	struct error e = { 0 };
	struct stat st;
	char real[200];
	snprintf(real, sizeof real, "%s/dotfile", p->folder);
	put(real, "db = x\n");
	assert_int_equal(symlink("dotfile", p->path), 0);
	assert_true(config_login(p->path, "https://a.test", "creel_1", &e));
	assert_int_equal(lstat(p->path, &st), 0);
	assert_true(S_ISLNK(st.st_mode));
	expect_token(real, "https://a.test", "creel_1");
	assert_int_equal(stat(real, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
}

static void test_failures_are_told(void **state)
{
	struct place *p = *state;
	struct error e = { 0 };
	expect_token(p->path, "https://a.test", NULL); /* no file: no token, no error */
	/* A folder in the file's place can neither be read nor replaced. */
	assert_int_equal(mkdir(p->path, 0700), 0);
	assert_false(config_login(p->path, "https://a.test", "creel_1", &e));
	assert_int_equal(e.code, EXIT_USAGE);
	assert_non_null(strstr(e.text, p->path));
	assert_null(strstr(e.text, "creel_1"));
}

static void test_login_keeps_the_rest(void **state)
{
	char folder[] = "/tmp/creel-config-XXXXXX", path[100], command[200];
	struct error e = { 0 };
	struct stat st;
	(void)state;
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof path, "%s/new/config.ini", folder);
	assert_true(config_login(path, "https://a.test", "creel_1", &e));
	FILE *f = fopen(path, "a");
	assert_non_null(f);
	fputs("[listen]\ntimeout = 9s\n", f);
	fclose(f);
	assert_true(config_login(path, "https://b.test/", "creel_2", &e));
	assert_true(config_login(path, "https://a.test", "creel_3", &e));
	char *a = config_token(path, "https://a.test/", &e), *b = config_token(path, "https://b.test", &e);
	assert_string_equal(a, "creel_3");
	assert_string_equal(b, "creel_2");
	assert_null(config_token(path, "https://c.test", &e));
	snprintf(command, sizeof command, "grep -q 'timeout = 9s' %s", path);
	assert_int_equal(system(command), 0);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	free(a);
	free(b);
	snprintf(command, sizeof command, "rm -rf %s", folder);
	assert_int_equal(system(command), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_forms_of_a_url, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_everything_else_is_kept, set_up, tear_down),
		cmocka_unit_test(test_what_goes_on_with_a_value),
		cmocka_unit_test(test_same_relay),
		cmocka_unit_test_setup_teardown(test_a_link_stays_a_link, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_failures_are_told, set_up, tear_down),
		cmocka_unit_test(test_login_keeps_the_rest),
	};
	return RUN(tests);
}
