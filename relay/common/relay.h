/* What all parts of the relay share: settings, counters, and pointers to each other. There is one struct relay, made in
 * serve.c. Loop thread. */
#pragma once

#include <uv.h>

#include "relay/net/host_check.h"
#include "relay/common/limits.h"
#include "relay/common/memory.h"
#include "relay/common/refusal.h"
#include "shared/base/bytes.h"
#include "shared/base/error.h"
#include "shared/program/log_digest.h"
#include "shared/options/options.h"

/* What the options of `creel-relay serve` say. */
struct settings {
	struct option_values listen;        /* ADDR:PORT */
	struct option_values tunnel_listen; /* ports for tunnels alone */
	struct option_values trusted_proxy; /* addresses and networks */
	const char *port_file;
	const char *public_url; /* without a slash at its end */
	const char *domain;
	const char *data;
	const char *tls_cert, *tls_key; /* with `acme`, settled by it */
	struct option_values acme;      /* names for which a certificate is ordered */
	const char *acme_mail, *acme_url, *acme_hook, *acme_listen;
	const char *admin, *admin_port_file;
	const char *log_level, *log_format;
	bool browser_warning;
	const char *cluster; /* NULL: the relay is alone */
	const char *cluster_credentials, *cluster_ca;
	int64_t cluster_replicas, cluster_adopt_after_ms;
	/* Those of limits.def: sizes in bytes are uint64_t, milliseconds and numbers int64_t. */
#define LIMIT_TYPE_BYTES uint64_t
#define LIMIT_TYPE_MS int64_t
#define LIMIT_TYPE_COUNT int64_t
#define SETTING(id, member, name, unit, preset, least, most, zero, refusal, counting, file, about, then)               \
	LIMIT_TYPE_##unit member;
#include "relay/common/limits.def"
};

struct metrics {
	uint64_t requests, status_class[6], deliveries, bytes_in, bytes_out;
	uint64_t foreign; /* deliveries, those whose client is at another node */
	uint64_t refused[REFUSE_COUNT];
	uint64_t reached[LIMITS_COUNT]; /* limits, by their row; of those that are COUNTED */
	uint64_t connections_refused, spooled, accepted;
	int64_t tunnels, in_flight;
};

/* Whether a line about a refusal is due now. Where it is not, it is counted, and one line a second says how many there
 * were (log_digest.h). */
#define RELAY_LOGS(relay, level, event, reason)                                                                        \
	log_digest_is_due((relay)->digest, level, event, reason, uv_now((relay)->loop))

struct challenges;
struct cluster;
struct crossing;
struct loops;

struct relay {
	uv_loop_t *loop;
	struct settings settings;
	struct metrics metrics;
	struct memory memory;
	struct tokens *tokens;
	struct router *router;
	struct throttle *throttle;
	struct loops *loops;       /* events that must not come back */
	struct trusted *trusted;   /* the proxies that are believed when they name the sender */
	struct log_digest *digest; /* of refusals; NULL: every one is logged */
	struct senders *senders;
	struct tunnel_server *tunnels;
	struct registry *registry;
	char public_url[300]; /* known once the first listener has its port */
	struct host_names names;
	struct browser_warning *warning; /* NULL: without --browser-warning */
	struct challenges *challenges;   /* NULL: without --acme */
	struct cluster *cluster;         /* NULL: without --cluster */
	struct crossing *crossing;       /* likewise */
	bool draining;
	bool told_of_proxy; /* the log has said that somebody looks like a proxy and is not trusted */
};
