/* Lines of NDJSON: what is taken can go on record and, as HAR, is the same when it was written and read again. */
#include <stdlib.h>

#include "shared/har/har.h"
#include "shared/transcripts/ndjson.h"
#include "tests/unit/shared/transcript_fixture.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct transcript x, again;
	struct error e = { 0 };
	if (ndjson_read(bytes_make(data, size), &x, &e)) {
		json_t *entry = har_entry(&x);
		if (!entry || !transcript_check(&x, &e) || !har_read_entry(entry, &again, &e) || difference(&x, &again))
			abort();
		json_decref(entry);
		transcript_free(&again);
	} else if (!*e.text) {
		abort();
	}
	transcript_free(&x);
	return 0;
}
