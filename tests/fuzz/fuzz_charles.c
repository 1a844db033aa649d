/* Charles' sessions: whatever one holds is read, or refused with its place. */
#include "shared/har/charles.h"
#include "tests/fuzz/import_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool read_session(struct bytes text, const struct import_sink *sink, struct error *e)
{
	uint64_t left_out = 0;
	return charles_read(text, sink, &left_out, e);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	return fuzz_import(data, size, read_session);
}
