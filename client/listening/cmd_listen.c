#include "client/listening/cmd_listen.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>

#define AT struct listen_options

static const struct option_row name_rows[] = {
	{ "name", 'n', OPTION_TEXT_AT(AT, tunnel.name), OPTION_BY_PROJECT, "NAME", "the tunnel's name",
	  .otherwise = "a random one" },
};
static const struct option_row relay_rows[] = {
	{ "ca", 0, OPTION_TEXT_AT(AT, tunnel.ca), OPTION_BY_USER, "FILE", "trust this CA (PEM) for the relay" },
	{ "pin", 0, OPTION_TEXT_AT(AT, tunnel.pin), OPTION_BY_USER, "sha256//B64",
	  "the relay's public key, as curl --pinnedpubkey" },
	{ "allow-plain-token", 0, OPTION_FLAG_AT(AT, tunnel.allow_plain_token), OPTION_BY_USER, NULL,
	  "send the token over http to another machine, too" },
};
static const struct option_group groups[] = {
	OPTION_GROUP(name_rows, 0),
	OPTION_GROUP(listen_rows, 0),
	OPTION_GROUP(relay_rows, 0),
};

/* Needs a relay, and the token for it. */
static bool take_relay(const struct command_call *call, struct listen_options *o, char **token, struct error *e)
{
	const char *relay = call->common->relay;
	if (!relay)
		return error_set(
		    e, EXIT_USAGE,
		    "no relay is known: name one with --relay URL or `creel login URL`, or try `creel dev`%s",
		    o->target || o->answer || o->exec
			? ""
			: "; the app is named by its port or URL, or else creel answers in its place");
	e->text[0] = 0;
	*token = command_token(call, relay, e);
	if (!*token && *e->text)
		return false;
	secret_gate_add(call->program->gate, *token);
	o->tunnel.relay = relay;
	o->tunnel.token = *token;
	o->tunnel.insecure = o->forward.insecure;
	return true;
}

static int run(struct command_call *call, struct error *e)
{
	struct listen_options *o = call->settings;
	char *token = NULL;
	int status = EXIT_USAGE;
	if (listen_take_target(call, o, NULL, e) && listen_take_options(call, o, e) && take_relay(call, o, &token, e))
		status = listen_run(o, e);
	secrets_free(&o->secrets);
	if (token)
		OPENSSL_cleanse(token, strlen(token));
	free(token);
	return status;
}

const struct command command_listen = {
	.name = "listen",
	.usage = "creel listen [PORT|URL|--exec CMD|--answer STATUS] [--relay URL] [--name NAME] [--route "
		 "/PATH|FILTER=PORT|URL]… [OPTIONS]",
	.summary = "open a tunnel and forward what arrives to an app",
	.text =
	    "Opens a tunnel at the relay, prints its public URL, records every webhook that arrives there and "
	    "forwards it to the\n"
	    "app, byte for byte. Reconnects for as long as it runs. Ctrl-C finishes what is in flight and ends it.\n\n"
	    "--exec runs a command, never through a shell, when a delivery's call is over. Without a target it "
	    "stands in for the\n"
	    "app: the sender gets 202, and its exit status says whether the delivery is delivered or "
	    "failed. Without both,\n"
	    "senders get 200, or what --answer says.\n\n"
	    "Example: creel listen 3000 --name shop --route /admin=4000",
	.options = { groups, sizeof groups / sizeof *groups },
	.settings_size = sizeof(struct listen_options),
	.uses = COMMAND_USES_RELAY | COMMAND_USES_DB,
	.run = run,
};
