/* What a replay is said to be signed like: as it is sent, not as its original came. */
#include "shared/http/headers.h"
#include "tests/unit/client/replayer_fixture.h"
#include "shared/providers/signature_sign.h"
#include "shared/query/store_query.h"

#include <time.h>

static void copy_verdict(void *user, const struct delivery_row *row)
{
	snprintf(user, 16, "%.*s", (int)row->signature.len, (const char *)row->signature.at);
}

/* What the replay of `id` is said to be signed like. */
static void check_verdict(struct test *t, int64_t id, const struct replay_change *change, const char *wanted)
{
	char verdict[16];
	struct error e;
	replay(t, id, change);
	assert_true(store_get(t->store, t->result.id, copy_verdict, verdict, &e));
	assert_string_equal(verdict, wanted);
}

static int64_t add_signed(struct test *t, uint8_t n, const char *verdict, struct bytes headers)
{
	struct store_delivery d = sample(n);
	struct error e;
	bool duplicate;
	int64_t id;
	d.headers = headers;
	d.body = bytes_of("{}  END");
	d.body_size = d.body.len;
	d.signature = bytes_of(verdict);
	assert_true(store_batch_ops.begin(t->store, &e));
	bool fine = store_insert_delivery(t->store, &d, &id, &duplicate, &e);
	struct store_attempt a = { .delivery_id = id, .result = ATTEMPT_OK, .status = 500, .url = bytes_of(t->url) };
	in_transaction(t->store, fine && store_insert_attempt(t->store, &a, &e), &e);
	return id;
}

/* Without the secret nothing is known of a replay, whatever was said of its original. */
static void check_verdicts(uint8_t n, const char *verdict)
{
	const char *field = "X-Order: 2";
	struct option_values edits = { &field, 1 };
	struct replay_change body = { .has_body = true, .body = bytes_of("another END") };
	struct replay_change unsigned_one = { .whole = true,
					      .method = bytes_of("PUT"),
					      .target = bytes_of("/other"),
					      .headers = bytes_of("X-New: 2\r\n"),
					      .body = bytes_of("new END") };
	struct test t;
	begin(&t);
	int64_t id = add_signed(&t, n, verdict, bytes_of("Host: x\r\nStripe-Signature: t=1,v1=ab\r\n"));
	check_verdict(&t, id, NULL, "unknown");
	check_verdict(&t, t.result.id, NULL, "unknown");
	check_verdict(&t, id, &body, "unknown");
	check_verdict(&t, id, &unsigned_one, "none");
	t.forward.extra_headers = &edits;
	check_verdict(&t, id, NULL, "unknown");
	end(&t);
}

/* What Stripe signs of the body of add_signed, then. */
static void sign_then(int64_t at, struct buffer *headers)
{
	struct signature_input in = { .body = bytes_of("{}  END"), .secret = bytes_of("whsec_x"), .at = at };
	struct signature_sign_out out;
	struct error e;
	assert_true(signature_sign(signature_find("stripe"), &in, &out, &e));
	assert_true(headers_append(headers, bytes_of("Host"), bytes_of("x")) &&
		    buffer_append_bytes(headers, buffer_view(&out.headers)));
	signature_sign_free(&out);
}

/* Where the secret is known the replay is judged as what it is, when it is sent. */
static void test_judged_when_sent(void **state)
{
	static char text[] = "whsec_x", other_text[] = "whsec_y";
	struct secret one = { signature_find("stripe"), text }, other = { signature_find("stripe"), other_text };
	struct secrets known = { &one, 1 }, wrong = { &other, 1 };
	struct replay_change body = { .has_body = true, .body = bytes_of("another END") };
	struct buffer fresh = { 0 }, old = { 0 };
	struct test t;
	(void)state;
	sign_then((int64_t)time(NULL) - 5, &fresh);
	sign_then((int64_t)time(NULL) - 1320, &old);
	begin(&t);
	t.options.secrets = &known;
	t.options.own_only = true;
	use_options(&t);
	int64_t was_fresh = add_signed(&t, 1, "valid", buffer_view(&fresh));
	int64_t was_old = add_signed(&t, 2, "valid", buffer_view(&old));
	check_verdict(&t, was_fresh, NULL, "valid");
	check_verdict(&t, was_fresh, &body, "invalid");
	check_verdict(&t, was_old, NULL, "invalid");
	t.options.resign = true;
	use_options(&t);
	check_verdict(&t, was_old, NULL, "valid");
	check_verdict(&t, was_fresh, &body, "valid");
	t.options.resign = false;
	use_options(&t);
	check_verdict(&t, t.result.id, NULL, "valid"); /* one that was signed anew is sent again */
	t.options.secrets = &wrong;
	use_options(&t);
	check_verdict(&t, was_fresh, NULL, "invalid");
	t.options.secrets = NULL;
	use_options(&t);
	check_verdict(&t, was_fresh, NULL, "unknown");
	buffer_free(&fresh);
	buffer_free(&old);
	end(&t);
}

static void test_verdict(void **state)
{
	(void)state;
	check_verdicts(1, "valid");
	check_verdicts(2, "invalid");
}

int main(void)
{
	const struct CMUnitTest tests[] = { IN_FOLDER(test_verdict), IN_FOLDER(test_judged_when_sent) };
	return RUN(tests);
}
