#include "shared/curl/curl_command.h"

#include <ctype.h>
#include <string.h>

#include "shared/http/hop_by_hop.h"
#include "shared/text/base64.h"
#include "shared/http/headers.h"
#include "shared/text/text.h"

#define INLINE_MAX 8192  /* of a body within the command */
#define EXPECT_FROM 1024 /* old curls ask "Expect: 100-continue" from here on */

/* What the gate to the terminal would change is not pasted as it is either; nor TAB, which shells complete at. */
static bool is_plain(struct bytes b, enum text_mode mode, bool *plain)
{
	struct buffer shown = { 0 };
	bool fine = text_sanitize(&shown, b, mode);
	*plain = fine && bytes_equal(buffer_view(&shown), b) && !(b.len && memchr(b.at, '\t', b.len));
	buffer_free(&shown);
	return fine;
}

static bool needs_no_quotes(struct bytes b)
{
	for (size_t i = 0; i < b.len; i++)
		if (!b.at[i] || b.at[i] >= 0x80 || !(isalnum(b.at[i]) || strchr("-._/:=,+@%", b.at[i])))
			return false;
	return b.len > 0;
}

static bool single_quotes(struct buffer *out, struct bytes b)
{
	bool fine = buffer_put_u8(out, '\'');
	for (size_t i = 0; fine && i < b.len; i++)
		fine = b.at[i] == '\'' ? buffer_append_text(out, "'\\''") : buffer_put_u8(out, b.at[i]);
	return fine && buffer_put_u8(out, '\'');
}

static bool by_printf(struct buffer *out, struct bytes b)
{
	bool fine = buffer_append_text(out, "\"$(printf '");
	for (size_t i = 0; fine && i < b.len; i++) {
		uint8_t c = b.at[i];
		bool plain = c >= 0x20 && c < 0x7f && !strchr("'%\\!", c);
		fine = plain ? buffer_put_u8(out, c) : buffer_printf(out, "\\%03o", c);
	}
	return fine && buffer_append_text(out, "')\"");
}

bool curl_quote(struct buffer *out, struct bytes word)
{
	bool plain;
	if (needs_no_quotes(word))
		return buffer_append_bytes(out, word);
	if (!is_plain(word, TEXT_LINE, &plain))
		return false;
	return plain ? single_quotes(out, word) : by_printf(out, word);
}

/* -H 'Name: '"$CREEL_NAME" */
static bool placeholder(struct buffer *out, struct bytes name)
{
	struct buffer start = { 0 };
	bool fine = buffer_append_bytes(&start, name) && buffer_append_text(&start, ": ") &&
		    curl_quote(out, buffer_view(&start)) && buffer_append_text(out, "\"$CREEL_");
	for (size_t i = 0; fine && i < name.len; i++)
		fine = buffer_put_u8(out, isalnum(name.at[i]) ? (uint8_t)toupper(name.at[i]) : '_');
	buffer_free(&start);
	return fine && buffer_put_u8(out, '"');
}

static bool is_blank(struct bytes value)
{
	for (size_t i = 0; i < value.len; i++)
		if (value.at[i] != ' ' && value.at[i] != '\t')
			return false;
	return true;
}

static bool add_field(struct buffer *out, const struct curl_request *r, struct bytes name, struct bytes value)
{
	struct buffer line = { 0 };
	bool hide = (!r->secrets && redact_is_secret(name)) || (r->redact && redact_is_named(name, r->redact_names));
	if (!buffer_append_text(out, " \\\n  -H "))
		return false;
	if (hide)
		return placeholder(out, name);
	/* "Name:" takes a field away, "Name;" sends it empty. */
	bool blank = is_blank(value);
	bool fine = buffer_append_bytes(&line, name) && buffer_append_text(&line, blank ? ";" : ": ") &&
		    (blank || buffer_append_bytes(&line, value)) && curl_quote(out, buffer_view(&line));
	buffer_free(&line);
	return fine;
}

static bool without(struct buffer *out, const struct curl_request *r, const char *name)
{
	struct bytes value;
	return headers_find(r->headers, name, &value) || buffer_printf(out, " \\\n  -H '%s:'", name);
}

static bool add_fields(struct buffer *out, const struct curl_request *r)
{
	struct bytes name, value;
	struct hop_by_hop hops = { 0 };
	bool fine = hop_by_hop_find(&hops, r->headers);
	for (size_t pos = 0; fine && headers_next(r->headers, &pos, &name, &value);)
		if (!bytes_equal_nocase(name, "host") && !bytes_equal_nocase(name, "content-length") &&
		    !hop_by_hop_has(&hops, name))
			fine = add_field(out, r, name, value);
	hop_by_hop_free(&hops);
	return fine && without(out, r, "User-Agent") && without(out, r, "Accept") &&
	       (!r->has_body || without(out, r, "Content-Type")) &&
	       (r->body.len < EXPECT_FROM || without(out, r, "Expect"));
}

/* Whether curl leaves the target as it is when it is a part of the URL. */
static bool fits_into_url(struct bytes target)
{
	for (size_t i = 0; i < target.len; i++)
		if (!target.at[i] || target.at[i] >= 0x80 ||
		    !(isalnum(target.at[i]) || strchr("-._~/?%&=+,:;@!$'()*[]", target.at[i])))
			return false;
	return target.len > 0 && target.at[0] == '/';
}

/* The base's path: from the first '/' after "://". */
static struct bytes path_of(struct bytes base)
{
	const uint8_t *at = base.at, *end = base.at + base.len;
	const uint8_t *scheme = base.len ? memmem(at, base.len, "://", 3) : NULL;
	at = scheme ? scheme + 3 : at;
	const uint8_t *slash = at < end ? memchr(at, '/', (size_t)(end - at)) : NULL;
	return slash ? bytes_make(slash, (size_t)(end - slash)) : bytes_of(NULL);
}

/* "unix:/run/app.sock:/base": the socket's path, and in *base what is called through it. Empty: no socket. */
static struct bytes socket_of(struct bytes *base)
{
	static const char scheme[] = "unix:";
	size_t len = sizeof scheme - 1;
	if (base->len <= len || memcmp(base->at, scheme, len) != 0)
		return bytes_of(NULL);
	struct bytes rest = bytes_make(base->at + len, base->len - len);
	const uint8_t *colon = memchr(rest.at, ':', rest.len);
	size_t path = colon ? (size_t)(colon - rest.at) : rest.len;
	*base = bytes_make(rest.at + path + (colon != NULL), rest.len - path - (colon != NULL));
	return bytes_make(rest.at, path);
}

static bool add_url(struct buffer *out, const struct curl_request *r)
{
	struct buffer url = { 0 }, target = { 0 };
	struct bytes base = r->base, path = socket_of(&base);
	bool fits = fits_into_url(r->target);
	bool fine = buffer_append_text(out, " \\\n  ");
	if (path.len)
		fine = fine && buffer_append_text(out, "--unix-socket ") && curl_quote(out, path) &&
		       buffer_put_u8(out, ' ') && buffer_append_text(&url, "http://localhost");
	fine = fine && buffer_append_bytes(&url, base);
	if (fits)
		fine = fine && buffer_append_bytes(&url, r->target);
	else
		fine = fine && buffer_append_text(out, "--request-target ") &&
		       buffer_append_bytes(&target, path.len ? base : path_of(base)) &&
		       buffer_append_bytes(&target, r->target) && curl_quote(out, buffer_view(&target)) &&
		       buffer_put_u8(out, ' ');
	fine = fine && curl_quote(out, buffer_view(&url));
	buffer_free(&url);
	buffer_free(&target);
	return fine;
}

bool curl_command(struct buffer *out, const struct curl_request *r)
{
	bool plain, head = bytes_equal(r->method, bytes_of("HEAD")) && !r->has_body;
	if (!is_plain(r->body, TEXT_BODY, &plain))
		return false;
	bool document = r->has_body && r->body.len && (!plain || r->body.len > INLINE_MAX);
	if (document && !buffer_append_text(out, "base64 -d <<'CREEL_BODY' | "))
		return false;
	/* -X HEAD would wait for a body that never comes. */
	if (!buffer_append_text(out, head ? "curl -g --path-as-is --head" : "curl -g --path-as-is -X ") ||
	    (!head && !curl_quote(out, r->method)) || !add_fields(out, r))
		return false;
	if (document && !buffer_append_text(out, " \\\n  --data-binary @-"))
		return false;
	if (r->has_body && !document &&
	    (!buffer_append_text(out, " \\\n  --data-raw ") || !single_quotes(out, r->body)))
		return false;
	if (!add_url(out, r) || !buffer_put_u8(out, '\n'))
		return false;
	return !document || (base64_encode(out, r->body, 76) && buffer_append_text(out, "CREEL_BODY\n"));
}
