/* Finds the clients of all tunnels by their key; clients with the same key are on the same laptop. Loop thread. */
#pragma once

#include "relay/tunnels/client.h"
#include "relay/tunnels/tunnel_table.h"

/* The client of any tunnel with that key (not empty) that was noted last, or NULL; `same_key` leads to the others. */
struct client *tunnel_keys_find(const struct tunnel_table *table, struct bytes key);
/* False when out of memory. */
MUST_CHECK bool tunnel_keys_note(struct tunnel_table *table, struct client *c);
/* To be called before it is freed. Nothing happens when it was not noted. */
void tunnel_keys_forget(struct tunnel_table *table, struct client *c);
