/* At which moment a recorded signature is judged, and what cannot be. */
#include "client/inspect/inspect_source.h"
#include "client/signing/verify_one.h"
#include "shared/http/headers.h"
#include "tests/unit/shared/store_fixture.h"
#include "shared/providers/signature_sign.h"
#include "shared/store/store_stop.h"

#define SIGNED_AT INT64_C(1795438954)
#define BODY "{\"type\":\"invoice.paid\"}"
#define SECRET "whsec_creel"
#define HOUR 3600

static char secret_text[] = SECRET;
static struct secret one_secret;
static struct secrets secrets;

static void use_secret(void)
{
	one_secret = (struct secret){ .provider = signature_find("stripe"), .text = secret_text };
	secrets = (struct secrets){ .at = &one_secret, .count = 1 };
}

/* As Stripe signs it then. */
static void sign(int64_t at, struct buffer *headers)
{
	struct signature_input in = { .body = bytes_of(BODY), .secret = bytes_of(SECRET), .at = at };
	struct signature_sign_out out = { 0 };
	struct error e;
	assert_true(signature_sign(signature_find("stripe"), &in, &out, &e));
	assert_true(buffer_append_bytes(headers, buffer_view(&out.headers)));
	signature_sign_free(&out);
}

/* Came `later` seconds behind SIGNED_AT. */
static int64_t add(struct store *s, uint8_t n, int later, int64_t replay_of, const struct buffer *headers,
		   const char *body)
{
	struct store_delivery d = sample(n);
	struct error e;
	bool duplicate;
	int64_t id;
	d.received_at_us = (uint64_t)(SIGNED_AT + later) * 1000000;
	d.origin = replay_of ? ORIGIN_REPLAY : ORIGIN_LIVE;
	d.replay_of = replay_of;
	d.provider = bytes_of("stripe");
	d.signature = bytes_of("unknown");
	d.headers = buffer_view(headers);
	d.body = bytes_of(body);
	d.body_size = d.body.len;
	assert_true(store_insert_delivery(s, &d, &id, &duplicate, &e));
	return id;
}

static struct signature_result verify(struct store *s, int64_t id, int64_t at)
{
	struct verify_options o = { .secrets = &secrets, .tolerance_ms = -1, .at = at };
	struct verified v;
	struct error e;
	if (!verify_one(s, id, &o, &v, &e))
		fail_msg("%s", e.text);
	return v.result;
}

static void test_replays(void **state)
{
	struct store *s = open_store();
	struct buffer then = { 0 }, later = { 0 };
	(void)state;
	use_secret();
	sign(SIGNED_AT, &then);
	sign(SIGNED_AT + HOUR, &later);
	int64_t original = add(s, 1, 2, 0, &then, BODY);
	int64_t replay = add(s, 2, HOUR, original, &then, BODY);
	assert_int_equal(verify(s, original, -1).verdict, SIGNATURE_VALID);
	assert_int_equal(verify(s, replay, -1).reason, SIGNATURE_OLD);
	assert_int_equal(verify(s, replay, -1).age, HOUR);
	/* At another moment where that is asked for. */
	assert_int_equal(verify(s, replay, SIGNED_AT + 2).verdict, SIGNATURE_VALID);
	int64_t at_once = add(s, 3, 10, original, &then, BODY);
	assert_int_equal(verify(s, at_once, -1).verdict, SIGNATURE_VALID);
	int64_t resigned = add(s, 4, HOUR + 1, original, &later, BODY);
	assert_int_equal(verify(s, resigned, -1).verdict, SIGNATURE_VALID);
	assert_int_equal(verify(s, resigned, -1).age, 1);
	int64_t edited = add(s, 5, 10, original, &then, "{\"type\":\"other\"}");
	assert_int_equal(verify(s, edited, -1).reason, SIGNATURE_MISMATCH);
	buffer_free(&then);
	buffer_free(&later);
	store_close(s);
}

/* What was redacted cannot be checked; where nothing of what is signed was taken out, it can. */
static void test_redacted(void **state)
{
	struct store *s = open_store();
	struct buffer whole = { 0 }, redacted = { 0 };
	struct error e;
	(void)state;
	use_secret();
	sign(SIGNED_AT, &whole);
	assert_true(headers_append(&redacted, bytes_of("Stripe-Signature"), bytes_of("REDACTED")));
	for (uint8_t n = 1; n <= 2; n++) {
		struct store_delivery d = sample(n);
		bool duplicate;
		int64_t id;
		d.received_at_us = (uint64_t)SIGNED_AT * 1000000;
		d.provider = bytes_of("stripe");
		d.headers = buffer_view(n == 1 ? &redacted : &whole);
		d.body = bytes_of(BODY);
		d.body_size = d.body.len;
		d.redacted = true;
		assert_true(store_insert_delivery(s, &d, &id, &duplicate, &e));
		struct signature_result r = verify(s, id, -1);
		assert_int_equal(r.verdict, n == 1 ? SIGNATURE_UNKNOWN : SIGNATURE_VALID);
		if (n == 2)
			continue;
		assert_int_equal(r.reason, SIGNATURE_REDACTED);
		assert_string_equal(r.text, "this delivery was redacted: its signature cannot be checked");
	}
	buffer_free(&whole);
	buffer_free(&redacted);
	store_close(s);
}

static void on_document(void *user, uint64_t generation, struct document *d)
{
	(void)generation;
	*(struct document *)user = *d;
}

/* The inspector says of a replay what creel verify does. */
static void test_explained(void **state)
{
	struct store *s = open_store();
	struct buffer then = { 0 };
	struct document d = { 0 };
	struct error e;
	uv_loop_t loop;
	(void)state;
	use_secret();
	sign(SIGNED_AT, &then);
	int64_t original = add(s, 1, 2, 0, &then, BODY), replay = add(s, 2, HOUR, original, &then, BODY);
	assert_int_equal(uv_loop_init(&loop), 0);
	struct inspect_source *source = inspect_source_new(&loop, path, &e);
	assert_non_null(source);
	inspect_source_set_secrets(source, &secrets);
	inspect_source_ops.get(source, replay, SOURCE_REQUEST, 0, 1000, 1, on_document, &d);
	while (!d.item.row.id && !d.trouble)
		uv_run(&loop, UV_RUN_ONCE);
	assert_null(d.trouble);
	assert_non_null(strstr(d.why, "3600 s old"));
	assert_true(bytes_equal(d.item.row.signature, bytes_of("invalid")));
	document_free(&d);
	inspect_source_close(source, NULL, NULL);
	uv_run(&loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&loop), 0);
	buffer_free(&then);
	store_close(s);
}

struct tries {
	struct store *store;
	int count, stop_at;
};

static void on_tried(void *user, const struct verify_tried *t)
{
	struct tries *tries = user;
	(void)t;
	if (++tries->count == tries->stop_at)
		store_set_patience(tries->store, 1);
}

/* Its time is looked at between what is tried, though nothing of the store is read there. */
static void test_ends_in_time(void **state)
{
	struct store *s = open_store();
	struct buffer headers = { 0 };
	(void)state;
	use_secret();
	sign(SIGNED_AT, &headers);
	int64_t id = add(s, 1, 0, 0, &headers, "{\"another\":\"body\"}");
	for (int stop_at = 0; stop_at < 4; stop_at++) {
		struct tries tries = { .store = s, .stop_at = stop_at };
		const struct verify_options o = {
			.secrets = &secrets, .tolerance_ms = -1, .at = -1, .tried = on_tried, .user = &tries
		};
		struct verified v;
		struct error e = { 0 };
		store_set_patience(s, 0);
		if (stop_at == 0) {
			assert_true(verify_one(s, id, &o, &v, &e));
			assert_true(tries.count > 6);
			continue;
		}
		assert_false(verify_one(s, id, &o, &v, &e));
		assert_int_equal(e.code, EXIT_INTERRUPTED);
		assert_non_null(strstr(e.text, "takes longer"));
		assert_int_equal(tries.count, stop_at);
	}
	buffer_free(&headers);
	store_close(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = { IN_FOLDER(test_replays), IN_FOLDER(test_redacted),
					    IN_FOLDER(test_explained), IN_FOLDER(test_ends_in_time) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
