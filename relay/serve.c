#include "relay/serve.h"

#include "relay/admin.h"
#include "relay/acme/acme.h"
#include "relay/control/control.h"
#include "relay/serve_cluster.h"
#include "relay/serve_options.h"
#include "relay/service_notify.h"
#include "relay/senders/browser_warning.h"
#include "relay/senders/senders.h"
#include "relay/common/loops.h"
#include "relay/common/throttle.h"
#include "relay/senders/listener.h"
#include "relay/names/router.h"
#include "relay/names/tokens.h"
#include "relay/net/trusted.h"
#include "relay/links/tunnel_server.h"
#include "relay/registry/registry.h"
#include "shared/disk/file.h"
#include "shared/options/ini_file.h"
#include "shared/program/log.h"
#include "shared/program/loop.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#define HOUSEKEEPING_MS 1000
#define DRAIN_STEP_MS 50
#define DESCRIPTORS_MOST 1048576

struct serve {
	struct relay relay;
	struct listener *listeners[LIMIT_LISTENERS];
	size_t listener_count;
	struct admin *admin;
	struct serve_cluster cluster;
	struct acme *acme;       /* NULL: without --acme */
	struct control *control; /* NULL also where the data folder's file system has no sockets */
	uv_signal_t on_term, on_int, on_hup;
	uv_timer_t housekeeping;
	struct service_notify manager;
	uint64_t drain_deadline;
	bool closing, spooling;
	bool tokens_wanted;    /* though there are none */
	struct error ended_by; /* what the cluster says, where it makes the relay end; code EXIT_DONE: nothing */
};

static bool write_file(const char *path, const char *text, struct error *e)
{
	if (file_replace_line(path, text))
		return true;
	return errno == ENAMETOOLONG
		   ? error_set(e, EXIT_USAGE, "the path %s is too long", path)
		   : error_set(e, EXIT_USAGE, "%s cannot be written: check the folder and its permissions", path);
}

/* ---- ending ---- */

static void on_tick(uv_timer_t *h);

static void close_everything(struct serve *s)
{
	if (s->closing)
		return;
	s->closing = true;
	tunnel_server_close(s->relay.tunnels);
	senders_close(s->relay.senders);
	admin_close(s->admin);
	control_close(s->control);
	acme_close(s->acme);
	serve_cluster_leave(&s->cluster);
	uv_close((uv_handle_t *)&s->on_term, NULL);
	uv_close((uv_handle_t *)&s->on_int, NULL);
	uv_close((uv_handle_t *)&s->on_hup, NULL);
	uv_timer_start(&s->housekeeping, on_tick, DRAIN_STEP_MS, DRAIN_STEP_MS);
}

static void start_drain(struct serve *s)
{
	if (s->relay.draining) {
		close_everything(s);
		return;
	}
	log_event(LOG_INFO, "draining", NULL);
	service_notify_stopping(&s->manager);
	s->relay.draining = true;
	for (size_t i = 0; i < s->listener_count; i++)
		listener_close(s->listeners[i]);
	s->listener_count = 0;
	tunnel_server_goaway(s->relay.tunnels);
	registry_end_upgrades(s->relay.registry);
	s->drain_deadline = uv_now(s->relay.loop) + (uint64_t)s->relay.settings.drain_ms;
	uv_timer_start(&s->housekeeping, on_tick, 0, DRAIN_STEP_MS);
}

static void on_end_signal(uv_signal_t *h, int number)
{
	(void)number;
	start_drain(h->data);
}

/* The certificate, as it is on disk now. */
static bool reload_certificate(struct serve *s, struct error *e)
{
	/* senders first: a pair that cannot be used is not even shown to the tunnels, and both keep the old one. */
	return senders_reload(s->relay.senders, e) && tunnel_server_reload(s->relay.tunnels, e);
}

static void on_renewed(void *user)
{
	struct serve *s = user;
	struct error e;
	if (!reload_certificate(s, &e))
		log_event(LOG_ERROR, "certificate_not_used", "failure", e.text, NULL);
}

static void on_reload_signal(uv_signal_t *h, int number)
{
	struct serve *s = h->data;
	struct error e;
	(void)number;
	service_notify_reloading(&s->manager);
	bool fine = reload_certificate(s, &e);
	log_event(fine ? LOG_INFO : LOG_ERROR, "reloaded", "failure", fine ? NULL : e.text, NULL);
	tunnel_server_check_tokens(s->relay.tunnels);
	registry_check_names(s->relay.registry);
	if (s->acme)
		acme_try_again(s->acme);
	service_notify_reloaded(&s->manager);
}

static void on_tick(uv_timer_t *h)
{
	struct serve *s = h->data;
	if (s->closing) {
		/* The tunnels' close frames had a turn of the loop to leave. */
		uv_stop(s->relay.loop);
	} else if (s->relay.draining) {
		uint64_t now = uv_now(s->relay.loop);
		bool late = now >= s->drain_deadline;
		if (late && !s->spooling) {
			/* What is still under way goes to the spool, and its senders get 202. */
			s->spooling = true;
			registry_spool_all(s->relay.registry);
		}
		if (senders_busy(s->relay.senders) == 0 || now >= s->drain_deadline + UINT64_C(1000) * LIMIT_DRAIN_REST)
			close_everything(s);
	} else {
		tunnel_server_check_tokens(s->relay.tunnels);
		tunnel_server_check_links(s->relay.tunnels);
		registry_check_names(s->relay.registry);
		senders_watch_certificate(s->relay.senders);
		memory_tidy(&s->relay.memory, senders_connections(s->relay.senders));
		throttle_sweep(s->relay.throttle, uv_now(s->relay.loop));
		log_digest_flush(s->relay.digest, uv_now(s->relay.loop));
	}
}

/* ---- starting ---- */

static bool check_addresses(const struct option_values *list, struct error *e)
{
	for (size_t i = 0; i < list->count; i++)
		if (!listener_check_address(list->at[i], e))
			return false;
	return true;
}

/* A proxy on this machine opens a relay on loopback to everybody. A public name shows that there is one. */
static bool may_be_called(const struct settings *set, struct error *e)
{
	struct bytes url = set->public_url ? host_check_authority(set->public_url) : bytes_of("");
	bool bad_url = url.len > 0 && !host_check_is_loopback(url);
	bool bad_domain = set->domain && !host_check_is_loopback(bytes_of(set->domain));
	if (!bad_url && !bad_domain)
		return true;
	return error_set(e, EXIT_USAGE,
			 "without tokens the relay is for this machine alone, and --%s %.200s is not: make a token "
			 "with `creel-relay token add NAME --data %s`",
			 bad_url ? "public-url" : "domain", bad_url ? set->public_url : set->domain, set->data);
}

static bool is_for_this_machine(const struct serve *s, struct error *e)
{
	const struct option_values *lists[] = { &s->relay.settings.listen, &s->relay.settings.tunnel_listen };
	for (size_t k = 0; k < 2; k++)
		for (size_t i = 0; i < lists[k]->count; i++)
			if (!listener_is_loopback(lists[k]->at[i]))
				return error_set(
				    e, EXIT_USAGE,
				    "without tokens the relay serves loopback only, and %s is not: make a token with "
				    "`creel-relay token add NAME --data %s`",
				    lists[k]->at[i], s->relay.settings.data);
	const char *acme = listener_for_acme(&s->relay.settings);
	if (acme && !listener_is_loopback(acme))
		return error_set(
		    e, EXIT_USAGE,
		    "without tokens the relay serves loopback only, and --acme opens port 80: make a token "
		    "with `creel-relay token add NAME --data %s`",
		    s->relay.settings.data);
	return may_be_called(&s->relay.settings, e);
}

static bool may_serve(struct serve *s, struct error *e)
{
	int tokens = tokens_count(s->relay.tokens);
	if (tokens < 0)
		return error_set(e, EXIT_STORE, "the tokens in %s cannot be read", s->relay.settings.data);
	if (tokens > 0)
		return true;
	/* A new node of a cluster has none yet: until it has, nobody is let in. */
	s->tokens_wanted = s->relay.settings.cluster && !is_for_this_machine(s, NULL);
	if (s->tokens_wanted)
		return true;
	log_event(LOG_INFO, "no_tokens", "text", "serving loopback only, to anyone on this machine", NULL);
	return is_for_this_machine(s, e);
}

static bool listen_on(struct serve *s, const struct option_values *addresses, bool tunnels_only, struct error *e)
{
	for (size_t i = 0; i < addresses->count; i++) {
		if (s->listener_count == LIMIT_LISTENERS)
			return error_set(e, EXIT_USAGE, "the relay listens on at most %d addresses", LIMIT_LISTENERS);
		struct listener *l = listener_new(&s->relay, addresses->at[i], tunnels_only, e);
		if (!l)
			return false;
		s->listeners[s->listener_count++] = l;
		log_event(LOG_INFO, "listening", "address", listener_address(l), "for",
			  tunnels_only ? "tunnels" : "all", NULL);
	}
	return true;
}

/* Sockets that the service manager opened (sd_listen_fds(3)) stand in the place of --listen; those that it named
 * "tunnels" are for tunnels alone. *count: of the former. */
static bool listen_inherited(struct serve *s, size_t *count, struct error *e)
{
	const char *pid = getenv("LISTEN_PID"), *fds = getenv("LISTEN_FDS"), *names = getenv("LISTEN_FDNAMES");
	bool ours = pid && fds && strtoll(pid, NULL, 10) == (long long)getpid();
	unsigned long number = ours ? strtoul(fds, NULL, 10) : 0;
	*count = 0;
	for (unsigned long i = 0; i < number; i++) {
		size_t len = names ? strcspn(names, ":") : 0;
		bool tunnels = len == 7 && memcmp(names, "tunnels", 7) == 0;
		names = names && names[len] ? names + len + 1 : NULL;
		struct listener *l =
		    s->listener_count < LIMIT_LISTENERS ? listener_adopt(&s->relay, 3 + (int)i, tunnels, e) : NULL;
		if (!l)
			return error_set(e, EXIT_RELAY, "a socket of the service manager cannot be used");
		s->listeners[s->listener_count++] = l;
		log_event(LOG_INFO, "listening", "address", listener_address(l), "for", tunnels ? "tunnels" : "all",
			  "from", "service manager", NULL);
		bool open = tokens_count(s->relay.tokens) <= 0 && !listener_is_loopback(listener_address(l));
		s->tokens_wanted |= open && s->relay.settings.cluster;
		if (open && !s->relay.settings.cluster)
			return error_set(e, EXIT_USAGE,
					 "without tokens the relay serves loopback only, and %s is not: make a token "
					 "with `creel-relay token add NAME --data %s`",
					 listener_address(l), s->relay.settings.data);
		*count += !tunnels;
	}
	unsetenv("LISTEN_PID");
	unsetenv("LISTEN_FDS");
	unsetenv("LISTEN_FDNAMES");
	return true;
}

/* The certificate authority comes to port 80, wherever the webhooks do. */
static bool listen_for_acme(struct serve *s, struct error *e)
{
	const char *address = listener_for_acme(&s->relay.settings), *without_ipv6 = "0.0.0.0:80";
	const struct option_values first = { &address, 1 }, second = { &without_ipv6, 1 };
	return !address || listen_on(s, &first, false, e) ||
	       (!s->relay.settings.acme_listen && listen_on(s, &second, false, e));
}

static bool settle_public_url(struct serve *s, struct error *e)
{
	const char *given = s->relay.settings.public_url;
	if (!given && s->relay.settings.acme.count > 0) {
		snprintf(s->relay.public_url, sizeof s->relay.public_url, "https://%s", s->relay.settings.acme.at[0]);
		return true;
	}
	if (!given) {
		snprintf(s->relay.public_url, sizeof s->relay.public_url, "%s://%s",
			 s->relay.settings.tls_cert ? "https" : "http", listener_address(s->listeners[0]));
		return true;
	}
	if ((strncmp(given, "http://", 7) != 0 && strncmp(given, "https://", 8) != 0) ||
	    strlen(given) > LIMIT_PUBLIC_URL || strpbrk(given, " \t\r\n?#"))
		return error_set(e, EXIT_USAGE,
				 "--public-url %s is not a URL: write for example https://hooks.example.com", given);
	snprintf(s->relay.public_url, sizeof s->relay.public_url, "%s", given);
	size_t len = strlen(s->relay.public_url);
	while (len > 8 && s->relay.public_url[len - 1] == '/')
		s->relay.public_url[--len] = 0;
	return true;
}

static bool is_loopback(const struct option_values *list)
{
	for (size_t i = 0; i < list->count; i++)
		if (!listener_is_loopback(list->at[i]))
			return false;
	return true;
}

/* By a socket that it was given; those of --acme-listen are not asked here. */
static bool is_called_from_elsewhere(const struct serve *s)
{
	return s->relay.settings.acme.count == 0 && !listener_is_loopback(listener_address(s->listeners[0]));
}

static void settle_names(struct serve *s)
{
	const struct settings *set = &s->relay.settings;
	s->relay.names = (struct host_names){
		.any = !is_loopback(&set->listen) || !is_loopback(&set->tunnel_listen) || is_called_from_elsewhere(s),
		.public_url = s->relay.public_url,
		.domain = set->domain,
		.listen = &set->listen,
	};
}

static bool know_tunnel(void *user, const char *name)
{
	return router_know(user, name);
}

/* What the listeners' sides stand on. Tunnel names of earlier runs stay known, so that their senders are told to try
 * again (503) and not to give up (404). */
static bool make_parts(struct serve *s, struct error *e)
{
	struct settings *set = &s->relay.settings;
	const struct throttle_settings rates = { set->max_connections_per_address, set->rate_per_address,
						 set->rate_per_tunnel, set->refusals_per_address };
	s->relay.router = router_new(set->domain);
	s->relay.throttle = throttle_new(&rates);
	s->relay.digest = log_digest_new();
	s->relay.loops = loops_new();
	if (!s->relay.router || !s->relay.throttle || !s->relay.loops)
		return error_set(e, EXIT_RELAY, "out of memory");
	if (set->browser_warning && !(s->relay.warning = browser_warning_new()))
		return error_set(e, EXIT_RELAY, "out of memory, or of random bytes");
	return tokens_recall_tunnels(s->relay.tokens, know_tunnel, s->relay.router, e);
}

static void on_cluster_refused(void *user, const struct error *e)
{
	struct serve *s = user;
	s->ended_by = *e;
	start_drain(s);
}

/* Webhooks matter more than `creel-relay status`. */
static void open_control(struct serve *s)
{
	struct error e;
	if (!(s->control = control_new(&s->relay, &e)))
		log_event(LOG_WARN, "no_control", "failure", e.text, NULL);
}

static bool start(struct serve *s, struct error *e)
{
	struct settings *set = &s->relay.settings;
	size_t inherited;
	if (!(s->relay.trusted = trusted_new(&set->trusted_proxy, e)) || !check_addresses(&set->listen, e) ||
	    !check_addresses(&set->tunnel_listen, e) || !tokens_open(&s->relay.tokens, set->data, true, e) ||
	    !may_serve(s, e) || !make_parts(s, e) ||
	    !serve_cluster_join(&s->cluster, &s->relay, on_cluster_refused, s, e))
		return false;
	if (set->acme.count > 0 && !(s->acme = acme_new(&s->relay, e)))
		return false;
	/* senders before the tunnels: their sentence about a bad certificate is the better one. */
	s->relay.senders = senders_new(&s->relay, e);
	if (!s->relay.senders || !(s->relay.registry = registry_new(&s->relay, e)) ||
	    !serve_cluster_begin(&s->cluster, e))
		return false;
	s->relay.tunnels = tunnel_server_new(&s->relay, e);
	if (!s->relay.tunnels || !listen_inherited(s, &inherited, e) ||
	    (inherited == 0 && !listen_on(s, &set->listen, false, e)) || !settle_public_url(s, e) ||
	    !listen_on(s, &set->tunnel_listen, true, e) || !listen_for_acme(s, e))
		return false;
	settle_names(s);
	if (s->tokens_wanted)
		tunnel_server_want_tokens(s->relay.tunnels);
	if (set->admin && !(s->admin = admin_new(&s->relay, set->admin, e)))
		return false;
	open_control(s);
	if (s->acme)
		acme_begin(s->acme, on_renewed, s);
	if (set->admin_port_file && s->admin && !write_file(set->admin_port_file, admin_address(s->admin), e))
		return false;
	return !set->port_file || write_file(set->port_file, listener_address(s->listeners[0]), e);
}

static void free_relay(struct serve *s)
{
	struct relay *r = &s->relay;
	for (size_t i = 0; i < s->listener_count; i++)
		listener_close(s->listeners[i]);
	if (!s->closing) { /* the start failed */
		if (r->senders)
			senders_close(r->senders);
		admin_close(s->admin);
		control_close(s->control);
		acme_close(s->acme);
		serve_cluster_leave(&s->cluster);
		uv_close((uv_handle_t *)&s->on_term, NULL);
		uv_close((uv_handle_t *)&s->on_int, NULL);
		uv_close((uv_handle_t *)&s->on_hup, NULL);
	}
	uv_close((uv_handle_t *)&s->housekeeping, NULL);
	service_notify_end(&s->manager);
	/* The last connections give their streams back to the registry, which may still spool some. */
	tunnel_server_end(r->tunnels);
	if (r->registry)
		registry_close(r->registry, NULL, NULL);
	uv_run(r->loop, UV_RUN_DEFAULT);
	tunnel_server_free(r->tunnels);
	senders_free(r->senders);
	registry_free(r->registry);
	router_free(r->router);
	throttle_free(r->throttle);
	loops_free(r->loops);
	log_digest_free(r->digest);
	browser_warning_free(r->warning);
	trusted_free(r->trusted);
	tokens_close(r->tokens);
	acme_free(s->acme);
}

static void start_signals(struct serve *s)
{
	uv_signal_init(s->relay.loop, &s->on_term);
	uv_signal_init(s->relay.loop, &s->on_int);
	uv_signal_init(s->relay.loop, &s->on_hup);
	uv_timer_init(s->relay.loop, &s->housekeeping);
	s->on_term.data = s->on_int.data = s->on_hup.data = s->housekeeping.data = s;
	uv_signal_start(&s->on_term, on_end_signal, SIGTERM);
	uv_signal_start(&s->on_int, on_end_signal, SIGINT);
	uv_signal_start(&s->on_hup, on_reload_signal, SIGHUP);
	uv_timer_start(&s->housekeeping, on_tick, HOUSEKEEPING_MS, HOUSEKEEPING_MS);
}

static void prepare_process(void)
{
	struct rlimit files;
	/* Every connection is a descriptor; the soft limit is often 1024. libwebsockets (4.1) has a table with a place
	 * for each that there may be, so "unlimited" is taken as a million. */
	if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
		files.rlim_cur = files.rlim_max < DESCRIPTORS_MOST ? files.rlim_max : DESCRIPTORS_MOST;
		setrlimit(RLIMIT_NOFILE, &files);
	}
	umask(077);
	signal(SIGPIPE, SIG_IGN);
}

static int serve(struct settings *settings, struct error *e)
{
	static const char *const levels[] = { "debug", "info", "warn", "error" };
	struct serve s = { 0 };
	uv_loop_t loop;
	for (int i = 0; i < 4; i++)
		if (strcmp(settings->log_level, levels[i]) == 0)
			log_set_level((enum log_level)i);
	log_set_format(strcmp(settings->log_format, "json") == 0 ? LOG_JSON : LOG_LOGFMT);
	if (!loop_open(&loop, EXIT_RELAY, e))
		return EXIT_RELAY;
	prepare_process();
	s.relay.loop = &loop;
	s.relay.settings = *settings;
	memory_begin(&s.relay.memory, settings->memory_max);
	start_signals(&s);
	service_notify_begin(&s.manager, &loop);
	bool started = start(&s, e);
	if (started) {
		log_event(LOG_INFO, "serving", "url", s.relay.public_url, "version", CREEL_VERSION, NULL);
		service_notify_ready(&s.manager, s.relay.public_url);
		uv_run(&loop, UV_RUN_DEFAULT);
		log_event(LOG_INFO, "ended", NULL);
	}
	free_relay(&s);
	uv_loop_close(&loop);
	if (s.ended_by.code != EXIT_DONE)
		*e = s.ended_by;
	return !started || s.ended_by.code != EXIT_DONE ? (int)e->code : EXIT_DONE;
}

int serve_run(int argc, char **argv, struct secret_gate *gate, struct error *e)
{
	struct serve_options o;
	int status = EXIT_USAGE;
	if (serve_options_read(&o, argc, argv, gate, e))
		status = serve_options_print(stdout, &o) ? EXIT_DONE : serve(&o.set, e);
	serve_options_free(&o);
	return status;
}
