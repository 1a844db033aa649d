/* How `creel doctor` checks the app: whether its port takes connections, on which address, and whether it answers in
 * HTTP. */
#include "client/proxy/curl_reason.h"
#include "client/app/dial.h"
#include "client/doctor/doctor_ask.h"
#include "client/app/forwarder.h"
#include "client/app/knock.h"

#include <stdlib.h>
#include <string.h>

struct door {
	const char *host; /* NULL: the URL's own */
	bool answers;
	char peer[300], detail[FIRST_BYTES_SHOWN];
	enum reason reason;
};

static struct facts facts_of(const struct door *door)
{
	return (struct facts){ .peer = door->peer, .detail = door->detail, .limit_ms = DOCTOR_MS };
}

static void say_failure(const struct door *door, char *out, size_t size)
{
	const struct facts facts = facts_of(door);
	reason_sentence(door->reason, &facts, out, size);
}

/* What is knocked at: "localhost:3000", or with door->host "[::1]:3000". */
static void name_peer(const char *base, struct door *door)
{
	char authority[256];
	curl_reason_peer(base, authority, sizeof authority);
	if (strncmp(base, "unix:", 5) == 0)
		snprintf(door->peer, sizeof door->peer, "%.*s", (int)(5 + strcspn(base + 5, ":")), base);
	else if (!door->host)
		snprintf(door->peer, sizeof door->peer, "%s", authority);
	else
		snprintf(door->peer, sizeof door->peer, strchr(door->host, ':') ? "[%s]%s" : "%s%s", door->host,
			 authority + strcspn(authority, ":"));
}

static void knock_at(const struct doctor *d, const char *base, struct door *door)
{
	const struct knock_at at = {
		.base = base, .address = door->host, .ca = d->target_ca, .insecure = d->insecure, .limit_ms = DOCTOR_MS
	};
	name_peer(base, door);
	door->reason = knock(&at, door->detail);
	door->answers = door->reason == REASON_NONE;
}

static void say_no_answer(struct doctor *d, const char *base, const struct door *door, const struct door *also)
{
	char why[300], and[300] = "", todo[200];
	struct door whole = *door;
	whole.host = NULL;
	name_peer(base, &whole);
	const struct facts facts = facts_of(&whole);
	say_failure(door, why, sizeof why);
	if (also)
		say_failure(also, and, sizeof and);
	reason_todo(door->reason, &facts, todo, sizeof todo);
	doctor_say(d, CHECK_TARGET, FINDING_FAIL, EXIT_TARGET,
		   door->reason == REASON_APP_NOT_LISTENING ? "start the app, or name the port it listens on" : todo,
		   "%s does not answer: %s%s%s", base, why, also ? ", and " : "", and);
}

/* It takes connections: does it answer? `where` says on which addresses, or is "". */
static void say_answer(struct doctor *d, const char *base, const char *where)
{
	struct door door = { .host = NULL };
	struct doctor_asked asked;
	char why[400], todo[200];
	doctor_ask(d, base, &asked);
	if (asked.reason == REASON_NONE) {
		doctor_say(d, CHECK_TARGET, FINDING_OK, EXIT_DONE, NULL, "%s answers%s; HEAD gets %d", base, where,
			   asked.status);
		return;
	}
	door.reason = asked.reason;
	name_peer(base, &door);
	snprintf(door.detail, sizeof door.detail, "%s", asked.detail);
	const struct facts facts = facts_of(&door);
	say_failure(&door, why, sizeof why);
	reason_todo(door.reason, &facts, todo, sizeof todo);
	bool begun = asked.raw[0] && door.reason != REASON_APP_NOT_HTTP;
	doctor_say(d, CHECK_TARGET, FINDING_FAIL, EXIT_TARGET,
		   door.reason == REASON_APP_LATE ? "does another program listen there, or does the app hang?" : todo,
		   "%s takes connections, but does not answer as an app does: %s%s%s%s", base, why,
		   begun ? "; its answer begins with \"" : "", begun ? asked.raw : "", begun ? "\"" : "");
}

static void say_both(struct doctor *d, const char *base, const struct door *six, const struct door *four)
{
	const struct door *one = six->answers ? six : four, *other = six->answers ? four : six;
	char why[300], where[400];
	if (six->answers && four->answers) {
		say_answer(d, base, " on ::1 and on 127.0.0.1");
	} else if (one->answers) {
		say_failure(other, why, sizeof why);
		snprintf(where, sizeof where, " on %s; %s: creel tries both", one->host, why);
		say_answer(d, base, where);
	} else if (six->reason == REASON_APP_NOT_LISTENING && four->reason != six->reason) {
		say_no_answer(d, base, four, NULL);
	} else {
		say_no_answer(d, base, six,
			      four->reason == REASON_APP_NOT_LISTENING && four->reason != six->reason ? NULL : four);
	}
}

static bool has_target_ca(struct doctor *d)
{
	SSL_CTX *ctx = d->target_ca ? dial_tls_context(d->target_ca) : NULL;
	bool fine = !d->target_ca || ctx;
	SSL_CTX_free(ctx);
	if (!fine)
		doctor_say(d, CHECK_TARGET, FINDING_FAIL, EXIT_USAGE, "correct --target-ca",
			   "the CA file %s cannot be read, or holds no certificate in PEM", d->target_ca);
	return fine;
}

static void look_at(struct doctor *d, const char *base)
{
	struct door six = { .host = "::1" }, four = { .host = "127.0.0.1" }, named = { .host = NULL };
	const char *host = strstr(base, "://");
	if (host && strncasecmp(host + 3, "localhost:", 10) == 0) {
		knock_at(d, base, &six);
		knock_at(d, base, &four);
		say_both(d, base, &six, &four);
		return;
	}
	knock_at(d, base, &named);
	if (named.answers)
		say_answer(d, base, "");
	else
		say_no_answer(d, base, &named, NULL);
}

void doctor_look_at_target(struct doctor *d)
{
	struct error e;
	if (!d->target) {
		doctor_say(d, CHECK_TARGET, FINDING_SKIP, EXIT_DONE, NULL,
			   "no app was named: --target PORT looks at it");
		return;
	}
	/* Nothing of a webhook's is sent, so that a target which listen refuses without --allow-remote-target may be
	 * checked, too. */
	char *base = forward_parse_target(d->target, true, &e);
	if (base && has_target_ca(d))
		look_at(d, base);
	else if (!base)
		doctor_say(d, CHECK_TARGET, FINDING_FAIL, EXIT_USAGE, NULL, "%s", e.text);
	free(base);
}
