/* A connection plain and under TLS: bytes both ways whatever the socket takes at once, the end of either side, and what
 * becomes of it when the other end is not what it should be. */
#include "shared/net/conn.h"
#include "tests/unit/unit.h"

#include <errno.h>
#include <openssl/x509v3.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>
#include <uv.h>

#define LONG (1u << 20)

static SSL_CTX *server, *client;
static struct conn a, b; /* the client's end, and the server's */
static uint8_t sent[LONG], got[LONG];

/* ---- TLS of the test's own ---- */

static X509 *make_certificate(EVP_PKEY *key)
{
	X509 *cert = X509_new();
	X509_NAME *name = X509_get_subject_name(cert);
	ASN1_INTEGER_set(X509_get_serialNumber(cert), 1);
	X509_gmtime_adj(X509_getm_notBefore(cert), -60);
	X509_gmtime_adj(X509_getm_notAfter(cert), 3600);
	X509_set_version(cert, 2);
	X509_set_pubkey(cert, key);
	X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)"test", -1, -1, 0);
	X509_set_issuer_name(cert, name);
	X509_EXTENSION *names = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, "DNS:app.test,IP:127.0.0.1");
	X509_add_ext(cert, names, -1);
	X509_EXTENSION_free(names);
	X509_sign(cert, key, EVP_sha256());
	return cert;
}

static int make_contexts(void **state)
{
	(void)state;
	signal(SIGPIPE, SIG_IGN); /* as both programs do */
	EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
	X509 *cert = make_certificate(key);
	server = SSL_CTX_new(TLS_server_method());
	client = SSL_CTX_new(TLS_client_method());
	bool fine = SSL_CTX_use_certificate(server, cert) == 1 && SSL_CTX_use_PrivateKey(server, key) == 1 &&
		    X509_STORE_add_cert(SSL_CTX_get_cert_store(client), cert) == 1;
	X509_free(cert);
	EVP_PKEY_free(key);
	for (size_t i = 0; i < LONG; i++)
		sent[i] = (uint8_t)(i * 31 + i / 251);
	return fine ? 0 : -1;
}

static int free_contexts(void **state)
{
	(void)state;
	SSL_CTX_free(server);
	SSL_CTX_free(client);
	return 0;
}

static void open_pair(void)
{
	int fds[2], small = 4096; /* so that writes come short */
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	for (int i = 0; i < 2; i++)
		setsockopt(fds[i], SOL_SOCKET, SO_SNDBUF, &small, sizeof small);
	conn_open(&a, fds[0]);
	conn_open(&b, fds[1]);
}

static int close_pair(void **state)
{
	(void)state;
	conn_close(&a);
	conn_close(&b);
	return 0;
}

/* Both handshakes until each came to something. */
static void shake(int *of_a, int *of_b)
{
	*of_a = *of_b = CONN_AGAIN;
	for (int i = 0; i < 20 && (*of_a == CONN_AGAIN || *of_b == CONN_AGAIN); i++) {
		if (*of_a == CONN_AGAIN)
			*of_a = conn_handshake(&a);
		if (*of_b == CONN_AGAIN)
			*of_b = conn_handshake(&b);
	}
}

static void open_tls(void)
{
	int of_a, of_b;
	open_pair();
	assert_true(conn_connect_tls(&a, client, "app.test", true));
	assert_true(conn_accept_tls(&b, server));
	shake(&of_a, &of_b);
	assert_int_equal(of_a, 1);
	assert_int_equal(of_b, 1);
}

/* ---- bytes ---- */

/* All of `sent` from one end to the other, in pieces of all sizes, two at a call. */
static void carry(struct conn *from, struct conn *to)
{
	size_t out = 0, in = 0;
	memset(got, 0, LONG);
	for (size_t turn = 0; in < LONG;) {
		size_t left = LONG - out, first = turn * 977 % 40000, second = turn * 7919 % 70000;
		first = first < left ? first : left;
		second = second < left - first ? second : left - first;
		struct iovec pieces[] = { { sent + out, first }, { sent + out + first, second } };
		ssize_t n = conn_writev(from, pieces, 2);
		assert_true(n >= 0 || n == CONN_AGAIN);
		assert_true(n <= (ssize_t)(first + second));
		/* What was refused is offered again, no less of it. */
		turn += n != CONN_AGAIN;
		out += n > 0 ? (size_t)n : 0;
		while ((n = conn_read(to, got + in, LONG - in)) > 0)
			in += (size_t)n;
		assert_int_equal(n, in < LONG ? CONN_AGAIN : n);
		if (in == LONG)
			break;
	}
	assert_true(out == LONG);
	assert_memory_equal(sent, got, LONG);
}

/* Then the end of one side; the other may still speak. */
static void end_one_side(void)
{
	uint8_t byte;
	struct iovec last = { sent, 1 };
	conn_end_writing(&a);
	assert_int_equal(conn_read(&b, &byte, 1), CONN_ENDED);
	assert_true(b.ended);
	assert_int_equal(conn_writev(&b, &last, 1), 1);
	assert_int_equal(conn_read(&a, &byte, 1), 1);
	assert_int_equal(conn_read(&a, &byte, 1), CONN_AGAIN);
}

static void test_plain(void **state)
{
	(void)state;
	open_pair();
	assert_int_equal(conn_handshake(&a), 1);
	assert_int_equal(conn_needs(&a, true, true), UV_READABLE | UV_WRITABLE);
	assert_false(conn_has_pending(&a));
	carry(&a, &b);
	carry(&b, &a);
	end_one_side();
}

static void test_tls(void **state)
{
	(void)state;
	open_tls();
	carry(&a, &b);
	carry(&b, &a);
	end_one_side();
}

/* What is decrypted and was not read makes no event on the socket. */
static void test_pending(void **state)
{
	struct iovec piece = { sent, 1000 };
	(void)state;
	open_tls();
	assert_int_equal(conn_writev(&a, &piece, 1), 1000);
	assert_int_equal(conn_read(&b, got, 10), 10);
	assert_true(conn_has_pending(&b));
	assert_int_equal(conn_read(&b, got, 2000), 990);
	assert_false(conn_has_pending(&b));
}

/* A socket that is full takes what is left later, from the same beginning. */
static void test_full(void **state)
{
	size_t out = 0, in = 0;
	ssize_t n;
	(void)state;
	open_tls();
	for (;;) {
		struct iovec rest = { sent + out, LONG - out };
		if ((n = conn_writev(&a, &rest, 1)) < 0)
			break;
		out += (size_t)n;
	}
	assert_int_equal(n, CONN_AGAIN);
	while (in < LONG) {
		struct iovec rest = { sent + out, LONG - out }; /* moved or not */
		if ((n = conn_read(&b, got + in, LONG - in)) > 0)
			in += (size_t)n;
		if (out < LONG && (n = conn_writev(&a, &rest, 1)) > 0)
			out += (size_t)n;
	}
	assert_memory_equal(sent, got, LONG);
}

static void test_nothing_to_write(void **state)
{
	struct iovec none[] = { { sent, 0 }, { NULL, 0 } }, one[] = { { sent, 0 }, { sent, 5 } };
	(void)state;
	open_pair();
	assert_int_equal(conn_writev(&a, none, 2), 0);
	assert_int_equal(conn_writev(&a, one, 2), 5);
}

/* ---- ends and failures ---- */

static void test_broken(void **state)
{
	struct iovec piece = { sent, 10 };
	(void)state;
	open_pair();
	conn_close(&b);
	assert_int_equal(conn_writev(&a, &piece, 1), CONN_BROKEN); /* and no SIGPIPE */
	assert_int_equal(a.failure.kind, CONN_ERRNO);
	assert_int_equal(a.failure.error, EPIPE);
}

/* Without a close_notify, too: whether what came is whole, its framing says. */
static void test_end_without_notice(void **state)
{
	(void)state;
	open_tls();
	shutdown(a.fd, SHUT_WR);
	assert_int_equal(conn_read(&b, got, 10), CONN_ENDED);
}

static void test_end_in_handshake(void **state)
{
	int n;
	(void)state;
	open_pair();
	assert_true(conn_connect_tls(&a, client, "app.test", true));
	assert_true(conn_accept_tls(&b, server));
	assert_int_equal(conn_handshake(&a), CONN_AGAIN);
	conn_close(&a);
	for (int i = 0; i < 5 && (n = conn_handshake(&b)) == CONN_AGAIN; i++)
		;
	assert_true(n == CONN_ENDED || n == CONN_BROKEN);
}

static void check_refused(const char *host, long verify)
{
	int of_a, of_b;
	open_pair();
	assert_true(conn_connect_tls(&a, client, host, true));
	assert_true(conn_accept_tls(&b, server));
	shake(&of_a, &of_b);
	assert_int_equal(of_a, CONN_BROKEN);
	assert_int_equal(a.failure.kind, CONN_TLS_CERT);
	assert_int_equal(a.failure.verify, verify);
	/* TLS 1.3: the server was through before the client looked at its certificate. */
	assert_int_equal(of_b == 1 ? conn_read(&b, got, 10) : of_b, CONN_BROKEN);
	assert_int_equal(b.failure.kind, CONN_TLS_ALERT);
	assert_int_equal(b.failure.alert, SSL_AD_BAD_CERTIFICATE);
	close_pair(NULL);
}

static void test_certificate(void **state)
{
	(void)state;
	check_refused("other.test", X509_V_ERR_HOSTNAME_MISMATCH);
	check_refused("127.0.0.2", X509_V_ERR_IP_ADDRESS_MISMATCH);
	open_pair();
}

static void test_certificate_unchecked(void **state)
{
	int of_a, of_b;
	(void)state;
	open_pair();
	assert_true(conn_connect_tls(&a, client, "other.test", false));
	assert_true(conn_accept_tls(&b, server));
	shake(&of_a, &of_b);
	assert_int_equal(of_a, 1);
}

static void test_no_tls(void **state)
{
	static const char http[] = "HTTP/1.1 400 Bad Request\r\n\r\n", request[] = "GET / HTTP/1.1\r\n\r\n";
	struct iovec answer = { (void *)(uintptr_t)http, sizeof http - 1 };
	struct iovec asked = { (void *)(uintptr_t)request, sizeof request - 1 };
	(void)state;
	open_pair();
	assert_true(conn_connect_tls(&a, client, "app.test", true));
	assert_int_equal(conn_handshake(&a), CONN_AGAIN);
	assert_true(conn_writev(&b, &answer, 1) > 0);
	assert_int_equal(conn_handshake(&a), CONN_BROKEN);
	assert_int_equal(a.failure.kind, CONN_TLS_NOT_TLS);
	close_pair(NULL);
	open_pair();
	assert_true(conn_accept_tls(&b, server));
	assert_true(conn_writev(&a, &asked, 1) > 0);
	assert_int_equal(conn_handshake(&b), CONN_BROKEN);
	assert_int_equal(b.failure.kind, CONN_TLS_NOT_TLS);
}

static void test_release(void **state)
{
	char byte;
	(void)state;
	open_tls();
	int fd = conn_release(&a);
	assert_int_equal(a.fd, -1);
	assert_null(a.tls);
	assert_int_equal(write(fd, "x", 1), 1); /* open */
	assert_int_equal(recv(b.fd, &byte, 1, MSG_DONTWAIT | MSG_PEEK), 1);
	close(fd);
}

int main(void)
{
#define WITH_PAIR(test) cmocka_unit_test_teardown(test, close_pair)
	const struct CMUnitTest tests[] = {
		WITH_PAIR(test_plain),       WITH_PAIR(test_tls),
		WITH_PAIR(test_pending),     WITH_PAIR(test_full),
		WITH_PAIR(test_broken),      WITH_PAIR(test_nothing_to_write),
		WITH_PAIR(test_certificate), WITH_PAIR(test_end_without_notice),
		WITH_PAIR(test_no_tls),      WITH_PAIR(test_end_in_handshake),
		WITH_PAIR(test_release),     WITH_PAIR(test_certificate_unchecked),
	};
	return cmocka_run_group_tests(tests, make_contexts, free_contexts);
}
