/* The value of a Host field. What is said of it holds no control byte; a port more changes nothing; what is loopback by
 * name is answered. */
#include <stdlib.h>
#include <string.h>

#include "relay/net/host_check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *addresses[] = { "127.0.0.2:80", "[::1]:0" };
	static const struct option_values listen = { addresses, 2 };
	const struct host_names names = { false, "https://user@hooks.example.com:8443/x", "t.example", &listen };
	char said[HOST_CHECK_SENTENCE];
	uint8_t *exact = malloc(size + 3); /* so that ASan sees a read behind the end */
	if (!exact)
		return 0;
	memcpy(exact + 3, data, size);
	struct bytes host = bytes_make(exact + 3, size);
	bool ours = host_check_is_ours(&names, host);
	if (host_check_is_localhost(host) && !(ours && host_check_is_loopback(host)))
		abort();
	host_check_explain(host, said);
	for (size_t i = 0; said[i]; i++)
		if ((unsigned char)said[i] < ' ' || said[i] == 0x7f)
			abort();
	free(exact);
	if (!ours || memchr(data, ':', size))
		return 0;
	uint8_t *with_port = malloc(size + 3);
	if (!with_port)
		return 0;
	memcpy(with_port, data, size);
	memcpy(with_port + size, ":80", 3);
	if (!host_check_is_ours(&names, bytes_make(with_port, size + 3)))
		abort();
	free(with_port);
	return 0;
}
