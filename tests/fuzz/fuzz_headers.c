/* Header blocks: a valid one is walked to its end, and its lines one after another are the same bytes. */
#include <stdlib.h>

#include "shared/http/hop_by_hop.h"
#include "shared/http/headers.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes block = { data, size }, name, value, line;
	struct buffer again = { 0 };
	struct hop_by_hop hops = { 0 };
	size_t pos = 0;
	bool valid = headers_valid(block), failed = !hop_by_hop_find(&hops, block);
	while (headers_next_line(block, &pos, &name, &value, &line)) {
		(void)hop_by_hop_has(&hops, name);
		failed = failed || !buffer_append_bytes(&again, line);
	}
	if (valid && !failed && (pos != size || !bytes_equal(buffer_view(&again), block)))
		abort();
	hop_by_hop_free(&hops);
	buffer_free(&again);
	return 0;
}
