#include "client/common/limits.h"
#include "client/options/command.h"
#include "client/options/config.h"
#include "client/tunnel/tunnel.h"
#include "shared/program/interrupt.h"
#include "shared/program/loop.h"
#include "shared/secrets/secret_read.h"
#include "shared/secrets/secret_shape.h"

#include <openssl/crypto.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#define ANSWER_MS 10000
#define PROBE_MS                                                                                                       \
	(2 * ANSWER_MS +                                                                                               \
	 5000) /* localhost has two addresses; the tunnel itself says first, and better, that nobody answered */

/* Read from the terminal without showing it. Ctrl-C ends the read, so that the echo is set back. */
static char *ask_token(struct error *e)
{
	char line[1024] = "";
	struct termios old, quiet;
	struct interrupt before;
	if (!isatty(STDIN_FILENO))
		return secret_read("@-", e);
	fputs("Token (of `creel-relay token add`): ", stderr);
	interrupt_begin(&before);
	bool changed = tcgetattr(STDIN_FILENO, &old) == 0;
	if (changed) {
		quiet = old;
		quiet.c_lflag &= ~(tcflag_t)ECHO;
		tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet);
	}
	char *got = fgets(line, sizeof line, stdin);
	if (changed)
		tcsetattr(STDIN_FILENO, TCSAFLUSH, &old);
	interrupt_end(&before);
	fputc('\n', stderr);
	if (interrupt_came()) {
		OPENSSL_cleanse(line, sizeof line);
		error_set(e, EXIT_INTERRUPTED, "interrupted, nothing was kept");
		return NULL;
	}
	line[strcspn(line, "\r\n")] = 0;
	if (!got || !*line) {
		error_set(e, EXIT_USAGE, "no token was given");
		return NULL;
	}
	char *token = strdup(line);
	OPENSSL_cleanse(line, sizeof line);
	return token;
}

/* The probe: a tunnel of a random name is opened and closed again, so that URL, TLS and token are known to be good. */
struct probe {
	uv_loop_t loop;
	struct tunnel *tunnel;
	uv_timer_t deadline;
	struct error *e;
	bool online, failed;
	const char *relay;
};

static void on_state(void *user, const struct tunnel_news *news)
{
	struct probe *p = user;
	p->online = p->online || news->state == TUNNEL_ONLINE;
	if (news->state == TUNNEL_OFFLINE) {
		reason_set_error(p->e, news->reason, news->facts);
		p->failed = true;
	}
	if (news->state != TUNNEL_CONNECTING)
		uv_stop(&p->loop);
}

static void on_stop(void *user, enum reason reason, const struct facts *facts)
{
	struct probe *p = user;
	if (tunnel_token_is_for_others(reason)) {
		p->online = true;
	} else {
		reason_set_error(p->e, reason, facts);
		p->failed = true;
	}
	uv_stop(&p->loop);
}

static bool on_frame(void *user, struct link *link, const struct wire_frame *frame)
{
	(void)user;
	(void)link;
	(void)frame;
	return true;
}

static void on_welcome(void *user, struct link *link, const struct wire_welcome *welcome)
{
	(void)user;
	(void)link;
	(void)welcome;
}

static void on_credit(void *user)
{
	(void)user;
}

static void on_lost(void *user, bool may_resume)
{
	(void)user;
	(void)may_resume;
}

static void on_warning(void *user, const char *sentence)
{
	(void)user;
	fprintf(stderr, "creel: %s\n", sentence);
}

static void on_late(uv_timer_t *h)
{
	struct probe *p = h->data;
	const struct facts facts = { .relay = p->relay, .limit_ms = PROBE_MS };
	reason_set_error(p->e, REASON_RELAY_SILENT, &facts);
	p->failed = true;
	uv_stop(&p->loop);
}

static bool probe_relay(const struct tunnel_options *options, struct error *e)
{
	static const struct tunnel_ops ops = {
		on_state, on_welcome, on_frame, on_credit, on_lost, on_stop, on_warning
	};
	struct probe p = { .e = e, .relay = options->relay };
	if (!loop_open(&p.loop, EXIT_RELAY, e))
		return false;
	p.tunnel = tunnel_new(&p.loop, options, &ops, &p, e);
	if (p.tunnel) {
		uv_timer_init(&p.loop, &p.deadline);
		p.deadline.data = &p;
		uv_timer_start(&p.deadline, on_late, PROBE_MS, 0);
		tunnel_start(p.tunnel);
		uv_run(&p.loop, UV_RUN_DEFAULT);
		uv_close((uv_handle_t *)&p.deadline, NULL);
		tunnel_close(p.tunnel, NULL, NULL);
		tunnel_free(p.tunnel);
		loop_run_out(&p.loop);
		tunnel_free_rest(p.tunnel);
	}
	uv_loop_close(&p.loop);
	return p.online && !p.failed;
}

struct login_options {
	const char *token_place, *ca;
	bool no_token, allow_plain_token;
};

#define AT struct login_options

static const struct option_row rows[] = {
	/* CREEL_TOKEN is the secret itself, not a place of one. */
	{ "token", 0, OPTION_TEXT_AT(AT, token_place), OPTION_BY_USER & ~OPTION_FROM_ENVIRONMENT, "@FILE|@-|env:NAME",
	  "where the token stands", .otherwise = "asked for" },
	{ "no-token", 0, OPTION_FLAG_AT(AT, no_token), OPTION_BY_USER, NULL,
	  "for a relay on this machine that wants none" },
	{ "ca", 0, OPTION_TEXT_AT(AT, ca), OPTION_BY_USER, "FILE", "trust this CA (PEM)" },
	{ "allow-plain-token", 0, OPTION_FLAG_AT(AT, allow_plain_token), OPTION_BY_USER, NULL,
	  "send the token over http to another machine, too" },
};

static bool check_relay(const char *relay, struct error *e)
{
	return (relay && strlen(relay) <= LIMIT_LOGIN_URL) ||
	       error_set(e, EXIT_USAGE,
			 "login takes the relay's URL, for example: creel login https://hooks.example.com");
}

/* Leaves in *text the token that it holds; false when what it holds can be none of any relay. */
static bool is_token(char **text, struct error *e)
{
	char token[SECRET_SHAPE_TOKEN + 1];
	size_t digits;
	enum secret_shape_token shape = secret_shape_token(bytes_of(*text), token, &digits);
	switch (shape) {
	case TOKEN_SHAPE_RIGHT:
		break;
	case TOKEN_SHAPE_WRAPPED:
		snprintf(*text, strlen(*text) + 1, "%s", token);
		fputs("creel: the token is taken without what was around it, or broke it into lines\n", stderr);
		break;
	case TOKEN_SHAPE_SHORT:
	case TOKEN_SHAPE_LONG:
		return error_set(
		    e, EXIT_USAGE,
		    "this is not a whole token: it has %zu digits after creel_, and those of creel-relay have "
		    "64; copy it once more",
		    digits);
	case TOKEN_SHAPE_SEVERAL:
		return error_set(e, EXIT_USAGE, "there are several tokens: give the one that is meant");
	case TOKEN_SHAPE_OTHER:
		for (const unsigned char *at = (const unsigned char *)*text; *at; at++)
			if (*at <= ' ' || *at == 0x7f)
				return error_set(e, EXIT_USAGE,
						 "the token holds blanks: it is one word, creel_ and 64 digits");
		break;
	}
	OPENSSL_cleanse(token, sizeof token);
	return true;
}

/* *token stays NULL with --no-token; the caller wipes, frees. */
static bool take_token(const struct login_options *o, char **token, struct error *e)
{
	const char *variable = getenv("CREEL_TOKEN");
	if (o->no_token)
		return true;
	*token = o->token_place          ? secret_read(o->token_place, e)
		 : variable && *variable ? strdup(variable)
					 : ask_token(e);
	if (!*token)
		return false;
	return is_token(token, e);
}

static bool keep_login(const struct command_call *call, const char *relay, const char *token, struct error *e)
{
	const struct login_options *o = call->settings;
	char *path = call->common->config ? strdup(call->common->config) : config_default_path();
	bool fine = path ? config_login(path, relay, token, e)
			 : error_set(e, EXIT_USAGE,
				     "there is no place for the config file: HOME is not set; name one with --config");
	if (fine) {
		printf("%s is the relay now; kept in %s\n", relay, path);
		if (o->ca)
			printf("The CA is not: listen, doctor and trigger need --ca %s, too, or a line `ca = FILE` "
			       "there.\n",
			       o->ca);
		if (o->allow_plain_token && token && strncmp(relay, "https", 5) != 0 && strncmp(relay, "wss", 3) != 0)
			puts("listen and doctor need --allow-plain-token, too, or a line `allow-plain-token = yes` at "
			     "the top of that file.");
	}
	free(path);
	return fine;
}

static bool login(const struct command_call *call, char **token, struct error *e)
{
	const struct login_options *o = call->settings;
	const char *relay = call->argc == 1 ? call->argv[0] : NULL;
	struct tunnel_options tunnel = {
		.relay = relay,
		.ca = o->ca,
		.allow_plain_token = o->allow_plain_token,
		.ping_interval_ms = 15000,
		.answer_within_ms = ANSWER_MS,
		.wire_options = WIRE_OPTION_OFFLINE_FAIL | WIRE_OPTION_PROBE,
	};
	/* Nobody is asked for a token that could not be used. */
	if (!check_relay(relay, e) || !relay || !tunnel_check(&tunnel, e) || !take_token(o, token, e))
		return false;
	tunnel.token = *token;
	secret_gate_add(call->program->gate, *token);
	return probe_relay(&tunnel, e) && keep_login(call, relay, *token, e);
}

static int run(struct command_call *call, struct error *e)
{
	char *token = NULL;
	e->code = EXIT_USAGE;
	signal(SIGPIPE, SIG_IGN);
	bool fine = login(call, &token, e);
	if (token)
		OPENSSL_cleanse(token, strlen(token));
	free(token);
	return fine ? EXIT_DONE : (int)e->code;
}

const struct command command_login = {
	"login",
	"creel login URL [--token @FILE|@-|env:NAME | --no-token] [--ca FILE] [--allow-plain-token]",
	"remember a relay and its token",
	"Opens a tunnel for a moment to check URL, certificate and token, then saves URL and token in the config file\n"
	"(0600) for later commands. Without --token the token is that of CREEL_TOKEN, or it is asked for. A CA is not\n"
	"saved: write `ca = FILE` at the top of the config file for listen, doctor and trigger.\n\n"
	"Example: creel login https://hooks.example.com --token @token.txt",
	COMMAND_OPTIONS(rows, struct login_options),
	.files = COMMAND_WRITES_CONFIG,
	.run = run,
};
