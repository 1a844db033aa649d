#include "shared/formats/report.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <openssl/sha.h>

#include "shared/http/headers.h"
#include "shared/text/base64.h"
#include "shared/text/html.h"
#include "shared/text/text.h"

#define SHOWN_BODY (64u << 10)
#define DOCTYPE "<!doctype html>"
#define BLOCK "<script type=\"application/json\" class=\"creel-delivery\">"

/* The page's own colours (client/web/page/page.css). */
static const char style[] =
    ":root{--bg:light-dark(#fff,#0e1218);--bar:light-dark(#f3f5f8,#161c25);--code:light-dark(#f8fafc,#0a0e13);"
    "--line:light-dark(#d8dfe7,#2c3644);--text:light-dark(#17202b,#e7ecf3);--text2:light-dark(#465363,#b3bfcd);"
    "--key:light-dark(#0b4f9e,#8fc1ff);--ok:light-dark(#12682f,#70d08c);--bad:light-dark(#ad1f17,#ff9088);"
    "--mono:ui-monospace,Menlo,Consolas,\"DejaVu Sans Mono\",monospace;color-scheme:light dark}"
    "body{margin:0;background:var(--bg);color:var(--text);font:.8125rem/1.5 system-ui,sans-serif}"
    "header,article{padding:12px 16px;border-bottom:1px solid var(--line)}header{background:var(--bar)}"
    "h1{margin:0;font-size:1rem}h2{margin:0;font-size:.9375rem;overflow-wrap:anywhere}h3{margin:12px 0 "
    "4px;font-size:.8125rem}"
    "p{margin:2px 0;color:var(--text2)}b.ok{color:var(--ok)}b.bad{color:var(--bad)}"
    "dl{display:grid;grid-template-columns:minmax(110px,180px) 1fr;gap:2px 12px;margin:4px 0;font:.75rem/1.5 "
    "var(--mono)}"
    "dt{color:var(--key);overflow-wrap:anywhere}dd{margin:0;overflow-wrap:anywhere}"
    "pre{margin:4px 0;padding:8px 12px;background:var(--code);border:1px solid var(--line);border-radius:6px;"
    "font:.75rem/1.6 var(--mono);white-space:pre-wrap;overflow-wrap:anywhere}summary{cursor:pointer}"
    "@media(max-width:599px){dl{grid-template-columns:1fr}}";

/* Nothing but this style is allowed: what was captured runs nowhere, also not in a mailed file. */
static bool put_policy(struct buffer *out)
{
	unsigned char digest[SHA256_DIGEST_LENGTH];
	SHA256((const unsigned char *)style, sizeof style - 1, digest);
	return buffer_append_text(out, "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
				       "style-src 'sha256-") &&
	       base64_encode(out, bytes_make(digest, sizeof digest), 0) && buffer_append_text(out, "'\">\n");
}

bool report_begin(struct buffer *out)
{
	return buffer_append_text(out, DOCTYPE "\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n") &&
	       put_policy(out) &&
	       buffer_append_text(
		   out, "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n"
			"<meta name=\"referrer\" content=\"no-referrer\"><title>creel report</title>\n<style>") &&
	       buffer_append_text(out, style) &&
	       buffer_append_text(out, "</style></head>\n<body><header><h1>creel report</h1>"
				       "<p>creel import takes this file back</p></header><main>\n");
}

bool report_end(struct buffer *out)
{
	return buffer_append_text(out, "</main></body></html>\n");
}

static bool put_fields(struct buffer *out, struct bytes block)
{
	struct bytes name, value;
	bool fine = buffer_append_text(out, "<dl>");
	for (size_t at = 0; fine && headers_next(block, &at, &name, &value);)
		fine = buffer_append_text(out, "<dt>") && html_text(out, name) &&
		       buffer_append_text(out, "</dt><dd>") && html_text(out, value) &&
		       buffer_append_text(out, "</dd>");
	return fine && buffer_append_text(out, "</dl>");
}

static bool put_message(struct buffer *out, const struct message *m)
{
	struct bytes body = buffer_view(&m->body);
	if (!put_fields(out, buffer_view(&m->headers)))
		return false;
	if (body.len == 0)
		return true;
	if (!text_is_utf8(body) || memchr(body.at, 0, body.len))
		return buffer_printf(out, "<p>%zu bytes that are not text</p>", body.len);
	bool cut = body.len > SHOWN_BODY;
	body = text_start(body, SHOWN_BODY);
	return buffer_append_text(out, "<pre tabindex=\"0\">") && html_body(out, body) &&
	       buffer_append_text(out, "</pre>") &&
	       (!cut || buffer_printf(out, "<p>the first %zu of %zu bytes</p>", body.len, m->body.len));
}

static bool put_outcome(struct buffer *out, const struct transcript *x)
{
	if (!x->called)
		return buffer_append_text(out, "<b>not sent</b>");
	if (!x->status)
		return buffer_append_text(out, "<b class=\"bad\">no answer</b>");
	return buffer_printf(out, "<b class=\"%s\">%d ", x->status < 400 ? "ok" : "bad", x->status) &&
	       html_text(out, buffer_view(&x->reason)) && buffer_append_text(out, "</b>");
}

static bool put_head(struct buffer *out, const struct transcript *x)
{
	char at[TEXT_TIME_LEN];
	text_format_time(at, x->received_at_us);
	return buffer_printf(out, "<article id=\"d%" PRId64 "\"><h2>#%" PRId64 " ", x->id, x->id) &&
	       html_text(out, buffer_view(x->event_type.len ? &x->event_type : &x->target)) &&
	       buffer_append_text(out, " ") && put_outcome(out, x) && buffer_printf(out, "</h2>\n<p>%s, ", at) &&
	       html_text(out, buffer_view(&x->provider)) && buffer_append_text(out, x->provider.len ? ", " : "") &&
	       buffer_printf(out, "%" PRIu64 " ms%s</p>\n", x->total_us / 1000,
			     x->redacted ? ", redacted: secrets were taken out" : "") &&
	       (!x->error.len || (buffer_append_text(out, "<p><b class=\"bad\">") &&
				  html_text(out, buffer_view(&x->error)) && buffer_append_text(out, "</b></p>\n")));
}

static bool put_curl(struct buffer *out, const struct report_delivery *d)
{
	if (d->uncurled)
		return buffer_append_text(out, "<p>") && html_text(out, bytes_of(d->uncurled)) &&
		       buffer_append_text(out, "</p>");
	return !d->curl.len || (buffer_append_text(out, "<details><summary>As curl</summary><pre tabindex=\"0\">") &&
				html_body(out, d->curl) && buffer_append_text(out, "</pre></details>"));
}

bool report_put(struct buffer *out, const struct report_delivery *d)
{
	const struct transcript *x = d->x;
	return put_head(out, x) && buffer_append_text(out, "<h3>Request</h3><pre>") &&
	       html_text(out, buffer_view(&x->method)) && buffer_append_text(out, " ") &&
	       html_text(out, buffer_view(&x->target)) && buffer_append_text(out, " HTTP/1.1</pre>") &&
	       put_message(out, &x->request) &&
	       (!x->status || (buffer_append_text(out, "<h3>Response</h3>") && put_message(out, &x->response))) &&
	       put_curl(out, d) && buffer_append_text(out, "</article>\n");
}

bool report_block_begin(struct buffer *out)
{
	return buffer_append_text(out, BLOCK);
}

/* JSON in which no markup can begin. */
bool report_block_put(struct buffer *out, struct bytes piece)
{
	bool fine = true;
	while (fine && piece.len) {
		struct bytes run = bytes_until(piece, '<');
		bool more = run.len < piece.len;
		fine = buffer_append_bytes(out, run) && (!more || buffer_append_text(out, "\\u003c"));
		piece = bytes_make(piece.at + run.len + more, piece.len - run.len - more);
	}
	return fine;
}

bool report_block_end(struct buffer *out)
{
	return buffer_append_text(out, "</script>\n");
}

/* ---- and back ---- */

bool report_is(struct bytes start)
{
	size_t len = sizeof DOCTYPE - 1;
	return start.len > len && memcmp(start.at, DOCTYPE, len) == 0;
}

/* Where the text begins, or else what can be passed over: all but what may be its beginning. */
static bool find(const struct buffer *page, const char *text, size_t *at)
{
	size_t len = strlen(text);
	const uint8_t *there = page->len ? memmem(page->at, page->len, text, len) : NULL;
	*at = there ? (size_t)(there - page->at) : page->len < len ? 0 : page->len - len + 1;
	return there;
}

bool report_lines(struct buffer *page, bool *within, struct buffer *out)
{
	bool fine = true;
	for (bool found = true; fine && found;) {
		size_t at;
		const char *mark = *within ? "</script>" : BLOCK;
		found = find(page, mark, &at);
		if (*within)
			fine = buffer_append(out, page->at, at) && (!found || buffer_put_u8(out, '\n'));
		buffer_consume(page, at + (found ? strlen(mark) : 0));
		*within = *within != found;
	}
	return fine;
}
