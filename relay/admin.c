#include "relay/admin.h"

#include "relay/cluster/cluster.h"
#include "relay/common/limits.h"
#include "relay/crossing/crossing.h"
#include "relay/admin_daemon.h"
#include "relay/senders/readiness.h"
#include "relay/senders/senders.h"
#include "relay/registry/registry.h"
#include "relay/senders/listener.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

struct admin {
	struct relay *relay;
	struct admin_daemon *daemon;
	char address[80];
};

static enum MHD_Result reply(struct MHD_Connection *c, unsigned status, const char *type, const char *text)
{
	struct MHD_Response *r =
	    MHD_create_response_from_buffer(strlen(text), (void *)(uintptr_t)text, MHD_RESPMEM_MUST_COPY);
	if (!r)
		return MHD_NO;
	enum MHD_Result result =
	    MHD_add_response_header(r, "Content-Type", type) == MHD_YES ? MHD_queue_response(c, status, r) : MHD_NO;
	MHD_destroy_response(r);
	return result;
}

/* One of Prometheus' metrics. */
struct metric {
	const char *name, *kind, *help;
	uint64_t value;
};

static bool append_head(struct buffer *out, const char *name, const char *kind, const char *help)
{
	return buffer_printf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, kind);
}

static bool append_all(struct buffer *out, const struct metric *list, size_t count)
{
	bool fine = true;
	for (size_t i = 0; fine && i < count; i++)
		fine = append_head(out, list[i].name, list[i].kind, list[i].help) &&
		       buffer_printf(out, "%s %" PRIu64 "\n", list[i].name, list[i].value);
	return fine;
}

static bool append_plain(struct buffer *out, const struct relay *r)
{
	const struct metrics *m = &r->metrics;
	const struct spool_level level = spool_total(r->registry->table.spool);
	const struct quota *quota = &r->registry->table.quota;
	struct certificate_facts certificate = { 0 };
	bool has_one = senders_certificate(r->senders, &certificate);
	const struct metric list[] = {
		{ "creel_requests_total", "counter", "Requests received from senders.", m->requests },
		{ "creel_connections_refused_total", "counter", "Connections closed at once, over a limit.",
		  m->connections_refused },
		{ "creel_connections", "gauge", "Connections of senders.", senders_connections(r->senders) },
		{ "creel_deliveries_total", "counter", "Deliveries handed to tunnels.", m->deliveries },
		{ "creel_received_bytes_total", "counter", "Body bytes from senders.", m->bytes_in },
		{ "creel_sent_bytes_total", "counter", "Body bytes of answers.", m->bytes_out },
		{ "creel_tunnels", "gauge", "Tunnels online.", (uint64_t)m->tunnels },
		{ "creel_in_flight", "gauge", "Deliveries waiting for their answer.", (uint64_t)m->in_flight },
		{ "creel_spooled_total", "counter", "Deliveries written to the spool.", m->spooled },
		{ "creel_accepted_total", "counter", "Senders answered 202.", m->accepted },
		{ "creel_spool_deliveries", "gauge", "Deliveries waiting in the spool.", level.count },
		{ "creel_spool_bytes", "gauge", "Size of the deliveries waiting in the spool.", level.bytes },
		{ "creel_spool_reserved_bytes", "gauge", "Bytes in the spool promised to requests under way.",
		  quota->taken.spool },
		{ "creel_spilled_bytes", "gauge",
		  "Bytes in temporary files of large requests on their way to a client.", quota->taken.file },
		{ "creel_spool_limit_bytes", "gauge",
		  "What waits, is promised and spilled is never more, all tunnels together.", quota->limits.relay },
		{ "creel_certificate_end_timestamp_seconds", "gauge", "When the certificate ends; 0: there is none.",
		  has_one ? certificate.ends_us / 1000000 : 0 },
	};
	return append_all(out, list, sizeof list / sizeof *list);
}

static bool append_lookups(struct buffer *out, const uint64_t *counts)
{
	static const char *const results[LOOKUP_RESULTS] = {
		[LOOKUP_FOUND] = "found", [LOOKUP_NONE] = "none", [LOOKUP_AWAY] = "away", [LOOKUP_TOO_MANY] = "too_many"
	};
	bool fine = append_head(out, "creel_cluster_lookups_total", "counter",
				"Lookups of tunnels that are not here, by result.");
	for (enum lookup i = 0; fine && i < LOOKUP_RESULTS; i++)
		if (results[i])
			fine = buffer_printf(out, "creel_cluster_lookups_total{result=\"%s\"} %" PRIu64 "\n",
					     results[i], counts[i]);
	return fine;
}

static bool append_cluster(struct buffer *out, const struct relay *r)
{
	const struct cluster *c = r->cluster;
	if (!c)
		return true;
	const struct metric list[] = {
		{ "creel_cluster_connected", "gauge", "Whether this node can use its cluster's NATS servers.",
		  cluster_state(c) == CLUSTER_CONNECTED },
		{ "creel_cluster_nodes", "gauge", "Nodes of the cluster, this one included.", cluster_nodes(c) + 1 },
		{ "creel_cluster_malformed_total", "counter",
		  "Records and messages of the cluster that could not be read.",
		  cluster_malformed(c) + crossing_malformed(r->crossing) },
		{ "creel_cluster_foreign_requests_total", "counter",
		  "Deliveries taken here for a client at another node.", r->metrics.foreign },
		{ "creel_cluster_trunk_bytes_total", "counter", "Bytes to and from other nodes.",
		  crossing_bytes(r->crossing) },
		{ "creel_cluster_copies_pending", "gauge", "Deliveries in the spool that were not copied yet.",
		  cluster_copies(c).pending },
		{ "creel_cluster_copies_late_total", "counter", "Senders that were answered before there was a copy.",
		  cluster_copies(c).late },
		{ "creel_cluster_adopted_total", "counter", "Deliveries of nodes that are gone, taken over here.",
		  cluster_adopted(c) },
		{ "creel_cluster_unwritten", "gauge", "Tunnels whose record the other nodes have not got yet.",
		  cluster_unwritten(c) },
	};
	return append_all(out, list, sizeof list / sizeof *list) && append_lookups(out, cluster_lookups(c));
}

static bool append_answers(struct buffer *out, const struct metrics *m)
{
	bool fine = append_head(out, "creel_answers_total", "counter", "Answers given to senders, by class of status.");
	for (int class = 2; fine && class <= 5; class ++)
		fine = buffer_printf(out, "creel_answers_total{class=\"%dxx\"} %" PRIu64 "\n", class,
				     m->status_class[class]);
	fine = fine &&
	       append_head(out, "creel_refused_total", "counter", "Requests the relay answered itself, by reason.");
	for (enum refusal why = REFUSE_NOTHING + 1; fine && why < REFUSE_COUNT; why++)
		fine = buffer_printf(out, "creel_refused_total{reason=\"%s\"} %" PRIu64 "\n", refusal_text(why)->name,
				     m->refused[why]);
	return fine;
}

static enum MHD_Result reply_metrics(const struct admin *a, struct MHD_Connection *c)
{
	struct buffer out = { 0 };
	bool fine = append_plain(&out, a->relay) && append_answers(&out, &a->relay->metrics) &&
		    append_cluster(&out, a->relay) && limits_append_metrics(&out, a->relay) && buffer_put_u8(&out, 0);
	enum MHD_Result result =
	    fine ? reply(c, 200, "text/plain; version=0.0.4; charset=utf-8", (const char *)out.at) : MHD_NO;
	buffer_free(&out);
	return result;
}

static enum MHD_Result reply_readiness(const struct admin *a, struct MHD_Connection *c)
{
	switch (readiness_of(a->relay)) {
	case READINESS_DRAINING:
		return reply(c, 503, "text/plain", "draining\n");
	case READINESS_DISK_FULL:
		return reply(
		    c, 503, "text/plain",
		    "the disk of the data folder is full: less than 16 MiB are free, and requests that would have to "
		    "wait are refused\n");
	case READINESS_STARTING:
		return reply(c, 503, "text/plain",
			     "cluster: starting: the tokens of the other nodes were not read yet\n");
	case READINESS_READY:
		break;
	}
	if (!a->relay->cluster)
		return reply(c, 200, "text/plain", "ready\n");
	bool away = cluster_state(a->relay->cluster) == CLUSTER_AWAY;
	return reply(c, 200, "text/plain", away ? "ready\ncluster: away\n" : "ready\ncluster: connected\n");
}

static enum MHD_Result reply_cluster(const struct admin *a, struct MHD_Connection *c)
{
	if (!a->relay->cluster)
		return reply(c, 404, "text/plain", "creel: this relay is not a node of a cluster\n");
	char *text = cluster_describe(a->relay->cluster);
	enum MHD_Result result = text ? reply(c, 200, "application/json", text) : MHD_NO;
	free(text);
	return result;
}

static enum MHD_Result on_request(void *cls, struct MHD_Connection *c, const char *url, const char *method,
				  const char *version, const char *upload, size_t *upload_len, void **con_cls)
{
	struct admin *a = cls;
	(void)version;
	(void)upload;
	(void)upload_len;
	(void)con_cls;
	const char *host = MHD_lookup_connection_value(c, MHD_HEADER_KIND, "Host");
	if (!host || !host_check_is_localhost(bytes_of(host)))
		return reply(c, 421, "text/plain; charset=utf-8",
			     "creel: The admin pages answer to localhost, 127.0.0.1 and [::1] alone: use one of these "
			     "as the Host.\n");
	if (strcmp(method, "GET") != 0)
		return reply(c, 405, "text/plain", "creel: GET only\n");
	if (strcmp(url, "/healthz") == 0)
		return reply(c, 200, "text/plain", "ok\n");
	if (strcmp(url, "/readyz") == 0)
		return reply_readiness(a, c);
	if (strcmp(url, "/metrics") == 0)
		return reply_metrics(a, c);
	if (strcmp(url, "/cluster") == 0)
		return reply_cluster(a, c);
	return reply(c, 404, "text/plain", "creel: /healthz, /readyz or /metrics\n");
}

struct admin *admin_new(struct relay *relay, const char *address, struct error *e)
{
	const char *colon = strrchr(address, ':');
	if (!listener_is_loopback(address)) {
		error_set(e, EXIT_USAGE, "--admin %s is not a loopback address: the admin listener has no password",
			  address);
		return NULL;
	}
	struct admin *a = calloc(1, sizeof *a);
	if (!a) {
		error_set(e, EXIT_RELAY, "out of memory");
		return NULL;
	}
	a->relay = relay;
	struct sockaddr_in v4 = { .sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(colon + 1)) };
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6, .sin6_port = v4.sin_port, .sin6_addr = in6addr_loopback };
	v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	bool six = address[0] == '[';
	unsigned flags = MHD_USE_EPOLL | (six ? MHD_USE_IPv6 : 0);
	struct MHD_Daemon *mhd = MHD_start_daemon(
	    flags, 0, NULL, NULL, on_request, a, MHD_OPTION_SOCK_ADDR,
	    six ? (struct sockaddr *)&v6 : (struct sockaddr *)&v4, MHD_OPTION_CONNECTION_TIMEOUT,
	    (unsigned)LIMIT_ADMIN_IDLE, MHD_OPTION_CONNECTION_LIMIT, (unsigned)LIMIT_ADMIN_CONNECTIONS, MHD_OPTION_END);
	a->daemon = mhd ? admin_daemon_new(relay->loop, mhd) : NULL;
	if (!a->daemon) {
		error_set(e, EXIT_RELAY, "the admin listener cannot listen on %s: is the port in use?", address);
		free(a);
		return NULL;
	}
	const union MHD_DaemonInfo *info = MHD_get_daemon_info(mhd, MHD_DAEMON_INFO_BIND_PORT);
	snprintf(a->address, sizeof a->address, "%s:%u", six ? "[::1]" : "127.0.0.1", info ? info->port : 0);
	return a;
}

const char *admin_address(const struct admin *a)
{
	return a->address;
}

static void on_closed(void *user)
{
	free(user);
}

void admin_close(struct admin *a)
{
	if (a)
		admin_daemon_close(a->daemon, on_closed, a);
}
