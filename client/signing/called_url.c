#include "client/signing/called_url.h"

#include "shared/http/headers.h"
#include "shared/query/store_query.h"

bool called_url_make(struct bytes public_url, struct bytes headers, bool https, struct bytes prefix,
		     struct bytes target, struct buffer *out)
{
	struct bytes host;
	out->len = 0;
	while (public_url.len && public_url.at[public_url.len - 1] == '/')
		public_url.len--;
	if (public_url.len)
		return buffer_append_bytes(out, public_url) && buffer_append_bytes(out, target);
	if (!headers_find(headers, "Host", &host) || !host.len)
		return true;
	return buffer_append_text(out, https ? "https://" : "http://") && buffer_append_bytes(out, host) &&
	       buffer_append_bytes(out, prefix) && buffer_append_bytes(out, target);
}

struct search {
	struct bytes tunnel;
	struct buffer *url;
	bool no_memory;
};

static void on_status(void *user, const struct client_status *c)
{
	struct search *search = user;
	if (!c->url.len || !bytes_equal(c->tunnel, search->tunnel))
		return;
	search->url->len = 0;
	search->no_memory = !buffer_append_bytes(search->url, c->url);
}

bool called_url_of_tunnel(struct store *s, struct bytes tunnel, struct buffer *out, struct error *e)
{
	struct search search = { .tunnel = tunnel, .url = out };
	return store_list_status(s, on_status, &search, e) &&
	       (!search.no_memory || error_set(e, EXIT_STORE, "out of memory"));
}

bool called_url_recorded(struct store *s, int64_t id, struct bytes headers, struct bytes tunnel, struct bytes target,
			 struct buffer *out, struct error *e)
{
	struct buffer public_url = { 0 }, prefix = { 0 };
	bool https = false;
	bool fine = called_url_of_tunnel(s, tunnel, &public_url, e) && store_get_prefix(s, id, &prefix, &https, e);
	if (fine && !called_url_make(buffer_view(&public_url), headers, https, buffer_view(&prefix), target, out))
		fine = error_set(e, EXIT_STORE, "out of memory");
	buffer_free(&public_url);
	buffer_free(&prefix);
	return fine;
}
