/* The first bytes of a TLS connection. What is decided does not change when more bytes follow. */
#include <stdlib.h>
#include <string.h>

#include "relay/opening/client_hello.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	enum client_hello whole = client_hello_parse((struct bytes){ data, size }, "creel/1");
	for (size_t n = size > 300 ? size - 300 : 1; n < size; n++) {
		/* An exact copy, so that ASan sees a read behind the end. */
		uint8_t *part = malloc(n);
		if (!part)
			return 0;
		memcpy(part, data, n);
		enum client_hello early = client_hello_parse((struct bytes){ part, n }, "creel/1");
		free(part);
		if (early != CLIENT_HELLO_MORE && early != whole)
			abort();
	}
	return 0;
}
