/* Start lines and field lines. A line is judged when its LF is here, and faults of an unfinished line are reported at
 * once, so that nobody waits for the end of what is not a head. */
#include "shared/http/http1.h"

#include "shared/http/headers.h"

#include <string.h>

#define EMPTY_LINES_MOST 4 /* before a request line: some senders end a body with a CR LF too many (§2.2) */

/* What a byte may be part of. */
enum {
	IN_TOKEN = 1,  /* RFC 9110 §5.6.2 */
	IN_VALUE = 2,  /* a field's value: no control byte but TAB */
	IN_TARGET = 4, /* visible, 8-bit ones as well */
	IN_HOST = 8,   /* RFC 3986's reg-name */
};

static const uint8_t classes[256] = {
	['\t'] = IN_VALUE, [' '] = IN_VALUE,    ['!'] = 15,         ['"'] = 6,  ['#'] = 7,  ['$'] = 15,
	['%'] = 15,        ['&'] = 15,          ['\''] = 15,        ['('] = 14, [')'] = 14, ['*'] = 15,
	['+'] = 15,        [','] = 14,          ['-'] = 15,         ['.'] = 15, ['/'] = 6,  ['0' ... '9'] = 15,
	[':'] = 6,         [';'] = 14,          ['<'] = 6,          ['='] = 14, ['>'] = 6,  ['?'] = 6,
	['@'] = 6,         ['A' ... 'Z'] = 15,  ['['] = 6,          ['\\'] = 6, [']'] = 6,  ['^'] = 7,
	['_'] = 15,        ['`'] = 7,           ['a' ... 'z'] = 15, ['{'] = 6,  ['|'] = 7,  ['}'] = 6,
	['~'] = 15,        [0x80 ... 0xff] = 6,
};

/* How many of the first bytes are of that class. */
static size_t run_of(const uint8_t *at, size_t len, uint8_t class)
{
	size_t n = 0;
	while (n < len && (classes[at[n]] & class))
		n++;
	return n;
}

static bool is_blank(uint8_t c)
{
	return c == ' ' || c == '\t';
}

static struct bytes trimmed(struct bytes b)
{
	while (b.len > 0 && is_blank(b.at[0]))
		b = bytes_make(b.at + 1, b.len - 1);
	while (b.len > 0 && is_blank(b.at[b.len - 1]))
		b.len--;
	return b;
}

void http1_head_begin(struct http1_head *h, enum http1_kind kind)
{
	*h = (struct http1_head){ .kind = kind };
}

static enum http1_state fail(struct http1_head *h, enum http1_fault fault)
{
	h->fault = fault;
	return HTTP1_BAD;
}

/* ---- start lines ---- */

static enum http1_fault read_version(struct http1_head *h, struct bytes version)
{
	bool is_http = version.len == 8 && memcmp(version.at, "HTTP/", 5) == 0 && version.at[6] == '.';
	if (!is_http || version.at[5] < '0' || version.at[5] > '9' || version.at[7] < '0' || version.at[7] > '9')
		return HTTP1_BAD_START;
	if (version.at[5] != '1' || version.at[7] > '1')
		return HTTP1_BAD_VERSION;
	h->minor = (unsigned)(version.at[7] - '0');
	return HTTP1_FINE;
}

static size_t scheme_len(struct bytes target)
{
	if (target.len > 7 && bytes_equal_nocase(bytes_make(target.at, 7), "http://"))
		return 7;
	return target.len > 8 && bytes_equal_nocase(bytes_make(target.at, 8), "https://") ? 8 : 0;
}

/* Whether it may stand in Host: a name or address and perhaps a port (RFC 9110 §7.2). An empty one may. */
static bool host_is_valid(struct bytes host)
{
	size_t n = 0;
	if (host.len > 0 && host.at[0] == '[') {
		n = 1;
		while (n < host.len && ((classes[host.at[n]] & IN_HOST) || host.at[n] == ':'))
			n++;
		if (n < 3 || n == host.len || host.at[n] != ']')
			return false;
		n++;
	} else {
		n = run_of(host.at, host.len, IN_HOST);
		if (n == 0 && host.len > 0)
			return false;
	}
	if (n < host.len && host.at[n] == ':')
		for (n++; n < host.len && host.at[n] >= '0' && host.at[n] <= '9';)
			n++;
	return n == host.len;
}

static size_t authority_len(struct bytes rest)
{
	size_t n = 0;
	while (n < rest.len && rest.at[n] != '/' && rest.at[n] != '?' && rest.at[n] != '#')
		n++;
	return n;
}

static bool target_valid(struct bytes target)
{
	size_t scheme = target.at[0] == '/' ? 0 : scheme_len(target);
	if (target.at[0] == '/')
		return true;
	struct bytes rest = bytes_make(target.at + scheme, target.len - scheme);
	size_t authority = authority_len(rest);
	return scheme > 0 && authority > 0 && host_is_valid(bytes_make(rest.at, authority));
}

static enum http1_fault read_request_line(struct http1_head *h, struct bytes in, struct bytes line)
{
	size_t from = (size_t)(line.at - in.at);
	size_t method = run_of(line.at, line.len, IN_TOKEN);
	if (method == line.len)
		return HTTP1_BAD_START;
	if (line.at[method] != ' ')
		return HTTP1_BAD_METHOD;
	if (method == 0)
		return HTTP1_BAD_START;
	size_t target_at = method + 1;
	size_t target = run_of(line.at + target_at, line.len - target_at, IN_TARGET);
	size_t after = target_at + target;
	if (target == 0 || after == line.len)
		return HTTP1_BAD_START;
	if (line.at[after] != ' ')
		return HTTP1_BAD_TARGET;
	enum http1_fault fault = read_version(h, bytes_make(line.at + after + 1, line.len - after - 1));
	h->method = (struct http1_span){ (uint32_t)from, (uint32_t)method };
	h->target = (struct http1_span){ (uint32_t)(from + target_at), (uint32_t)target };
	if (fault == HTTP1_FINE && !target_valid(http1_at(in, h->target)))
		fault = HTTP1_BAD_TARGET;
	return fault;
}

static enum http1_fault read_status_line(struct http1_head *h, struct bytes in, struct bytes line)
{
	size_t from = (size_t)(line.at - in.at);
	if (line.len < 12 || line.at[8] != ' ')
		return HTTP1_BAD_START;
	enum http1_fault fault = read_version(h, bytes_make(line.at, 8));
	if (fault != HTTP1_FINE)
		return fault;
	for (size_t i = 9; i < 12; i++) {
		if (line.at[i] < '0' || line.at[i] > '9')
			return HTTP1_BAD_START;
		h->status = h->status * 10 + (line.at[i] - '0');
	}
	/* Many servers leave out the blank after the code where no reason follows. */
	if (h->status < 100 || (line.len > 12 && line.at[12] != ' '))
		return HTTP1_BAD_START;
	size_t reason = line.len > 13 ? line.len - 13 : 0;
	if (run_of(line.at + line.len - reason, reason, IN_VALUE) != reason)
		return HTTP1_BAD_START;
	h->reason = (struct http1_span){ (uint32_t)(from + line.len - reason), (uint32_t)reason };
	return HTTP1_FINE;
}

/* ---- fields ---- */

/* 1*DIGIT, fitting 63 bits (RFC 9110 §8.6); in a response the same number may stand several times in a list. */
static bool read_number(struct bytes value, uint64_t *out)
{
	*out = 0;
	for (size_t i = 0; i < value.len; i++) {
		if (value.at[i] < '0' || value.at[i] > '9' || *out > (INT64_MAX - 9) / 10)
			return false;
		*out = *out * 10 + (uint64_t)(value.at[i] - '0');
	}
	return value.len > 0;
}

/* The next of a list's comma-separated members, without the blanks around it. False: there is none. */
static bool next_member(struct bytes list, size_t *pos, struct bytes *member)
{
	if (*pos > list.len)
		return false;
	const uint8_t *comma = *pos < list.len ? memchr(list.at + *pos, ',', list.len - *pos) : NULL;
	size_t end = comma ? (size_t)(comma - list.at) : list.len;
	*member = trimmed(bytes_make(list.at + *pos, end - *pos));
	*pos = end + 1;
	return true;
}

static void read_length(struct http1_head *h, struct bytes value)
{
	struct bytes member;
	uint64_t number;
	for (size_t pos = 0; next_member(value, &pos, &member);) {
		if (!read_number(member, &number) || (h->lengths > 0 && number != h->length))
			h->length_bad = true;
		h->length = number;
		h->lengths++;
	}
}

static void read_connection(struct http1_head *h, struct bytes value)
{
	struct bytes member;
	for (size_t pos = 0; next_member(value, &pos, &member);) {
		h->close = h->close || bytes_equal_nocase(member, "close");
		h->keep_alive = h->keep_alive || bytes_equal_nocase(member, "keep-alive");
		h->connection_upgrade = h->connection_upgrade || bytes_equal_nocase(member, "upgrade");
	}
}

static void read_upgrade(struct http1_head *h, struct bytes value)
{
	struct bytes member;
	for (size_t pos = 0; next_member(value, &pos, &member);)
		h->websocket = h->websocket || bytes_equal_nocase(member, "websocket");
}

/* What the fields say that framing and the connection hang on. By length first: hardly any name passes it. */
static void note_field(struct http1_head *h, struct bytes in, struct bytes name, struct bytes value)
{
	switch (name.len) {
	case 4:
		if (bytes_equal_nocase(name, "Host") && h->hosts++ == 0)
			h->host = (struct http1_span){ (uint32_t)(value.at - in.at), (uint32_t)value.len };
		break;
	case 6:
		if (bytes_equal_nocase(name, "Expect"))
			h->expects_continue = h->expects_continue || bytes_equal_nocase(value, "100-continue");
		break;
	case 7:
		if (bytes_equal_nocase(name, "Upgrade"))
			read_upgrade(h, value);
		break;
	case 10:
		if (bytes_equal_nocase(name, "Connection"))
			read_connection(h, value);
		break;
	case 14:
		if (bytes_equal_nocase(name, "Content-Length"))
			read_length(h, value);
		break;
	case 17:
		if (bytes_equal_nocase(name, "Transfer-Encoding")) {
			h->chunked = h->codings++ == 0 && bytes_equal_nocase(value, "chunked");
		}
		break;
	default:
		break;
	}
}

static enum http1_fault read_field(struct http1_head *h, struct bytes in, struct bytes line)
{
	size_t name = run_of(line.at, line.len, IN_TOKEN), colon = name;
	if (name == 0)
		return HTTP1_BAD_FIELD;
	while (colon < line.len && is_blank(line.at[colon]))
		colon++;
	if (colon == line.len || line.at[colon] != ':' || (colon > name && h->kind == HTTP1_REQUEST))
		return HTTP1_BAD_FIELD;
	h->spaced = h->spaced || colon > name;
	size_t rest = line.len - colon - 1;
	if (run_of(line.at + colon + 1, rest, IN_VALUE) != rest)
		return HTTP1_BAD_FIELD;
	if (++h->fields > HTTP1_FIELDS_MOST && h->kind == HTTP1_REQUEST)
		return HTTP1_TOO_MANY_FIELDS;
	note_field(h, in, bytes_make(line.at, name), trimmed(bytes_make(line.at + colon + 1, rest)));
	return HTTP1_FINE;
}

/* The field before goes on (§5.2). What framing hangs on is never folded: two readers would see two lengths. */
static enum http1_fault read_fold(struct http1_head *h, struct bytes in, struct bytes line)
{
	if (h->kind == HTTP1_REQUEST)
		return HTTP1_FOLDED;
	if (h->fields == 0 || run_of(line.at, line.len, IN_VALUE) != line.len)
		return HTTP1_BAD_FIELD;
	struct bytes before = bytes_make(in.at + h->block.at, h->line - h->block.at);
	size_t start = before.len - 2;
	while (start > 0 && !(before.at[start - 1] == '\n' && !is_blank(before.at[start])))
		start--;
	struct bytes name = bytes_make(before.at + start, run_of(before.at + start, before.len - start, IN_TOKEN));
	if (bytes_equal_nocase(name, "Content-Length") || bytes_equal_nocase(name, "Transfer-Encoding"))
		return HTTP1_BAD_FIELD;
	h->folded = true;
	return HTTP1_FINE;
}

/* ---- lines ---- */

static enum http1_fault finish(struct http1_head *h, struct bytes in)
{
	h->block.len = (uint32_t)(h->line - h->block.at);
	if (h->kind == HTTP1_RESPONSE)
		return HTTP1_FINE;
	if (h->hosts > 1 || (h->minor > 0 && h->hosts == 0) || !host_is_valid(http1_at(in, h->host)))
		return HTTP1_BAD_HOST;
	return HTTP1_FINE;
}

/* A line without its CR LF. */
static enum http1_fault read_line(struct http1_head *h, struct bytes in, struct bytes line)
{
	enum http1_fault fault;
	if (!h->started) {
		fault = h->kind == HTTP1_REQUEST ? read_request_line(h, in, line) : read_status_line(h, in, line);
		h->started = true;
		h->block.at = (uint32_t)((size_t)(line.at - in.at) + line.len + 2);
		return fault;
	}
	return is_blank(line.at[0]) ? read_fold(h, in, line) : read_field(h, in, line);
}

/* Whether the first bytes may be a start line's. */
static bool starts_well(const struct http1_head *h, struct bytes part)
{
	if (h->started || part.len == 0)
		return true;
	if (h->kind == HTTP1_RESPONSE)
		return memcmp(part.at, "HTTP/", part.len < 5 ? part.len : 5) == 0;
	return part.at[0] == '\r' || (classes[part.at[0]] & IN_TOKEN);
}

/* What can be told of a line whose end has not come. */
static enum http1_fault look_ahead(const struct http1_head *h, struct bytes in)
{
	struct bytes part = bytes_make(in.at + h->line, in.len - h->line);
	if (!starts_well(h, part))
		return HTTP1_NOT_HTTP;
	const uint8_t *cr = part.len ? memchr(part.at, '\r', part.len) : NULL;
	return cr && cr + 1 < part.at + part.len ? HTTP1_BAD_LINE_END : HTTP1_FINE;
}

enum http1_state http1_head_read(struct http1_head *h, struct bytes in)
{
	for (;;) {
		const uint8_t *lf = h->looked < in.len ? memchr(in.at + h->looked, '\n', in.len - h->looked) : NULL;
		size_t end = lf ? (size_t)(lf - in.at) + 1 : in.len;
		if (end > HTTP1_HEAD_MOST || (!lf && end == HTTP1_HEAD_MOST))
			return fail(h, HTTP1_HEAD_TOO_LARGE);
		if (!lf) {
			h->looked = in.len;
			enum http1_fault fault = look_ahead(h, in);
			return fault == HTTP1_FINE ? HTTP1_MORE : fail(h, fault);
		}
		struct bytes line = bytes_make(in.at + h->line, end - h->line - 1);
		if (!starts_well(h, line))
			return fail(h, HTTP1_NOT_HTTP);
		if (line.len == 0 || memchr(line.at, '\r', line.len) != line.at + line.len - 1)
			return fail(h, HTTP1_BAD_LINE_END);
		line.len--;
		h->looked = end;
		enum http1_fault fault = HTTP1_FINE;
		if (line.len > 0)
			fault = read_line(h, in, line);
		else if (h->started) {
			fault = finish(h, in);
			h->size = end;
			return fault == HTTP1_FINE ? HTTP1_WHOLE : fail(h, fault);
		} else if (end > (size_t)EMPTY_LINES_MOST * 2) {
			fault = HTTP1_BAD_START;
		}
		if (fault != HTTP1_FINE)
			return fail(h, fault);
		h->line = end;
	}
}

/* ---- what a whole head says ---- */

bool http1_head_persists(const struct http1_head *h)
{
	return !h->close && (h->minor > 0 || h->keep_alive);
}

bool http1_head_asks_for_websocket(const struct http1_head *h, struct bytes in)
{
	return h->kind == HTTP1_REQUEST && h->minor > 0 && h->websocket && h->connection_upgrade && h->lengths == 0 &&
	       h->codings == 0 && bytes_equal(http1_at(in, h->method), bytes_of("GET"));
}

bool http1_target(const struct http1_head *h, struct bytes in, struct buffer *spare, struct bytes *target,
		  struct bytes *authority)
{
	*target = http1_at(in, h->target);
	*authority = bytes_make(NULL, 0);
	if (target->at[0] == '/')
		return true;
	size_t scheme = scheme_len(*target);
	struct bytes rest = bytes_make(target->at + scheme, target->len - scheme);
	*authority = bytes_make(rest.at, authority_len(rest));
	*target = bytes_make(rest.at + authority->len, rest.len - authority->len);
	if (target->len > 0 && target->at[0] == '/')
		return true;
	spare->len = 0;
	if (!buffer_append(spare, "/", 1) || !buffer_append_bytes(spare, *target))
		return false;
	*target = buffer_view(spare);
	return true;
}

bool http1_put_host(struct buffer *out, struct bytes block, struct bytes authority)
{
	struct bytes name, value, host;
	bool fine = headers_find(block, "Host", &host) || headers_append(out, bytes_of("Host"), authority);
	size_t pos = 0, from = 0;
	while (fine && headers_next(block, &pos, &name, &value)) {
		fine = bytes_equal_nocase(name, "Host") ? headers_append(out, name, authority)
							: buffer_append(out, block.at + from, pos - from);
		from = pos;
	}
	return fine;
}

bool http1_repair(struct buffer *out, struct bytes block)
{
	bool fine = true;
	for (size_t at = 0; fine && at < block.len;) {
		const uint8_t *lf = memchr(block.at + at, '\n', block.len - at);
		if (!lf)
			return false;
		struct bytes line = bytes_make(block.at + at, (size_t)(lf - block.at) - at - 1);
		at += line.len + 2;
		if (is_blank(line.at[0])) {
			while (out->len > 0 && (out->at[out->len - 1] == '\n' || out->at[out->len - 1] == '\r' ||
						is_blank(out->at[out->len - 1])))
				out->len--;
			line = trimmed(line);
			fine = buffer_append(out, " ", 1);
		} else {
			size_t name = run_of(line.at, line.len, IN_TOKEN);
			fine = buffer_append(out, line.at, name);
			line = bytes_make(line.at + name, line.len - name);
			while (line.len > 0 && is_blank(line.at[0]))
				line = bytes_make(line.at + 1, line.len - 1);
		}
		fine = fine && buffer_append_bytes(out, line) && buffer_append(out, "\r\n", 2);
	}
	return fine;
}
