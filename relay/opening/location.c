#include "relay/opening/location.h"

bool location_append_target(struct buffer *out, struct bytes target)
{
	for (size_t i = 0; i < target.len; i++) {
		uint8_t c = target.at[i];
		bool plain = c > 0x20 && c < 0x7f && c != '\\';
		if (!(plain ? buffer_put_u8(out, c) : buffer_printf(out, "%%%02X", c)))
			return false;
	}
	return true;
}
