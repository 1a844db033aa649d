#include "relay/admin.h"

#include "relay/senders/http_daemon.h"
#include "relay/senders/ingress.h"
#include "relay/tunnels/registry.h"
#include "relay/senders/listener.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

struct admin {
	struct relay *relay;
	struct http_daemon *daemon;
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

static enum MHD_Result reply_metrics(struct admin *a, struct MHD_Connection *c)
{
	const struct metrics *m = &a->relay->metrics;
	struct spool_level level = spool_total(a->relay->registry->spool);
	const struct quota *quota = &a->relay->registry->quota;
	struct buffer out = { 0 };
	bool fine = buffer_printf(&out,
				  "# HELP creel_requests_total Requests received from senders.\n"
				  "# TYPE creel_requests_total counter\n"
				  "creel_requests_total %" PRIu64 "\n"
				  "# HELP creel_answers_total Answers given to senders, by class of status.\n"
				  "# TYPE creel_answers_total counter\n",
				  m->requests);
	for (int class = 2; class <= 5; class ++)
		fine = fine && buffer_printf(&out, "creel_answers_total{class=\"%dxx\"} %" PRIu64 "\n", class,
					     m->status_class[class]);
	fine = fine &&
	       buffer_append_text(&out, "# HELP creel_refused_total Requests the relay answered itself, by reason.\n"
					"# TYPE creel_refused_total counter\n");
	for (int why = REFUSE_NOTHING + 1; why < REFUSE_COUNT; why++)
		fine = fine && buffer_printf(&out, "creel_refused_total{reason=\"%s\"} %" PRIu64 "\n",
					     refusal_text((enum refusal)why)->name, m->refused[why]);
	fine = fine &&
	       buffer_printf(
		   &out,
		   "# HELP creel_connections_refused_total Connections closed at once, over a limit.\n"
		   "# TYPE creel_connections_refused_total counter\ncreel_connections_refused_total %" PRIu64 "\n"
		   "# HELP creel_connections Connections of senders.\n"
		   "# TYPE creel_connections gauge\ncreel_connections %zu\n"
		   "# HELP creel_deliveries_total Deliveries handed to tunnels.\n"
		   "# TYPE creel_deliveries_total counter\ncreel_deliveries_total %" PRIu64 "\n"
		   "# HELP creel_received_bytes_total Body bytes from senders.\n"
		   "# TYPE creel_received_bytes_total counter\ncreel_received_bytes_total %" PRIu64 "\n"
		   "# HELP creel_sent_bytes_total Body bytes of answers.\n"
		   "# TYPE creel_sent_bytes_total counter\ncreel_sent_bytes_total %" PRIu64 "\n"
		   "# HELP creel_tunnels Tunnels online.\n"
		   "# TYPE creel_tunnels gauge\ncreel_tunnels %" PRId64 "\n"
		   "# HELP creel_in_flight Deliveries waiting for their answer.\n"
		   "# TYPE creel_in_flight gauge\ncreel_in_flight %" PRId64 "\n"
		   "# HELP creel_spooled_total Deliveries written to the spool.\n"
		   "# TYPE creel_spooled_total counter\ncreel_spooled_total %" PRIu64 "\n"
		   "# HELP creel_accepted_total Senders answered 202.\n"
		   "# TYPE creel_accepted_total counter\ncreel_accepted_total %" PRIu64 "\n"
		   "# HELP creel_spool_deliveries Deliveries waiting in the spool.\n"
		   "# TYPE creel_spool_deliveries gauge\ncreel_spool_deliveries %" PRIu64 "\n"
		   "# HELP creel_spool_bytes Their size.\n"
		   "# TYPE creel_spool_bytes gauge\ncreel_spool_bytes %" PRIu64 "\n"
		   "# HELP creel_spool_reserved_bytes Room in the spool promised to requests under way.\n"
		   "# TYPE creel_spool_reserved_bytes gauge\ncreel_spool_reserved_bytes %" PRIu64 "\n"
		   "# HELP creel_spilled_bytes Room taken by temporary files of large requests on their way to a "
		   "client.\n"
		   "# TYPE creel_spilled_bytes gauge\ncreel_spilled_bytes %" PRIu64 "\n"
		   "# HELP creel_spool_limit_bytes What waits, is promised and spilled is never more, all tunnels "
		   "together.\n"
		   "# TYPE creel_spool_limit_bytes gauge\ncreel_spool_limit_bytes %" PRIu64 "\n",
		   m->connections_refused, ingress_connections(a->relay->ingress), m->deliveries, m->bytes_in,
		   m->bytes_out, m->tunnels, m->in_flight, m->spooled, m->accepted, level.count, level.bytes,
		   quota->taken.spool, quota->taken.file, quota->limits.relay) &&
	       buffer_put_u8(&out, 0);
	enum MHD_Result result =
	    fine ? reply(c, 200, "text/plain; version=0.0.4; charset=utf-8", (const char *)out.at) : MHD_NO;
	buffer_free(&out);
	return result;
}

/* Whether webhooks may be sent here now. */
static enum MHD_Result reply_readiness(const struct admin *a, struct MHD_Connection *c)
{
	if (a->relay->draining)
		return reply(c, 503, "text/plain", "draining\n");
	if (spool_disk_is_full(a->relay->registry->spool))
		return reply(c, 503, "text/plain",
			     "the disk of the data folder is full: less than 16 MiB are free, and what has to wait is "
			     "refused\n");
	return reply(c, 200, "text/plain", "ready\n");
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
		return reply(
		    c, 421, "text/plain; charset=utf-8",
		    "creel: The admin pages answer to localhost, 127.0.0.1 and [::1] alone: ask one of these in "
		    "the place of another Host.\n");
	if (strcmp(method, "GET") != 0)
		return reply(c, 405, "text/plain", "creel: GET only\n");
	if (strcmp(url, "/healthz") == 0)
		return reply(c, 200, "text/plain", "ok\n");
	if (strcmp(url, "/readyz") == 0)
		return reply_readiness(a, c);
	if (strcmp(url, "/metrics") == 0)
		return reply_metrics(a, c);
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
	struct MHD_Daemon *mhd =
	    MHD_start_daemon(flags, 0, NULL, NULL, on_request, a, MHD_OPTION_SOCK_ADDR,
			     six ? (struct sockaddr *)&v6 : (struct sockaddr *)&v4, MHD_OPTION_CONNECTION_TIMEOUT, 10u,
			     MHD_OPTION_CONNECTION_LIMIT, 64u, MHD_OPTION_END);
	a->daemon = mhd ? http_daemon_new(relay->loop, mhd) : NULL;
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
		http_daemon_close(a->daemon, on_closed, a);
}
