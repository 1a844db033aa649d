#include "relay/senders/browser_warning.h"

#include "relay/common/limits.h"
#include "relay/opening/location.h"
#include "shared/http/headers.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>

#define KEY_LEN 32
#define MAC_LEN 16
#define EXPIRY_LEN 16                       /* hexadecimal digits of a time */
#define PASS_LEN (EXPIRY_LEN + 2 * MAC_LEN) /* of a pass and of a cookie's value */
#define COOKIE "creel-warning-read"
#define GO_ON "/_creel/continue?pass="
#define GO_ON_TO "&to="
#define STYLE                                                                                                          \
	"body{font:1.1em/1.5 system-ui,sans-serif;max-width:40em;margin:12vh auto;padding:0 "                          \
	"1em;color:#222;background:#fff}"                                                                              \
	"h1{font-size:1.5em;border-left:.3em solid #c60;padding-left:.5em}"                                            \
	"a.on{display:inline-block;margin:.6em 0;padding:.5em 1em;border:1px solid "                                   \
	"#555;border-radius:.3em;color:inherit}"                                                                       \
	"small{color:#666}"                                                                                            \
	"@media(prefers-color-scheme:dark){body{color:#ddd;background:#181818}small{color:#999}}"

struct browser_warning {
	uint8_t key[KEY_LEN];
	char policy[200]; /* Content-Security-Policy: the page has a style and nothing else */
};

struct browser_warning *browser_warning_new(void)
{
	struct browser_warning *w = calloc(1, sizeof *w);
	uint8_t digest[32];
	unsigned char text[48];
	if (!w || RAND_bytes(w->key, sizeof w->key) != 1 ||
	    EVP_Digest(STYLE, sizeof STYLE - 1, digest, NULL, EVP_sha256(), NULL) != 1) {
		free(w);
		return NULL;
	}
	EVP_EncodeBlock(text, digest, sizeof digest);
	snprintf(
	    w->policy, sizeof w->policy,
	    "default-src 'none'; style-src 'sha256-%s'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
	    (const char *)text);
	return w;
}

void browser_warning_free(struct browser_warning *w)
{
	if (w)
		OPENSSL_cleanse(w->key, sizeof w->key);
	free(w);
}

/* ---- passes and cookies: until when, and a signature over it and what it is for ---- */

enum purpose { FOR_PASS, FOR_COOKIE };

static bool sign(const struct browser_warning *w, enum purpose purpose, const struct warning_request *r,
		 const char expiry[EXPIRY_LEN], uint8_t mac[MAC_LEN])
{
	struct buffer what = { 0 };
	uint8_t whole[EVP_MAX_MD_SIZE];
	/* A tunnel's name holds no NUL, so that no two things are signed alike. */
	bool fine = buffer_put_u8(&what, (uint8_t)purpose) && buffer_append(&what, expiry, EXPIRY_LEN) &&
		    buffer_append_bytes(&what, r->tunnel) && buffer_put_u8(&what, 0) &&
		    (purpose != FOR_PASS || buffer_append_bytes(&what, r->address)) &&
		    HMAC(EVP_sha256(), w->key, KEY_LEN, what.at, what.len, whole, NULL);
	if (fine)
		memcpy(mac, whole, MAC_LEN);
	buffer_free(&what);
	return fine;
}

static bool make_pass(const struct browser_warning *w, enum purpose purpose, const struct warning_request *r,
		      uint64_t expiry, char out[PASS_LEN + 1])
{
	uint8_t mac[MAC_LEN];
	snprintf(out, PASS_LEN + 1, "%016llx", (unsigned long long)expiry);
	if (!sign(w, purpose, r, out, mac))
		return false;
	for (size_t i = 0; i < MAC_LEN; i++)
		snprintf(out + EXPIRY_LEN + 2 * i, 3, "%02x", mac[i]);
	return true;
}

static bool is_pass(const struct browser_warning *w, enum purpose purpose, const struct warning_request *r,
		    struct bytes given)
{
	char right[PASS_LEN + 1], digits[EXPIRY_LEN + 1], *end;
	if (given.len != PASS_LEN)
		return false;
	memcpy(digits, given.at, EXPIRY_LEN);
	digits[EXPIRY_LEN] = 0;
	uint64_t expiry = strtoull(digits, &end, 16);
	return *end == 0 && expiry > r->now_s && make_pass(w, purpose, r, expiry, right) &&
	       CRYPTO_memcmp(right, given.at, PASS_LEN) == 0;
}

/* RFC 6265 §4.2.1: pairs with "; " between. There may be several of the name, of other paths. */
static bool has_cookie(const struct browser_warning *w, const struct warning_request *r)
{
	struct bytes name, value;
	static const char begin[] = COOKIE "=";
	for (size_t pos = 0; headers_next(r->headers, &pos, &name, &value);) {
		if (!bytes_equal_nocase(name, "Cookie"))
			continue;
		for (size_t i = 0; i < value.len;) {
			const uint8_t *at = value.at + i, *end = memchr(at, ';', value.len - i);
			size_t len = end ? (size_t)(end - at) : value.len - i;
			i += len + 1;
			while (len > 0 && (*at == ' ' || *at == '\t')) {
				at++;
				len--;
			}
			if (len == sizeof begin - 1 + PASS_LEN && memcmp(at, begin, sizeof begin - 1) == 0 &&
			    is_pass(w, FOR_COOKIE, r, bytes_make(at + sizeof begin - 1, PASS_LEN)))
				return true;
		}
	}
	return false;
}

bool browser_warning_is_ours(struct bytes set_cookie)
{
	return bytes_contains_nocase(set_cookie, COOKIE);
}

/* ---- who is to see it ---- */

static bool is_one_of(struct bytes value, const char *const *words)
{
	for (; *words; words++)
		if (bytes_equal_nocase(value, *words))
			return true;
	return false;
}

/* What is fetched ahead of a click is shown by the click without being asked for again. */
static bool is_prefetch(struct bytes headers)
{
	static const char *const fields[] = { "Sec-Purpose", "Purpose", "X-Moz" };
	struct bytes value;
	for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
		if (headers_find(headers, fields[i], &value) && bytes_contains_nocase(value, "prefetch"))
			return true;
	return false;
}

/* Browsers say by Sec-Fetch-* (Fetch Metadata) what a request is for, over https and on loopback, and a form that a
 * page elsewhere sends leads here as a link does. Those that say nothing are told by what they would like to have (and
 * a form by the page that it came from), programs that say who they are by that. */
static bool is_navigation(const struct warning_request *r)
{
	static const char *const documents[] = { "document", "iframe", "frame", "embed", "object", NULL };
	struct bytes value, agent;
	bool reads = bytes_equal(r->method, bytes_of("GET")) || bytes_equal(r->method, bytes_of("HEAD"));
	if (reads && is_prefetch(r->headers))
		return true;
	if (headers_find(r->headers, "Sec-Fetch-Mode", &value))
		return bytes_equal_nocase(value, "navigate");
	if (headers_find(r->headers, "Sec-Fetch-Dest", &value))
		return is_one_of(value, documents);
	if (!reads && !(bytes_equal(r->method, bytes_of("POST")) && headers_find(r->headers, "Origin", &value)))
		return false;
	if (!headers_find(r->headers, "Accept", &value) || !bytes_contains_nocase(value, "text/html"))
		return false;
	return !headers_find(r->headers, "User-Agent", &agent) || bytes_contains_nocase(agent, "Mozilla/") ||
	       bytes_contains_nocase(agent, "Opera/");
}

/* ---- the link ---- */

static int hex(uint8_t c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Everything but letters, digits and a few marks that mean nothing in HTML and in a query. */
static bool append_encoded(struct buffer *out, struct bytes text)
{
	for (size_t i = 0; i < text.len; i++) {
		uint8_t c = text.at[i];
		bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
			     (c && strchr("/-._~", c));
		if (!(plain ? buffer_put_u8(out, c) : buffer_printf(out, "%%%02X", c)))
			return false;
	}
	return true;
}

/* What append_encoded wrote, back. False: it did not write that, or it is no target. */
static bool decode_target(struct bytes text, struct buffer *out)
{
	for (size_t i = 0; i < text.len; i++) {
		int c = text.at[i];
		if (c == '%') {
			int high = i + 2 < text.len ? hex(text.at[i + 1]) : -1;
			int low = i + 2 < text.len ? hex(text.at[i + 2]) : -1;
			if (high < 0 || low < 0)
				return false;
			c = high * 16 + low;
			i += 2;
		}
		if (c <= 0x20 || c == 0x7f || !buffer_put_u8(out, (uint8_t)c))
			return false;
	}
	return out->len > 0 && out->at[0] == '/';
}

/* Whether the target is the link of the page; then its pass and where it leads. */
static bool read_link(struct bytes target, struct bytes *pass, struct buffer *to)
{
	const size_t at = sizeof GO_ON - 1, then = at + PASS_LEN, end = then + sizeof GO_ON_TO - 1;
	if (target.len <= end || memcmp(target.at, GO_ON, at) != 0 ||
	    memcmp(target.at + then, GO_ON_TO, sizeof GO_ON_TO - 1) != 0)
		return false;
	*pass = bytes_make(target.at + at, PASS_LEN);
	return decode_target(bytes_make(target.at + end, target.len - end), to);
}

/* ---- the answers ---- */

static bool add(struct buffer *fields, const char *name, const char *value)
{
	return headers_append(fields, bytes_of(name), bytes_of(value));
}

static bool add_standing(const struct browser_warning *w, struct buffer *fields)
{
	return add(fields, "Content-Security-Policy", w->policy) && add(fields, "X-Frame-Options", "DENY") &&
	       add(fields, "X-Content-Type-Options", "nosniff") && add(fields, "X-Robots-Tag", "noindex, nofollow") &&
	       add(fields, "Referrer-Policy", "no-referrer") && add(fields, "Cache-Control", "no-store");
}

static bool show(const struct browser_warning *w, const struct warning_request *r, struct bytes to,
		 struct warning_answer *out)
{
	char pass[PASS_LEN + 1];
	int len = (int)r->tunnel.len;
	const char *name = (const char *)r->tunnel.at;
	if (!make_pass(w, FOR_PASS, r, r->now_s + LIMIT_WARNING_LINK, pass) || !add_standing(w, &out->fields))
		return false;
	return buffer_printf(&out->page,
			     "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
			     "<meta name=\"viewport\" content=\"width=device-width\">\n"
			     "<title>Somebody's tunnel: %.*s</title>\n<style>" STYLE "</style>\n</head>\n<body>\n"
			     "<h1>This is somebody's tunnel</h1>\n"
			     "<p>What stands behind <b>%.*s</b> is not from the owner of this site. It comes from the "
			     "computer of a "
			     "person who develops something there, through a creel tunnel.</p>\n"
			     "<p>Go on only if you trust whoever sent you here. A page that asks you for a password, "
			     "for a card's "
			     "number or to install something may not be what it says it is.</p>\n"
			     "<p><a class=\"on\" rel=\"nofollow\" href=\"",
			     len, name, len, name) &&
	       append_encoded(&out->page, r->prefix) && buffer_printf(&out->page, "%s%s&amp;to=", GO_ON, pass) &&
	       append_encoded(&out->page, to) &&
	       buffer_printf(
		   &out->page,
		   "\">Go on to %.*s</a></p>\n"
		   "<p><small>You are then not asked again for a day (a cookie). Webhooks and programs do not see this "
		   "page; one that does sends a field Creel-Skip-Warning.</small></p>\n</body>\n</html>\n",
		   len, name);
}

/* With SameSite=None forms that a login elsewhere sends here bring it along: all it says is that the page was read.
 * Browsers take that over https alone. Where it leads is always this tunnel: a target that began with two slashes would
 * name another host. */
static bool go_on(const struct browser_warning *w, const struct warning_request *r, struct bytes to,
		  struct warning_answer *out)
{
	struct buffer location = { 0 }, cookie = { 0 };
	char value[PASS_LEN + 1];
	bool elsewhere = r->prefix.len == 0 && to.len > 1 && to.at[1] == '/';
	bool fine = make_pass(w, FOR_COOKIE, r, r->now_s + LIMIT_WARNING_COOKIE, value) &&
		    location_append_target(&location, r->prefix) &&
		    buffer_append_text(&location, elsewhere ? "/." : "") && location_append_target(&location, to) &&
		    buffer_printf(&cookie, COOKIE "=%s; Path=", value) &&
		    (r->prefix.len > 0 ? buffer_append_bytes(&cookie, r->prefix) : buffer_append_text(&cookie, "/")) &&
		    buffer_printf(&cookie, "; Max-Age=%u; HttpOnly; SameSite=%s", LIMIT_WARNING_COOKIE,
				  r->https ? "None; Secure" : "Lax") &&
		    add_standing(w, &out->fields) &&
		    headers_append(&out->fields, bytes_of("Location"), buffer_view(&location)) &&
		    headers_append(&out->fields, bytes_of("Set-Cookie"), buffer_view(&cookie)) &&
		    buffer_append_text(&out->page, "<!doctype html>\n<title>Going on</title>\n");
	buffer_free(&location);
	buffer_free(&cookie);
	return fine;
}

static struct bytes within_bounds(struct bytes to)
{
	return to.len <= LIMIT_WARNING_TARGET ? to : bytes_of("/");
}

bool browser_warning_judge(const struct browser_warning *w, const struct warning_request *r,
			   enum warning_verdict *verdict, struct warning_answer *out)
{
	struct bytes pass, value, site;
	struct buffer to = { 0 };
	bool fine = true;
	*verdict = WARNING_PASS;
	if (!is_navigation(r) || headers_find(r->headers, "Creel-Skip-Warning", &value))
		return true;
	bool link = read_link(r->target, &pass, &to);
	/* The link is on a page of ours: from another site nobody is sent past it. */
	bool ours = !headers_find(r->headers, "Sec-Fetch-Site", &site) || bytes_equal_nocase(site, "same-origin");
	if (link && ours && is_pass(w, FOR_PASS, r, pass)) {
		*verdict = WARNING_READ;
		fine = go_on(w, r, within_bounds(buffer_view(&to)), out);
	} else if (link || !has_cookie(w, r)) {
		*verdict = WARNING_SHOW;
		fine = show(w, r, within_bounds(link ? buffer_view(&to) : r->target), out);
	}
	buffer_free(&to);
	return fine;
}
