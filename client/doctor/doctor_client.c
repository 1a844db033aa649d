/* Looks for a client that runs with this store: if there is one, its relay, tunnel and app are checked. */
#include "client/app/forwarder.h"
#include "client/doctor/doctor.h"
#include "shared/base/clock.h"
#include "shared/base/process.h"
#include "shared/query/store_query.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void free_client(struct doctor_client *c)
{
	free(c->relay);
	free(c->tunnel);
	free(c->target);
	free(c->detail);
	*c = (struct doctor_client){ 0 };
}

/* The newest comes last. */
static void on_client(void *user, const struct client_status *c)
{
	struct doctor_client *found = user;
	uint64_t now = clock_now_us();
	if (!c->relay.len || !process_is_alive_since(c->pid, c->started_at_us))
		return;
	free_client(found);
	found->pid = c->pid;
	found->relay = bytes_dup_text(c->relay);
	found->tunnel = bytes_dup_text(c->tunnel);
	found->target = bytes_dup_text(c->target);
	found->detail = bytes_dup_text(c->detail);
	found->online = bytes_equal(c->state, bytes_of("online"));
	/* As `creel status` judges it. */
	if (found->online && c->confirmed_at_us + 2 * c->ping_interval_ms * 1000 < now)
		found->silent_s = (now - c->confirmed_at_us) / 1000000;
}

void doctor_find_client(struct doctor *d)
{
	struct error e;
	struct store *s = NULL;
	char *made = d->common.db ? NULL : store_default_path(&e);
	const char *path = d->common.db ? d->common.db : made;
	/* What is wrong with the record is found when that is looked at. */
	if (path && access(path, R_OK) == 0 && store_open(&s, path, STORE_READ_ONLY, &e) &&
	    !store_list_status(s, on_client, &d->client, &e))
		free_client(&d->client);
	store_close(s);
	free(made);
	if (!d->client.relay)
		return;
	if (!d->common.relay)
		d->common.relay = d->client.relay;
	if (strcmp(d->common.relay, d->client.relay) != 0) {
		free_client(&d->client); /* it has nothing to do with what is asked for */
		return;
	}
	if (d->client.tunnel && *d->client.tunnel)
		d->name = d->client.tunnel;
	char *base = d->client.target ? forward_parse_target(d->client.target, true, &e) : NULL;
	if (base && !d->target)
		d->target = d->client.target;
	free(base);
}

void doctor_forget_client(struct doctor *d)
{
	free_client(&d->client);
}
