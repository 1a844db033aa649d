/* What `listen` and `dev` are told on the command line. */
#include "client/listening/cmd_listen.h"
#include "client/listening/exec.h"
#include "client/inspect/inspector.h"
#include "client/listening/listen_setup.h"
#include "client/record/retention.h"
#include "shared/store/store_bound.h"
#include "shared/wire/wire.h"

#include <string.h>

#define DRAIN_MOST 1000

void listen_defaults(struct listen_options *o, const struct program *program)
{
	memset(o, 0, sizeof *o);
	o->program = program;
	o->forward.gate = program->gate;
	o->output = "auto";
	o->record_max = 64u << 20;
	o->record_max_abandoned = 64u << 10;
	o->keep_ms = RETENTION_KEEP_MS;
	o->max_size = RETENTION_MAX_BYTES;
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
	if (o->tunnel.ping_interval_ms < 1000)
		return error_set(e, EXIT_USAGE, "--ping-interval must be at least a second");
	if (o->forward.timeout_ms == 0)
		return error_set(e, EXIT_USAGE, "--timeout must be more than 0: no app answers in no time");
	if (o->max_size && o->max_size < STORE_BOUND_LEAST)
		return error_set(e, EXIT_USAGE, "--max-size is 1MiB at least, or 0 for no bound");
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
	if (!o->target && (o->hold || o->routes.count || o->chaos))
		return error_set(e, EXIT_USAGE, "%s needs an app: name its port or URL",
				 o->hold    ? "--hold"
				 : o->chaos ? "--chaos"
					    : "--route");
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

bool listen_wants_ui(const struct listen_options *o)
{
	/* What a command prints has its place in lines alone. */
	return strcmp(o->output, "ui") == 0 || (strcmp(o->output, "auto") == 0 && !o->exec && inspector_has_terminal());
}
