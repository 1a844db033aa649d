/* The clients of all tunnels by their key: those of one laptop. Loop thread. */
#pragma once

#include "relay/tunnels/client.h"
#include "relay/tunnels/tunnel_table.h"

/* The client of any tunnel with that key (not empty) that was noted last, or NULL; `same_key` leads to the others. */
struct client *tunnel_keys_find(const struct tunnel_table *table, struct bytes key);
/* False when out of memory. */
MUST_CHECK bool tunnel_keys_note(struct tunnel_table *table, struct client *c);
/* Before it is freed. Nothing happens where its key is none that is noted. */
void tunnel_keys_forget(struct tunnel_table *table, struct client *c);
