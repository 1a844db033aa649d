/* The PROXY header in front of a connection, and X-Forwarded-For behind a trusted proxy. What is decided does not
 * change when more bytes follow, and what is read is written so that it is read alike again. */
#include <stdlib.h>
#include <string.h>

#include "relay/common/limits.h"
#include "relay/opening/proxy_protocol.h"
#include "relay/net/trusted.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool fine)
{
	if (!fine)
		abort();
}

static void check_text(const struct peer *p)
{
	char text[PEER_TEXT_LEN];
	struct peer again;
	peer_format(p, text);
	if (!p->known)
		return;
	check(peer_parse(bytes_of(text), &again));
	check(memcmp(again.at, p->at, sizeof p->at) == 0 && again.port == p->port);
}

static enum proxy_protocol parse_copy(const uint8_t *data, size_t len, struct peer *source, size_t *used)
{
	/* An exact copy, so that ASan sees a read behind the end. */
	uint8_t *part = malloc(len ? len : 1);
	check(part != NULL);
	if (len)
		memcpy(part, data, len);
	enum proxy_protocol got = proxy_protocol_parse(bytes_make(part, len), source, used);
	free(part);
	return got;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const proxies[] = { "10.0.0.0/8,2001:db8::/32" };
	struct option_values values = { (const char **)(uintptr_t)proxies, 1 };
	struct peer source, early_source, sender;
	struct error e;
	size_t used, early_used;
	enum proxy_protocol whole = parse_copy(data, size, &source, &used);
	check(used <= size && used <= LIMIT_PROXY_HEADER && (whole == PROXY_PROTOCOL_WHOLE) == (used > 0));
	check(whole == PROXY_PROTOCOL_WHOLE || !source.known);
	check_text(&source);
	for (size_t n = 0; n < size && n < 300; n++) {
		enum proxy_protocol early = parse_copy(data, n, &early_source, &early_used);
		check(early == PROXY_PROTOCOL_MORE || (early == whole && early_used == used));
	}
	struct trusted *t = trusted_new(&values, &e);
	check(t != NULL);
	struct peer proxy;
	check(peer_parse(bytes_of("10.0.0.1:9"), &proxy));
	check(trusted_find_in_list(t, &proxy, bytes_make(data, size), &sender));
	check_text(&sender);
	trusted_free(t);
	return 0;
}
