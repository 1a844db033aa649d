/* .http files: whatever one holds is read, or refused with its line. */
#include "shared/formats/http_file.h"
#include "tests/fuzz/import_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	return fuzz_import(data, size, http_file_read);
}
