/* The relay's pure rooms: ClientHello, HTTP rules, router, tokens. */
#include "relay/senders/client_hello.h"
#include "relay/common/host_check.h"
#include "relay/common/http_rules.h"
#include "relay/tunnels/router.h"
#include "relay/tunnels/tokens.h"
#include "shared/wire/wire.h"
#include "tests/unit/unit.h"

#include <sqlite3.h>

/* A ClientHello with the given ALPN names ("\7creel/1"), in records of `record` bytes. */
static size_t make_hello(uint8_t *out, const char *alpn, size_t record)
{
	struct buffer b = { 0 };
	size_t alpn_len = strlen(alpn), at = 0;
	uint8_t random[32] = { 7 };
	size_t ext = alpn_len ? 4 + 2 + alpn_len : 0;
	size_t body = 2 + 32 + 1 + 2 + 2 + 1 + 1 + 2 + ext;
	assert_true(buffer_put_u32(&b, (uint32_t)(1u << 24 | body)) && buffer_put_u16(&b, 0x303) &&
		    buffer_append(&b, random, 32) && buffer_put_u8(&b, 0) && buffer_put_u16(&b, 2) &&
		    buffer_put_u16(&b, 0x1301) && buffer_put_u8(&b, 1) && buffer_put_u8(&b, 0) &&
		    buffer_put_u16(&b, (uint16_t)ext));
	if (ext)
		assert_true(buffer_put_u16(&b, 16) && buffer_put_u16(&b, (uint16_t)(alpn_len + 2)) &&
			    buffer_put_u16(&b, (uint16_t)alpn_len) && buffer_append(&b, alpn, alpn_len));
	for (size_t i = 0; i < b.len; i += record) {
		size_t n = b.len - i < record ? b.len - i : record;
		const uint8_t header[5] = { 22, 3, 1, (uint8_t)(n >> 8), (uint8_t)n };
		memcpy(out + at, header, 5);
		memcpy(out + at + 5, b.at + i, n);
		at += 5 + n;
	}
	buffer_free(&b);
	return at;
}

static void test_client_hello(void **state)
{
	static const size_t records[] = { 16000, 10, 1 };
	uint8_t data[2048];
	(void)state;
	for (size_t k = 0; k < 3; k++) {
		size_t len = make_hello(data, "\2h2\7creel/1", records[k]);
		for (size_t n = 1; n < len; n++)
			assert_int_equal(client_hello_parse(bytes_make(data, n), "creel/1"), CLIENT_HELLO_MORE);
		assert_int_equal(client_hello_parse(bytes_make(data, len), "creel/1"), CLIENT_HELLO_MATCH);
	}
	assert_int_equal(client_hello_parse(bytes_make(data, make_hello(data, "\10http/1.1", 999)), "creel/1"),
			 CLIENT_HELLO_OTHER);
	assert_int_equal(client_hello_parse(bytes_make(data, make_hello(data, "\7creel/2", 999)), "creel/1"),
			 CLIENT_HELLO_OTHER);
	assert_int_equal(client_hello_parse(bytes_make(data, make_hello(data, "", 999)), "creel/1"),
			 CLIENT_HELLO_OTHER);
	assert_int_equal(client_hello_parse(bytes_of("GET / HTTP/1.1"), "creel/1"), CLIENT_HELLO_INVALID);
	assert_int_equal(client_hello_parse(bytes_make("\x16\x03\x01\x00\x05\x02zzzz", 10), "creel/1"),
			 CLIENT_HELLO_INVALID);
}

static enum refusal check(const char *target, const char *headers, uint64_t max, struct http_framing *f)
{
	struct http_head head = { bytes_of("POST"), bytes_of(target), bytes_of("HTTP/1.1"), bytes_of(headers), 200, 3 };
	return http_rules_check(&head, max, f);
}

static bool no_request(const char *text)
{
	return http_rules_is_no_request(bytes_of(text));
}

static void test_no_request(void **state)
{
	(void)state;
	assert_true(no_request("garbage\r\n") && no_request("\r\n\ngarbage\nPOST /x HTTP/1.1\r\n"));
	assert_true(no_request(" POST /x HTTP/1.1\r\n") && no_request("a\tb\n"));
	assert_false(no_request("POST /x HTTP/1.1\r\n") || no_request("\r\nPOST /x HTTP/1.1\r\n"));
	assert_false(no_request("") || no_request("\r\n") || no_request("garb") || no_request("a b\n"));
	assert_false(http_rules_is_no_request(bytes_make("\0a\n", 3))); /* an empty line to libmicrohttpd */
}

static void test_http_rules(void **state)
{
	struct http_framing f;
	(void)state;
	assert_int_equal(check("/", "Host: a\r\n", 10, &f), REFUSE_NOTHING);
	assert_false(f.has_body);
	assert_int_equal(check("/", "Host: a\r\nContent-Length: 10\r\n", 10, &f), REFUSE_NOTHING);
	assert_true(f.has_body && f.body_len == 10);
	assert_int_equal(check("/", "Host: a\r\nContent-Length: 11\r\n", 10, &f), REFUSE_BODY_TOO_LARGE);
	assert_int_equal(check("/", "Host: a\r\nTransfer-Encoding: Chunked\r\n", 10, &f), REFUSE_NOTHING);
	assert_true(f.body_len == WIRE_UNKNOWN_LENGTH);
	assert_int_equal(check("/", "Host: a\r\nTransfer-Encoding: gzip, chunked\r\n", 10, &f), REFUSE_ENCODING);
	assert_int_equal(check("/", "Host: a\r\nContent-Length: 1\r\nContent-Length: 1\r\n", 10, &f), REFUSE_LENGTH);
	assert_int_equal(check("/", "Host: a\r\nContent-Length: +1\r\n", 10, &f), REFUSE_LENGTH);
	assert_int_equal(check("/", "Host: a\r\nContent-Length: 99999999999999999999\r\n", 10, &f), REFUSE_LENGTH);
	assert_int_equal(check("/", "Host: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n", 10, &f),
			 REFUSE_LENGTH_AND_ENCODING);
	assert_int_equal(check("/", "", 10, &f), REFUSE_HOST);
	assert_int_equal(check("/", "Host: a\r\nHost: b\r\n", 10, &f), REFUSE_HOST);
	assert_int_equal(check("http://a/", "Host: a\r\n", 10, &f), REFUSE_BAD_TARGET);
	assert_int_equal(check("/a\x01", "Host: a\r\n", 10, &f), REFUSE_BAD_TARGET);
	assert_int_equal(check("/", "Host: a\r\nX: \x02\r\n", 10, &f), REFUSE_BAD_FIELD);
}

static bool finds(struct router *r, const char *host, const char *target, const char *prefix, const char *rest)
{
	struct route route;
	if (!router_find(r, bytes_of(host), bytes_of(target), &route))
		return false;
	bool same = bytes_equal(route.prefix, bytes_of(prefix)) && bytes_equal(route.target, bytes_of(rest));
	free(route.spare);
	return same;
}

static void test_router(void **state)
{
	struct router *paths = router_new(NULL), *hosts = router_new("hooks.example.com");
	struct tunnel *t = (struct tunnel *)(void *)paths;
	char name[TUNNEL_NAME_MAX + 1];
	(void)state;
	assert_true(router_hold(paths, "shop", t));
	assert_true(finds(paths, "", "/shop/a%2Fb?x", "/shop", "/a%2Fb?x"));
	assert_true(finds(paths, "", "/shop", "/shop", "/"));
	assert_true(finds(paths, "", "/shop?x=1", "/shop", "/?x=1"));
	assert_true(finds(paths, "", "/shop//a", "/shop", "//a"));
	struct route known;
	assert_false(finds(paths, "", "/shopping", "", ""));
	assert_true(router_know(paths, "shopping") && router_know(paths, "shop"));
	assert_true(router_find(paths, bytes_of(""), bytes_of("/shopping/x"), &known) && !known.holder);
	assert_true(bytes_equal(known.name, bytes_of("shopping")));
	assert_true(router_find(paths, bytes_of(""), bytes_of("/shop/x"), &known) && known.holder == t);
	assert_false(finds(paths, "", "/", "", ""));
	assert_true(router_hold(hosts, "shop", t));
	assert_true(finds(hosts, "Shop.Hooks.example.com:8443", "/shop/x", "", "/shop/x"));
	assert_false(finds(hosts, "shop.evilhooks.example.com.evil", "/", "", ""));
	assert_false(finds(hosts, "hooks.example.com", "/", "", ""));
	assert_true(router_make_name(name) && strlen(name) == 20 && router_name_valid(bytes_of(name)));
	assert_false(router_name_valid(bytes_of("-a")) || router_name_valid(bytes_of("A")) ||
		     router_name_valid(bytes_of("")));
	router_free(paths);
	router_free(hosts);
}

static bool count_name(void *user, const char *name)
{
	assert_string_equal(name, "shop");
	++*(int *)user;
	return true;
}

/* relay.db as the first version made it, with one name long unused. */
static void test_tokens_of_an_older_relay(void **state)
{
	char folder[] = "/tmp/creel-tokens-XXXXXX", command[80], path[64];
	struct tokens *t;
	struct error e;
	sqlite3 *db;
	int names = 0;
	(void)state;
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof path, "%s/relay.db", folder);
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(
	    sqlite3_exec(db,
			 "CREATE TABLE token (name TEXT PRIMARY KEY, tunnels TEXT NOT NULL, hash BLOB NOT NULL,"
			 " created_at INTEGER NOT NULL) STRICT;"
			 "CREATE TABLE tunnel (name TEXT PRIMARY KEY, owner TEXT NOT NULL,"
			 " created_at INTEGER NOT NULL) STRICT;"
			 "INSERT INTO tunnel VALUES ('old', '', 1), ('shop', '', 1000000 * unixepoch())",
			 NULL, NULL, NULL),
	    SQLITE_OK);
	sqlite3_close(db);
	assert_true(tokens_open(&t, folder, true, &e));
	assert_true(tokens_recall_tunnels(t, count_name, &names, &e));
	assert_int_equal(names, 1);
	tokens_close(t);
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, "PRAGMA user_version = 99", NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
	assert_false(tokens_open(&t, folder, true, &e));
	assert_int_equal(e.code, EXIT_STORE);
	snprintf(command, sizeof command, "rm -rf %s", folder);
	assert_int_equal(system(command), 0);
}

static void test_tokens(void **state)
{
	char folder[] = "/tmp/creel-tokens-XXXXXX", secret[TOKEN_TEXT_LEN + 1], owner[65], command[80];
	struct tokens *t;
	struct error e;
	uint64_t mark = 0, later = 0;
	int names = 0;
	(void)state;
	assert_non_null(mkdtemp(folder));
	assert_true(tokens_open(&t, folder, true, &e));
	assert_int_equal(tokens_count(t), 0);
	assert_true(tokens_add(t, "anna", "shop*", secret, &e));
	assert_false(tokens_add(t, "anna", "*", secret + 0, &e) && secret[0]);
	assert_int_equal(tokens_count(t), 1);
	assert_false(tokens_check(t, bytes_of("creel_"), owner, &mark));
	assert_true(tokens_add(t, "ben", "*", secret, &e));
	assert_true(tokens_check(t, bytes_of(secret), owner, &mark));
	assert_string_equal(owner, "ben");
	assert_int_equal(tokens_claim(t, "ben", "shop", 0), CLAIM_OK);
	assert_int_equal(tokens_claim(t, "anna", "shop", 0), CLAIM_TAKEN);
	assert_int_equal(tokens_claim(t, "anna", "other", 0), CLAIM_FORBIDDEN);
	assert_true(tokens_has(t, "ben", mark));
	assert_true(tokens_revoke(t, "ben", &e));
	assert_false(tokens_check(t, bytes_of(secret), owner, &mark));
	assert_false(tokens_has(t, "ben", mark));
	assert_int_equal(tokens_claim(t, "anna", "shop", 0), CLAIM_OK); /* its owner is gone */
	assert_false(tokens_revoke(t, "ben", &e));
	/* A new token of the old name does not keep the old one's tunnels. */
	assert_true(tokens_add(t, "ben", "*", secret, &e));
	assert_true(tokens_check(t, bytes_of(secret), owner, &later) && tokens_has(t, "ben", later));
	assert_false(tokens_has(t, "ben", mark));
	tokens_close(t);
	assert_true(tokens_open(&t, folder, true, &e)); /* names outlive the run */
	assert_true(tokens_recall_tunnels(t, count_name, &names, &e));
	assert_int_equal(names, 1);
	tokens_close(t);
	snprintf(command, sizeof command, "grep -rq %.20s %s", secret, folder);
	assert_int_not_equal(system(command), 0); /* no secret at rest */
	snprintf(command, sizeof command, "rm -rf %s", folder);
	assert_int_equal(system(command), 0);
}

static void test_host_check(void **state)
{
	static const char *addresses[] = { "127.0.0.2:8080", "[::1]:0" };
	static const char *const ours[] = {
		"localhost",       "LocalHost:80", "localhost.",        "127.0.0.1:65535",      "[::1]",
		"[0::1]:8080",     "127.0.0.2",    "hooks.example.com", "HOOKS.example.com.:1", "t.example",
		"a.T.example:443", "a.b.t.example"
	};
	static const char *const theirs[] = { "",
					      "evil.example",
					      "localhost.evil.example",
					      "evil.localhost",
					      "hooks.example.com.evil.example",
					      "xt.example",
					      ".t.example.evil",
					      "127.0.0.3",
					      "127.1",
					      "[::1",
					      "[::1]x",
					      "[::2]",
					      "::1",
					      "localhost:1:2",
					      "localhost:x",
					      "localhost:123456",
					      "user@localhost",
					      "user@hooks.example.com",
					      ".",
					      ":80" };
	const struct option_values listen = { addresses, 2 };
	struct host_names names = { false, "https://user@hooks.example.com:8443/x@y", "t.example", &listen };
	char said[HOST_CHECK_SENTENCE], longest[300];
	(void)state;
	for (size_t i = 0; i < sizeof ours / sizeof *ours; i++)
		assert_true(host_check_is_ours(&names, bytes_of(ours[i])));
	for (size_t i = 0; i < sizeof theirs / sizeof *theirs; i++)
		assert_false(host_check_is_ours(&names, bytes_of(theirs[i])));
	assert_false(host_check_is_ours(&names, bytes_make("localhost\0.evil", 15)));
	names.any = true;
	assert_true(host_check_is_ours(&names, bytes_of("evil.example")));
	assert_true(host_check_is_loopback(bytes_of("127.9.9.9:1")) && host_check_is_loopback(bytes_of("a.localhost")));
	assert_false(host_check_is_loopback(bytes_of("128.0.0.1")) ||
		     host_check_is_loopback(bytes_of("hooks.example")));
	assert_true(bytes_equal(host_check_authority("http://a:b@c@h.example:1/x?@d"), bytes_of("h.example:1")));
	assert_int_equal(host_check_authority("h.example").len, 0);
	memset(longest, 0x01, sizeof longest); /* the longest when made harmless */
	host_check_explain(bytes_make(longest, sizeof longest), said);
	assert_non_null(strstr(said, "passes the Host on as it came."));
	assert_null(strchr(said, 0x01));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_client_hello), cmocka_unit_test(test_no_request),
		cmocka_unit_test(test_http_rules),   cmocka_unit_test(test_router),
		cmocka_unit_test(test_tokens),       cmocka_unit_test(test_tokens_of_an_older_relay),
		cmocka_unit_test(test_host_check),
	};
	return RUN(tests);
}
