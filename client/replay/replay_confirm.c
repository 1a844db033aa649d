#include "client/replay/replay_confirm.h"

#include "client/common/limits.h"
#include "client/app/forwarder.h"
#include "client/record/running_client.h"
#include "shared/query/store_query.h"
#include "shared/text/text.h"
#include "shared/query/item.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Where the requests will go, as far as that is known before they are sent. */
struct places {
	struct store *store;
	const struct replay_errand *errand;
	struct buffer first, far; /* origins; empty: none. far: the first one on another machine */
	bool several, no_memory;
	/* The delivery at hand. */
	struct buffer url;
	uint64_t called_us; /* when the app was called last */
};

static struct bytes origin_of(struct bytes url)
{
	size_t slashes = 0, len = 0;
	if (url.len > 5 && memcmp(url.at, "unix:", 5) == 0) {
		const uint8_t *colon = memchr(url.at + 5, ':', url.len - 5);
		return bytes_make(url.at, colon ? (size_t)(colon - url.at) : url.len);
	}
	while (len < url.len && !(url.at[len] == '/' && ++slashes == 3))
		len++;
	return bytes_make(url.at, len);
}

static void take(struct places *p, struct buffer *into, struct bytes from)
{
	into->len = 0;
	p->no_memory = p->no_memory || !buffer_append_bytes(into, from);
}

static void on_attempt(void *user, const struct attempt_row *a)
{
	struct places *p = user;
	if (!a->url.len)
		return;
	take(p, &p->url, a->url);
	p->called_us = a->started_at_us;
}

static void add_place(struct places *p, struct bytes url)
{
	struct bytes origin = origin_of(url);
	if (origin.len == 0)
		return;
	if (p->first.len == 0)
		take(p, &p->first, origin);
	else if (!bytes_equal(buffer_view(&p->first), origin))
		p->several = true;
	/* A client that has --exec or --answer in an app's place calls nobody. */
	if (p->far.len == 0 && *origin.at != '-' && !forward_url_leads_here(origin))
		take(p, &p->far, origin);
}

/* A running client sends a delivery to its own target or where one of its routes leads. The latter is known only when
 * this client called the app before. Without a client a delivery goes where it went before. */
static bool look_at(struct places *p, int64_t id, struct error *e)
{
	const struct replayer_options *o = p->errand->replayer;
	struct running_client client = { 0 };
	struct item item;
	p->url.len = 0;
	p->called_us = 0;
	bool fine = item_read(p->store, id, &item, e) && store_list_attempts(p->store, id, on_attempt, p, e) &&
		    (o->alone || running_client_find(p->store, item.row.tunnel, &client, e));
	item_free(&item);
	if (!fine)
		return false;
	bool as_before = !client.found || p->called_us >= client.started_at_us;
	add_place(p, buffer_view(as_before ? &p->url : &client.target));
	p->no_memory = p->no_memory || client.no_memory;
	buffer_free(&client.target);
	return true;
}

static bool find_places(struct places *p, struct error *e)
{
	const struct replay_errand *r = p->errand;
	if (r->replayer->to) {
		char *base = forward_parse_target(r->replayer->to, r->replayer->forward->allow_remote_target, e);
		if (!base)
			return false;
		add_place(p, bytes_of(base));
		free(base);
	}
	for (size_t i = 0; !r->replayer->to && i < r->count; i++)
		if (!look_at(p, r->ids[i], e))
			return false;
	/* A call of this command's own to another machine is refused by the forwarder, which says how to allow it. */
	if (r->replayer->alone && !r->replayer->forward->allow_remote_target)
		p->far.len = 0;
	return !p->no_memory || error_set(e, EXIT_STORE, "out of memory");
}

/* "250 requests to http://…, beyond loopback, 20 a second at most" */
static bool describe(const struct places *p, struct buffer *out)
{
	const struct replay_errand *r = p->errand;
	unsigned long long total =
	    (uint64_t)r->times > UINT64_MAX / (r->count ? r->count : 1) ? UINT64_MAX : r->count * (uint64_t)r->times;
	struct bytes place = buffer_view(p->far.len ? &p->far : &p->first);
	return buffer_printf(out, "%llu request%s", total, total == 1 ? "" : "s") &&
	       (place.len == 0 || (buffer_append_text(out, " to ") && text_sanitize(out, place, TEXT_LINE))) &&
	       (!p->several || buffer_append_text(out, " and to others")) &&
	       (p->far.len == 0 || buffer_append_text(out, ", beyond loopback")) &&
	       (r->pace->rate > 0    ? buffer_printf(out, ", %g a second at most", r->pace->rate)
		: r->pace->speed > 0 ? buffer_printf(out, ", at %g times the pace they came at", r->pace->speed)
		: total > 1          ? buffer_append_text(out, ", as fast as they are answered")
				     : true) &&
	       (!r->again || buffer_append_text(out, ", and again whenever a file is saved"));
}

static bool ask(const struct buffer *what, struct error *e)
{
	char answer[16] = "";
	fprintf(stderr, "creel: this sends %.*s. Go on? [y/N] ", (int)what->len, (const char *)what->at);
	if (fgets(answer, sizeof answer, stdin) && (answer[0] == 'y' || answer[0] == 'Y'))
		return true;
	return error_set(e, EXIT_NO, "nothing was sent");
}

bool replay_confirm(struct store *s, const struct replay_errand *errand, struct error *e)
{
	struct places p = { .store = s, .errand = errand };
	struct buffer what = { 0 };
	bool many = errand->count > LIMIT_REPLAY_UNASKED ||
		    (errand->count && errand->times > LIMIT_REPLAY_UNASKED / (int64_t)errand->count);
	bool fine = errand->yes || find_places(&p, e);
	if (fine && !errand->yes && (many || p.far.len)) {
		if (!describe(&p, &what))
			fine = error_set(e, EXIT_STORE, "out of memory");
		else if (isatty(STDIN_FILENO) && isatty(STDERR_FILENO))
			fine = ask(&what, e);
		else
			fine = error_set(e, EXIT_USAGE, "this would send %.*s: add --yes to send it", (int)what.len,
					 (const char *)what.at);
	}
	struct buffer *all[] = { &p.first, &p.far, &p.url, &what };
	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		buffer_free(all[i]);
	return fine;
}
