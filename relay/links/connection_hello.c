/* A connection's handshake: HELLO, the checks of its token and name, WELCOME. */
#include "relay/cluster/cluster.h"
#include "relay/tunnels/connection.h"
#include "relay/registry/registry.h"
#include "relay/links/tunnel_private.h"
#include "shared/program/log.h"

#include <openssl/rand.h>
#include <string.h>

static void make_url(const struct relay *relay, const char *name, char *url, size_t size)
{
	if (!relay->settings.domain) {
		snprintf(url, size, "%s/%s", relay->public_url, name);
		return;
	}
	const char *scheme = strncmp(relay->public_url, "http://", 7) == 0 ? "http" : "https";
	const char *host = strstr(relay->public_url, "://"), *port = host ? strrchr(host + 3, ':') : NULL;
	snprintf(url, size, "%s://%s.%s%s", scheme, name, relay->settings.domain,
		 port && strspn(port + 1, "0123456789") == strlen(port + 1) ? port : "");
}

static bool welcome(struct connection *c, bool resumed)
{
	struct relay *relay = c->relay;
	struct client *client = c->client;
	char url[400];
	if (RAND_bytes(client->nonce, sizeof client->nonce) != 1)
		return link_fail(c->link, "no random bytes");
	client->has_nonce = true;
	make_url(relay, client->tunnel->name, url, sizeof url);
	struct wire_welcome w = {
		.version = WIRE_VERSION,
		.features = WIRE_FEATURES | WIRE_FEATURE_PROBE,
		.ping_interval_ms = (uint32_t)relay->settings.ping_interval_ms,
		.reply_timeout_ms = (uint32_t)relay->settings.reply_timeout_ms,
		.max_body = relay->settings.max_body,
		.relay_version = bytes_of(CREEL_VERSION),
		.tunnel = bytes_of(client->tunnel->name),
		.public_url = bytes_of(url),
		.nonce = bytes_make(client->nonce, sizeof client->nonce),
		.resume_grace_ms = (uint32_t)relay->settings.resume_grace_ms,
		.resumed = resumed,
	};
	carrier_sent(&c->carrier, wire_encode_welcome(carrier_out(&c->carrier), &w));
	c->welcomed = true;
	return true;
}

/* Checks the handshake's token and fills `owner`; false: it was refused. Where there never was a token everybody is
 * welcome (the relay then serves loopback alone). Once there was one, revoking the last lets nobody in. */
static bool authorise(struct connection *c)
{
	struct tokens *tokens = c->relay->tokens;
	/* Guessing tokens is slowed down like any other traffic of an address. */
	if (!throttle_take_address(c->relay->throttle, &c->address, uv_now(c->relay->loop))) {
		lws_explicit_bzero(c->secret, sizeof c->secret);
		connection_refuse(c, WIRE_NOTICE_LIMIT, "too many requests from this address; try again later");
		return false;
	}
	int count = tokens_count(tokens);
	c->server->wants_tokens |= count > 0;
	bool fine = (count == 0 && !c->server->wants_tokens) ||
		    (count > 0 && tokens_check(tokens, bytes_of(c->secret), c->owner, &c->owner_stamp));
	lws_explicit_bzero(c->secret, sizeof c->secret);
	if (!fine)
		connection_refuse(c, WIRE_NOTICE_UNAUTHORIZED,
				  "the relay does not accept this token (or one is missing)");
	return fine;
}

/* Whether the token may have one more tunnel online. One that will be replaced, or is closing, does not count. */
static bool within_limit(const struct connection *c, const char *name)
{
	int64_t most = c->relay->settings.max_tunnels_per_token, online = 0;
	if (!most || !*c->owner)
		return true;
	for (const struct connection *other = c->server->all; other; other = other->next)
		online += (other->client || other->entry) && !link_close_status(other->link) &&
			  strcmp(other->owner, c->owner) == 0 &&
			  strcmp(other->entry ? other->entry->name : connection_tunnel(other), name) != 0;
	return online < most;
}

/* The name that another node made up for this client, and that it left. With LOOKUP_UNDER_WAY `name` is what
 * cluster_wait takes. */
static enum lookup find_name_elsewhere(const struct connection *c, const struct wire_hello *hello,
				       char name[TUNNEL_NAME_MAX + 1])
{
	struct record_tunnel r;
	enum lookup result = cluster_recall(c->relay->cluster, c->owner, hello->public_key, name);
	if (result != LOOKUP_FOUND)
		return result;
	if (registry_has_client(c->relay->registry, name))
		return LOOKUP_NONE;
	result = cluster_find(c->relay->cluster, name, &r);
	if (result != LOOKUP_FOUND)
		return result;
	const struct record_client *k = record_find_client(&r, hello->public_key);
	return k && record_is_away(k) && r.random_name && strcmp(r.owner, c->owner) == 0 ? LOOKUP_FOUND : LOOKUP_NONE;
}

/* The same laptop gets the name it had before, where its webhooks wait, unless another run of it takes that just now.
 */
static enum lookup find_last_name(const struct connection *c, const struct wire_hello *hello,
				  char name[TUNNEL_NAME_MAX + 1])
{
	const struct cluster *cluster = c->relay->cluster;
	enum lookup result = LOOKUP_NONE;
	if (cluster && cluster_has_rival(cluster, c->owner, hello->public_key))
		return LOOKUP_NONE;
	if (registry_last_name(c->relay->registry, c->owner, hello->public_key, name))
		result = LOOKUP_FOUND;
	else if (cluster && hello->public_key.len > 0)
		result = find_name_elsewhere(c, hello, name);
	return result == LOOKUP_FOUND && connection_entry_is_waiting(&c->server->entries, name) ? LOOKUP_NONE : result;
}

static bool choose_name(struct connection *c, const struct wire_hello *hello, char name[TUNNEL_NAME_MAX + 1],
			bool *random_name)
{
	*random_name = hello->tunnel.len == 0;
	bool fine = true;
	if (!*random_name) {
		fine = router_name_valid(hello->tunnel);
		if (fine)
			snprintf(name, TUNNEL_NAME_MAX + 1, "%.*s", (int)hello->tunnel.len,
				 (const char *)hello->tunnel.at);
	} else if ((hello->options & WIRE_OPTION_PROBE) || find_last_name(c, hello, name) != LOOKUP_FOUND) {
		fine = router_make_name(name);
	} else if (c->relay->cluster) {
		cluster_take_up(c->relay->cluster, c->owner, hello->public_key);
	}
	if (!fine)
		connection_refuse(c, WIRE_NOTICE_BAD_NAME,
				  "a tunnel's name is up to 63 of a-z, 0-9 and '-', and does not begin with '-'");
	return fine;
}

static void refuse_one_more(struct connection *c)
{
	char text[240];
	long long most = (long long)c->relay->settings.max_names_per_token;
	snprintf(text, sizeof text,
		 "this token owns %lld tunnel name%s, as many as it may: take one of them (`creel-relay token names`), "
		 "or free one on the relay with `creel-relay token free TUNNEL`",
		 most, most == 1 ? "" : "s");
	connection_refuse(c, WIRE_NOTICE_NAMES, text);
}

/* True when there is nothing to refuse. */
static bool refuse_claim(struct connection *c, enum claim claim)
{
	switch (claim) {
	case CLAIM_OK:
		return true;
	case CLAIM_TAKEN:
		connection_refuse(c, WIRE_NOTICE_NAME_TAKEN, "the tunnel's name belongs to another token");
		return false;
	case CLAIM_FORBIDDEN:
		connection_refuse(c, WIRE_NOTICE_NAME_FORBIDDEN, "this token may not hold a tunnel of that name");
		return false;
	case CLAIM_FULL:
		c->relay->metrics.reached[REACHED_MAX_NAMES_PER_TOKEN]++;
		refuse_one_more(c);
		return false;
	case CLAIM_ERROR:
		break;
	}
	connection_refuse(c, WIRE_NOTICE_LIMIT, "the relay cannot register the tunnel's name; try again later");
	return false;
}

/* Claims the name for the token; false: it was refused. A probe's name is only checked, not claimed. */
static bool take_name(struct connection *c, const char *name, bool probe)
{
	if (!within_limit(c, name)) {
		c->relay->metrics.reached[REACHED_MAX_TUNNELS_PER_TOKEN]++;
		connection_refuse(c, WIRE_NOTICE_LIMIT, "this token has as many tunnels online as it may");
		return false;
	}
	if (probe && tokens_may_hold(c->relay->tokens, c->owner, name))
		return true;
	enum claim claim;
	do
		claim = tokens_claim(c->relay->tokens, c->owner, name, c->relay->settings.max_names_per_token);
	while (claim == CLAIM_FULL && registry_forget_unused(c->relay->registry, c->owner));
	if (tokens_is_unsettled(c->relay->tokens))
		connection_entry_settle_soon(&c->server->entries);
	return refuse_claim(c, claim);
}

/* A probe asks whether the token may have a name; false: it was refused. */
static bool ask_name(struct connection *c, const struct wire_hello *hello)
{
	char name[TUNNEL_NAME_MAX + 1];
	bool random_name;
	if (!(hello->options & WIRE_OPTION_PROBE) || hello->tunnel.len == 0)
		return true;
	return choose_name(c, hello, name, &random_name) &&
	       refuse_claim(c, tokens_ask(c->relay->tokens, c->owner, name, c->relay->settings.max_names_per_token));
}

/* ---- the other nodes of a cluster ---- */

/* By a record that a lookup has just read. */
static bool is_anothers(const struct connection *c, const char *name)
{
	struct record_tunnel r;
	return c->relay->cluster && cluster_find(c->relay->cluster, name, &r) == LOOKUP_FOUND && *r.owner &&
	       strcmp(r.owner, c->owner) != 0 && tokens_is_known(c->relay->tokens, r.owner);
}

/* Whether another node made it up for this owner: a client that comes from there asks for it by name. */
static bool is_made_elsewhere(const struct connection *c, const char *name)
{
	struct record_tunnel r;
	return c->relay->cluster && cluster_find(c->relay->cluster, name, &r) == LOOKUP_FOUND && r.random_name &&
	       strcmp(r.owner, c->owner) == 0;
}

static bool enter(struct connection *c, const struct wire_hello *asked, struct bytes payload);
static bool waits_for_cluster(struct connection *c, const struct wire_hello *hello, struct bytes payload);

static void on_looked_up(struct lookups_waiter *w, enum lookup result)
{
	struct connection *c = (struct connection *)((char *)w - offsetof(struct connection, lookup));
	struct buffer payload = c->hello;
	struct wire_hello hello;
	c->hello = (struct buffer){ 0 };
	if (!link_close_status(c->link) && wire_decode_hello(buffer_view(&payload), &hello)) {
		/* A last name that was found is looked up, too. Where nobody could be asked, this node decides alone.
		 */
		bool more = hello.tunnel.len == 0 && result == LOOKUP_FOUND;
		if (!more || !waits_for_cluster(c, &hello, buffer_view(&payload)))
			(void)enter(c, &hello, buffer_view(&payload)); /* what fails closes the link */
	}
	if (c->welcomed)
		tunnel_server_welcomed(c);
	buffer_free(&payload);
}

/* What the other nodes know of the name that it asks for, or which it had last. */
static enum lookup ask_cluster(const struct connection *c, const struct wire_hello *hello,
			       char name[TUNNEL_NAME_MAX + 1])
{
	struct record_tunnel r;
	if (hello->tunnel.len == 0)
		return find_last_name(c, hello, name);
	if (!router_name_valid(hello->tunnel))
		return LOOKUP_NONE;
	snprintf(name, TUNNEL_NAME_MAX + 1, "%.*s", (int)hello->tunnel.len, (const char *)hello->tunnel.at);
	return cluster_find(c->relay->cluster, name, &r);
}

/* Whether it has to wait until that is known. */
static bool waits_for_cluster(struct connection *c, const struct wire_hello *hello, struct bytes payload)
{
	struct cluster *cluster = c->relay->cluster;
	char name[TUNNEL_NAME_MAX + 1];
	if (!cluster || (hello->options & WIRE_OPTION_PROBE) || ask_cluster(c, hello, name) != LOOKUP_UNDER_WAY ||
	    !buffer_append_bytes(&c->hello, payload))
		return false;
	c->lookup.over = on_looked_up;
	cluster_wait(cluster, name, &c->lookup);
	return true;
}

/* The name is its own: answers WELCOME. False: the connection is to be closed. */
static bool join(const struct entry *e, const struct wire_hello *hello)
{
	struct connection *c = e->of;
	bool resumed;
	struct join join = { .name = e->name,
			     .owner = c->owner,
			     .random_name = e->random_name || is_made_elsewhere(c, e->name),
			     .probe = e->probe,
			     .key = hello->public_key,
			     .nonce = hello->resume_nonce,
			     .options = hello->options,
			     .features = hello->features,
			     .drain_parallel = hello->drain_parallel };
	c->client = registry_join(c->relay->registry, c, &join, &resumed);
	if (!c->client) {
		connection_refuse(c, WIRE_NOTICE_LIMIT,
				  "too many clients hold this tunnel, or the relay is out of memory");
		return true;
	}
	snprintf(c->tunnel, sizeof c->tunnel, "%s", e->name);
	c->relay->metrics.tunnels++;
	log_event(LOG_INFO, "tunnel_online", "tunnel", e->name, "owner", c->owner, "peer", c->peer, "resumed",
		  resumed ? "yes" : NULL, NULL);
	if (!welcome(c, resumed))
		return false;
	registry_online(c->client, resumed);
	return true;
}

void connection_on_entry(const struct entry *e, bool fine)
{
	struct connection *c = e->of;
	struct wire_hello hello;
	if (link_close_status(c->link) || !wire_decode_hello(buffer_view(&e->hello), &hello))
		return;
	if (!fine)
		(void)refuse_claim(c, CLAIM_ERROR);
	else
		(void)join(e, &hello); /* what fails closes the link */
	if (c->welcomed)
		tunnel_server_welcomed(c);
}

/* Its token is good: takes the name, and answers WELCOME, at once or when the name is on disk. */
static bool enter(struct connection *c, const struct wire_hello *asked, struct bytes payload)
{
	struct wire_hello hello = *asked;
	struct entry e = { .of = c };
	if (hello.options & WIRE_OPTION_PROBE)
		hello.tunnel = bytes_make(NULL, 0);
	if (!choose_name(c, &hello, e.name, &e.random_name))
		return true;
	if (!e.random_name && is_anothers(c, e.name))
		return refuse_claim(c, CLAIM_TAKEN), true;
	e.probe = e.random_name && (hello.options & WIRE_OPTION_PROBE);
	if (!take_name(c, e.name, e.probe))
		return true;
	if (e.probe || !tokens_is_unsettled(c->relay->tokens))
		return join(&e, &hello);
	if (!connection_entry_wait(&c->server->entries, &e, payload))
		(void)refuse_claim(c, CLAIM_ERROR);
	return true;
}

bool connection_on_hello(struct connection *c, const struct wire_frame *f)
{
	struct wire_hello hello;
	if (c->lookup.of || c->entry)
		return link_fail(c->link, "a second HELLO");
	if (!wire_decode_hello(f->payload, &hello))
		return link_fail(c->link, "malformed HELLO");
	if (hello.version != WIRE_VERSION) {
		char text[160];
		snprintf(text, sizeof text,
			 "this relay (creel " CREEL_VERSION
			 ") speaks protocol %d, the client speaks %u: update the older one",
			 WIRE_VERSION, hello.version);
		connection_refuse(c, WIRE_NOTICE_VERSION, text);
		return true;
	}
	if (hello.public_key.len != 0 && hello.public_key.len != 32)
		return link_fail(c->link, "a public key is 32 bytes");
	if (!authorise(c) || !ask_name(c, &hello))
		return true;
	return waits_for_cluster(c, &hello, f->payload) || enter(c, &hello, f->payload);
}
