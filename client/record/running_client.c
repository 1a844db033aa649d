#include "client/record/running_client.h"

#include "shared/base/process.h"
#include "shared/query/store_query.h"

struct search {
	struct bytes tunnel;
	bool any; /* the newest, of any tunnel */
	struct running_client *client;
};

static void on_client(void *user, const struct client_status *c)
{
	struct search *search = user;
	struct running_client *client = search->client;
	bool wanted =
	    search->any ? bytes_begins(c->target, "http") : c->tunnel.len && bytes_equal(c->tunnel, search->tunnel);
	if (!wanted || (search->any && c->started_at_us < client->started_at_us) ||
	    !process_is_alive_since(c->pid, c->started_at_us))
		return;
	client->found = true;
	client->started_at_us = c->started_at_us;
	client->target.len = 0;
	client->no_memory = !buffer_append_bytes(&client->target, c->target);
}

bool running_client_find(struct store *s, struct bytes tunnel, struct running_client *out, struct error *e)
{
	*out = (struct running_client){ 0 };
	struct search search = { tunnel, false, out };
	return store_list_status(s, on_client, &search, e);
}

bool running_client_newest(struct store *s, struct running_client *out, struct error *e)
{
	*out = (struct running_client){ 0 };
	struct search search = { .any = true, .client = out };
	return store_list_status(s, on_client, &search, e);
}

bool running_client_exists(struct store *s, struct bytes tunnel, bool *exists, struct error *e)
{
	struct running_client client;
	bool fine = running_client_find(s, tunnel, &client, e);
	*exists = client.found;
	buffer_free(&client.target);
	return fine;
}
