#include "relay/net/trusted.h"

#include "shared/http/http1.h"
#include "shared/http/headers.h"

#include <stdlib.h>
#include <string.h>

struct network {
	struct peer base;
	unsigned bits; /* of the 128 */
};

struct trusted {
	struct network *networks;
	size_t count;
};

static bool parse_bits(const char *text, unsigned most, unsigned *out)
{
	size_t len = strlen(text);
	if (len == 0 || len > 3 || strspn(text, "0123456789") != len)
		return false;
	*out = (unsigned)atoi(text);
	return *out <= most;
}

static bool parse_network(const char *text, struct network *out)
{
	char address[PEER_TEXT_LEN];
	const char *slash = strchr(text, '/');
	size_t len = slash ? (size_t)(slash - text) : strlen(text);
	if (len >= sizeof address)
		return false;
	memcpy(address, text, len);
	address[len] = 0;
	/* An address alone: neither a port nor the brackets that make room for one. */
	if (!peer_parse(bytes_of(address), &out->base) || out->base.port || strchr(address, '['))
		return false;
	bool four = peer_is_ipv4(&out->base) && !strchr(address, ':');
	out->bits = 128;
	if (slash && !parse_bits(slash + 1, four ? 32 : 128, &out->bits))
		return false;
	if (slash && four)
		out->bits += 96;
	return true;
}

static bool add_one(struct trusted *t, const char *text, struct error *e)
{
	struct network *more = realloc(t->networks, (t->count + 1) * sizeof *more);
	if (!more)
		return error_set(e, EXIT_RELAY, "out of memory");
	t->networks = more;
	if (!parse_network(text, &t->networks[t->count]))
		return error_set(e, EXIT_USAGE,
				 "--trusted-proxy takes addresses and networks, for example 127.0.0.1 or 10.0.0.0/8, "
				 "and '%.100s' is none",
				 text);
	t->count++;
	return true;
}

static bool add_several(struct trusted *t, const char *value, struct error *e)
{
	char *copy = strdup(value), *rest = NULL;
	bool any = false, fine = copy || error_set(e, EXIT_RELAY, "out of memory");
	for (char *one = copy ? strtok_r(copy, ", \t", &rest) : NULL; fine && one;
	     one = strtok_r(NULL, ", \t", &rest)) {
		fine = add_one(t, one, e);
		any = true;
	}
	free(copy);
	return fine && (any || add_one(t, value, e));
}

struct trusted *trusted_new(const struct option_values *values, struct error *e)
{
	struct trusted *t = calloc(1, sizeof *t);
	if (!t) {
		error_set(e, EXIT_RELAY, "out of memory");
		return NULL;
	}
	bool fine = true;
	for (size_t i = 0; fine && i < values->count; i++)
		fine = add_several(t, values->at[i], e);
	if (fine)
		return t;
	trusted_free(t);
	return NULL;
}

void trusted_free(struct trusted *t)
{
	if (!t)
		return;
	free(t->networks);
	free(t);
}

static bool is_within(const struct peer *p, const struct network *n)
{
	size_t whole = n->bits / 8;
	unsigned rest = n->bits % 8;
	/* IPv6's networks that hold ::ffff:0:0/96 mean IPv6 all the same: ::/0 is not the IPv4 internet. */
	if (peer_is_ipv4(p) && n->bits < 96)
		return false;
	if (memcmp(p->at, n->base.at, whole) != 0)
		return false;
	return rest == 0 || (p->at[whole] ^ n->base.at[whole]) >> (8 - rest) == 0;
}

bool trusted_has(const struct trusted *t, const struct peer *p)
{
	for (size_t i = 0; t && p->known && i < t->count; i++)
		if (is_within(p, &t->networks[i]))
			return true;
	return false;
}

static bool is_separator(uint8_t c)
{
	return c == ',' || c == ' ' || c == '\t';
}

/* Walks one list from its end while what was found is a proxy; false when the search is over. */
static bool walk(const struct trusted *t, struct bytes list, struct peer *found)
{
	for (;;) {
		while (list.len > 0 && is_separator(list.at[list.len - 1]))
			list.len--;
		if (list.len == 0)
			return true; /* the field before it goes on */
		if (!trusted_has(t, found))
			return false;
		size_t start = list.len;
		while (start > 0 && !is_separator(list.at[start - 1]))
			start--;
		if (!peer_parse(bytes_make(list.at + start, list.len - start), found))
			return false;
		list.len = start;
	}
}

bool trusted_find_in_list(const struct trusted *t, const struct peer *peer, struct bytes list, struct peer *sender)
{
	*sender = *peer;
	if (!trusted_has(t, peer))
		return false;
	(void)walk(t, list, sender);
	return true;
}

bool trusted_find_sender(const struct trusted *t, const struct peer *peer, struct bytes headers, struct peer *sender)
{
	struct bytes name, value, fields[HTTP1_FIELDS_MOST];
	size_t count = 0;
	*sender = *peer;
	if (!trusted_has(t, peer))
		return false;
	for (size_t pos = 0; count < HTTP1_FIELDS_MOST && headers_next(headers, &pos, &name, &value);)
		if (bytes_equal_nocase(name, "X-Forwarded-For"))
			fields[count++] = value;
	while (count > 0 && walk(t, fields[count - 1], sender))
		count--;
	return true;
}
