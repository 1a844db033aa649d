#include "shared/wire/wire_block.h"

#include "shared/http/headers.h"

bool wire_block_for(uint32_t features, struct bytes *block, struct buffer *spare)
{
	struct bytes name, value;
	if ((features & WIRE_FEATURE_EXACT) || headers_one_blank(*block))
		return true;
	spare->len = 0;
	for (size_t pos = 0; headers_next(*block, &pos, &name, &value);)
		if (!headers_append(spare, name, value))
			return false;
	*block = buffer_view(spare);
	return true;
}
