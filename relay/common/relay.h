/* What the relay's rooms share: settings, counters, and the rooms themselves. One struct, made in serve.c; loop thread.
 */
#pragma once

#include <uv.h>

#include "relay/common/host_check.h"
#include "relay/common/refusal.h"
#include "shared/base/bytes.h"
#include "shared/base/error.h"
#include "shared/program/log_digest.h"
#include "shared/program/options.h"

#define SPOOL_TOTAL_TUNNELS 16

struct settings {
	struct option_values listen;        /* ADDR:PORT */
	struct option_values tunnel_listen; /* ports for tunnels alone */
	const char *port_file;
	const char *public_url; /* without a slash at its end */
	const char *domain;
	const char *data;
	const char *tls_cert, *tls_key;
	const char *admin, *admin_port_file;
	const char *log_level;
	uint64_t max_body;
	int64_t reply_timeout_ms, header_timeout_ms, body_timeout_ms, ping_interval_ms, drain_ms;
	int64_t resume_grace_ms, spool_max_age_ms;
	uint64_t spool_max_bytes, spool_max_total; /* the latter 0: as much as SPOOL_TOTAL_TUNNELS tunnels may */
	int64_t max_connections, max_connections_per_address, max_tunnels_per_token; /* the latter two: 0 is no limit */
	bool browser_warning;
	struct option_values trusted_proxy;        /* addresses and networks */
	int64_t max_names_per_token;               /* 0: no limit */
	int64_t rate_per_address, rate_per_tunnel; /* requests a second; 0: no limit */
	int64_t refusals_per_address;              /* told why, a second; 0: no limit */
};

struct metrics {
	uint64_t requests, status_class[6], refused[REFUSE_COUNT], deliveries, bytes_in, bytes_out;
	uint64_t connections_refused, spooled, accepted;
	int64_t tunnels, in_flight;
};

/* Whether a refusal is to be logged now; else it is counted, and one line a second tells how many (log_digest.h). */
#define RELAY_LOGS(relay, level, event, reason)                                                                        \
	log_digest_is_due((relay)->digest, level, event, reason, uv_now((relay)->loop))

struct relay {
	uv_loop_t *loop;
	struct settings settings;
	struct metrics metrics;
	struct tokens *tokens;
	struct router *router;
	struct throttle *throttle;
	struct trusted *trusted;   /* the proxies that are believed who the sender is */
	struct log_digest *digest; /* of refusals; NULL: each is logged */
	struct ingress *ingress;
	struct tunnel_server *tunnels;
	struct registry *registry;
	char public_url[300]; /* settled once the first listener has its port */
	struct host_names names;
	struct browser_warning *warning; /* NULL: not asked for */
	bool draining;
	bool told_of_proxy; /* logged that somebody looks like a proxy and is not trusted */
};
