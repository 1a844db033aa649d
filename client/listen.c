/* The running client: loop, signals, ready file, status row. The command's options are in cmd_listen.c. */
#include "client/cmd_listen.h"
#include "client/exec.h"
#include "client/output.h"
#include "client/session.h"
#include "shared/seal.h"
#include "shared/wire.h"

#include <errno.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define FINISH_MS 3000
#define END_STEP_MS 20
#define CLOSE_MS 1000
#define DRAIN_MOST 1000

struct listen {
	uv_loop_t loop;
	const struct listen_options *options;
	enum output_mode mode;
	struct route *routes;
	size_t route_count;
	struct seal_key *key;
	char *folder; /* the store's */
	struct recorder *recorder;
	struct forwarder *forwarder;
	struct session *session;
	struct tunnel *tunnel;
	struct exec *exec; /* or NULL */
	uv_signal_t on_int, on_term;
	uv_timer_t status_timer, end_timer, connect_timer;
	uint64_t started_at_us, end_deadline;
	bool was_online, ending, closing_parts, timers_open;
	int exit_status;
	struct error *error;
	enum tunnel_state state;
	char detail[700], store_trouble[600];
};

static uint64_t now_us(void)
{
	struct timespec now;
	clock_gettime(CLOCK_REALTIME, &now);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

/* What is wrong: no connection first, then no room for what comes over it. */
static const char *detail_of(const struct listen *l)
{
	return *l->detail ? l->detail : l->store_trouble;
}

static void put_status(struct listen *l)
{
	struct client_status c = {
		.pid = getpid(),
		.started_at_us = l->started_at_us,
		.confirmed_at_us = tunnel_confirmed_at_us(l->tunnel),
		.ping_interval_ms = (uint64_t)l->options->tunnel.ping_interval_ms,
		.state = bytes_of(output_state_name(l->state)),
		.detail = bytes_of(detail_of(l)),
		.relay = bytes_of(l->options->tunnel.relay),
		.url = bytes_of(tunnel_public_url(l->tunnel)),
		.tunnel = bytes_of(tunnel_name(l->tunnel)),
		.target = bytes_of(l->routes[l->route_count - 1].target),
	};
	if (!l->ending)
		recorder_put_status(l->recorder, &c);
}

static bool write_ready_file(const char *path, const char *url)
{
	char temporary[4096];
	if (snprintf(temporary, sizeof temporary, "%s.tmp", path) >= (int)sizeof temporary)
		return false;
	FILE *f = fopen(temporary, "w");
	bool fine = f && fprintf(f, "%s\n", url) > 0;
	if (f && fclose(f) != 0)
		fine = false;
	if (fine && rename(temporary, path) == 0)
		return true;
	unlink(temporary);
	return false;
}

/* ---- ending: finish what is in flight, then close tunnel, forwarder, recorder, loop ---- */

static void close_parts(struct listen *l)
{
	if (l->closing_parts)
		return;
	l->closing_parts = true;
	session_cancel(l->session);
	if (l->exec)
		exec_stop(l->exec);
	recorder_drop_status(l->recorder, getpid());
	tunnel_close(l->tunnel, NULL, NULL);
	l->end_deadline = uv_now(&l->loop) + CLOSE_MS;
}

static void on_end_step(uv_timer_t *h)
{
	struct listen *l = h->data;
	bool late = uv_now(&l->loop) >= l->end_deadline;
	bool idle = session_busy(l->session) == 0 && (!l->exec || exec_busy(l->exec) == 0);
	if (!l->closing_parts) {
		if (idle || late)
			close_parts(l);
	} else if ((idle && !tunnel_link(l->tunnel)) || late) {
		uv_stop(&l->loop);
	}
}

static void end(struct listen *l, int status)
{
	if (l->ending) {
		close_parts(l); /* asked twice: at once */
		return;
	}
	l->ending = true;
	l->exit_status = status;
	session_drain(l->session);
	l->end_deadline = uv_now(&l->loop) + FINISH_MS;
	uv_timer_start(&l->end_timer, on_end_step, 0, END_STEP_MS);
}

static void on_signal(uv_signal_t *h, int number)
{
	end(h->data, number == SIGINT ? EXIT_INTERRUPTED : EXIT_DONE);
}

/* ---- what happens ---- */

static void on_state(void *user, enum tunnel_state state, const char *detail)
{
	struct listen *l = user;
	l->state = state;
	snprintf(l->detail, sizeof l->detail, "%s", detail);
	if (l->ending)
		return;
	const char *url = tunnel_public_url(l->tunnel);
	if (state == TUNNEL_ONLINE && !l->was_online) {
		l->was_online = true;
		uv_timer_stop(&l->connect_timer);
		output_ready(l->mode, url, tunnel_name(l->tunnel), l->routes[l->route_count - 1].target);
		if (l->options->ready_file && !write_ready_file(l->options->ready_file, url))
			output_trouble(l->mode, "the ready file cannot be written; check its folder");
		if (l->options->on_ready)
			l->options->on_ready(l->options->on_ready_user, url);
		if (l->mode == OUTPUT_JSON)
			output_state(l->mode, state, detail, url);
	} else if (l->was_online ||
		   state != TUNNEL_CONNECTING) { /* programs read "ready" first, unless there is trouble */
		output_state(l->mode, state, detail, url);
	}
	put_status(l);
}

static void on_delivery(void *user, const struct delivery_row *row)
{
	struct listen *l = user;
	output_delivery(l->mode, row);
	if (!l->options->target && l->mode == OUTPUT_LINES && row->state != DELIVERY_REFUSED) {
		output_row(stdout, row, true);
		fflush(stdout);
	}
}

static void on_attempt(void *user, const struct delivery_row *row, const struct attempt_row *a)
{
	struct listen *l = user;
	output_attempt(l->mode, row, a);
}

static void on_over(void *user, int64_t delivery_id)
{
	struct listen *l = user;
	if (l->exec)
		exec_add(l->exec, delivery_id);
}

static void on_command(void *user, int64_t delivery_id)
{
	struct listen *l = user;
	if (!l->options->target)
		recorder_set_state(l->recorder, delivery_id, DELIVERY_SENDING);
}

static void on_command_over(void *user, int64_t delivery_id, bool fine)
{
	struct listen *l = user;
	if (!l->options->target)
		recorder_set_state(l->recorder, delivery_id, fine ? DELIVERY_DELIVERED : DELIVERY_FAILED);
}

static void on_trouble(void *user, const char *sentence)
{
	struct listen *l = user;
	output_trouble(l->mode, sentence);
}

/* Told on the status line and by one sentence, however many deliveries go back. */
static void on_store(void *user, const char *sentence)
{
	struct listen *l = user;
	char text[700];
	snprintf(l->store_trouble, sizeof l->store_trouble, "%s", sentence ? sentence : "");
	if (sentence)
		snprintf(text, sizeof text, "deliveries are refused: %s", sentence);
	else
		snprintf(text, sizeof text, "deliveries are recorded again");
	output_trouble(l->mode, text);
	if (l->ending)
		return;
	if (l->mode == OUTPUT_JSON && l->was_online)
		output_state(l->mode, l->state, detail_of(l), tunnel_public_url(l->tunnel));
	put_status(l);
}

static void on_stop(void *user, const struct error *why)
{
	struct listen *l = user;
	*l->error = *why;
	end(l, (int)why->code);
}

static const struct session_events events = {
	on_state, on_delivery, on_attempt, on_over, on_trouble, on_store, on_stop
};
static const struct exec_ops exec_ops = { on_trouble, on_command, on_command_over };

static void on_status_tick(uv_timer_t *h)
{
	put_status(h->data);
}

static void on_connect_late(uv_timer_t *h)
{
	struct listen *l = h->data;
	error_set(l->error, EXIT_RELAY, "the tunnel was not online within %lld ms: %s",
		  (long long)l->options->connect_timeout_ms, *l->detail ? l->detail : "the relay did not answer");
	end(l, EXIT_RELAY);
}

/* ---- starting ---- */

static bool add_route(struct listen *l, const char *text, struct error *e)
{
	const char *equals = strrchr(text, '=');
	struct route *r = &l->routes[l->route_count];
	if (text[0] != '/' || !equals || equals == text + 1)
		return error_set(e, EXIT_USAGE, "--route '%.100s' is not /path=PORT or /path=URL", text);
	r->path = strndup(text, (size_t)(equals - text));
	r->target = r->path ? forward_parse_target(equals + 1, l->options->forward.allow_remote_target, e) : NULL;
	l->route_count++;
	return r->target != NULL;
}

static bool make_routes(struct listen *l, struct error *e)
{
	l->routes = calloc(l->options->routes.count + 1, sizeof *l->routes);
	if (!l->routes)
		return error_set(e, EXIT_USAGE, "out of memory");
	for (size_t i = 0; i < l->options->routes.count; i++)
		if (!add_route(l, l->options->routes.at[i], e))
			return false;
	struct route *last = &l->routes[l->route_count++];
	last->path = strdup("");
	if (!l->options->target)
		return last->path && (last->target = strdup("--exec"));
	last->target = forward_parse_target(l->options->target, l->options->forward.allow_remote_target, e);
	return last->path && last->target;
}

static void start_handles(struct listen *l)
{
	uv_signal_init(&l->loop, &l->on_int);
	uv_signal_init(&l->loop, &l->on_term);
	uv_timer_init(&l->loop, &l->status_timer);
	uv_timer_init(&l->loop, &l->end_timer);
	uv_timer_init(&l->loop, &l->connect_timer);
	l->on_int.data = l->on_term.data = l->status_timer.data = l->end_timer.data = l->connect_timer.data = l;
	uv_signal_start(&l->on_int, on_signal, SIGINT);
	uv_signal_start(&l->on_term, on_signal, SIGTERM);
	l->timers_open = true;
}

/* Beside the database: creel.db, creel.key. */
static struct seal_key *load_key(const char *db, struct error *e)
{
	struct buffer path = { 0 };
	size_t len = strlen(db);
	struct seal_key *key = NULL;
	if (len > 3 && strcmp(db + len - 3, ".db") == 0)
		len -= 3;
	if (buffer_printf(&path, "%.*s.key", (int)len, db) && buffer_put_u8(&path, 0))
		key = seal_key_load((char *)path.at, e);
	else
		error_set(e, EXIT_STORE, "out of memory");
	buffer_free(&path);
	return key;
}

static char *folder_of(const char *db, struct error *e)
{
	const char *slash = strrchr(db, '/');
	char *folder = !slash ? strdup(".") : strndup(db, slash > db ? (size_t)(slash - db) : 1);
	if (!folder)
		error_set(e, EXIT_STORE, "out of memory");
	return folder;
}

static bool start_exec(struct listen *l, const char *path, struct error *e)
{
	struct exec_options xo = {
		.command = l->options->exec,
		.db = path,
		.output = l->mode == OUTPUT_JSON ? STDERR_FILENO : STDOUT_FILENO,
		.errors = STDERR_FILENO,
	};
	return !xo.command || (l->exec = exec_new(&l->loop, &xo, &exec_ops, l, e));
}

static bool start(struct listen *l, struct error *e)
{
	char *path = l->options->db ? strdup(l->options->db) : store_default_path(e);
	bool ready = path && (l->recorder = recorder_new(&l->loop, path, e)) && (l->key = load_key(path, e)) &&
		     (l->folder = folder_of(path, e)) && start_exec(l, path, e);
	struct session_options so = {
		.routes = l->routes,
		.route_count = l->route_count,
		.record_max = l->options->record_max,
		.folder = l->folder,
		.key = l->key,
		.drain_parallel = l->options->tunnel.drain_parallel,
		.hold = l->options->hold,
		.chaos = l->options->chaos ? &l->options->chaos_spec : NULL,
		.answer_challenges = l->options->answer_challenges,
		.secrets = &l->options->secrets,
		.no_app = !l->options->target,
	};
	struct tunnel_options to = l->options->tunnel;
	free(path);
	if (!ready || !(l->forwarder = forwarder_new(&l->loop, &l->options->forward, e)))
		return false;
	l->session = session_new(&l->loop, &so, l->recorder, l->forwarder, &events, l);
	if (!l->session)
		return error_set(e, EXIT_STORE, "out of memory");
	to.public_key = seal_key_public(l->key);
	l->tunnel = tunnel_new(&l->loop, &to, &session_tunnel_ops, l->session, e);
	if (!l->tunnel)
		return false;
	session_set_tunnel(l->session, l->tunnel);
	uint64_t interval = (uint64_t)l->options->tunnel.ping_interval_ms;
	uv_timer_start(&l->status_timer, on_status_tick, interval, interval);
	if (l->options->chaos && !l->options->chaos_spec.seeded) {
		char text[100];
		snprintf(text, sizeof text, "chaos is on; seed=%llu repeats it",
			 (unsigned long long)l->options->chaos_spec.seed);
		output_trouble(l->mode, text);
	}
	if (l->options->connect_timeout_ms)
		uv_timer_start(&l->connect_timer, on_connect_late, (uint64_t)l->options->connect_timeout_ms, 0);
	e->text[0] = 0; /* of what was tried on the way, such as to read a key that had to be made */
	tunnel_start(l->tunnel);
	return true;
}

static void free_parts(struct listen *l)
{
	/* libuv puts the default action back when its handles close: a further Ctrl-C must not kill what is being put
	 * away. */
	sigset_t ends;
	sigemptyset(&ends);
	sigaddset(&ends, SIGINT);
	sigaddset(&ends, SIGTERM);
	pthread_sigmask(SIG_BLOCK, &ends, NULL);
	if (l->timers_open) {
		uv_handle_t *handles[] = { (uv_handle_t *)&l->on_int, (uv_handle_t *)&l->on_term,
					   (uv_handle_t *)&l->status_timer, (uv_handle_t *)&l->end_timer,
					   (uv_handle_t *)&l->connect_timer };
		for (size_t i = 0; i < sizeof handles / sizeof *handles; i++)
			uv_close(handles[i], NULL);
	}
	if (l->tunnel && !l->closing_parts)
		tunnel_close(l->tunnel, NULL, NULL);
	exec_close(l->exec);
	l->exec = NULL;
	/* The recorder's last jobs call back into streams: it ends first, while the loop still turns. */
	if (l->recorder)
		recorder_close(l->recorder, NULL, NULL);
	if (l->forwarder)
		forwarder_close(l->forwarder, NULL, NULL);
	tunnel_free(l->tunnel);
	if (l->session) {
		session_set_tunnel(l->session, NULL);
		session_free(l->session);
	}
	uv_run(&l->loop, UV_RUN_DEFAULT);
	tunnel_free_rest(l->tunnel);
	seal_key_free(l->key);
	free(l->folder);
	for (size_t i = 0; i < l->route_count; i++) {
		free(l->routes[i].path);
		free(l->routes[i].target);
	}
	free(l->routes);
}

void listen_defaults(struct listen_options *o)
{
	memset(o, 0, sizeof *o);
	o->output = "auto";
	o->record_max = 64u << 20;
	o->offline = "queue";
	o->ack = "app";
	o->drain_parallel = 4;
	o->tunnel.ping_interval_ms = 15000;
	o->forward.timeout_ms = 30000;
	o->forward.wait_for_target_ms = 5000;
	o->forward.host_header = "rewrite";
}

bool listen_take_options(struct listen_options *o, struct error *e)
{
	if (o->drain_parallel > DRAIN_MOST)
		return error_set(e, EXIT_USAGE, "--drain-parallel goes from 0 (the relay's default) to %d", DRAIN_MOST);
	if (o->exec && !exec_check(o->exec, e))
		return false;
	if (o->chaos && !chaos_parse(o->chaos, &o->chaos_spec, e))
		return false;
	if (!secrets_read(&o->secret_specs, true, &o->secrets, e))
		return false;
	if (!o->target && (o->hold || o->routes.count || o->chaos))
		return error_set(e, EXIT_USAGE, "%s needs an app: name its port or URL",
				 o->hold    ? "--hold"
				 : o->chaos ? "--chaos"
					    : "--route");
	o->tunnel.drain_parallel = (uint32_t)o->drain_parallel;
	o->tunnel.wire_options = (o->share ? WIRE_OPTION_SHARE : 0u) |
				 (strcmp(o->ack, "immediate") == 0 ? WIRE_OPTION_ACK_IMMEDIATE : 0u) |
				 (strcmp(o->offline, "fail") == 0 ? WIRE_OPTION_OFFLINE_FAIL : 0u);
	return true;
}

static void set_limits(void)
{
	struct rlimit files;
	if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
		files.rlim_cur =
		    files.rlim_max < 10240 ? files.rlim_max : 10240; /* macOS takes no more than OPEN_MAX */
		setrlimit(RLIMIT_NOFILE, &files);
	}
#ifdef __GLIBC__
	/* The writer thread's arena would give its pages back after every batch and fault them in for the next. */
	mallopt(M_TRIM_THRESHOLD, 8 << 20);
	mallopt(M_TOP_PAD, 1 << 20);
#endif
	umask(077);
	signal(SIGPIPE, SIG_IGN);
}

int listen_run(const struct listen_options *o, struct error *e)
{
	struct listen l = { .options = o, .error = e, .state = TUNNEL_OFFLINE };
	if (strcmp(o->output, "ui") == 0) {
		error_set(e, EXIT_USAGE,
			  "the inspector is not part of this version: use --output lines, or `creel list`");
		return EXIT_USAGE;
	}
	l.mode = strcmp(o->output, "json") == 0    ? OUTPUT_JSON
		 : strcmp(o->output, "quiet") == 0 ? OUTPUT_QUIET
						   : OUTPUT_LINES;
	if (uv_loop_init(&l.loop) != 0) {
		error_set(e, EXIT_RELAY, "libuv cannot start");
		return EXIT_RELAY;
	}
	set_limits();
	l.started_at_us = now_us();
	bool started = make_routes(&l, e);
	if (started) {
		start_handles(&l);
		started = start(&l, e);
	}
	if (started)
		uv_run(&l.loop, UV_RUN_DEFAULT);
	if (o->ready_file && l.was_online)
		unlink(o->ready_file);
	l.ending = true;
	free_parts(&l);
	uv_loop_close(&l.loop);
	return started ? l.exit_status : (int)e->code;
}
