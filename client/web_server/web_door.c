#include "client/web_server/web_door.h"

#include <stdio.h>
#include <string.h>

#include "shared/text/html.h"

bool web_door_is_open(const char *path)
{
	return strcmp(path, "/api/tunnels") == 0 || strncmp(path, "/api/tunnels/", 13) == 0 ||
	       strcmp(path, "/api/status") == 0;
}

static bool wants_page(const struct web_exchange *x)
{
	return (x->method == WEB_GET || x->method == WEB_HEAD) && strncmp(x->path, "/api/", 5) != 0 &&
	       (!x->fetch_dest || strcmp(x->fetch_dest, "document") == 0);
}

static void put_page(struct web_exchange *x, unsigned status, const char *title, const char *before, const char *link,
		     const char *after)
{
	struct buffer *out = &x->answer;
	out->len = 0;
	x->status = status;
	x->type = "text/html; charset=utf-8";
	bool fine = buffer_printf(out,
				  "<!doctype html>\n<html lang=\"en\"><meta charset=\"utf-8\">"
				  "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">"
				  "<title>%s · creel</title><link rel=\"stylesheet\" href=\"/page/page.css\">"
				  "<body class=\"door\"><main><h1>%s</h1><p>%s",
				  title, title, before) &&
		    (!link || (buffer_append_text(out, "<a href=\"") && html_text(out, bytes_of(link)) &&
			       buffer_append_text(out, "\">") && html_text(out, bytes_of(link)) &&
			       buffer_append_text(out, "</a>"))) &&
		    buffer_append_text(out, after) && buffer_append_text(out, "</main></body></html>\n");
	if (!fine)
		x->status = 503;
}

/* A form's query takes the place of its address's, in which stands what was asked for. */
static bool put_asked(struct buffer *out, const struct web_exchange *x)
{
	bool fine = true;
	for (size_t i = 0; fine && i < x->param_count; i++)
		fine = strcmp(x->params[i].name, "token") == 0 ||
		       (buffer_append_text(out, "<input type=\"hidden\" name=\"") &&
			html_text(out, bytes_of(x->params[i].name)) && buffer_append_text(out, "\" value=\"") &&
			html_text(out, bytes_of(x->params[i].value)) && buffer_append_text(out, "\">"));
	return fine && buffer_append_text(out, "</form>") && buffer_put_u8(out, 0);
}

static void ask_for_token(struct web_exchange *x)
{
	struct buffer asked = { 0 };
	put_page(x, 401, "Open the link that creel printed",
		 "This page shows what is on record to its owner alone. Open the link that <code>creel web</code> "
		 "printed, or put its token here:</p><form method=\"get\"><label>Token "
		 "<input name=\"token\" type=\"password\" autocomplete=\"off\" required></label> "
		 "<button>Open</button>",
		 NULL, put_asked(&asked, x) ? (const char *)asked.at : "</form>");
	buffer_free(&asked);
}

static void refuse_token(struct web_exchange *x, const struct web_door *door)
{
	if (door->too_often) {
		(void)web_answer_header(x, "Retry-After: 60");
		web_problem(x, 429, "too-many", "too many requests without the right token: wait a minute");
		return;
	}
	if (wants_page(x))
		ask_for_token(x);
	else
		web_problem(
		    x, 401, "token",
		    "a token is needed: Authorization: Bearer and what is in web.key, or the page's own cookie");
	(void)web_answer_header(x, "WWW-Authenticate: Bearer");
}

void web_door_refuse(struct web_exchange *x, const struct web_door *door)
{
	switch (door->verdict) {
	case WEB_GUARD_HOST:
		web_problem(x, 421, "host",
			    "this is not the page's address, which is http://127.0.0.1:%u/; from another machine: "
			    "ssh -L %u:127.0.0.1:%u THIS-MACHINE, and then that address there",
			    door->port, door->port, door->port);
		break;
	case WEB_GUARD_LINK:
		put_page(x, 403, "This link came from another site",
			 "Another page led here. If you want to go on, follow the link yourself: ", x->link, "</p>");
		break;
	case WEB_GUARD_SITE:
		web_problem(x, 403, "origin", "another site's pages may not ask this");
		break;
	case WEB_GUARD_ORIGIN:
		web_problem(x, 403, "origin", "pages of another origin may not ask this");
		break;
	case WEB_GUARD_TOKEN:
		refuse_token(x, door);
		break;
	case WEB_GUARD_METHOD:
		web_problem(x, 405, "method", "only GET, HEAD, POST and DELETE are understood");
		(void)web_answer_header(x, "Allow: GET, HEAD, POST, DELETE");
		break;
	case WEB_GUARD_TYPE:
		web_problem(x, 415, "media-type", "Content-Type: application/json is needed");
		break;
	case WEB_GUARD_PAGE:
	case WEB_GUARD_PASS:
		web_problem(x, 403, "origin",
			    "a change is asked for by the page itself, or with Authorization: Bearer");
		break;
	}
	/* Foreign pages, by many names for this machine, could hold every connection that there is. */
	(void)web_answer_header(x, "Connection: close");
}

/* The request's URL without token=…, with a leading slash that no second one follows (//host is another machine). */
static bool without_token(const char *link, struct buffer *out)
{
	const char *query = strchr(link, '?');
	size_t path = query ? (size_t)(query - link) : strlen(link);
	while (path > 1 && link[1] == '/') {
		link++;
		path--;
	}
	bool fine = buffer_append(out, link, path), first = true;
	for (const char *at = query ? query + 1 : ""; fine && *at;) {
		size_t len = strcspn(at, "&");
		if (strncmp(at, "token=", 6) != 0 && len) {
			fine = buffer_put_u8(out, first ? '?' : '&') && buffer_append(out, at, len);
			first = false;
		}
		at += len + (at[len] == '&');
	}
	return fine && buffer_put_u8(out, 0);
}

void web_door_enter(struct web_exchange *x, const struct web_door *door, const char *cookie, const char *site)
{
	struct buffer link = { 0 };
	if (!without_token(x->link, &link) || link.len > WEB_LINK_MOST) {
		link.len = 0;
		if (!buffer_append_text(&link, "/") || !buffer_put_u8(&link, 0))
			return;
	}
	const char *to = (const char *)link.at;
	bool fine = web_answer_header(x, "Set-Cookie: creel_%u=%s; Path=/; HttpOnly; SameSite=Strict; Max-Age=2592000",
				      door->port, cookie);
	if (!site || strcmp(site, "none") == 0 || strcmp(site, "same-origin") == 0) {
		x->status = 303;
		fine = fine && web_answer_header(x, "Location: %s", to);
	} else {
		/* A redirect would stay another site's request, without the cookie. This page's own step is ours. */
		put_page(x, 200, "creel", "Open ", to, "</p>");
		fine = fine && web_answer_header(x, "Refresh: 0; url=%s", to);
	}
	if (!fine)
		web_problem(x, 503, "store", "out of memory");
	buffer_free(&link);
}
