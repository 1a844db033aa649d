/* The records of a client's journal, as they are read after its death. The input is what stands in the file after its
 * head. Each record that is found is taken apart, put together again and must be the same bytes; what was changed by a
 * bit must not be a record. */
#include <stdlib.h>
#include <string.h>

#include "shared/base/crc32c.h"
#include "shared/store/journal_record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_same(struct bytes was, const struct journal_record *r)
{
	struct buffer again = { 0 };
	bool fine = r->kind == JOURNAL_DELIVERY ? journal_record_put_delivery(&again, &r->place, &r->delivery)
						: journal_record_put_attempt(&again, &r->place, &r->attempt);
	/* Flags that no writer sets, and what the head has at its end, need not come back. */
	if (!fine || again.len != was.len)
		abort();
	again.at[again.len / 2] ^= 4;
	struct journal_record changed;
	size_t len;
	if (journal_record_read(buffer_view(&again), &changed, &len) == JOURNAL_FOUND_RECORD)
		abort();
	buffer_free(&again);
}

/* No fuzzer finds a CRC: the input's records are given theirs. */
static void mend(uint8_t *at, size_t len)
{
	while (len >= JOURNAL_RECORD_HEAD) {
		size_t payload = bytes_get_u32(at);
		if (payload > len - JOURNAL_RECORD_HEAD)
			return;
		uint32_t sum = crc32c_add(0, bytes_make(at, 4));
		bytes_set_u32(at + 4, crc32c_add(sum, bytes_make(at + 8, JOURNAL_RECORD_HEAD - 8 + payload)));
		at += JOURNAL_RECORD_HEAD + payload;
		len -= JOURNAL_RECORD_HEAD + payload;
	}
}

static void read_all(struct bytes at)
{
	struct journal_record r;
	size_t len;
	while (journal_record_read(at, &r, &len) == JOURNAL_FOUND_RECORD) {
		check_same(bytes_make(at.at, len), &r);
		at = bytes_make(at.at + len, at.len - len);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	read_all(bytes_make(data, size));
	uint8_t *mended = malloc(size ? size : 1);
	if (!mended)
		abort();
	if (size)
		memcpy(mended, data, size);
	mend(mended, size);
	read_all(bytes_make(mended, size));
	free(mended);
	return 0;
}
