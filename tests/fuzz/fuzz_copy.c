/* Copies of deliveries in a cluster's stream: what is read is written as the same bytes, and holds what its fields say.
 */
#include <stdlib.h>
#include <string.h>

#include "relay/cluster/copy_message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct copy_message m;
	struct bytes in = bytes_make(data, size);
	struct buffer again = { 0 };
	if (!copy_message_read(in, &m))
		return 0;
	if (!copy_message_put(&again, &m) || !bytes_equal(buffer_view(&again), in) || m.part >= m.parts ||
	    strlen(m.tunnel) == 0)
		abort();
	buffer_free(&again);
	return 0;
}
