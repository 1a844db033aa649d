/* Header blocks: a valid one is walked to its end, and rebuilding it from its fields gives the same bytes. */
#include <stdlib.h>

#include "shared/http/hop_by_hop.h"
#include "shared/http/headers.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes block = { data, size }, name, value;
	struct buffer again = { 0 };
	struct hop_by_hop hops = { 0 };
	size_t pos = 0;
	bool valid = headers_valid(block), failed = !hop_by_hop_find(&hops, block);
	while (headers_next(block, &pos, &name, &value)) {
		(void)hop_by_hop_has(&hops, name);
		failed = failed || !headers_append(&again, name, value);
	}
	if (valid && !failed && (pos != size || !bytes_equal(buffer_view(&again), block)))
		abort();
	hop_by_hop_free(&hops);
	buffer_free(&again);
	return 0;
}
