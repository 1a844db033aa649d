/* The running client: what it is made of, its loop, its signals, its end. The command's options are in cmd_listen.c,
 * what it says in listen_report.c. */
#include "client/listening/listen_private.h"
#include "client/listening/listen_report.h"
#include "client/listening/listen_setup.h"
#include "client/record/retention.h"
#include "client/web/web_thread.h"
#include "shared/base/clock.h"
#include "shared/options/quantity.h"
#include "shared/program/loop.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FINISH_MS 3000
#define END_STEP_MS 20
#define CLOSE_MS 1000

/* The last when the terminal's window is closed. */
static const int ends[LISTEN_ENDS] = { SIGINT, SIGTERM, SIGHUP };

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
	l->ui_left = false;
	bool idle = session_busy(l->session) == 0 && (!l->exec || exec_busy(l->exec) == 0);
	if (!l->closing_parts) {
		if (idle || late)
			close_parts(l);
	} else if ((idle && !tunnel_link(l->tunnel)) || late) {
		uv_stop(&l->loop);
	}
}

/* Gives the terminal back now; the rest goes when the loop turns. */
static void leave_inspector(struct listen *l)
{
	if (l->inspector)
		inspector_close(l->inspector, NULL, NULL);
	l->inspector = NULL;
}

static void end(struct listen *l, int status)
{
	if (l->ending) {
		close_parts(l); /* asked twice: at once */
		return;
	}
	l->ending = true;
	progress_end(&l->indexing.progress);
	l->exit_status = status;
	leave_inspector(l);
	inspector_stop(l->left);
	session_drain(l->session);
	l->end_deadline = uv_now(&l->loop) + FINISH_MS;
	uv_timer_start(&l->end_timer, on_end_step, 0, END_STEP_MS);
}

static void on_signal(uv_signal_t *h, int number)
{
	struct listen *l = h->data;
	int status = number == SIGINT ? EXIT_INTERRUPTED : EXIT_DONE;
	if (number == SIGINT && l->inspector && inspector_away(l->inspector))
		return;
	if (l->ui_left)
		l->exit_status = status;
	else
		end(l, status);
}

/* ---- what happens ---- */

static void on_over(void *user, int64_t delivery_id)
{
	struct listen *l = user;
	if (l->options->print && !l->inspector)
		listen_report_parts(l, delivery_id);
	if (l->exec)
		exec_add(l->exec, delivery_id);
}

static void on_command(void *user, int64_t delivery_id)
{
	struct listen *l = user;
	if (listen_calls_no_app(l->options))
		recorder_set_state(l->recorder, delivery_id, DELIVERY_SENDING);
}

static void on_command_over(void *user, int64_t delivery_id, bool fine)
{
	struct listen *l = user;
	if (listen_calls_no_app(l->options))
		recorder_set_state(l->recorder, delivery_id, fine ? DELIVERY_DELIVERED : DELIVERY_FAILED);
	/* exec.c has said so of one that failed. */
	if (fine && l->mode == OUTPUT_LINES && !l->inspector) {
		printf("%6lld  the command ended with status 0\n", (long long)delivery_id);
		fflush(stdout);
	}
}

static void on_stop(void *user, const struct error *why)
{
	struct listen *l = user;
	*l->error = *why;
	end(l, (int)why->code);
}

static const struct session_events events = { listen_report_state,
					      listen_report_delivery,
					      listen_report_attempt,
					      on_over,
					      listen_report_say,
					      listen_report_store,
					      on_stop };
static const struct exec_ops exec_ops = { listen_report_say, on_command, on_command_over };

static void on_status_tick(uv_timer_t *h)
{
	listen_report_status(h->data);
}

static void on_connect_late(uv_timer_t *h)
{
	struct listen *l = h->data;
	char waits[400] = "", patience[QUANTITY_LEN];
	if (!*l->why)
		tunnel_say_wait(l->tunnel, (uint64_t)l->options->connect_timeout_ms, waits, sizeof waits);
	quantity_format_duration(l->options->connect_timeout_ms, patience);
	error_set(l->error, EXIT_RELAY, "the tunnel was not online within %s: %s", patience, *l->why ? l->why : waits);
	end(l, EXIT_RELAY);
}

/* ---- starting ---- */

static void start_handles(struct listen *l)
{
	uv_timer_init(&l->loop, &l->status_timer);
	uv_timer_init(&l->loop, &l->end_timer);
	uv_timer_init(&l->loop, &l->connect_timer);
	l->status_timer.data = l->end_timer.data = l->connect_timer.data = l;
	struct sigaction hangup;
	bool nohup = sigaction(SIGHUP, NULL, &hangup) == 0 && hangup.sa_handler == SIG_IGN;
	for (size_t i = 0; i < LISTEN_ENDS; i++) {
		uv_signal_init(&l->loop, &l->signals[i]);
		l->signals[i].data = l;
		if (!(nohup && ends[i] == SIGHUP))
			uv_signal_start(&l->signals[i], on_signal, ends[i]);
	}
	l->timers_open = true;
}

static bool start_exec(struct listen *l, const char *path, struct error *e)
{
	struct exec_options xo = {
		.cores = &l->options->program->cores,
		.command = l->options->exec,
		.db = path,
		.output = l->mode == OUTPUT_JSON ? STDERR_FILENO : STDOUT_FILENO,
		.errors = STDERR_FILENO,
	};
	return !xo.command || (l->exec = exec_new(&l->loop, &xo, &exec_ops, l, e));
}

/* ---- the inspector ---- */

static void fill_state(void *user, struct client_state *out)
{
	const struct listen *l = user;
	out->running = true;
	snprintf(out->state, sizeof out->state, "%s", output_state_name(l->state));
	snprintf(out->detail, sizeof out->detail, "%.290s", listen_report_detail(l));
	snprintf(out->url, sizeof out->url, "%s", tunnel_public_url(l->tunnel));
	snprintf(out->target, sizeof out->target, "%.290s", listen_report_target(l));
	snprintf(out->tunnel, sizeof out->tunnel, "%s", tunnel_name(l->tunnel));
	snprintf(out->relay, sizeof out->relay, "%.290s", l->options->tunnel.relay);
	snprintf(out->secrets, sizeof out->secrets, "%.*s", (int)l->secret_names.len,
		 l->secret_names.len ? (const char *)l->secret_names.at : "");
	out->confirmed_at_us = tunnel_confirmed_at_us(l->tunnel);
	out->lag_us = tunnel_lag_us(l->tunnel);
}

static bool on_retarget(void *user, const char *target, struct error *e)
{
	struct listen *l = user;
	if (!listen_routes_retarget(&l->routes, l->options, target, e))
		return false;
	listen_report_status(l);
	return true;
}

static void on_replayed(void *user, const struct replay_progress *p)
{
	output_replayed(((struct listen *)user)->mode, p);
}

static void on_left(void *user)
{
	((struct listen *)user)->left = NULL;
}

static void on_ui_ended(void *user, enum tui_end how)
{
	struct listen *l = user;
	if (how != TUI_TO_LINES) {
		l->ui_left = true;
		end(l, how == TUI_INTERRUPTED ? EXIT_INTERRUPTED : EXIT_DONE);
		return;
	}
	l->left = l->inspector;
	l->inspector = NULL;
	struct replay_progress going = inspector_leave(l->left, on_replayed, on_left, l);
	if (l->was_online)
		listen_report_ready(l);
	output_replays_left(l->mode, &going);
	if (l->state != TUNNEL_ONLINE)
		output_state(l->mode, l->state, l->detail, tunnel_public_url(l->tunnel));
}

static bool start_web(struct listen *l, struct error *e)
{
	char text[240];
	const struct web_options wo = { .db = l->db,
					.port = (int)l->options->web_port,
					.port_option = "--web-port",
					.forward = &l->options->forward,
					.secrets = &l->options->secrets };
	if (!l->options->web)
		return true;
	if (!(l->web = web_thread_start(&wo, e)))
		return false;
	snprintf(text, sizeof text, "in a browser: %s", web_thread_url(l->web));
	listen_report_say(l, text);
	return true;
}

static bool start_inspector(struct listen *l, struct error *e)
{
	struct inspector_options io = {
		.db = l->db,
		.forward = &l->options->forward,
		.secrets = &l->options->secrets,
		.cores = &l->options->program->cores,
		.color = l->options->color,
		.theme = l->options->theme,
		.images = l->options->images,
		.notify = l->options->notify,
		.ascii = l->options->ascii,
		.mouse = l->options->mouse,
		.state = fill_state,
		.retarget = on_retarget,
		.ended = on_ui_ended,
		.user = l,
	};
	if (!listen_wants_ui(l->options) || (l->inspector = inspector_start(&l->loop, &io, e)))
		return true;
	/* Not asked for by name: lines do. */
	bool fine = strcmp(l->options->output, "auto") == 0;
	if (fine)
		listen_report_say(l, e->text);
	return fine;
}

/* By the environment, for measurements. */
static bool is_left_out(const char *name)
{
	const char *value = getenv(name);
	return value && strcmp(value, "0") == 0;
}

static bool start(struct listen *l, struct error *e)
{
	const char *path = l->db = l->options->db ? strdup(l->options->db) : store_default_path(e);
	const struct store_bound bound = store_bound_of(l->options->max_size, l->options->record_max);
	bool ready = path && (l->recorder = recorder_new(&l->loop, path, e)) &&
		     recorder_keep_bound(l->recorder, &bound, e) && (l->key = listen_load_key(path, e)) &&
		     start_exec(l, path, e);
	if (ready && l->mode == OUTPUT_LINES && !l->exec && !listen_wants_ui(l->options))
		recorder_watch_index(l->recorder, index_bar_step, &l->indexing);
	struct session_options so = {
		.routes = l->routes.at,
		.route_count = l->routes.count,
		.only = l->routes.only,
		.skip = l->routes.skip,
		.stub = l->routes.has_stub ? &l->routes.stub : NULL,
		.record_max = bound.request,
		.record_max_answer = bound.answer,
		.record_max_abandoned = l->options->record_max_abandoned,
		.bodies = ready ? recorder_bodies(l->recorder) : NULL,
		.key = l->key,
		.drain_parallel = l->options->tunnel.drain_parallel,
		.hold = l->options->hold,
		.chaos = l->options->chaos ? &l->options->chaos_spec : NULL,
		.answer_challenges = l->options->answer_challenges,
		.websub_topics = (const char *const *)l->options->websub_topics.at,
		.websub_topic_count = l->options->websub_topics.count,
		.secrets = &l->options->secrets,
		.no_app = listen_calls_no_app(l->options),
	};
	struct tunnel_options to = l->options->tunnel;
	if (ready) {
		if (!is_left_out("CREEL_JOURNAL"))
			recorder_use_journal(l->recorder);
		if (is_left_out("CREEL_INDEX"))
			recorder_leave_out_index(l->recorder);
		recorder_set_secrets(l->recorder, &l->options->secrets);
	}
	if (ready && !secrets_names(&l->options->secrets, &l->secret_names))
		return error_set(e, EXIT_STORE, "out of memory");
	if (!ready || !(l->forwarder = forwarder_new(&l->loop, &l->options->forward, e)))
		return false;
	l->session = session_new(&l->loop, &so, l->recorder, l->forwarder, &events, l);
	if (!l->session)
		return error_set(e, EXIT_STORE, "out of memory");
	to.public_key = seal_key_public(l->key);
	l->tunnel = tunnel_new(&l->loop, &to, &session_tunnel_ops, l->session, e);
	if (!l->tunnel)
		return false;
	if (!start_inspector(l, e) || !start_web(l, e))
		return false;
	struct retention_options ro = { path, l->options->keep_ms, bound, l->recorder };
	l->retention = retention_start(&l->loop, &ro, listen_report_say, l);
	uint64_t interval = (uint64_t)l->options->tunnel.ping_interval_ms;
	uv_timer_start(&l->status_timer, on_status_tick, interval, interval);
	if (l->options->chaos && !l->options->chaos_spec.seeded) {
		char text[100];
		snprintf(text, sizeof text, "chaos is on; seed=%llu repeats it",
			 (unsigned long long)l->options->chaos_spec.seed);
		listen_report_say(l, text);
	}
	if (!l->options->target && !l->options->answer && !listen_calls_no_app(l->options))
		listen_report_say(
		    l, "no app is named: what arrives is recorded and answered 200; --answer says otherwise");
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
	sigset_t blocked;
	sigemptyset(&blocked);
	for (size_t i = 0; i < LISTEN_ENDS; i++)
		sigaddset(&blocked, ends[i]);
	pthread_sigmask(SIG_BLOCK, &blocked, NULL);
	if (l->timers_open) {
		uv_handle_t *handles[] = { (uv_handle_t *)&l->status_timer, (uv_handle_t *)&l->end_timer,
					   (uv_handle_t *)&l->connect_timer };
		for (size_t i = 0; i < LISTEN_ENDS; i++)
			uv_close((uv_handle_t *)&l->signals[i], NULL);
		for (size_t i = 0; i < sizeof handles / sizeof *handles; i++)
			uv_close(handles[i], NULL);
	}
	web_thread_stop(l->web);
	leave_inspector(l);
	inspector_stop(l->left);
	if (l->tunnel && !l->closing_parts)
		tunnel_close(l->tunnel, NULL, NULL);
	exec_close(l->exec);
	l->exec = NULL;
	retention_close(l->retention);
	/* The recorder's last jobs call back into streams: it ends first, while the loop still turns. */
	if (l->recorder)
		recorder_close(l->recorder, NULL, NULL);
	if (l->forwarder)
		forwarder_close(l->forwarder, NULL, NULL);
	tunnel_free(l->tunnel);
	if (l->session)
		session_free(l->session);
	loop_run_out(&l->loop);
	tunnel_free_rest(l->tunnel);
	seal_key_free(l->key);
	listen_routes_free(&l->routes);
	buffer_free(&l->route_texts);
	store_close(l->shown);
	free(l->db);
	buffer_free(&l->secret_names);
}

int listen_run(const struct listen_options *o, struct error *e)
{
	struct listen l = { .options = o, .error = e, .state = TUNNEL_OFFLINE };
	l.mode = strcmp(o->output, "json") == 0    ? OUTPUT_JSON
		 : strcmp(o->output, "quiet") == 0 ? OUTPUT_QUIET
						   : OUTPUT_LINES;
	if (!loop_open(&l.loop, EXIT_RELAY, e))
		return EXIT_RELAY;
	listen_set_limits();
	l.started_at_us = clock_now_us();
	bool started = listen_routes_make(o, &l.routes, e);
	for (size_t i = 0; started && i < o->routes.count; i++)
		started =
		    (buffer_append_text(&l.route_texts, o->routes.at[i]) && buffer_put_u8(&l.route_texts, '\n')) ||
		    error_set(e, EXIT_STORE, "out of memory");
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
