/* HAR files: what is taken can go on record, and is the same when it was written and read again; what is not is
 * refused with a line. */
#include <stdlib.h>

#include "shared/har/har.h"
#include "tests/unit/shared/transcript_fixture.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool on_entry(void *user, size_t number, json_t *entry, struct error *e)
{
	struct transcript x, again;
	(void)user;
	(void)number;
	bool fine = har_read_entry(entry, &x, e);
	json_t *written = fine ? har_entry(&x) : NULL;
	if (fine && (!written || !transcript_check(&x, e) || !har_read_entry(written, &again, e)))
		abort();
	if (fine && difference(&x, &again))
		abort();
	if (fine)
		transcript_free(&again);
	json_decref(written);
	transcript_free(&x);
	return fine;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct error e = { 0 };
	const struct har_reader reader = { .entry = on_entry };
	if (!har_read(bytes_make(data, size), &reader, &e) && strncmp(e.text, "line ", 5) != 0 &&
	    strncmp(e.text, "entry ", 6) != 0)
		abort();
	return 0;
}
