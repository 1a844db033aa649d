#include "client/listening/cmd_listen.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>

static bool names_forward_to(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		if (strcmp(argv[i], "--forward-to") == 0 || strncmp(argv[i], "--forward-to=", 13) == 0)
			return true;
	return false;
}

static int run(int argc, char **argv, const struct program *program, struct error *e)
{
	struct listen_options o;
	struct common_options common;
	const char *forward_to = NULL;
	listen_defaults(&o, program);
	const struct option_spec specs[] = {
		{ "name", 'n', OPTION_TEXT, &o.tunnel.name, "NAME", "the tunnel's name (default: a random one)" },
		{ "route", 0, OPTION_LIST, &o.routes, "/PATH=TARGET", "send this path elsewhere; again for more" },
		{ "forward-to", 0, OPTION_TEXT, &forward_to, "URL", "the target, in place of the argument" },
		{ "output", 'o', OPTION_CHOICE, &o.output, "auto|ui|lines|json|quiet", "what to print (default auto)" },
		{ "color", 0, OPTION_CHOICE, &o.color, "auto|always|never", "colours of the inspector (default auto)" },
		{ "ascii", 0, OPTION_FLAG, &o.ascii, NULL, "the inspector without line-drawing characters" },
		{ "mouse", 0, OPTION_FLAG, &o.mouse, NULL, "wheel and clicks in the inspector" },
		{ "ready-file", 0, OPTION_TEXT, &o.ready_file, "FILE", "appears, holding the public URL, once online" },
		{ "exec", 0, OPTION_TEXT, &o.exec, "CMD", "run this for each delivery, its JSON on standard input" },
		{ "secret", 0, OPTION_LIST, &o.secret_specs, "PROVIDER=@FILE",
		  "check that provider's signatures; again for more" },
		{ "answer-challenges", 0, OPTION_FLAG, &o.answer_challenges, NULL,
		  "answer the handshakes of Slack, Zoom, Meta and others for the app" },
		{ "chaos", 0, OPTION_TEXT, &o.chaos, "SPEC",
		  "bad weather, such as 'duplicate=5%,fail=10%:503'; see creel(1)" },
		{ "host-header", 0, OPTION_TEXT, &o.forward.host_header, "rewrite|preserve|VALUE",
		  "Host for the app (default rewrite: the target's)" },
		{ "header", 'H', OPTION_LIST, &o.headers, "'K: V'",
		  "set a header field; 'K:' removes it; again for more" },
		{ "no-forwarded", 0, OPTION_FLAG, &o.forward.no_forwarded, NULL,
		  "add no X-Forwarded-* and Creel-* fields" },
		{ "timeout", 0, OPTION_DURATION, &o.forward.timeout_ms, "TIME",
		  "for the app to begin its answer, or go on with it (default 30s)" },
		{ "wait-for-target", 0, OPTION_DURATION, &o.forward.wait_for_target_ms, "TIME",
		  "while the app restarts (default 5s)" },
		{ "hold", 0, OPTION_FLAG, &o.hold, NULL, "keep what found no app and send it when there is one" },
		{ "offline", 0, OPTION_CHOICE, &o.offline, "queue|fail",
		  "webhooks while this is away: kept by the relay (default), or refused" },
		{ "ack", 0, OPTION_CHOICE, &o.ack, "app|immediate",
		  "who answers the sender: the app (default), or the relay at once" },
		{ "drain-parallel", 0, OPTION_COUNT, &o.drain_parallel, "N",
		  "queued webhooks at once (default 4; 1 keeps their order)" },
		{ "share", 0, OPTION_FLAG, &o.share, NULL, "several clients on this name, each gets all" },
		{ "allow-remote-target", 0, OPTION_FLAG, &o.forward.allow_remote_target, NULL,
		  "targets that are not on this machine" },
		{ "insecure", 'k', OPTION_FLAG, &o.forward.insecure, NULL,
		  "any certificate of an https target, or of a relay on this machine" },
		{ "ca", 0, OPTION_TEXT, &o.tunnel.ca, "FILE", "trust this CA (PEM) for the relay" },
		{ "pin", 0, OPTION_TEXT, &o.tunnel.pin, "sha256//B64",
		  "the relay's public key, as curl --pinnedpubkey" },
		{ "allow-plain-token", 0, OPTION_FLAG, &o.tunnel.allow_plain_token, NULL,
		  "send the token over http to another machine, too" },
		{ "ping-interval", 0, OPTION_DURATION, &o.tunnel.ping_interval_ms, "TIME",
		  "keepalive, whole seconds (default 15s)" },
		{ "connect-timeout", 0, OPTION_DURATION, &o.connect_timeout_ms, "TIME",
		  "give up when not online by then (default: never)" },
		{ "keep", 0, OPTION_DURATION, &o.keep_ms, "TIME",
		  "how long deliveries stay on record (default 30d; 0: for ever)" },
		{ "max-size", 0, OPTION_SIZE, &o.max_size, "SIZE",
		  "of the record, the oldest go first (default 2GiB; 0: no bound)" },
		{ "record-max", 0, OPTION_SIZE, &o.record_max, "SIZE", "of a body kept on record (default 64MiB)" },
		{ "record-max-abandoned", 0, OPTION_SIZE, &o.record_max_abandoned, "SIZE",
		  "read on of an answer whose sender has gone (default 64KiB)" },
	};
	struct options *opts = options_new();
	char *token = NULL;
	int first, status = EXIT_USAGE;
	if (!opts || !command_parse(&command_listen, opts, &common, specs, sizeof specs / sizeof *specs, argc, argv,
				    &first, &status, e))
		goto out;
	status = EXIT_USAGE;
	/* The argument wins over a config file's forward-to; on one command line they are two targets. */
	o.target = first < argc && !names_forward_to(argc, argv) ? argv[first++] : forward_to;
	if ((!o.target && !o.exec) || first < argc) {
		error_set(e, EXIT_USAGE,
			  o.target ? "listen takes one target; see creel listen --help"
				   : "listen needs the app's port or URL, for example: creel listen 3000");
		goto out;
	}
	if (!listen_take_options(&o, e))
		goto out;
	if (!common.relay) {
		error_set(e, EXIT_USAGE,
			  "no relay is known: name one with --relay URL or `creel login URL`, or try `creel dev`");
		goto out;
	}
	o.db = common.db;
	o.tunnel.relay = common.relay;
	o.tunnel.insecure = o.forward.insecure;
	o.forward.extra_headers = &o.headers;
	e->text[0] = 0;
	token = command_token(&common, common.relay, e);
	if (!token && *e->text)
		goto out;
	secret_gate_add(program->gate, token);
	o.tunnel.token = token;
	status = listen_run(&o, e);
out:
	secrets_free(&o.secrets);
	if (token)
		OPENSSL_cleanse(token, strlen(token));
	free(token);
	options_free(opts);
	return status;
}

const struct command command_listen = {
	"listen",
	"creel listen PORT|URL|--exec CMD [--relay URL] [--name NAME] [--route /PATH=PORT|URL]… [OPTIONS]",
	"open a tunnel and forward what arrives to an app",
	"Opens a tunnel at the relay, prints its public URL, records every webhook that arrives there and forwards it "
	"to the\n"
	"app, byte for byte. Reconnects for ever. Ctrl-C finishes what is in flight and ends it.\n\n"
	"--exec runs a command, never through a shell, when a delivery's call is over. Without a target it stands in "
	"for the\n"
	"app: the sender gets 202, and its exit status says whether the delivery is delivered or failed.\n\n"
	"Example: creel listen 3000 --name shop --route /admin=4000",
	run,
};
