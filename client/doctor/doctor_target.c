/* How `creel doctor` checks the app: whether its port takes connections, and on which address. */
#include "client/app/curl_reason.h"
#include "client/doctor/doctor.h"
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

static void say_both(struct doctor *d, const char *base, const struct door *six, const struct door *four)
{
	const struct door *one = six->answers ? six : four, *other = six->answers ? four : six;
	char why[300];
	if (six->answers && four->answers) {
		doctor_say(d, CHECK_TARGET, FINDING_OK, EXIT_DONE, NULL, "%s answers on ::1 and on 127.0.0.1", base);
	} else if (one->answers) {
		say_failure(other, why, sizeof why);
		doctor_say(d, CHECK_TARGET, FINDING_OK, EXIT_DONE, NULL, "%s answers on %s; %s: creel tries both", base,
			   one->host, why);
	} else if (six->reason == REASON_APP_NOT_LISTENING && four->reason != six->reason) {
		say_no_answer(d, base, four, NULL);
	} else {
		say_no_answer(d, base, six,
			      four->reason == REASON_APP_NOT_LISTENING && four->reason != six->reason ? NULL : four);
	}
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
		doctor_say(d, CHECK_TARGET, FINDING_OK, EXIT_DONE, NULL, "%s answers", base);
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
	/* No request is sent, so that a target which listen refuses without --allow-remote-target may be checked, too.
	 */
	char *base = forward_parse_target(d->target, true, &e);
	if (base)
		look_at(d, base);
	else
		doctor_say(d, CHECK_TARGET, FINDING_FAIL, EXIT_USAGE, NULL, "%s", e.text);
	free(base);
}
