/* Insomnia's files: whatever one holds is read, or refused with its place. */
#include "shared/collections/insomnia.h"
#include "tests/fuzz/import_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	return fuzz_import(data, size, insomnia_read);
}
