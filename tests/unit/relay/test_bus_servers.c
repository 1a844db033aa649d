/* What --cluster and --cluster-credentials may say. */
#include "relay/bus/bus_credentials.h"
#include "relay/bus/bus_servers.h"
#include "tests/unit/unit.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static void expect(const char *list, const char *urls)
{
	struct bus_servers s;
	struct error e;
	char all[2048] = "", url[BUS_HOST_LEN + 32];
	if (!bus_servers_read(list, &s, &e))
		fail_msg("%s: %s", list, e.text);
	for (size_t i = 0; i < s.count; i++) {
		bus_servers_url(&s.at[i], url);
		snprintf(all + strlen(all), sizeof all - strlen(all), "%s%s", i ? " " : "", url);
	}
	assert_string_equal(all, urls);
}

static void refuse(const char *list, const char *part)
{
	struct bus_servers s;
	struct error e;
	assert_false(bus_servers_read(list, &s, &e));
	assert_int_equal(e.code, EXIT_USAGE);
	if (!strstr(e.text, part))
		fail_msg("%s: \"%s\" does not say \"%s\"", list, e.text, part);
}

static void test_lists(void **state)
{
	(void)state;
	expect("nats://a:4222,b:4223,c", "nats://a:4222 nats://b:4223 nats://c:4222");
	expect("tls://a,b, nats://c:1 ,d/", "tls://a:4222 tls://b:4222 nats://c:1 nats://d:4222");
	expect("a", "nats://a:4222");
	expect("NATS://[::1]:4222,[fe80::1%eth0]", "nats://[::1]:4222 nats://[fe80::1%eth0]:4222");
	expect("a,,b,", "nats://a:4222 nats://b:4222");
	expect("a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p:65535",
	       "nats://a:4222 nats://b:4222 nats://c:4222 nats://d:4222 nats://e:4222 nats://f:4222 nats://g:4222 "
	       "nats://h:4222 nats://i:4222 nats://j:4222 nats://k:4222 nats://l:4222 nats://m:4222 nats://n:4222 "
	       "nats://o:4222 nats://p:65535");
}

static void test_what_is_no_list(void **state)
{
	(void)state;
	refuse("", "names no server");
	refuse(" , ,", "names no server");
	refuse("http://a", "nats://HOST:PORT");
	refuse("ws://a:1", "nats://HOST:PORT");
	refuse("nats://", "no host");
	refuse("nats://a:0", "between 1 and 65535");
	refuse("nats://a:65536", "between 1 and 65535");
	refuse("nats://a:99999999999999999999", "between 1 and 65535");
	refuse("nats://a:", "between 1 and 65535");
	refuse("nats://a:4222x", "between 1 and 65535");
	refuse("nats://::1", "no host");
	refuse("nats://[::1", "no host");
	refuse("nats://[a]:1", "no host");
	refuse("nats://a b", "no host");
	refuse("nats://a/path", "no host");
	refuse("a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p,q", "at most 16");
	char longest[400] = "nats://";
	memset(longest + 7, 'a', 256);
	refuse(longest, "no host");
}

static void test_a_password_is_not_repeated(void **state)
{
	(void)state;
	struct bus_servers s;
	struct error e;
	refuse("nats://creel:hunter2@a:4222", "--cluster-credentials");
	assert_false(bus_servers_read("a,nats://creel:hunter2@b", &s, &e));
	assert_null(strstr(e.text, "hunter2"));
}

static char path[64];

static void write_file(const char *text, mode_t mode)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	fchmod(fd, mode);
	close(fd);
}

static void refuse_file(const char *part)
{
	struct bus_credentials c;
	struct error e;
	assert_false(bus_credentials_read(path, &c, &e));
	assert_int_equal(e.code, EXIT_USAGE);
	if (!strstr(e.text, part))
		fail_msg("\"%s\" does not say \"%s\"", e.text, part);
	assert_null(strstr(e.text, "hunter2"));
}

static void test_credentials(void **state)
{
	(void)state;
	struct bus_credentials c;
	struct error e;
	strcpy(path, "/tmp/creel-credentials-XXXXXX");
	close(mkstemp(path));
	write_file("creel:hunter2:3\n", 0600);
	assert_true(bus_credentials_read(path, &c, &e));
	assert_int_equal(c.kind, BUS_CREDENTIALS_PASSWORD);
	assert_string_equal(c.user, "creel");
	assert_string_equal(c.password, "hunter2:3");
	bus_credentials_forget(&c);
	assert_int_equal(c.password[0], 0);
	write_file("creel:hunter2\n", 0400);
	assert_true(bus_credentials_read(path, &c, &e));
	write_file("creel:hunter2\n", 0640);
	refuse_file("chmod 600");
	write_file("creel:hunter2\n", 0604);
	refuse_file("chmod 600");
	write_file("hunter2\n", 0600);
	refuse_file("neither");
	write_file(":hunter2\n", 0600);
	refuse_file("neither");
	write_file("creel:\nhunter2", 0600);
	refuse_file("neither");
	write_file("creel:hunter2\nmore", 0600);
	refuse_file("neither");
	write_file("", 0600);
	refuse_file("neither");
	write_file("-----BEGIN NATS USER JWT-----\nabc\n------END NATS USER JWT------\n", 0600);
	refuse_file("has a JWT and no seed");
	write_file("-----BEGIN NATS USER JWT-----\nabc\n------END NATS USER JWT------\n\n"
		   "-----BEGIN USER NKEY SEED-----\nSUA\n------END USER NKEY SEED------\n",
		   0600);
	assert_true(bus_credentials_read(path, &c, &e));
	assert_int_equal(c.kind, BUS_CREDENTIALS_JWT);
	unlink(path);
	refuse_file("No such file");
	strcpy(path, "/tmp");
	refuse_file("is not a file");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lists),
		cmocka_unit_test(test_what_is_no_list),
		cmocka_unit_test(test_a_password_is_not_repeated),
		cmocka_unit_test(test_credentials),
	};
	return RUN(tests);
}
