/* What --chaos decides: specs, fates, spoilt signatures. */
#include "client/stream/chaos.h"
#include "shared/http/headers.h"
#include "shared/providers/signature_sign.h"
#include "shared/providers/signature_verify.h"
#include "shared/signature/signature_private.h"
#include "tests/unit/unit.h"

static struct chaos_spec parsed(const char *text)
{
	struct chaos_spec c;
	struct error e = { 0 };
	if (!chaos_parse(text, &c, &e))
		fail_msg("%s: %s", text, e.text);
	return c;
}

static void test_spec(void **state)
{
	(void)state;
	struct chaos_spec c = parsed("duplicate=5%,delay=200ms..2s,reorder=10,fail=10%:503,badsig=0.25%,seed=7");
	assert_int_equal(c.duplicate, 50000);
	assert_int_equal(c.delay_from_ms, 200);
	assert_int_equal(c.delay_to_ms, 2000);
	assert_int_equal(c.reorder, 10);
	assert_int_equal(c.fail, 100000);
	assert_int_equal(c.fail_status, 503);
	assert_int_equal(c.badsig, 2500);
	assert_true(c.seeded && c.seed == 7);
	c = parsed("fail=100%,delay=1s");
	assert_int_equal(c.fail, 1000000);
	assert_int_equal(c.fail_status, 500);
	assert_int_equal(c.delay_to_ms, 1000);
	assert_false(c.seeded);
	assert_int_equal(parsed("badsig=0.0001%").badsig, 1);
}

static void test_bad_specs(void **state)
{
	static const char *const wrong[][2] = {
		{ "", "knows no ''" },
		{ "duplicate", "'duplicate=' is wrong" },
		{ "duplicate=5", "'duplicate=5' is wrong" },
		{ "duplicate=101%", "'duplicate=101%'" },
		{ "duplicate=-1%", "'duplicate=-1%'" },
		{ "duplicate=.5%", "'duplicate=.5%'" },
		{ "duplicate=5.%", "'duplicate=5.%'" },
		{ "duplicate=0.00001%", "'duplicate=0.00001%'" },
		{ "duplicate=99999999999999999999%", "duplicate is a share" },
		{ "seed=1,duplicat=5%", "did you mean duplicate" },
		{ "delay=2s..1s", "'delay=2s..1s'" },
		{ "delay=11m", "up to 10m" },
		{ "delay=1s..", "'delay=1s..'" },
		{ "reorder=0", "'reorder=0'" },
		{ "reorder=1001", "'reorder=1001'" },
		{ "fail=10%:200", "'fail=10%:200'" },
		{ "fail=10%:", "'fail=10%:'" },
		{ "fail=:503", "'fail=:503'" },
		{ "seed=x", "'seed=x'" },
		{ "seed=1,seed=2", "'seed' twice" },
		{ "seed=1,", "knows no ''" },
	};
	(void)state;
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		struct chaos_spec c;
		struct error e = { 0 };
		if (chaos_parse(wrong[i][0], &c, &e))
			fail_msg("'%s' was taken", wrong[i][0]);
		assert_int_equal(e.code, EXIT_USAGE);
		if (!strstr(e.text, wrong[i][1]))
			fail_msg("'%s': %s", wrong[i][0], e.text);
	}
}

static void test_fates_repeat(void **state)
{
	(void)state;
	struct chaos_spec a = parsed("duplicate=30%,delay=0ms..1s,reorder=5,fail=30%,badsig=30%,seed=7"), b = a;
	size_t differ = 0;
	b.seed = 8;
	for (uint64_t n = 1; n <= 200; n++) {
		struct chaos_fate one = chaos_decide(&a, n), two = chaos_decide(&a, n), three = chaos_decide(&b, n);
		assert_true(one.delay_ms == two.delay_ms && one.overtaken_by == two.overtaken_by &&
			    one.fail == two.fail && one.badsig == two.badsig && one.duplicate == two.duplicate);
		differ += one.delay_ms != three.delay_ms;
	}
	assert_true(differ > 150);
	/* Scripts rely on a seed's outcome from one version to the next. */
	struct chaos_fate first = chaos_decide(&a, 1), second = chaos_decide(&a, 2);
	assert_true(first.delay_ms == 466 && first.overtaken_by == 5 && !first.fail && !first.badsig &&
		    first.duplicate);
	assert_true(second.delay_ms == 195 && second.overtaken_by == 2 && second.fail && !second.badsig &&
		    !second.duplicate);
}

static void test_shares(void **state)
{
	(void)state;
	struct chaos_spec c = parsed("duplicate=20%,delay=100ms..200ms,reorder=3,fail=10%,badsig=5%,seed=1");
	size_t duplicate = 0, fail = 0, badsig = 0, behind[4] = { 0 };
	const size_t many = 20000;
	for (uint64_t n = 1; n <= many; n++) {
		struct chaos_fate f = chaos_decide(&c, n);
		assert_true(f.delay_ms >= 100 && f.delay_ms <= 200 && f.overtaken_by <= 3);
		assert_false(f.fail && (f.duplicate || f.badsig));
		behind[f.overtaken_by]++;
		duplicate += f.duplicate;
		fail += f.fail;
		badsig += f.badsig;
	}
	/* Of 90 %: what fails is neither. */
	assert_in_range(duplicate, many * 17 / 100, many * 19 / 100);
	assert_in_range(fail, many * 9 / 100, many * 11 / 100);
	assert_in_range(badsig, many * 4 / 100, many * 5 / 100);
	for (size_t i = 0; i < 4; i++)
		assert_in_range(behind[i], many * 23 / 100, many * 27 / 100);
	struct chaos_spec none = parsed("seed=1");
	for (uint64_t n = 1; n <= 1000; n++) {
		struct chaos_fate f = chaos_decide(&none, n);
		assert_true(!f.delay_ms && !f.overtaken_by && !f.fail && !f.duplicate && !f.badsig);
	}
}

static void test_text(void **state)
{
	char text[CHAOS_TEXT_LEN];
	(void)state;
	chaos_text(text, 0);
	assert_string_equal(text, "");
	chaos_text(text, CHAOS_BADSIG | CHAOS_DELAY);
	assert_string_equal(text, "delay,badsig");
	chaos_text(text, 31);
	assert_string_equal(text, "delay,reorder,fail,badsig,duplicate");
}

static void expect_spoilt(const char *block, const char *out)
{
	struct buffer b = { 0 };
	bool spoilt;
	assert_true(chaos_spoil_signature(bytes_of(block), &b, &spoilt));
	assert_int_equal(spoilt, strcmp(block, out) != 0);
	assert_true(headers_valid(buffer_view(&b)));
	if (!bytes_equal(buffer_view(&b), bytes_of(out)))
		fail_msg("%.*s\nnot\n%s", (int)b.len, (char *)b.at, out);
	buffer_free(&b);
}

static void test_signatures(void **state)
{
	(void)state;
	expect_spoilt("Host: aaaaaaaaaaaaaaaaaaaaaa\r\n", "Host: aaaaaaaaaaaaaaaaaaaaaa\r\n");
	expect_spoilt("A: 1\r\nX-Hub-Signature-256: sha256=00112233445566778899\r\nB: 2\r\n",
		      "A: 1\r\nX-Hub-Signature-256: sha256=00112233446566778899\r\nB: 2\r\n");
	/* The time stays, each signature goes. */
	expect_spoilt("Stripe-Signature: t=1700000000,v1=ffffffffffffffffffff,v0=99999999999999999999\r\n",
		      "Stripe-Signature: t=1700000000,v1=ffffffffffafffffffff,v0=99999999990999999999\r\n");
	expect_spoilt("X-Shopify-Hmac-SHA256: AAAAAAAAAAAAAAAAAAA/BBBBBBBBBBBBBBBBBBBBBBB=\r\n",
		      "X-Shopify-Hmac-SHA256: AAAAAAAAAAAAAAAAAAA/BCBBBBBBBBBBBBBBBBBBBBB=\r\n");
	expect_spoilt("x-gitlab-token: zz\r\n", "x-gitlab-token: zg\r\n");
	expect_spoilt("X-Signature: \r\n", "X-Signature: \r\n");
	expect_spoilt("", "");
}

/* What was valid is invalid, and not for its form: a receiver that only looks whether there is one is found out. */
static void spoil_one(const struct signature_provider *p, const char *secret)
{
	static const char form[] = "Content-Type: application/x-www-form-urlencoded\r\n";
	bool twilio = strcmp(signature_name(p), "twilio") == 0 || strcmp(signature_name(p), "mandrill") == 0;
	struct signature_sign_out out;
	struct signature_result result;
	struct buffer block = { 0 }, spoilt = { 0 };
	struct error e;
	bool any;
	struct signature_input in = {
		.headers = bytes_of(twilio ? form : NULL),
		.body = bytes_of(twilio ? "a=1" : "{\"webhookTimestamp\":1764000000000}"),
		.method = bytes_of("POST"),
		.url = bytes_of("https://hooks.example.com/"),
		.secret = bytes_of(secret),
		.at = 1764000000,
		.tolerance = SIGNATURE_OWN_TOLERANCE,
	};
	if (!signature_sign(p, &in, &out, &e))
		fail_msg("%s", e.text);
	assert_true(buffer_append_bytes(&block, in.headers));
	assert_true(buffer_append_bytes(&block, buffer_view(&out.headers)));
	in.headers = buffer_view(&block);
	assert_int_equal(signature_check(p, &in), SIGNATURE_VALID);
	assert_true(chaos_spoil_signature(in.headers, &spoilt, &any));
	assert_true(any);
	in.headers = buffer_view(&spoilt);
	signature_verify(p, &in, &result);
	if (result.verdict != SIGNATURE_INVALID || result.reason == SIGNATURE_MISSING ||
	    result.reason == SIGNATURE_MALFORMED)
		fail_msg("%s: %s", signature_name(p), result.text);
	signature_sign_free(&out);
	buffer_free(&block);
	buffer_free(&spoilt);
}

static void test_spoilt_signatures_are_invalid(void **state)
{
	const struct signature_provider *p;
	size_t count = 0;
	(void)state;
	for (size_t i = 0; (p = signature_at(i)); i++) {
		/* Public keys do not sign; some signatures stand in the body, and some in a field of all trades. */
		if (p->secret == SECRET_PUBLIC_KEY || !p->field || strcmp(p->field, "Authorization") == 0 ||
		    p->layout == LAYOUT_JWT)
			continue;
		spoil_one(p, p->secret == SECRET_HEX ? "00ff"
			     : p->algorithm == SIGN_TOKEN && strcmp(signature_name(p), "gitlab") != 0
				 ? "a token of a few words"
			     : p->secret == SECRET_BASE64 ? "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
							  : "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
		count++;
	}
	assert_true(count >= 60);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_spec),
		cmocka_unit_test(test_bad_specs),
		cmocka_unit_test(test_fates_repeat),
		cmocka_unit_test(test_shares),
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_signatures),
		cmocka_unit_test(test_spoilt_signatures_are_invalid),
	};
	return RUN(tests);
}
