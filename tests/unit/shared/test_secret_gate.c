/* What the gate hides of the secrets it knows, and what it leaves alone. */
#include "shared/secrets/secret_gate.h"
#include "tests/unit/unit.h"

static void expect(const struct secret_gate *g, const char *text, const char *shown)
{
	char room[600];
	snprintf(room, sizeof room, "%s", text);
	secret_gate_scrub(g, room, sizeof room);
	assert_string_equal(room, shown);
	struct buffer out = { 0 };
	assert_true(secret_gate_put(g, &out, bytes_of(text)));
	assert_true(bytes_equal(buffer_view(&out), bytes_of(shown)));
	buffer_free(&out);
}

static void test_every_spelling(void **state)
{
	(void)state;
	struct secret_gate *g = secret_gate_new();
	secret_gate_add(g, "tok/en+with=odd&bytes");
	secret_gate_add(g, "per%40cent%2Fed");
	expect(g, "as it is: tok/en+with=odd&bytes.", "as it is: [secret].");
	expect(g, "tok%2Fen%2Bwith%3Dodd%26bytes", "[secret]");
	expect(g, "tok%2fen+with%3dodd&bytes twice tok/en+with=odd&bytes", "[secret] twice [secret]");
	expect(g, "all of it: %74%6F%6B/en+with=odd&bytes", "all of it: [secret]");
	expect(g, "Bearer dG9rL2VuK3dpdGg9b2RkJmJ5dGVz!", "Bearer [secret]!");
	expect(g, "per%40cent%2Fed and per@cent/ed", "[secret] and [secret]");
	expect(g, "cGVyQGNlbnQvZWQ=", "[secret]=");
	expect(g, "nothing of the kind: tok/en, per%40, 100 %", "nothing of the kind: tok/en, per%40, 100 %");
	expect(g, "", "");
	secret_gate_free(g);
}

static void test_tokens_by_their_looks(void **state)
{
	(void)state;
	struct secret_gate *g = secret_gate_new();
	secret_gate_add_tokens(
	    g, "--token=creel_00112233445566778899AABBCCDDEEFF, creel_ and creel_00ff, creel_0123456789abcdef");
	secret_gate_add_tokens(g, "");
	secret_gate_add_tokens(g, NULL);
	expect(g, "option creel_00112233445566778899AABBCCDDEEFF!", "option [secret]!");
	expect(g, "cut off creel_0011223344", "cut off [secret]");
	expect(g, "creel_0123456789abcdef, creel_00ff and creel_ stay apart",
	       "[secret], creel_00ff and creel_ stay apart");
	secret_gate_free(g);
}

/* base64 with '/' and '+', and as URLs write it. */
static void test_both_alphabets(void **state)
{
	(void)state;
	struct secret_gate *g = secret_gate_new();
	secret_gate_add(g, "\xfb\xff\xfe~~~~?>");
	expect(g, "+//+fn5+fj8+", "[secret]");
	expect(g, "-__-fn5-fj8-", "[secret]");
	secret_gate_free(g);
}

/* A sentence that was cut off shows no half of it either. */
static void test_pieces(void **state)
{
	(void)state;
	struct secret_gate *g = secret_gate_new();
	secret_gate_add(g, "creel_0123456789abcdef0123456789abcdef");
	expect(g, "'creel_01234567' is none", "'[secret]' is none");
	expect(g, "the end is cut: creel_0123456789abc", "the end is cut: [secret]");
	expect(g, "its end 456789abcdef0123456789abcdef.", "its end [secret].");
	expect(g, "creel_ and 64 digits", "creel_ and 64 digits");
	expect(g, "creel_01234", "creel_01234");
	secret_gate_free(g);
}

static void test_short_ones(void **state)
{
	(void)state;
	struct secret_gate *g = secret_gate_new();
	secret_gate_add(g, "pass");
	secret_gate_add(g, "p@ss");
	secret_gate_add(g, "abc");
	secret_gate_add(g, "");
	secret_gate_add(g, NULL);
	expect(g, "pass, passed, bypass pass", "[secret], passed, bypass [secret]");
	expect(g, "user:p@ss@host p%40ss", "user:[secret]@host [secret]");
	expect(g, "abc", "abc");
	secret_gate_free(g);
}

/* What secrets begin with is no secret, and stands in the sentences that explain it. */
static void test_bare_prefixes(void **state)
{
	(void)state;
	struct secret_gate *g = secret_gate_new();
	secret_gate_add(g, "whsec_");
	secret_gate_add(g, "creel_");
	expect(g, "base64, usually after whsec_", "base64, usually after whsec_");
	secret_gate_add(g, "whsec_abc");
	expect(g, "whsec_ and whsec_abc", "whsec_ and [secret]");
	secret_gate_free(g);
}

static void test_logins(void **state)
{
	(void)state;
	struct secret_gate *g = secret_gate_new();
	secret_gate_add_login(g, "admin", "hunter2-hunter2");
	secret_gate_add_login(g, "robot-17", NULL);
	secret_gate_add_login(g, "u", "p:x");
	secret_gate_add_login(g, NULL, "a password alone");
	expect(g, "admin:hunter2-hunter2@proxy", "[secret]@proxy");
	expect(g, "the admin is asked; robot-17 is not", "the admin is asked; [secret] is not");
	expect(g, "Basic YWRtaW46aHVudGVyMi1odW50ZXIy", "Basic [secret]");
	expect(g, "(u:p:x) a%20password%20alone", "([secret]) [secret]");
	secret_gate_free(g);
}

static void test_urls(void **state)
{
	(void)state;
	struct secret_gate *g = secret_gate_new();
	secret_gate_add_urls(g, "see https://name-of-one:key-of-one@a.test/x and ws://u:p@ss%21word@b.test:1/");
	secret_gate_add_urls(g, "http://c.test/no?login=1");
	secret_gate_add_urls(g, "http://@d.test/");
	secret_gate_add_urls(g, NULL);
	expect(g, "name-of-one, key-of-one", "[secret], [secret]");
	expect(g, "p@ss%21word is p@ss!word", "[secret] is [secret]");
	expect(g, "a.test, b.test, c.test/no?login=1", "a.test, b.test, c.test/no?login=1");
	secret_gate_free(g);
}

static void test_what_does_not_fit(void **state)
{
	(void)state;
	char room[16] = "x longsecret yz";
	struct secret_gate *g = secret_gate_new();
	expect(g, "knows nothing", "knows nothing");
	expect(NULL, "is not there", "is not there");
	secret_gate_add(g, "longsecret");
	secret_gate_scrub(g, room, sizeof room);
	assert_string_equal(room, "x [secret] yz");
	secret_gate_add(g, "xyzw");
	snprintf(room, sizeof room, "xyzw xyzw xyzw");
	secret_gate_scrub(g, room, sizeof room);
	assert_string_equal(room, "[secret] [secre");
	secret_gate_free(g);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_spelling),
		cmocka_unit_test(test_both_alphabets),
		cmocka_unit_test(test_pieces),
		cmocka_unit_test(test_short_ones),
		cmocka_unit_test(test_bare_prefixes),
		cmocka_unit_test(test_logins),
		cmocka_unit_test(test_urls),
		cmocka_unit_test(test_tokens_by_their_looks),
		cmocka_unit_test(test_what_does_not_fit),
	};
	return RUN(tests);
}
