#include "relay/tunnels/tunnel_keys.h"

#include "relay/common/hash.h"

#include <stdlib.h>
#include <string.h>
#include <utlist.h>

/* All clients with one key: those of one laptop. */
struct key_holder {
	uint8_t key[32];
	struct client *clients;
	UT_hash_handle hh;
};

static struct key_holder *find_holder(const struct tunnel_table *table, const uint8_t *key, size_t len)
{
	struct key_holder *h = NULL;
	if (len == sizeof h->key)
		HASH_FIND(hh, table->by_key, key, len, h);
	return h;
}

struct client *tunnel_keys_find(const struct tunnel_table *table, struct bytes key)
{
	const struct key_holder *h = find_holder(table, key.at, key.len);
	return h ? h->clients : NULL;
}

bool tunnel_keys_note(struct tunnel_table *table, struct client *c)
{
	struct key_holder *h = find_holder(table, c->key, c->key_len);
	if (c->key_len != sizeof h->key)
		return true;
	if (!h) {
		if (!(h = calloc(1, sizeof *h)))
			return false;
		memcpy(h->key, c->key, sizeof h->key);
		HASH_ADD(hh, table->by_key, key, sizeof h->key, h);
		if (!h->hh.tbl) {
			free(h);
			return false;
		}
	}
	DL_PREPEND2(h->clients, c, same_key_prev, same_key);
	return true;
}

void tunnel_keys_forget(struct tunnel_table *table, struct client *c)
{
	struct key_holder *h = find_holder(table, c->key, c->key_len);
	if (!h)
		return;
	DL_DELETE2(h->clients, c, same_key_prev, same_key);
	if (h->clients)
		return;
	HASH_DELETE(hh, table->by_key, h); /* NOLINT(clang-analyzer-unix.Malloc,clang-analyzer-core.NullDereference) */
	free(h);
}
