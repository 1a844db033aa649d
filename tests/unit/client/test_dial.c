/* Connecting: each way in which it fails has its name, and cancelling leaves nothing behind. */
#include "client/app/dial.h"
#include "tests/unit/unit.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

struct outcome {
	int connected, failed;
	enum dial_failure why;
	struct conn_failure how;
};

static uv_loop_t loop;

static void on_connected(void *user, struct conn *c)
{
	struct outcome *o = user;
	o->connected++;
	conn_close(c);
}

static void on_failed(void *user, enum dial_failure why, const struct conn_failure *how)
{
	struct outcome *o = user;
	o->failed++;
	o->why = why;
	o->how = *how;
}

static const struct dial_ops ops = { on_connected, on_failed };

static struct outcome dialled(const struct dial_to *to)
{
	struct outcome o = { 0 };
	uv_loop_init(&loop);
	assert_non_null(dial_start(&loop, to, &ops, &o));
	assert_int_equal(o.connected + o.failed, 0); /* never from within */
	uv_run(&loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&loop), 0);
	assert_int_equal(o.connected + o.failed, 1);
	return o;
}

/* A socket that listens on loopback: its descriptor, and its port in *port. -1: there is no such loopback here. */
static int listen_on(int family, uint16_t *port)
{
	struct sockaddr_in6 six = { .sin6_family = AF_INET6, .sin6_addr = in6addr_loopback };
	struct sockaddr_in four = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct sockaddr *here = family == AF_INET6 ? (struct sockaddr *)&six : (struct sockaddr *)&four;
	socklen_t len = family == AF_INET6 ? sizeof six : sizeof four;
	int fd = socket(family, SOCK_STREAM, 0);
	if (fd < 0 || bind(fd, here, len) != 0 || listen(fd, 8) != 0 || getsockname(fd, here, &len) != 0) {
		if (fd >= 0)
			close(fd);
		return -1;
	}
	*port = ntohs(family == AF_INET6 ? six.sin6_port : four.sin_port);
	return fd;
}

static void test_both_loopbacks(void **state)
{
	static const int families[] = { AF_INET, AF_INET6 };
	static const char *const names[] = { "localhost", "LOCALHOST", "my.app.localhost" };
	(void)state;
	for (size_t i = 0; i < 2; i++) {
		uint16_t port = 0;
		int fd = listen_on(families[i], &port);
		for (size_t n = 0; fd >= 0 && n < 3; n++)
			assert_int_equal(dialled(&(struct dial_to){ .host = names[n], .port = port }).connected, 1);
		if (fd >= 0)
			close(fd);
	}
}

static void test_refused(void **state)
{
	uint16_t port = 0;
	(void)state;
	close(listen_on(AF_INET, &port));
	assert_int_equal(dialled(&(struct dial_to){ .host = "127.0.0.1", .port = port }).why, DIAL_REFUSED);
	assert_int_equal(dialled(&(struct dial_to){ .host = "localhost", .port = port }).why, DIAL_REFUSED);
}

static void test_not_local(void **state)
{
	static const char *const hosts[] = { "10.0.0.1", "::ffff:10.0.0.1", "0.0.0.0", "::" };
	(void)state;
	for (size_t i = 0; i < sizeof hosts / sizeof *hosts; i++)
		assert_int_equal(dialled(&(struct dial_to){ .host = hosts[i], .port = 80 }).why, DIAL_NOT_LOCAL);
}

static void test_sockets(void **state)
{
	char folder[] = "/tmp/test_dial.XXXXXX", long_path[200];
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	(void)state;
	assert_non_null(mkdtemp(folder));
	snprintf(address.sun_path, sizeof address.sun_path, "%s/app.sock", folder);
	const struct dial_to to = { .host = address.sun_path };
	assert_int_equal(dialled(&to).why, DIAL_NO_SOCKET);
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
	assert_int_equal(dialled(&to).why, DIAL_REFUSED); /* it is there, and nobody listens */
	assert_int_equal(listen(fd, 8), 0);
	assert_int_equal(dialled(&to).connected, 1);
	close(fd);
	unlink(address.sun_path);
	rmdir(folder);
	snprintf(long_path, sizeof long_path, "/%0150d", 0);
	struct outcome o = dialled(&(struct dial_to){ .host = long_path });
	assert_int_equal(o.why, DIAL_BROKEN);
	assert_int_equal(o.how.error, ENAMETOOLONG);
}

static void test_no_descriptors(void **state)
{
	struct rlimit was, none;
	struct outcome o = { 0 };
	uint16_t port = 0;
	(void)state;
	int fd = listen_on(AF_INET, &port);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &was), 0);
	none = was;
	uv_loop_init(&loop);
	none.rlim_cur = 3;
	setrlimit(RLIMIT_NOFILE, &none);
	assert_non_null(dial_start(&loop, &(struct dial_to){ .host = "127.0.0.1", .port = port }, &ops, &o));
	uv_run(&loop, UV_RUN_DEFAULT);
	setrlimit(RLIMIT_NOFILE, &was);
	assert_int_equal(uv_loop_close(&loop), 0);
	assert_int_equal(o.why, DIAL_DESCRIPTORS);
	close(fd);
}

static void test_tls_to_nobody(void **state)
{
	uint16_t port = 0;
	(void)state;
	int fd = listen_on(AF_INET, &port);
	SSL_CTX *tls = dial_tls_context(NULL);
	struct outcome o = { 0 };
	uv_loop_init(&loop);
	struct dial *d =
	    dial_start(&loop, &(struct dial_to){ .host = "127.0.0.1", .port = port, .tls = tls }, &ops, &o);
	assert_non_null(d);
	int peer = -1;
	while (peer < 0) {
		uv_run(&loop, UV_RUN_NOWAIT);
		peer = accept(fd, NULL, NULL);
	}
	assert_int_equal(write(peer, "HTTP/1.1 400 Bad\r\n\r\n", 20), 20);
	uv_run(&loop, UV_RUN_DEFAULT);
	assert_int_equal(o.why, DIAL_TLS);
	assert_int_equal(o.how.kind, CONN_TLS_NOT_TLS);
	assert_int_equal(uv_loop_close(&loop), 0);
	close(peer);
	close(fd);
	SSL_CTX_free(tls);
	assert_null(dial_tls_context("/nowhere.pem"));
}

static void test_cancel(void **state)
{
	uint16_t port = 0;
	(void)state;
	int fd = listen_on(AF_INET, &port);
	for (int turns = 0; turns < 3; turns++) {
		struct outcome o = { 0 };
		uv_loop_init(&loop);
		struct dial *d = dial_start(
		    &loop, &(struct dial_to){ .host = turns ? "localhost" : "127.0.0.1", .port = port }, &ops, &o);
		assert_non_null(d);
		if (turns == 2)
			uv_run(&loop, UV_RUN_NOWAIT);
		if (o.connected == 0)
			dial_cancel(d);
		int connected = o.connected;
		uv_run(&loop, UV_RUN_DEFAULT);
		assert_int_equal(o.connected, connected);
		assert_int_equal(o.failed, 0);
		assert_int_equal(uv_loop_close(&loop), 0);
	}
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_both_loopbacks), cmocka_unit_test(test_refused),
		cmocka_unit_test(test_not_local),      cmocka_unit_test(test_sockets),
		cmocka_unit_test(test_no_descriptors), cmocka_unit_test(test_tls_to_nobody),
		cmocka_unit_test(test_cancel),
	};
	return RUN(tests);
}
