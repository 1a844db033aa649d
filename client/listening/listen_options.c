/* The options of `listen` and `dev`. */
#include "client/listening/cmd_listen.h"
#include "client/listening/exec.h"
#include "client/inspect/inspector.h"
#include "client/listening/listen_setup.h"
#include "client/record/retention.h"
#include "shared/upkeep/store_bound.h"
#include "shared/wire/wire.h"

#include <string.h>

#define AT struct listen_options

const struct option_row listen_rows[LISTEN_ROWS] = {
	{ "route", 0, OPTION_LIST_AT(AT, routes), OPTION_BY_LOCAL, "/PATH=TARGET",
	  "another target for a path, or for what a filter matches: event:invoice.*=4000" },
	{ "only", 0, OPTION_LIST_AT(AT, only), OPTION_BY_USER, "FILTER", "call the app only for what matches" },
	{ "skip", 0, OPTION_LIST_AT(AT, skip), OPTION_BY_USER, "FILTER", "do not call the app for what matches" },
	{ "answer", 0, OPTION_TEXT_AT(AT, answer), OPTION_BY_USER, "STATUS[:BODY|@FILE]",
	  "give this answer instead of calling an app" },
	{ "answer-delay", 0, OPTION_DURATION_AT(AT, answer_delay_ms), OPTION_BY_USER, "TIME",
	  "wait so long before that answer", .preset = "0s" },
	{ "forward-to", 0, OPTION_TEXT_AT(AT, forward_to), OPTION_BY_USER, "URL",
	  "the target, in place of the argument" },
	{ "output", 'o', OPTION_CHOICE_AT(AT, output), OPTION_BY_PROJECT, "auto|ui|lines|json|quiet", "what to print",
	  .preset = "auto" },
	{ "print", 0, OPTION_TEXT_AT(AT, print), OPTION_BY_USER, "headers,body,response",
	  "with lines: print these of each delivery, too" },
	{ "color", 0, OPTION_CHOICE_AT(AT, color), OPTION_BY_PROJECT, "auto|always|never", "colours of the inspector",
	  .preset = "auto" },
	{ "theme", 0, OPTION_CHOICE_AT(AT, theme), OPTION_BY_PROJECT, "auto|dark|light|contrast|16|mono",
	  "how the inspector looks; auto asks the terminal for its background", .preset = "auto" },
	{ "images", 0, OPTION_CHOICE_AT(AT, images), OPTION_BY_PROJECT, "auto|kitty|sixel|blocks|off",
	  "how pictures are drawn in the inspector; auto asks the terminal", .preset = "auto" },
	{ "notify", 0, OPTION_CHOICE_AT(AT, notify), OPTION_BY_USER, "off|bell|osc9|osc777",
	  "when a delivery fails, the inspector rings or has the terminal notify", .preset = "off" },
	{ "ascii", 0, OPTION_FLAG_AT(AT, ascii), OPTION_BY_PROJECT, NULL,
	  "no line-drawing characters in the inspector" },
	{ "mouse", 0, OPTION_FLAG_AT(AT, mouse), OPTION_BY_PROJECT, NULL, "wheel and clicks in the inspector" },
	{ "web", 0, OPTION_FLAG_AT(AT, web), OPTION_BY_USER, NULL, "the record in a browser as well, as creel web" },
	{ "web-port", 0, OPTION_COUNT_AT(AT, web_port), OPTION_BY_USER, "N", "for --web, on 127.0.0.1",
	  .preset = "4040", .most = 65535, .zero = "any that is free" },
	{ "ready-file", 0, OPTION_TEXT_AT(AT, ready_file), OPTION_BY_USER, "FILE",
	  "write the public URL to FILE once online" },
	{ "exec", 0, OPTION_TEXT_AT(AT, exec), OPTION_BY_USER, "CMD",
	  "run this for each delivery, with its JSON on standard input" },
	{ "secret", 0, OPTION_LIST_AT(AT, secret_specs), OPTION_BY_USER, "PROVIDER=@FILE",
	  "check that provider's signatures" },
	{ "answer-challenges", 0, OPTION_FLAG_AT(AT, answer_challenges), OPTION_BY_USER, NULL,
	  "answer the handshakes of Slack, Zoom, Meta and others for the app" },
	{ "websub-topic", 0, OPTION_LIST_AT(AT, websub_topics), OPTION_BY_USER, "URL",
	  "answer the hub that asks about a subscription to this topic" },
	{ "chaos", 0, OPTION_TEXT_AT(AT, chaos), OPTION_BY_USER, "SPEC",
	  "act like a provider in trouble: 'duplicate=5%,fail=10%:503'; see creel(1)" },
	{ "host-header", 0, OPTION_TEXT_AT(AT, forward.host_header), OPTION_BY_PROJECT, "rewrite|preserve|VALUE",
	  "Host for the app: the target's, the sender's or this", .preset = "rewrite" },
	{ "header", 'H', OPTION_LIST_AT(AT, headers), OPTION_BY_USER, "'K: V'", "set a header field; 'K:' removes it" },
	{ "no-forwarded", 0, OPTION_FLAG_AT(AT, forward.no_forwarded), OPTION_BY_USER, NULL,
	  "add no X-Forwarded-* and Creel-* fields" },
	{ "timeout", 0, OPTION_DURATION_AT(AT, forward.timeout_ms), OPTION_BY_PROJECT, "TIME",
	  "how long the app may take to begin its answer, or pause in it", .preset = "30s", .least = 1 },
	{ "wait-for-target", 0, OPTION_DURATION_AT(AT, forward.wait_for_target_ms), OPTION_BY_PROJECT, "TIME",
	  "how long to retry a refused connection while the app restarts", .preset = "5s" },
	{ "hold", 0, OPTION_FLAG_AT(AT, hold), OPTION_BY_USER, NULL,
	  "keep deliveries while the app is down, and send them when it is up" },
	{ "offline", 0, OPTION_CHOICE_AT(AT, offline), OPTION_BY_USER, "queue|fail",
	  "while this client is away, the relay keeps webhooks or refuses them", .preset = "queue" },
	{ "ack", 0, OPTION_CHOICE_AT(AT, ack), OPTION_BY_USER, "app|immediate",
	  "who answers the sender: the app, or the relay at once", .preset = "app" },
	{ "drain-parallel", 0, OPTION_COUNT_AT(AT, drain_parallel), OPTION_BY_USER, "N",
	  "how many queued webhooks to send at once; 1 keeps their order", .preset = "0", .most = 1000,
	  .zero = "4 beside waiting senders, 64 alone" },
	{ "share", 0, OPTION_FLAG_AT(AT, share), OPTION_BY_USER, NULL,
	  "let several clients have this name; each gets every webhook" },
	{ "allow-remote-target", 0, OPTION_FLAG_AT(AT, forward.allow_remote_target), OPTION_BY_USER, NULL,
	  "allow targets that are not on this machine" },
	{ "insecure", 'k', OPTION_FLAG_AT(AT, forward.insecure), OPTION_BY_USER, NULL,
	  "accept any certificate of an https target, or of a relay on this machine" },
	{ "target-ca", 0, OPTION_TEXT_AT(AT, forward.ca), OPTION_BY_USER, "FILE",
	  "trust this CA (PEM) for an https target" },
	{ "ping-interval", 0, OPTION_DURATION_AT(AT, tunnel.ping_interval_ms), OPTION_BY_PROJECT, "TIME",
	  "time between keepalives, in whole seconds", .preset = "15s", .least = 1000 },
	{ "connect-timeout", 0, OPTION_DURATION_AT(AT, connect_timeout_ms), OPTION_BY_PROJECT, "TIME",
	  "give up when not online by then", .otherwise = "never" },
	{ "keep", 0, OPTION_DURATION_AT(AT, keep_ms), OPTION_BY_USER, "TIME", "how long deliveries stay on record",
	  .preset = RETENTION_KEEP, .zero = "always" },
	{ "max-size", 0, OPTION_SIZE_AT(AT, max_size), OPTION_BY_USER, "SIZE",
	  "largest size of the record; the oldest deliveries go first", .preset = RETENTION_MAX_SIZE,
	  .least = STORE_BOUND_LEAST, .zero = "no bound" },
	{ "record-max", 0, OPTION_SIZE_AT(AT, record_max), OPTION_BY_USER, "SIZE",
	  "how much of a body is kept on record", .preset = "64MiB" },
	{ "record-max-abandoned", 0, OPTION_SIZE_AT(AT, record_max_abandoned), OPTION_BY_USER, "SIZE",
	  "how much of an answer is still read once its sender has gone", .preset = "64KiB" },
};

/* The argument wins over a config file's forward-to; on one command line they are two targets. */
static bool names_forward_to(const struct command_call *call)
{
	for (int i = 1; i < call->all_argc; i++)
		if (strcmp(call->all_argv[i], "--forward-to") == 0 ||
		    strncmp(call->all_argv[i], "--forward-to=", 13) == 0)
			return true;
	return false;
}

bool listen_take_target(const struct command_call *call, struct listen_options *o, const char *otherwise,
			struct error *e)
{
	const char *name = call->command->name;
	if (call->argc > 1 || (call->argc == 1 && names_forward_to(call)))
		return error_set(e, EXIT_USAGE, "%s takes one target; see creel %s --help", name, name);
	if (o->answer && call->argc == 1)
		return error_set(e, EXIT_USAGE, "--answer stands in for an app, and a target is one: %s takes either",
				 name);
	o->target = call->argc == 1 ? call->argv[0]
		    : o->answer     ? NULL
		    : o->forward_to ? o->forward_to
		    : o->exec       ? NULL
				    : otherwise;
	return true;
}

bool listen_take_options(const struct command_call *call, struct listen_options *o, struct error *e)
{
	o->program = call->program;
	o->db = call->common->db;
	o->forward.gate = call->program->gate;
	o->forward.extra_headers = &o->headers;
	if (o->ready_file && !listen_check_ready_file(o->ready_file, e))
		return false;
	if (o->exec && !exec_check(o->exec, e))
		return false;
	if (o->chaos && !chaos_parse(o->chaos, &o->chaos_spec, e))
		return false;
	bool fine = secrets_read(&o->secret_specs, true, &o->secrets, e);
	secrets_hide(&o->secrets, o->program->gate);
	if (!fine)
		return false;
	bool no_app = listen_calls_no_app(o), no_route = !o->target && !o->routes.count;
	if ((o->hold && (no_app || no_route)) || ((o->routes.count || o->chaos) && no_app))
		return error_set(e, EXIT_USAGE, "%s needs an app: name its port or URL",
				 o->hold    ? "--hold"
				 : o->chaos ? "--chaos"
					    : "--route");
	if (o->answer_delay_ms && (o->target || no_app))
		return error_set(e, EXIT_USAGE, "--answer-delay is for --answer, where there is no app");
	if (o->print && !parts_parse(o->print, &o->parts, e))
		return false;
	if (o->print && strcmp(o->output, "auto") != 0 && strcmp(o->output, "lines") != 0)
		return error_set(e, EXIT_USAGE, "--print is for lines: --output %s has no place for it", o->output);
	if (strcmp(o->output, "ui") == 0 && o->exec)
		return error_set(e, EXIT_USAGE, "--exec prints to the terminal: use --output lines with it");
	if (strcmp(o->output, "ui") == 0 && !inspector_has_terminal())
		return error_set(e, EXIT_USAGE,
				 "--output ui needs a terminal; --output lines does not, and `creel list` shows what "
				 "came");
	o->tunnel.drain_parallel = (uint32_t)o->drain_parallel;
	o->tunnel.wire_options = (o->share ? WIRE_OPTION_SHARE : 0u) |
				 (strcmp(o->ack, "immediate") == 0 ? WIRE_OPTION_ACK_IMMEDIATE : 0u) |
				 (strcmp(o->offline, "fail") == 0 ? WIRE_OPTION_OFFLINE_FAIL : 0u);
	return true;
}

bool listen_calls_no_app(const struct listen_options *o)
{
	return !o->target && o->exec && !o->answer;
}

bool listen_wants_ui(const struct listen_options *o)
{
	/* What a command prints has its place in lines alone. */
	return strcmp(o->output, "ui") == 0 ||
	       (strcmp(o->output, "auto") == 0 && !o->exec && !o->print && inspector_has_terminal());
}
