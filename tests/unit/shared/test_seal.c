/* Sealing and opening, against each other and against objects made by another implementation (tests/fixtures). Run from
 * the project's root. */
#include <jansson.h>
#include <openssl/err.h>
#include <openssl/sha.h>

#include "shared/wire/seal.h"
#include "tests/unit/unit.h"

static const uint8_t event_id[UUID_LEN] = { 0x01, 0x9a, 0xb1, 0x2c, 0x4d, 0x5e, 0x7f, 0x3a,
					    0x8b, 0x6c, 0x0d, 0x1e, 0x2f, 0x30, 0x41, 0x52 };

struct pair {
	struct seal_key *key;
	struct seal_sender *sealer;
};

static struct seal_key *load_fresh_key(void)
{
	char folder[] = "/tmp/creel-seal-XXXXXX", path[64];
	struct error e;
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof path, "%s/key", folder);
	struct seal_key *k = seal_key_load(path, &e);
	assert_non_null(k);
	assert_int_equal(remove(path), 0);
	assert_int_equal(remove(folder), 0);
	return k;
}

static int setup(void **state)
{
	static struct pair p;
	struct error e;
	p.key = load_fresh_key();
	p.sealer = seal_sender_new(seal_key_public(p.key), &e);
	assert_non_null(p.sealer);
	*state = &p;
	return 0;
}

static int teardown(void **state)
{
	struct pair *p = *state;
	seal_sender_free(p->sealer);
	seal_key_free(p->key);
	return 0;
}

static struct buffer pattern(size_t len)
{
	struct buffer b = { 0 };
	assert_true(buffer_reserve(&b, len));
	for (size_t i = 0; i < len; i++)
		assert_true(buffer_put_u8(&b, (uint8_t)(i * 7 + i / 251)));
	return b;
}

static struct buffer seal(struct seal_sender *s, struct bytes plain)
{
	struct buffer out = { 0 };
	struct error e;
	assert_true(seal_sender_seal(s, event_id, plain, &out, &e));
	return out;
}

/* Refused as it should be: a sentence, nothing given out. */
static void assert_refused(struct seal_key *k, struct bytes sealed)
{
	struct buffer out = { 0 };
	struct error e = { 0 };
	uint8_t id[UUID_LEN] = { 0 }, none[UUID_LEN] = { 0 };
	assert_true(buffer_append_text(&out, "before"));
	assert_false(seal_key_open(k, sealed, id, &out, &e));
	assert_int_equal(e.code, EXIT_STORE);
	assert_true(strlen(e.text) > 0);
	assert_true(bytes_equal(buffer_view(&out), bytes_of("before")));
	assert_memory_equal(id, none, UUID_LEN);
	assert_int_equal(ERR_peek_error(), 0);
	buffer_free(&out);
}

static void assert_opens(struct seal_key *k, struct bytes sealed, struct bytes plain)
{
	struct buffer out = { 0 };
	struct error e;
	uint8_t id[UUID_LEN];
	assert_true(buffer_append_text(&out, "before"));
	assert_true(seal_key_open(k, sealed, id, &out, &e));
	assert_memory_equal(id, event_id, UUID_LEN);
	assert_true(bytes_equal(bytes_make(out.at, 6), bytes_of("before")));
	assert_true(bytes_equal(bytes_make(out.at + 6, out.len - 6), plain));
	buffer_free(&out);
}

static void test_what_is_sealed_opens(void **state)
{
	const size_t sizes[] = { 0, 1, 65535, 65536, 65537, 131072, 200000 };
	struct pair *p = *state;
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		struct buffer plain = pattern(sizes[i]), sealed = { 0 };
		struct error e;
		assert_true(buffer_append_text(&sealed, "kept"));
		assert_true(seal_sender_seal(p->sealer, event_id, buffer_view(&plain), &sealed, &e));
		assert_memory_equal(sealed.at, "kept", 4);
		assert_int_equal(sealed.len, 4 + seal_size(sizes[i]));
		assert_opens(p->key, bytes_make(sealed.at + 4, sealed.len - 4), buffer_view(&plain));
		buffer_free(&sealed);
		buffer_free(&plain);
	}
}

static void test_sizes(void **state)
{
	(void)state;
	assert_int_equal(seal_size(0), 48 + 16);
	assert_int_equal(seal_size(65536), 48 + 65536 + 16);
	assert_int_equal(seal_size(65537), 48 + 65537 + 32);
	assert_int_equal(seal_size(SIZE_MAX), SIZE_MAX);
}

static void test_too_large_to_seal_is_an_error(void **state)
{
	struct pair *p = *state;
	struct buffer out = { 0 };
	struct error e;
	assert_true(buffer_append_text(&out, "kept"));
	assert_false(seal_sender_seal(p->sealer, event_id, bytes_make(event_id, SIZE_MAX), &out, &e));
	assert_non_null(strstr(e.text, "out of memory"));
	assert_int_equal(out.len, 4);
	buffer_free(&out);
}

static void test_every_bit_counts(void **state)
{
	struct pair *p = *state;
	struct buffer sealed = seal(p->sealer, bytes_of("a small delivery"));
	for (size_t bit = 0; bit < sealed.len * 8; bit++) {
		sealed.at[bit / 8] ^= (uint8_t)(1u << bit % 8);
		assert_refused(p->key, buffer_view(&sealed));
		sealed.at[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	assert_opens(p->key, buffer_view(&sealed), bytes_of("a small delivery"));
	buffer_free(&sealed);
}

static void test_cut_or_lengthened_does_not_open(void **state)
{
	struct pair *p = *state;
	struct buffer sealed = seal(p->sealer, bytes_of("a small delivery"));
	for (size_t len = 0; len < sealed.len; len++) {
		/* An exact copy, so that ASan sees a read behind the end. */
		uint8_t *copy = malloc(len ? len : 1);
		assert_non_null(copy);
		memcpy(copy, sealed.at, len);
		assert_refused(p->key, bytes_make(copy, len));
		free(copy);
	}
	assert_true(buffer_put_u8(&sealed, 0));
	assert_refused(p->key, buffer_view(&sealed));
	buffer_free(&sealed);
}

static void test_chunks_stay_in_place(void **state)
{
	struct pair *p = *state;
	const size_t chunk = SEAL_CHUNK + SEAL_TAG_LEN;
	struct buffer plain = pattern(200000), sealed = seal(p->sealer, buffer_view(&plain)), swapped = { 0 };
	/* Without the last chunk, without the last two: whole chunks, but none says it is the last. */
	assert_refused(p->key, bytes_make(sealed.at, SEAL_HEAD_LEN + 3 * chunk));
	assert_refused(p->key, bytes_make(sealed.at, SEAL_HEAD_LEN + chunk));
	/* Only the head and the last. */
	assert_true(buffer_append(&swapped, sealed.at, SEAL_HEAD_LEN));
	assert_true(
	    buffer_append(&swapped, sealed.at + SEAL_HEAD_LEN + 3 * chunk, sealed.len - SEAL_HEAD_LEN - 3 * chunk));
	assert_refused(p->key, buffer_view(&swapped));
	/* The first two changed about. */
	swapped.len = SEAL_HEAD_LEN;
	assert_true(buffer_append(&swapped, sealed.at + SEAL_HEAD_LEN + chunk, chunk));
	assert_true(buffer_append(&swapped, sealed.at + SEAL_HEAD_LEN, chunk));
	assert_true(
	    buffer_append(&swapped, sealed.at + SEAL_HEAD_LEN + 2 * chunk, sealed.len - SEAL_HEAD_LEN - 2 * chunk));
	assert_int_equal(swapped.len, sealed.len);
	assert_refused(p->key, buffer_view(&swapped));
	assert_opens(p->key, buffer_view(&sealed), buffer_view(&plain));
	buffer_free(&swapped);
	buffer_free(&sealed);
	buffer_free(&plain);
}

static void test_a_late_failure_leaves_no_plaintext(void **state)
{
	struct pair *p = *state;
	struct buffer plain = pattern(200000), sealed = seal(p->sealer, buffer_view(&plain)), out = { 0 };
	struct error e;
	uint8_t id[UUID_LEN];
	sealed.at[sealed.len - 1] ^= 1;
	assert_true(buffer_reserve(&out, plain.len));
	memset(out.at, 0xee, plain.len);
	assert_false(seal_key_open(p->key, buffer_view(&sealed), id, &out, &e));
	assert_int_equal(out.len, 0);
	for (size_t i = 0; i < plain.len; i++)
		assert_int_equal(out.at[i], 0);
	buffer_free(&out);
	buffer_free(&sealed);
	buffer_free(&plain);
}

static void test_another_key_does_not_open(void **state)
{
	struct pair *p = *state;
	struct seal_key *other = load_fresh_key();
	struct buffer sealed = seal(p->sealer, bytes_of("not for you"));
	assert_refused(other, buffer_view(&sealed));
	assert_opens(p->key, buffer_view(&sealed), bytes_of("not for you"));
	buffer_free(&sealed);
	seal_key_free(other);
}

/* Of one sealer the same sender, of another another; and no two deliveries share their bytes. */
static void test_senders_and_ids_make_the_key(void **state)
{
	struct pair *p = *state;
	struct error e;
	struct seal_sender *second = seal_sender_new(seal_key_public(p->key), &e);
	struct buffer a = { 0 }, b = { 0 }, c = { 0 };
	uint8_t other_id[UUID_LEN];
	assert_non_null(second);
	memcpy(other_id, event_id, UUID_LEN);
	other_id[15] ^= 1;
	assert_true(seal_sender_seal(p->sealer, event_id, bytes_of("the same"), &a, &e));
	assert_true(seal_sender_seal(p->sealer, other_id, bytes_of("the same"), &b, &e));
	assert_true(seal_sender_seal(second, event_id, bytes_of("the same"), &c, &e));
	assert_memory_equal(a.at + UUID_LEN, b.at + UUID_LEN, SEAL_KEY_LEN);
	assert_memory_not_equal(a.at + UUID_LEN, c.at + UUID_LEN, SEAL_KEY_LEN);
	assert_memory_not_equal(a.at + SEAL_HEAD_LEN, b.at + SEAL_HEAD_LEN, 8);
	assert_memory_not_equal(a.at + SEAL_HEAD_LEN, c.at + SEAL_HEAD_LEN, 8);
	assert_opens(p->key, buffer_view(&c), bytes_of("the same"));
	/* The key keeps what it agreed with one sender, and never takes it for another's. */
	assert_opens(p->key, buffer_view(&a), bytes_of("the same"));
	assert_opens(p->key, buffer_view(&c), bytes_of("the same"));
	memset(c.at + UUID_LEN, 0, SEAL_KEY_LEN); /* of small order: nothing is agreed */
	assert_refused(p->key, buffer_view(&c));
	assert_refused(p->key, buffer_view(&c));
	memcpy(c.at + UUID_LEN, a.at + UUID_LEN, SEAL_KEY_LEN);
	assert_refused(p->key, buffer_view(&c));
	assert_opens(p->key, buffer_view(&a), bytes_of("the same"));
	buffer_free(&a);
	buffer_free(&b);
	buffer_free(&c);
	seal_sender_free(second);
}

static void test_bad_public_keys(void **state)
{
	/* Two points of small order, for which the secret is zero whatever the private key (RFC 7748 §6.1). */
	uint8_t zero[SEAL_KEY_LEN] = { 0 }, one[SEAL_KEY_LEN] = { 1 };
	struct error e;
	(void)state;
	assert_null(seal_sender_new(bytes_make(zero, sizeof zero), &e));
	assert_non_null(strstr(e.text, "not an X25519 key"));
	assert_null(seal_sender_new(bytes_make(one, sizeof one), &e));
	assert_non_null(strstr(e.text, "not an X25519 key"));
	assert_null(seal_sender_new(bytes_make(zero, 31), &e));
	assert_non_null(strstr(e.text, "31 bytes"));
	assert_null(seal_sender_new(bytes_of(NULL), &e));
	assert_int_equal(ERR_peek_error(), 0);
	seal_sender_free(NULL);
	seal_key_free(NULL);
}

/* ---- objects made by another implementation ---- */

static const char *text_of(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));
	assert_non_null(text);
	return text;
}

static void append_hex(struct buffer *out, const char *hex)
{
	for (; *hex; hex += 2) {
		unsigned byte;
		assert_int_equal(sscanf(hex, "%2x", &byte), 1);
		assert_true(buffer_put_u8(out, (uint8_t)byte));
	}
}

static struct seal_key *load_pem(const char *pem)
{
	char path[] = "/tmp/creel-seal-XXXXXX";
	struct error e;
	int fd = mkstemp(path);
	FILE *f = fd < 0 ? NULL : fdopen(fd, "w");
	assert_non_null(f);
	assert_true(fputs(pem, f) >= 0);
	assert_int_equal(fclose(f), 0);
	struct seal_key *k = seal_key_load(path, &e);
	assert_non_null(k);
	remove(path);
	return k;
}

static void check_vector(struct seal_key *k, const json_t *vector)
{
	struct buffer sealed = { 0 }, want = { 0 }, plain = { 0 };
	struct error e;
	uint8_t id[UUID_LEN], digest[SHA256_DIGEST_LENGTH];
	json_t *piece;
	size_t i;
	json_array_foreach(json_object_get(vector, "sealed"), i, piece)
	{
		if (json_object_get(piece, "hex"))
			append_hex(&sealed, text_of(piece, "hex"));
		for (json_int_t n = json_integer_value(json_object_get(piece, "zeros")); n > 0; n--)
			assert_true(buffer_put_u8(&sealed, 0));
	}
	assert_true(seal_key_open(k, buffer_view(&sealed), id, &plain, &e));
	assert_memory_equal(id, event_id, UUID_LEN);
	assert_int_equal(seal_size(plain.len), sealed.len);
	if (json_object_get(vector, "plain_hex")) {
		append_hex(&want, text_of(vector, "plain_hex"));
		assert_true(bytes_equal(buffer_view(&plain), buffer_view(&want)));
	} else {
		append_hex(&want, text_of(vector, "plain_sha256"));
		assert_int_equal(plain.len, json_integer_value(json_object_get(vector, "plain_len")));
		assert_int_equal(want.len, sizeof digest);
		assert_non_null(SHA256(plain.at, plain.len, digest));
		assert_memory_equal(digest, want.at, sizeof digest);
	}
	buffer_free(&sealed);
	buffer_free(&want);
	buffer_free(&plain);
}

static void test_known_objects_open(void **state)
{
	json_error_t why;
	json_t *file = json_load_file("tests/fixtures/sealed-v1.json", 0, &why), *vector;
	struct buffer public = { 0 };
	size_t i;
	(void)state;
	assert_non_null(file);
	struct seal_key *k = load_pem(text_of(file, "client_private_pem"));
	append_hex(&public, text_of(file, "client_public_hex"));
	assert_true(bytes_equal(seal_key_public(k), buffer_view(&public)));
	assert_int_equal(json_array_size(json_object_get(file, "vectors")), 3);
	json_array_foreach(json_object_get(file, "vectors"), i, vector) check_vector(k, vector);
	buffer_free(&public);
	seal_key_free(k);
	json_decref(file);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_is_sealed_opens),
		cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_too_large_to_seal_is_an_error),
		cmocka_unit_test(test_every_bit_counts),
		cmocka_unit_test(test_cut_or_lengthened_does_not_open),
		cmocka_unit_test(test_chunks_stay_in_place),
		cmocka_unit_test(test_a_late_failure_leaves_no_plaintext),
		cmocka_unit_test(test_another_key_does_not_open),
		cmocka_unit_test(test_senders_and_ids_make_the_key),
		cmocka_unit_test(test_bad_public_keys),
		cmocka_unit_test(test_known_objects_open),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
