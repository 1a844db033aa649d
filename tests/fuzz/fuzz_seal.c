/* Sealed objects. The first byte says what the rest is: an object, opened with a fixed key; or a delivery (repeated, so
 * that a few bytes make several chunks), which is sealed, must open to the same bytes, and must not once it is changed.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "shared/base/reader.h"
#include "shared/wire/seal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum mode { MODE_OPEN, MODE_SEAL, MODE_COUNT };

/* That of tests/fixtures/sealed-v1.json: the corpus has objects that open with it. */
static const char pem[] = "-----BEGIN PRIVATE KEY-----\n"
			  "MC4CAQAwBQYDK2VuBCIEIHcHbQpzGKV9PBbBclGyZkXfTC+H68CZKrF3+6UduSwq\n"
			  "-----END PRIVATE KEY-----\n";

static struct seal_key *key;
static struct seal_sender *sealer;

static void make_key(void)
{
	char path[] = "/tmp/creel-fuzz-XXXXXX";
	struct error e;
	int fd = mkstemp(path);
	if (fd < 0 || write(fd, pem, sizeof pem - 1) != (ssize_t)(sizeof pem - 1) || close(fd) != 0)
		abort();
	key = seal_key_load(path, &e);
	unlink(path);
	sealer = key ? seal_sender_new(seal_key_public(key), &e) : NULL;
	if (!sealer)
		abort();
}

/* A failure must leave no trace, a success must fit what was given. */
static bool open_checked(struct bytes sealed, uint8_t id[UUID_LEN], struct buffer *plain)
{
	struct error e = { 0 };
	if (seal_key_open(key, sealed, id, plain, &e)) {
		if (plain->len + SEAL_HEAD_LEN + SEAL_TAG_LEN > sealed.len)
			abort();
		return true;
	}
	if (plain->len != 0 || e.code != EXIT_STORE || !*e.text)
		abort();
	return false;
}

static void open_input(struct bytes sealed)
{
	struct buffer plain = { 0 };
	uint8_t id[UUID_LEN];
	if (open_checked(sealed, id, &plain) && memcmp(id, sealed.at, UUID_LEN) != 0)
		abort();
	buffer_free(&plain);
}

static void seal_input(struct bytes input)
{
	struct buffer plain = { 0 }, sealed = { 0 }, opened = { 0 };
	struct reader r = reader_of(input);
	struct error e;
	uint8_t event_id[UUID_LEN] = { 0 }, id[UUID_LEN];
	size_t where = reader_u32(&r), times = reader_u8(&r);
	struct bytes piece = reader_rest(&r);
	memcpy(event_id, &where, sizeof where);
	for (size_t i = 0; i <= times; i++)
		if (!buffer_append_bytes(&plain, piece))
			abort();
	if (!seal_sender_seal(sealer, event_id, buffer_view(&plain), &sealed, &e) || sealed.len != seal_size(plain.len))
		abort();
	if (!open_checked(buffer_view(&sealed), id, &opened) || memcmp(id, event_id, UUID_LEN) != 0 ||
	    !bytes_equal(buffer_view(&opened), buffer_view(&plain)))
		abort();
	opened.len = 0;
	if (open_checked(bytes_make(sealed.at, where % sealed.len), id, &opened))
		abort();
	sealed.at[where % sealed.len] ^= (uint8_t)(1u << times % 8);
	if (open_checked(buffer_view(&sealed), id, &opened))
		abort();
	buffer_free(&plain);
	buffer_free(&sealed);
	buffer_free(&opened);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (!key)
		make_key();
	if (size == 0)
		return 0;
	struct bytes rest = { data + 1, size - 1 };
	if (data[0] % MODE_COUNT == MODE_OPEN)
		open_input(rest);
	else
		seal_input(rest);
	return 0;
}
