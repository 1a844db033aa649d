#include "relay/opening/proxy_protocol.h"

#include "relay/common/limits.h"

#include <arpa/inet.h>
#include <string.h>

#include "shared/base/reader.h"

#define V1_MAX 107 /* with CR LF (§2.1) */
#define V2_FIXED 16
#define V2_VERSION 0x20
#define V2_LOCAL 0
#define V2_PROXY 1

static const uint8_t v2_signature[12] = { 0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a };

/* How far data and text agree: 0 they do not, 1 data may become it, 2 data begins with it. */
static int agrees(struct bytes data, const void *text, size_t len)
{
	size_t n = data.len < len ? data.len : len;
	if (n > 0 && memcmp(data.at, text, n) != 0)
		return 0;
	return n == len ? 2 : 1;
}

static const char *const v1_starts[] = { "PROXY TCP4 ", "PROXY TCP6 ", "PROXY UNKNOWN" };
enum { V1_TCP4, V1_TCP6, V1_UNKNOWN, V1_STARTS };

/* Any word may be a method of HTTP: "PROXY /path HTTP/1.1" is a request. */
static int v1_start(struct bytes data, int *kind)
{
	int best = 0;
	for (int i = 0; i < V1_STARTS; i++) {
		int a = agrees(data, v1_starts[i], strlen(v1_starts[i]));
		if (a > best) {
			best = a;
			*kind = i;
		}
	}
	return best;
}

/* One field of a line, up to a blank; the last goes to the line's end. */
static struct bytes take_field(struct bytes *line)
{
	const uint8_t *blank = line->len > 0 ? memchr(line->at, ' ', line->len) : NULL;
	struct bytes field = bytes_make(line->at, blank ? (size_t)(blank - line->at) : line->len);
	size_t used = field.len + (blank ? 1 : 0);
	*line = bytes_make(line->at + used, line->len - used);
	return field;
}

static bool parse_v1_address(struct bytes field, bool six, struct peer *out)
{
	char copy[INET6_ADDRSTRLEN];
	uint8_t address[16];
	if (field.len == 0 || field.len >= sizeof copy || memchr(field.at, 0, field.len))
		return false;
	memcpy(copy, field.at, field.len);
	copy[field.len] = 0;
	return inet_pton(six ? AF_INET6 : AF_INET, copy, address) == 1 && peer_parse(field, out);
}

static bool parse_v1_port(struct bytes field, uint16_t *out)
{
	uint32_t port = 0;
	if (field.len == 0 || field.len > 5 || (field.len > 1 && field.at[0] == '0'))
		return false;
	for (size_t i = 0; i < field.len; i++) {
		if (field.at[i] < '0' || field.at[i] > '9')
			return false;
		port = port * 10 + (uint32_t)(field.at[i] - '0');
	}
	*out = (uint16_t)port;
	return port <= 65535;
}

static enum proxy_protocol parse_v1(struct bytes data, int kind, struct peer *source, size_t *len)
{
	struct bytes seen = bytes_make(data.at, data.len < V1_MAX ? data.len : V1_MAX);
	const uint8_t *end = memchr(seen.at, '\n', seen.len);
	if (!end)
		return data.len < V1_MAX ? PROXY_PROTOCOL_MORE : PROXY_PROTOCOL_INVALID;
	size_t start = strlen(v1_starts[kind]);
	*len = (size_t)(end - data.at) + 1;
	if (data.at[*len - 2] != '\r' || *len < start + 2)
		return PROXY_PROTOCOL_INVALID;
	struct bytes line = bytes_make(data.at + start, *len - 2 - start);
	if (kind == V1_UNKNOWN) /* the rest of the line is to be ignored */
		return line.len == 0 || line.at[0] == ' ' ? PROXY_PROTOCOL_WHOLE : PROXY_PROTOCOL_INVALID;
	struct peer from, to;
	bool fine = parse_v1_address(take_field(&line), kind == V1_TCP6, &from) &&
		    parse_v1_address(take_field(&line), kind == V1_TCP6, &to) &&
		    parse_v1_port(take_field(&line), &from.port) && parse_v1_port(line, &to.port);
	if (!fine)
		return PROXY_PROTOCOL_INVALID;
	*source = from;
	return PROXY_PROTOCOL_WHOLE;
}

/* The families and protocols of §2.2 and the bytes that their addresses take; 0x12, 0x22, 0x32 are datagrams. */
static const struct {
	uint8_t family;
	uint16_t size;
	int source; /* address and port: AF_INET, AF_INET6; 0 none of use */
} v2_families[] = { { 0x00, 0, 0 },         { 0x11, 12, AF_INET }, { 0x12, 12, AF_INET }, { 0x21, 36, AF_INET6 },
		    { 0x22, 36, AF_INET6 }, { 0x31, 216, 0 },      { 0x32, 216, 0 } };

static bool read_v2_source(uint8_t family, struct bytes rest, struct peer *source)
{
	for (size_t i = 0; i < sizeof v2_families / sizeof *v2_families; i++) {
		if (v2_families[i].family != family)
			continue;
		struct reader r = reader_of(rest);
		if (rest.len < v2_families[i].size)
			return false;
		if (v2_families[i].source == AF_INET) {
			memset(source->at, 0, 10);
			memset(source->at + 10, 0xff, 2);
			memcpy(source->at + 12, reader_bytes(&r, 4).at, 4);
			reader_bytes(&r, 4);
		} else if (v2_families[i].source == AF_INET6) {
			memcpy(source->at, reader_bytes(&r, 16).at, 16);
			reader_bytes(&r, 16);
		} else {
			return true;
		}
		source->port = reader_u16(&r);
		source->known = true;
		return true;
	}
	return false;
}

static enum proxy_protocol parse_v2(struct bytes data, struct peer *source, size_t *len)
{
	if (data.len < V2_FIXED)
		return PROXY_PROTOCOL_MORE;
	uint8_t version = data.at[12] & 0xf0, command = data.at[12] & 0x0f;
	*len = V2_FIXED + (size_t)bytes_get_u16(data.at + 14);
	if (version != V2_VERSION || command > V2_PROXY || *len > LIMIT_PROXY_HEADER)
		return PROXY_PROTOCOL_INVALID;
	if (data.len < *len)
		return PROXY_PROTOCOL_MORE;
	/* The vectors (TLV) behind the addresses are skipped with the header's length. */
	if (command == V2_LOCAL)
		return PROXY_PROTOCOL_WHOLE;
	return read_v2_source(data.at[13], bytes_make(data.at + V2_FIXED, *len - V2_FIXED), source)
		   ? PROXY_PROTOCOL_WHOLE
		   : PROXY_PROTOCOL_INVALID;
}

enum proxy_protocol proxy_protocol_parse(struct bytes data, struct peer *source, size_t *used)
{
	int kind = V1_UNKNOWN;
	int v1 = v1_start(data, &kind), v2 = agrees(data, v2_signature, sizeof v2_signature);
	memset(source, 0, sizeof *source);
	enum proxy_protocol result = v1 == 1 || v2 == 1 ? PROXY_PROTOCOL_MORE : PROXY_PROTOCOL_NONE;
	size_t len = 0;
	if (v1 == 2)
		result = parse_v1(data, kind, source, &len);
	else if (v2 == 2)
		result = parse_v2(data, source, &len);
	*used = result == PROXY_PROTOCOL_WHOLE ? len : 0;
	return result;
}

bool proxy_protocol_begins(struct bytes data)
{
	int kind;
	return v1_start(data, &kind) == 2 || agrees(data, v2_signature, sizeof v2_signature) == 2;
}
