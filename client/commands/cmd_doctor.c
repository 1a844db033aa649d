#include "client/doctor/doctor.h"

#include <openssl/crypto.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

struct look {
	const char *name;
	void (*at)(struct doctor *d);
	const bool *needs;
};

/* Why a look is not made: the last failure on the way. Neither the record nor the time stands in it. */
static const char *last_failed(const struct doctor *d)
{
	for (size_t i = d->count; i-- > 0;)
		if (d->checks[i].finding == FINDING_FAIL && strcmp(d->checks[i].name, "store") != 0 &&
		    strcmp(d->checks[i].name, "clock") != 0)
			return d->checks[i].name;
	return NULL;
}

static void look_at_all(struct doctor *d)
{
	const bool always = true;
	const struct look looks[] = {
		{ "store", doctor_look_at_store, &always },       { "relay", doctor_look_at_relay, &always },
		{ "dns", doctor_look_at_dns, &d->has_relay },     { "proxy", doctor_look_at_proxy, &d->resolved },
		{ "tcp", doctor_look_at_tcp, &d->may_dial },      { "tls", doctor_look_at_tls, &d->reached },
		{ "clock", doctor_look_at_clock, &d->says_time }, { "token", doctor_look_at_token, &d->trusted },
		{ "url", doctor_look_at_url, &d->online },        { "target", doctor_look_at_target, &always },
	};
	for (size_t i = 0; i < sizeof looks / sizeof *looks; i++) {
		const struct look *l = &looks[i];
		const char *failed = last_failed(d);
		if (*l->needs)
			l->at(d);
		else
			doctor_say(d, l->name, FINDING_SKIP, EXIT_DONE, NULL, "not looked at, as %s%s",
				   failed ? failed : "no tunnel was opened", failed ? " failed" : "");
	}
}

static bool read_files(struct doctor *d, struct options *o, const struct option_spec *specs, size_t count, int argc,
		       char **argv, struct error *e)
{
	int first;
	return command_parse_files(&command_doctor, o, &d->common, specs, count, argc, argv, &first, e) &&
	       doctor_read_listen(d, e);
}

static void free_all(struct doctor *d)
{
	doctor_close_tunnel(d);
	doctor_hang_up(d);
	if (d->token)
		OPENSSL_cleanse(d->token, strlen(d->token));
	free(d->token);
	proxy_free(&d->proxy);
	free(d->host);
	free(d->addresses);
	for (size_t i = 0; i < d->kept.count; i++)
		free((void *)(uintptr_t)d->kept.at[i]);
	free(d->kept.at);
}

static int run(int argc, char **argv, const struct program *program, struct error *e)
{
	struct doctor d = { .gate = program->gate };
	const struct option_spec specs[] = {
		{ "target", 't', OPTION_TEXT, &d.target, "PORT|URL",
		  "look at this app, too (default: forward-to of [listen])" },
		{ "ca", 0, OPTION_TEXT, &d.ca, "FILE", "trust this CA (PEM) for the relay" },
		{ "pin", 0, OPTION_TEXT, &d.pin, "sha256//B64", "the relay's public key, as curl --pinnedpubkey" },
		{ "insecure", 'k', OPTION_FLAG, &d.insecure, NULL,
		  "any certificate of an https target, or of a relay on this machine" },
		{ "allow-plain-token", 0, OPTION_FLAG, &d.allow_plain_token, NULL,
		  "send the token over http to another machine, too" },
		{ "json", 0, OPTION_FLAG, &d.json, NULL, "one JSON object with all that was found" },
	};
	const size_t count = sizeof specs / sizeof *specs;
	struct options *o = options_new(), *again = options_new();
	struct error broken = { EXIT_DONE, "" };
	int first, status = EXIT_USAGE;
	signal(SIGPIPE, SIG_IGN);
	if (!o || !again ||
	    !command_parse_words(&command_doctor, o, &d.common, specs, count, argc, argv, &first, &status, e))
		goto out;
	if (first < argc) {
		error_set(e, EXIT_USAGE, "doctor takes no argument; the app is named with --target PORT");
		status = EXIT_USAGE;
		goto out;
	}
	if (read_files(&d, o, specs, count, argc, argv, &broken)) {
		d.token = d.common.relay ? command_token(&d.common, d.common.relay, &broken) : NULL;
		secret_gate_add(program->gate, d.token);
	} else {
		/* Without the files then, and without the half that was read of them. */
		d.target = d.ca = d.pin = NULL;
		d.insecure = d.allow_plain_token = d.json = false;
		if (!command_parse_words(&command_doctor, again, &d.common, specs, count, argc, argv, &first, &status,
					 e))
			goto out;
	}
	curl_global_init(CURL_GLOBAL_DEFAULT);
	doctor_look_at_config(&d, *broken.text ? &broken : NULL);
	look_at_all(&d);
	status = doctor_conclude(&d, e);
out:
	free_all(&d);
	options_free(o);
	options_free(again);
	return status;
}

const struct command command_doctor = {
	"doctor",
	"creel doctor [--target PORT|URL] [--json] [OPTIONS]",
	"look for what is wrong between sender and app",
	"Looks, in this order, at the config files, the store, the relay's URL, its name, the proxy, its port, its\n"
	"certificate, its clock, the token, a webhook sent to a public URL made for this, and the app. One line each:\n"
	"ok, warn, fail or skip, and at the end the first thing that is wrong and what to do about it. Neither the\n"
	"store nor the app sees anything of it. Exit status 0 when nothing failed, else that of the first failure:\n"
	"2 for the config, 3 for the relay, 4 for the store, 5 for the app, 1 for the clock.\n\n"
	"Example: creel doctor --target 3000",
	run,
};
