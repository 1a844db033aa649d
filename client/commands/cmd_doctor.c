#include "client/doctor/doctor.h"
#include "client/listening/cmd_listen.h"

#include <openssl/crypto.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

struct look {
	enum check check;
	void (*at)(struct doctor *d);
	const bool *needs;
};

/* Why a check is skipped: the last failure on the way to the app, on which neither the record nor the time lies. NULL
 * when there was none. */
static const char *last_failed(const struct doctor *d)
{
	for (size_t i = d->count; i-- > 0;)
		if (d->checks[i].finding == FINDING_FAIL && d->checks[i].check != CHECK_STORE &&
		    d->checks[i].check != CHECK_CLOCK)
			return doctor_check_name(d->checks[i].check);
	return NULL;
}

static void look_at_all(struct doctor *d)
{
	const bool always = true;
	const struct look looks[] = {
		{ CHECK_STORE, doctor_look_at_store, &always },
		{ CHECK_RELAY, doctor_look_at_relay, &always },
		{ CHECK_DNS, doctor_look_at_dns, &d->has_relay },
		{ CHECK_PROXY, doctor_look_at_proxy, &d->resolved },
		{ CHECK_TCP, doctor_look_at_tcp, &d->may_dial },
		{ CHECK_TLS, doctor_look_at_tls, &d->reached },
		{ CHECK_CLOCK, doctor_look_at_clock, &d->says_time },
		{ CHECK_TOKEN, doctor_look_at_token, &d->trusted },
		{ CHECK_URL, doctor_look_at_url, &d->online },
		{ CHECK_TARGET, doctor_look_at_target, &always },
	};
	for (size_t i = 0; i < sizeof looks / sizeof *looks; i++) {
		const struct look *l = &looks[i];
		const char *failed = last_failed(d);
		if (*l->needs)
			l->at(d);
		else
			doctor_say(d, l->check, FINDING_SKIP, EXIT_DONE, NULL,
				   failed ? "not looked at, as %s failed" : "not looked at, as no tunnel was opened",
				   failed);
	}
}

static void free_all(struct doctor *d)
{
	doctor_close_tunnel(d);
	doctor_hang_up(d);
	if (d->token)
		OPENSSL_cleanse(d->token, strlen(d->token));
	free(d->token);
	doctor_forget_client(d);
	proxy_free(&d->proxy);
	free(d->host);
	free(d->addresses);
}

#define AT struct doctor

static const struct option_row rows[] = {
	{ "target", 't', OPTION_TEXT_AT(AT, target), OPTION_BY_USER, "PORT|URL", "look at this app, too",
	  .otherwise = "forward-to of [listen], or the running client's" },
	{ "ca", 0, OPTION_TEXT_AT(AT, ca), OPTION_BY_USER, "FILE", "trust this CA (PEM) for the relay" },
	{ "pin", 0, OPTION_TEXT_AT(AT, pin), OPTION_BY_USER, "sha256//B64",
	  "the relay's public key, as curl --pinnedpubkey" },
	{ "insecure", 'k', OPTION_FLAG_AT(AT, insecure), OPTION_BY_USER, NULL,
	  "any certificate of an https target, or of a relay on this machine" },
	{ "target-ca", 0, OPTION_TEXT_AT(AT, target_ca), OPTION_BY_USER, "FILE",
	  "trust this CA (PEM) for an https target" },
	{ "allow-plain-token", 0, OPTION_FLAG_AT(AT, allow_plain_token), OPTION_BY_USER, NULL,
	  "send the token over http to another machine, too" },
	{ "json", 0, OPTION_FLAG_AT(AT, json), OPTION_BY_PROJECT, NULL, "one JSON object with all that was found" },
};

/* Where no option says target, CA and the like, what the files say of `listen` counts: it is its tunnel that is looked
 * at. */
static bool take_files(struct command_call *call, struct doctor *d, struct error *e)
{
	const struct listen_options *l = NULL;
	if (!command_read_files(call, e) || !(l = command_read_others(call, &command_listen, e)))
		return false;
	d->target = d->target ? d->target : l->forward_to;
	d->name = l->tunnel.name;
	d->ca = d->ca ? d->ca : l->tunnel.ca;
	d->target_ca = d->target_ca ? d->target_ca : l->forward.ca;
	d->pin = d->pin ? d->pin : l->tunnel.pin;
	d->insecure = d->insecure || l->forward.insecure;
	d->allow_plain_token = d->allow_plain_token || l->tunnel.allow_plain_token;
	return true;
}

/* What is wrong with the config files is the first thing to say, and then it goes on without them. */
static bool take_options(struct command_call *call, struct doctor *d, struct error *broken, struct error *e)
{
	if (call->argc > 0)
		return error_set(e, EXIT_USAGE, "doctor takes no argument; the app is named with --target PORT");
	bool fine = take_files(call, d, broken);
	if (!fine && !command_forget_files(call, e))
		return false;
	d->gate = call->program->gate;
	d->common = *call->common;
	doctor_find_client(d);
	if (fine && d->common.relay)
		d->token = command_token(call, d->common.relay, broken);
	secret_gate_add(call->program->gate, d->token);
	return true;
}

static int run(struct command_call *call, struct error *e)
{
	struct doctor *d = call->settings;
	struct error broken = { EXIT_DONE, "" };
	int status = EXIT_USAGE;
	signal(SIGPIPE, SIG_IGN);
	if (take_options(call, d, &broken, e)) {
		curl_global_init(CURL_GLOBAL_DEFAULT);
		doctor_look_at_config(d, *broken.text ? &broken : NULL);
		look_at_all(d);
		status = doctor_conclude(d, e);
	}
	free_all(d);
	return status;
}

const struct command command_doctor = {
	"doctor",
	"creel doctor [--target PORT|URL] [--json] [OPTIONS]",
	"look for what is wrong between sender and app",
	"Checks, in this order, the config files, the store, the relay's URL, its name, the proxy, its port, its\n"
	"certificate, its clock, the token, a webhook sent to a public URL made for this, and the app. Where a client\n"
	"runs with the same store, it checks that client's relay, tunnel name and app, else what listen would use. It\n"
	"prints one line each (ok, warn, fail or skip), and at the end the first failure and what to do about it.\n"
	"It leaves nothing in the store, and asks the app for no more than HEAD. Exit status 0 when nothing failed, "
	"else\n"
	"that of the first failure: 2 for the config, 3 for the relay, 4 for the store, 5 for the app, 1 for the "
	"clock.\n\n"
	"Example: creel doctor --target 3000",
	COMMAND_OPTIONS(rows, struct doctor),
	.uses = COMMAND_USES_RELAY | COMMAND_USES_DB,
	.files = COMMAND_READS_LATER,
	.run = run,
};
