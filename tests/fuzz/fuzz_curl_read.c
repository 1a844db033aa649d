/* curl commands: whatever a script holds is read, or refused with its line. */
#include "shared/curl/curl_read.h"
#include "tests/fuzz/import_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	return fuzz_import(data, size, curl_read);
}
