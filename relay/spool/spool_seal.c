#include "relay/spool/spool_seal.h"

#include <stdlib.h>

#define SCRATCH_KEPT (1u << 20)

struct spool_sealer {
	int64_t mailbox;
	struct seal_sender *sealer;
	UT_hash_handle hh;
};

static void free_one(struct spool_sealer *g)
{
	seal_sender_free(g->sealer);
	free(g);
}

static struct spool_sealer *find(const struct spool_seals *s, int64_t mailbox)
{
	struct spool_sealer *g;
	HASH_FIND(hh, s->by_mailbox, &mailbox, sizeof mailbox, g);
	return g;
}

static struct seal_sender *find_or_make(struct spool_seals *s, int64_t mailbox, const uint8_t key[SEAL_KEY_LEN],
					struct error *e)
{
	struct spool_sealer *g = find(s, mailbox);
	if (g)
		return g->sealer;
	struct seal_sender *sealer = seal_sender_new(bytes_make(key, SEAL_KEY_LEN), e);
	if (!sealer)
		return NULL;
	g = calloc(1, sizeof *g);
	if (g) {
		g->mailbox = mailbox;
		g->sealer = sealer;
		HASH_ADD(hh, s->by_mailbox, mailbox, sizeof g->mailbox, g);
	}
	if (!g || !g->hh.tbl) {
		free(g);
		seal_sender_free(sealer);
		error_set(e, EXIT_STORE, "out of memory");
		return NULL;
	}
	return sealer;
}

bool spool_seal(struct spool_seals *s, int64_t mailbox, const uint8_t key[SEAL_KEY_LEN],
		const uint8_t event_id[UUID_LEN], struct bytes *payload, struct error *e)
{
	struct seal_sender *sealer = find_or_make(s, mailbox, key, e);
	s->sealed.len = 0;
	if (!sealer || !seal_sender_seal(sealer, event_id, *payload, &s->sealed, e))
		return false;
	*payload = buffer_view(&s->sealed);
	return true;
}

void spool_seal_trim(struct spool_seals *s)
{
	if (s->sealed.cap > SCRATCH_KEPT)
		buffer_free(&s->sealed);
}

void spool_seal_forget(struct spool_seals *s, int64_t mailbox)
{
	struct spool_sealer *g = find(s, mailbox);
	if (!g)
		return;
	HASH_DEL(s->by_mailbox, g);
	free_one(g);
}

void spool_seal_free(struct spool_seals *s)
{
	struct spool_sealer *g = s->by_mailbox, *next;
	HASH_CLEAR(hh, s->by_mailbox);
	for (; g; g = next) {
		next = g->hh.next;
		free_one(g);
	}
	buffer_free(&s->sealed);
}
