#include "client/web_views/web_shell.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "client/web_server/web_assets.h"
#include "client/web_views/web_detail.h"
#include "shared/text/html.h"
#include "shared/text/text.h"
#include "client/web_views/web_outcome.h"
#include "client/web_views/web_rows.h"
#include "shared/http/form.h"
#include "shared/http/headers.h"
#include "shared/query/store_filter.h"

#define ROWS 50
#define CELL_MOST 256 /* bytes of a text in a row */

/* What fills the template's {{names}}. */
struct page {
	struct web_read *r;
	const char *filter, *view;
	bool still; /* without its modules */
	struct buffer title, main, count;
};

static bool put_text(struct buffer *out, struct bytes text)
{
	return html_text(out, text);
}

/* A row and a title have room for no more; what another program recorded may be megabytes. */
static bool put_start(struct buffer *out, struct bytes text)
{
	return html_text(out, text_start(text, CELL_MOST));
}

static bool put_words(struct buffer *out, const char *text)
{
	return html_text(out, bytes_of(text));
}

static bool put_client(struct buffer *out, const struct client_state *c)
{
	bool online = client_state_online(c);
	if (!c->running)
		return buffer_append_text(out, "<b class=\"off\">no tunnel</b><span class=\"mono\">creel listen 3000 "
					       "opens one</span>");
	return buffer_printf(out, "<b class=\"%s\">", online ? "on" : "off") && put_words(out, c->state) &&
	       buffer_append_text(out, "</b><span class=\"mono\">") && put_words(out, online ? c->url : c->detail) &&
	       buffer_append_text(out, online ? " → " : "") && put_words(out, online ? c->target : "") &&
	       buffer_append_text(out, "</span>");
}

/* All modules at once, and not each when another one asks for it; and what starts them. */
static bool put_modules(struct buffer *out)
{
	bool fine = buffer_append_text(out, "<script type=\"module\" src=\"/page/main.js\"></script>\n");
	for (const struct web_file *f = web_files; fine && f->name; f++)
		if (strlen(f->name) > 3 && strcmp(f->name + strlen(f->name) - 3, ".js") == 0)
			fine = buffer_printf(out, "<link rel=\"modulepreload\" href=\"/page/%s\">\n", f->name);
	return fine;
}

static bool put_named(struct buffer *out, const struct page *p, struct bytes name)
{
	if (bytes_equal(name, bytes_of("title")))
		return buffer_append_bytes(out, buffer_view(&p->title));
	if (bytes_equal(name, bytes_of("main")))
		return buffer_append_bytes(out, buffer_view(&p->main));
	if (bytes_equal(name, bytes_of("count")))
		return buffer_append_bytes(out, buffer_view(&p->count));
	if (bytes_equal(name, bytes_of("filter")))
		return put_words(out, p->filter);
	if (bytes_equal(name, bytes_of("modules")))
		return p->still || put_modules(out);
	if (bytes_equal(name, bytes_of("view")))
		return buffer_append_text(out, p->view);
	return put_client(out, &p->r->head->client);
}

static bool fill(struct buffer *out, const struct page *p)
{
	bool fine = true;
	for (const char *at = web_assets_text("index.html"); fine && at;) {
		const char *open = strstr(at, "{{"), *shut = open ? strstr(open, "}}") : NULL;
		fine = buffer_append(out, at, shut ? (size_t)(open - at) : strlen(at)) &&
		       (!shut || put_named(out, p, bytes_make(open + 2, (size_t)(shut - open - 2))));
		at = shut ? shut + 2 : NULL;
	}
	return fine;
}

static void send_page(struct page *p, bool fine)
{
	struct web_exchange *x = p->r->x;
	x->status = 200;
	x->type = "text/html; charset=utf-8";
	if (!fine || !fill(&x->answer, p))
		web_problem(x, 503, "store", "out of memory");
	buffer_free(&p->title);
	buffer_free(&p->main);
	buffer_free(&p->count);
}

static const char *filter_of(const struct web_read *r)
{
	const char *filter = web_param(r->x, "filter");
	return filter ? filter : r->head->filter ? r->head->filter : "";
}

/* ---- the list ---- */

static bool put_time(struct buffer *out, uint64_t at_us, bool date)
{
	time_t seconds = (time_t)(at_us / 1000000);
	struct tm tm;
	char text[40] = "";
	if (localtime_r(&seconds, &tm))
		strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S", &tm);
	return buffer_append_text(out, date || strlen(text) < 12 ? text : text + 11);
}

static bool put_size(struct buffer *out, uint64_t bytes)
{
	static const char units[] = " kMG";
	double size = (double)bytes;
	size_t unit = 0;
	while (size >= 1000 && unit < 3) {
		size /= 1000;
		unit++;
	}
	return unit ? buffer_printf(out, size < 10 ? "%.1f%c" : "%.0f%c", size, units[unit])
		    : buffer_printf(out, "%" PRIu64, bytes);
}

static bool put_took(struct buffer *out, int64_t us)
{
	if (us < 0)
		return buffer_append_text(out, "–");
	return us < 9995000 ? buffer_printf(out, "%.0f ms", (double)us / 1000)
			    : buffer_printf(out, "%.1f s", (double)us / 1000000);
}

struct rows {
	struct buffer *out;
	size_t count;
	int64_t lowest;
	bool more, failed;
};

/* The same cells as list.js makes. */
static bool put_row(struct buffer *out, const struct delivery_row *row)
{
	const struct web_outcome o = web_outcome(row);
	struct bytes source = row->provider.len ? row->provider : row->tunnel;
	return buffer_printf(out,
			     "<div class=\"row\" role=\"row\" data-id=\"%" PRId64
			     "\"><span role=\"cell\" class=\"s\"></span>"
			     "<span role=\"cell\" class=\"t\">",
			     row->id) &&
	       put_time(out, row->received_at_us, false) &&
	       buffer_printf(out,
			     "</span><span role=\"cell\" class=\"out\"><span class=\"o %s\">%s</span></span>"
			     "<span role=\"cell\" class=\"m\">",
			     o.kind, o.text) &&
	       put_start(out, row->method) && buffer_append_text(out, "</span><span role=\"cell\" class=\"src\">") &&
	       put_start(out, source) &&
	       buffer_printf(out, "</span><span role=\"cell\" class=\"ev\"><a href=\"/d/%" PRId64 "\"><b>", row->id) &&
	       put_start(out, row->event_type) && buffer_append_text(out, "</b><span class=\"path\">") &&
	       put_start(out, row->path) &&
	       buffer_printf(out,
			     "</span></a></span><span role=\"cell\" class=\"n at\">%d</span>"
			     "<span role=\"cell\" class=\"n tk\">",
			     row->attempts) &&
	       put_took(out, row->took_us) && buffer_append_text(out, "</span><span role=\"cell\" class=\"n z\">") &&
	       put_size(out, row->request_bytes) && buffer_append_text(out, "</span></div>\n");
}

static void on_row(void *user, const struct delivery_row *row)
{
	struct rows *rows = user;
	if (rows->count == ROWS) {
		rows->more = true;
		return;
	}
	rows->count++;
	rows->lowest = row->id;
	rows->failed = rows->failed || !put_row(rows->out, row);
}

/* Nobody waits for a walk before the first picture: the page's modules go on with it. */
static bool on_slice(void *user, const struct store_slice *slice)
{
	struct rows *rows = user;
	if (slice->searched >= slice->total || rows->more)
		return true;
	rows->more = true;
	rows->lowest = slice->from;
	return false;
}

static const char list_head[] =
    "<section class=\"list\" aria-label=\"Deliveries\" id=\"list\"><div class=\"rows\"><div id=\"first\" "
    "role=\"table\" "
    "aria-label=\"Deliveries\" tabindex=\"0\">"
    "<div class=\"hd\" role=\"row\"><span role=\"columnheader\"><span class=\"hide\">Flags</span></span>"
    "<span role=\"columnheader\">TIME</span><span role=\"columnheader\">OUTCOME</span>"
    "<span role=\"columnheader\" class=\"m\">METHOD</span><span role=\"columnheader\">SOURCE</span>"
    "<span role=\"columnheader\">EVENT / PATH</span><span role=\"columnheader\" class=\"n at\">ATT</span>"
    "<span role=\"columnheader\" class=\"n\">TOOK</span><span role=\"columnheader\" class=\"n z\">SIZE</span></div>";

/* What to do where nothing is on record; list.js keeps it. */
static bool put_first_run(struct buffer *out, const struct client_state *c)
{
	bool fine = buffer_append_text(out, "<div class=\"note first\"><h2>Nothing yet</h2>");
	if (fine && *c->url)
		fine =
		    buffer_append_text(out, "<p>Your public URL is <code>") && put_words(out, c->url) &&
		    buffer_append_text(
			out, "</code> <button type=\"button\" class=\"copy\">Copy</button></p><pre tabindex=\"0\">curl "
			     "-d '{&quot;hello&quot;:1}' ") &&
		    put_words(out, c->url) && buffer_append_text(out, "\ncreel trigger stripe.invoice.paid</pre>");
	else if (fine)
		fine = buffer_append_text(
		    out, "<p>No tunnel is open. In a terminal:</p><pre tabindex=\"0\">creel dev 3000       # try it on "
			 "this machine\ncreel listen 3000    # a public URL, by a relay</pre>");
	return fine && buffer_append_text(out, "<p>The first delivery shows up here by itself.</p></div>");
}

static bool put_list_end(struct page *p, const struct rows *rows)
{
	struct buffer *out = &p->main;
	bool fine = buffer_append_text(out, "</div>");
	if (fine && rows->count == 0 && !rows->more)
		fine = *p->filter
			   ? buffer_append_text(
				 out, "<p class=\"note\">Nothing matches. <a href=\"/\">Clear the filter</a></p>")
			   : put_first_run(out, &p->r->head->client);
	if (fine && rows->more && rows->lowest)
		fine = buffer_printf(
			   out, "<p class=\"note older\"><a href=\"/?before=%" PRId64 "&amp;filter=", rows->lowest) &&
		       form_encode(bytes_of(p->filter), FORM_OF_BROWSERS, out) &&
		       buffer_append_text(out, "\">Older deliveries</a></p>");
	return fine && buffer_append_text(out, "</div></section>");
}

/* Rows in the order of a column are the page's own: by time they would be in the wrong one. */
static bool is_sorted(const struct web_read *r)
{
	const char *order = web_param(r->x, "order");
	return order && strcmp(order, "old") != 0 && strcmp(order, "new") != 0;
}

void web_shell_list(struct web_read *r)
{
	struct page p = { .r = r, .filter = filter_of(r), .view = "list" };
	struct rows rows = { .out = &p.main };
	struct error e = { 0 };
	struct filter_error fe;
	int64_t before;
	if (!web_param_number(r->x, "before", 0, INT64_MAX / 2, 0, &before))
		return;
	struct filter *f = filter_parse(p.filter, 0, &fe);
	filter_free(f);
	bool parses = f != NULL;
	f = parses ? web_rows_filter(r->x, p.filter) : NULL;
	struct store_search search = { .filter = f,
				       .anchor = before,
				       .limit = ROWS + 1,
				       .row = on_row,
				       .slice = f && filter_walks(f) ? on_slice : NULL,
				       .user = &rows };
	bool fine = buffer_append_text(&p.title, "creel") && buffer_append_text(&p.main, list_head);
	if (fine && !parses) /* the page's modules say what is wrong with it, in its place */
		fine = buffer_append_text(&p.main, "<p class=\"note\">The filter cannot be read: ") &&
		       put_words(&p.main, fe.text) && buffer_append_text(&p.main, "</p>");
	else if (fine && is_sorted(r)) {
		rows.more = true;
		fine =
		    buffer_append_text(&p.main, "<noscript><p class=\"note\">Sorting needs JavaScript. <a href=\"/\">"
						"The newest first</a> does not.</p></noscript>");
	} else if (fine && !store_filter(r->store, &search, &e)) {
		web_problem_of(r->x, &e);
		fine = false;
	}
	filter_free(f);
	if (r->x->status == 503) {
		buffer_free(&p.title);
		buffer_free(&p.main);
		return;
	}
	send_page(&p, fine && !rows.failed && put_list_end(&p, &rows));
}

/* ---- a delivery ---- */

/* Those that the page shows when they are asked for. */
static bool is_secret(struct bytes name)
{
	static const char *const names[] = { "authorization", "proxy-authorization", "cookie", "set-cookie",
					     "x-api-key" };
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (bytes_equal_nocase(name, names[i]))
			return true;
	return false;
}

static bool put_fields(struct buffer *out, struct bytes block)
{
	struct bytes name, value;
	bool fine = buffer_append_text(out, "<dl>");
	for (size_t at = 0; fine && headers_next(block, &at, &name, &value);)
		fine = buffer_append_text(out, "<dt>") && put_text(out, name) && buffer_append_text(out, "</dt><dd>") &&
		       put_text(out, is_secret(name) ? bytes_of("••••") : value) && buffer_append_text(out, "</dd>");
	return fine && buffer_append_text(out, "</dl>");
}

static bool put_part(struct buffer *out, const struct store_part *part)
{
	bool fine = put_fields(out, buffer_view(&part->headers)) &&
		    buffer_append_text(out, "<pre tabindex=\"0\" class=\"tree\">") &&
		    html_body(out, buffer_view(&part->body)) && buffer_append_text(out, "</pre>");
	if (fine && part->body_size > part->body.len)
		fine = buffer_printf(out, "<p class=\"note\">shown %zu of %" PRIu64 " bytes</p>", part->body.len,
				     part->body_size);
	return fine;
}

static bool put_head(struct page *p, const struct delivery_row *row)
{
	const struct web_outcome o = web_outcome(row);
	struct buffer *out = &p->main;
	struct bytes name = row->event_type.len ? row->event_type : row->path;
	return buffer_printf(&p->title, "%s ", o.text) && put_start(&p->title, name) &&
	       buffer_append_text(&p->title, " · creel") &&
	       buffer_printf(
		   out,
		   "<section class=\"det\" id=\"first-detail\"><div class=\"dh\"><h1><span class=\"id\">#%" PRId64
		   "</span> <span class=\"e\">",
		   row->id) &&
	       put_start(out, name) &&
	       buffer_printf(out, "</span> <span class=\"o %s\">%s</span></h1><div class=\"meta\"><span>", o.kind,
			     o.text) &&
	       put_time(out, row->received_at_us, true) && buffer_append_text(out, "</span><span>took ") &&
	       put_took(out, row->took_us) &&
	       buffer_printf(out, "</span><span>%d attempt%s</span><span>%" PRIu64 " bytes</span><span>signature ",
			     row->attempts, row->attempts == 1 ? "" : "s", row->request_bytes) &&
	       put_text(out, row->signature) && buffer_append_text(out, "</span></div></div><div class=\"line\"><b>") &&
	       put_start(out, row->method) && buffer_append_text(out, "</b> ") && put_text(out, row->target) &&
	       buffer_append_text(out, " HTTP/1.1</div>");
}

static bool put_answer(struct web_read *r, int64_t id, struct buffer *out, struct error *e)
{
	struct web_attempt a = { 0 };
	struct store_part part = { 0 };
	bool fine = web_detail_attempt(r->store, id, &a, e);
	if (fine && a.number && a.status) {
		fine = store_get_part(r->store, id, a.number, WEB_DETAIL_BODY, &part, e) &&
		       buffer_printf(out, "<h2 class=\"sec\">Response</h2><div class=\"line\"><b>%d</b> ", a.status) &&
		       put_text(out, buffer_view(&a.reason)) && buffer_append_text(out, "</div>") &&
		       put_part(out, &part);
	} else if (fine && a.number) {
		fine = buffer_append_text(out, "<p class=\"note\">") && put_text(out, buffer_view(&a.error)) &&
		       buffer_append_text(out, "</p>");
	}
	store_part_free(&part);
	buffer_free(&a.reason);
	buffer_free(&a.error);
	return fine;
}

/* The page says it as well as a problem does, and leads on. */
static void send_gone(struct page *p)
{
	struct web_exchange *x = p->r->x;
	x->answer.len = p->title.len = p->main.len = 0;
	x->status = 0;
	bool fine = buffer_append_text(&p->title, "creel") &&
		    buffer_append_text(&p->main, "<section class=\"det\" id=\"first-detail\"><p class=\"note\">This "
						 "delivery was deleted or pruned.</p></section>");
	send_page(p, fine);
	x->status = x->status == 200 ? 404 : x->status;
}

/* A part that cannot be read is said to be, and the rest stands: a body whose file is lost, say. False: *e. */
static bool put_lost(struct buffer *out, struct error *e)
{
	return e->code != EXIT_USAGE && *e->text && buffer_append_text(out, "<p class=\"note\">") &&
	       put_words(out, e->text) && buffer_append_text(out, "</p>");
}

static bool put_request(struct web_read *r, int64_t id, struct buffer *out, struct error *e)
{
	struct store_part part = { 0 };
	bool read = store_get_part(r->store, id, 0, WEB_DETAIL_BODY, &part, e);
	bool fine = read ? put_part(out, &part) : put_lost(out, e);
	store_part_free(&part);
	return fine;
}

void web_shell_detail(struct web_read *r)
{
	struct page p = { .r = r, .filter = filter_of(r), .view = "detail" };
	struct error e = { .code = EXIT_STORE };
	struct item item = { 0 };
	int64_t id;
	if (!web_detail_resolve(r, &id)) {
		send_gone(&p);
		return;
	}
	bool fine = item_read(r->store, id, &item, &e) && put_head(&p, &item.row) && put_request(r, id, &p.main, &e) &&
		    (put_answer(r, id, &p.main, &e) || put_lost(&p.main, &e)) &&
		    buffer_append_text(&p.main, "</section>");
	item_free(&item);
	if (!fine && e.code == EXIT_USAGE) /* deleted meanwhile, or a part of it is not there */
		send_gone(&p);
	else
		send_page(&p, fine);
}

void web_shell_plain(struct web_read *r)
{
	struct page p = { .r = r, .filter = filter_of(r), .view = "list" };
	send_page(&p, buffer_append_text(&p.title, "creel") &&
			  buffer_append_text(&p.main, "<noscript><p class=\"note\">This view needs JavaScript. "
						      "<a href=\"/\">The deliveries</a> do not.</p></noscript>"));
}

void web_shell_nowhere(struct web_read *r)
{
	struct page p = { .r = r, .filter = "", .view = "list", .still = true };
	bool unknown = r->x->status == 404;
	unsigned status = r->x->status;
	r->x->answer.len = 0;
	bool fine =
	    buffer_append_text(&p.title, "No such page · creel") &&
	    buffer_append_text(&p.main, "<div class=\"note\"><h2>No such page</h2><p>There is no page at <code>") &&
	    put_words(&p.main, unknown ? r->x->path : r->x->link) &&
	    buffer_append_text(&p.main, unknown ? "</code>." : "</code>: a parameter of it is not known.") &&
	    buffer_append_text(&p.main, "</p><p><a href=\"/\">All deliveries</a></p></div>");
	send_page(&p, fine);
	r->x->status = r->x->status == 200 ? status : r->x->status;
}
