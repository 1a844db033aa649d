#include "relay/control/control_status.h"

#include "relay/names/tokens.h"
#include "relay/senders/senders.h"
#include "relay/tunnels/connection.h"
#include "relay/registry/registry.h"
#include "shared/base/clock.h"
#include "shared/text/text.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

static json_t *time_of(uint64_t at_us)
{
	char text[TEXT_TIME_LEN];
	if (!at_us)
		return json_null();
	text_format_time(text, at_us);
	return json_string(text);
}

static json_t *number(uint64_t n)
{
	return json_integer((json_int_t)n);
}

static json_t *describe_tunnel(const struct tunnel *t)
{
	json_t *peers = json_array();
	uint64_t waiting = 0, bytes = 0;
	const char *owner = "";
	for (const struct client *c = t->clients; c; c = c->next) {
		struct spool_level level = spool_level(t->table->spool, c->mailbox);
		waiting += level.count;
		bytes += level.bytes;
		if (c->connection)
			json_array_append_new(peers, json_string(c->connection->peer));
		if (c->current || !*owner)
			owner = c->owner;
	}
	size_t online = json_array_size(peers);
	return json_pack("{s:s, s:s, s:s, s:o, s:o, s:o, s:o, s:o}", "name", t->name, "owner", owner, "state",
			 online ? "online" : "away", "clients", number(online), "peers", peers, "seen",
			 online ? json_null() : time_of(tunnel_last_seen_us(t)), "waiting", number(waiting),
			 "waiting_bytes", number(bytes));
}

static int by_name(const void *a, const void *b)
{
	return strcmp((*(const struct tunnel *const *)a)->name, (*(const struct tunnel *const *)b)->name);
}

static json_t *describe_tunnels(const struct registry *r)
{
	json_t *list = json_array();
	size_t count = 0, i = 0;
	for (const struct tunnel *t = r->table.tunnels; t; t = t->next)
		count++;
	const struct tunnel **sorted = calloc(count + 1, sizeof *sorted);
	if (!sorted)
		return list;
	for (const struct tunnel *t = r->table.tunnels; t; t = t->next)
		sorted[i++] = t;
	qsort(sorted, count, sizeof *sorted, by_name);
	for (i = 0; i < count; i++)
		if (!sorted[i]->probe)
			json_array_append_new(list, describe_tunnel(sorted[i]));
	free(sorted);
	return list;
}

static json_t *describe_certificate(const struct relay *r)
{
	struct certificate_facts facts;
	if (!senders_certificate(r->senders, &facts))
		return json_null();
	json_t *issuer = json_string(facts.issuer);
	bool expired = facts.ends_us && facts.ends_us < clock_now_us();
	return json_pack("{s:o, s:o, s:b, s:b}", "ends", time_of(facts.ends_us), "issuer",
			 issuer ? issuer : json_null(), /* not UTF-8 */
			 "self_signed", facts.self_signed, "expired", expired);
}

static void on_token(void *user, const struct token_row *row)
{
	json_array_append_new(user, json_pack("{s:s, s:s, s:o, s:o, s:o}", "name", row->name, "tunnels", row->tunnels,
					      "made", time_of(row->created_at_us), "used", time_of(row->used_at_us),
					      "names", number(row->names)));
}

bool control_status(const struct relay *r, uint64_t since_us, struct buffer *out, struct error *e)
{
	struct spool_level total = spool_total(r->registry->table.spool);
	const char *state = r->draining                                    ? "draining"
			    : spool_disk_is_full(r->registry->table.spool) ? "disk_full"
									   : "serving";
	json_t *tokens = json_array();
	if (!tokens_list(r->tokens, on_token, tokens, e)) {
		json_decref(tokens);
		return false;
	}
	json_t *all =
	    json_pack("{s:s, s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "version", CREEL_VERSION, "url",
		      r->public_url, "state", state, "since", time_of(since_us), "connections",
		      number(senders_connections(r->senders)), "in_flight", number((uint64_t)r->metrics.in_flight),
		      "waiting", number(total.count), "waiting_bytes", number(total.bytes), "tunnels",
		      describe_tunnels(r->registry), "certificate", describe_certificate(r), "tokens", tokens);
	char *text = all ? json_dumps(all, JSON_COMPACT) : NULL;
	bool fine = text && buffer_append_text(out, text) && buffer_put_u8(out, '\n');
	free(text);
	json_decref(all);
	return fine || error_set(e, EXIT_RELAY, "out of memory");
}
