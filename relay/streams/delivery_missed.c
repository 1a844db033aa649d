#include "relay/streams/delivery_streams.h"

#include "relay/tunnels/tunnel.h"

#include <stdlib.h>

void delivery_now_safe(struct delivery *d, struct spool *spool)
{
	d->safe = true;
	for (size_t i = 0; i < d->missed_count; i++)
		spool_missed(spool, d->missed[i]);
	d->missed_count = 0;
}

void delivery_note_missed(struct delivery *d, const struct client *c)
{
	int64_t *more = realloc(d->missed, (d->missed_count + 1) * sizeof *more);
	if (more) {
		d->missed = more;
		d->missed[d->missed_count++] = c->mailbox;
	}
	if (d->safe)
		delivery_now_safe(d, c->tunnel->table->spool);
}
