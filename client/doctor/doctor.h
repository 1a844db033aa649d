/* `creel doctor`: checks one thing after another between the sender and the app, and says in a sentence what it found.
 *
 * Each check is one function; cmd_doctor.c calls them in order, and skips those that need a thing that was found wrong.
 * What they find goes to doctor_say. None takes longer than DOCTOR_MS, or twice that where it has two steps. */
#pragma once

#include <curl/curl.h>
#include <openssl/bio.h>
#include <uv.h>

#include "client/options/command.h"
#include "client/reason/reason.h"
#include "client/proxy/proxy_dial.h"
#include "client/tunnel/tunnel.h"

#define DOCTOR_MS 5000

/* What is checked, in this order from the record to the app. */
enum check {
	CHECK_CONFIG,
	CHECK_STORE,
	CHECK_RELAY,
	CHECK_DNS,
	CHECK_PROXY,
	CHECK_TCP,
	CHECK_TLS,
	CHECK_CLOCK,
	CHECK_TOKEN,
	CHECK_URL,
	CHECK_TARGET
};

enum finding { FINDING_OK, FINDING_WARN, FINDING_FAIL, FINDING_SKIP };

struct doctor_check {
	enum check check;
	enum finding finding;
	enum exit_code code; /* the exit status for a failure */
	char text[800];      /* one sentence, may hold untrusted bytes */
	char todo[300];      /* what to do about it, or "" */
};

/* The client that runs with this store; without `relay` there is none. */
struct doctor_client {
	int64_t pid;
	char *relay, *tunnel, *target, *detail; /* detail: why it is not online, or "" */
	bool online;
	uint64_t silent_s; /* how long it has confirmed nothing, if that is too long: it or its relay hangs */
};

struct doctor {
	bool json;
	const struct secret_gate *gate; /* takes secrets out of every finding */
	struct common_options common;
	/* From the options, else from the config file's section [listen]; else target and name come from the running
	 * client. */
	const char *target, *target_ca, *ca, *pin, *name;
	bool insecure, allow_plain_token;
	char *token; /* wiped by doctor_free */
	struct doctor_client client;

	struct doctor_check checks[16];
	size_t count;

	/* What later checks need of earlier ones; each is true once it is known to be good. */
	bool has_relay, resolved, may_dial, reached, trusted, online;
	char *host;
	int port;
	bool tls;
	struct proxy proxy; /* none without a variable */
	char *addresses;    /* "1.2.3.4,::1" as curl's RESOLVE takes them */
	CURL *dial;         /* owns the connection of `wire` */
	BIO_METHOD *method; /* of BIOs over `dial` */
	BIO *wire;          /* to the relay, through TLS where it speaks that */
	bool says_time;     /* the connection is good enough to ask for the time */
	time_t relay_time;  /* what it said; 0: it was not asked, -1: it did not say */
	int64_t off_s;      /* how far this machine's clock is ahead of it */
	struct doctor_tunnel *tunnel;
};

/* Keeps what was found, and prints its line unless it is all to be JSON. `todo` may be NULL. */
void doctor_say(struct doctor *d, enum check check, enum finding finding, enum exit_code code, const char *todo,
		const char *format, ...) __attribute__((format(printf, 6, 7)));
/* A failure, in the words of the table of reasons. */
void doctor_say_reason(struct doctor *d, enum check check, enum reason reason, const struct facts *facts);
/* The same for a check of the relay. Where it may be the proxy that failed, that is the finding, and this check counts
 * as skipped. */
void doctor_say_reason_behind(struct doctor *d, enum check check, enum reason reason, const struct facts *facts);
/* Replaces what an earlier check found, and thought fine, by this failure. */
void doctor_amend(struct doctor *d, enum check check, enum exit_code code, const char *todo, const char *text);
/* What is known of the relay and the way to it, borrowed from `d`. */
struct facts doctor_facts(const struct doctor *d);
/* The name that is printed: "dns". */
const char *doctor_check_name(enum check check);
/* At the end: prints the first failure once more, or everything as one JSON object. Returns the exit status. */
int doctor_conclude(struct doctor *d, struct error *e);

/* Takes from the running client what neither options nor files say. To be called before the first check. */
void doctor_find_client(struct doctor *d);
void doctor_forget_client(struct doctor *d);

/* `broken`: what is wrong with the files, or NULL. */
void doctor_look_at_config(struct doctor *d, const struct error *broken);
void doctor_look_at_store(struct doctor *d);
void doctor_look_at_relay(struct doctor *d);
void doctor_look_at_dns(struct doctor *d);
void doctor_look_at_proxy(struct doctor *d);
void doctor_look_at_tcp(struct doctor *d);
void doctor_look_at_tls(struct doctor *d);
void doctor_look_at_clock(struct doctor *d);
void doctor_look_at_token(struct doctor *d);
void doctor_look_at_url(struct doctor *d);
void doctor_look_at_target(struct doctor *d);

#define DOCTOR_SENDERS_LEN 300
/* doctor_senders.c: which deliveries in the store at that path were answered later than their senders wait, as the end
 * of a sentence. False: none, or it cannot be read. */
bool doctor_senders_late(const char *path, char out[DOCTOR_SENDERS_LEN]);

/* The addresses of a name with commas between them; the caller frees them. NULL and *why when there are none, or none
 * in time. */
char *doctor_resolve(const char *host, enum reason *why);
/* Milliseconds of a clock that only goes forward. */
int64_t doctor_now_ms(void);
/* Waits until the operation on `wire` that could not go on can be tried again. False when `until_ms` (doctor_now_ms)
 * has come, or the operation failed. */
bool doctor_wait(BIO *wire, int64_t until_ms);
/* A BIO that reads and writes the bytes of `dial`. The caller frees it. NULL when out of memory. */
BIO *doctor_wire(struct doctor *d);
/* Closes the connection to the relay. */
void doctor_hang_up(struct doctor *d);
/* Closes the tunnel, if there is one. */
void doctor_close_tunnel(struct doctor *d);
