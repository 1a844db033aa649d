/* How `creel doctor` checks the app: whether its port takes connections, and on which address. */
#include "client/app/curl_reason.h"
#include "client/doctor/doctor.h"
#include "client/app/forwarder.h"

#include <stdlib.h>
#include <string.h>

struct knock {
	const char *host; /* NULL: the URL's own */
	bool answers;
	char peer[300];
	enum reason reason;
};

static void say_failure(const struct knock *k, char *out, size_t size)
{
	const struct facts facts = { .peer = k->peer, .limit_ms = DOCTOR_MS };
	reason_sentence(k->reason, &facts, out, size);
}

/* What is knocked at: "localhost:3000", or with k->host "[::1]:3000". */
static void name_peer(const char *base, struct knock *k)
{
	char authority[256];
	curl_reason_peer(base, authority, sizeof authority);
	if (!k->host)
		snprintf(k->peer, sizeof k->peer, "%s", authority);
	else
		snprintf(k->peer, sizeof k->peer, strchr(k->host, ':') ? "[%s]%s" : "%s%s", k->host,
			 authority + strcspn(authority, ":"));
}

/* Makes a connection, with TLS where the target is https; no request: the app sees nothing of it. `k->host` NULL:
 * wherever the URL leads. */
static void knock(const struct doctor *d, const char *base, struct knock *k)
{
	char to[60];
	struct curl_slist *list = NULL;
	CURL *c = curl_easy_init();
	name_peer(base, k);
	/* The certificate is still to be that of the URL's name. */
	snprintf(to, sizeof to, strchr(k->host ? k->host : "", ':') ? "::[%s]:" : "::%s:", k->host ? k->host : "");
	if (c && k->host)
		list = curl_slist_append(NULL, to);
	if (!c || (k->host && !list)) {
		k->reason = REASON_APP_MEMORY;
		curl_easy_cleanup(c);
		return;
	}
	curl_easy_setopt(c, CURLOPT_URL, base);
	curl_easy_setopt(c, CURLOPT_CONNECT_TO, list);
	curl_easy_setopt(c, CURLOPT_CONNECT_ONLY, 1L);
	curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(c, CURLOPT_NOPROXY, "*");
	curl_easy_setopt(c, CURLOPT_TIMEOUT_MS, (long)DOCTOR_MS);
	curl_easy_setopt(c, CURLOPT_SSL_VERIFYPEER, d->insecure ? 0L : 1L);
	curl_easy_setopt(c, CURLOPT_SSL_VERIFYHOST, d->insecure ? 0L : 2L);
	CURLcode code = curl_easy_perform(c);
	k->answers = code == CURLE_OK;
	k->reason = k->answers ? REASON_NONE : curl_reason(c, code);
	curl_easy_cleanup(c);
	curl_slist_free_all(list);
}

static void say_no_answer(struct doctor *d, const char *base, const struct knock *k, const struct knock *also)
{
	char why[300], and[300] = "", todo[200];
	const struct facts facts = { .peer = k->peer };
	say_failure(k, why, sizeof why);
	if (also)
		say_failure(also, and, sizeof and);
	reason_todo(k->reason, &facts, todo, sizeof todo);
	doctor_say(d, CHECK_TARGET, FINDING_FAIL, EXIT_TARGET,
		   k->reason == REASON_APP_NOT_LISTENING ? "start the app, or name the port it listens on" : todo,
		   "%s does not answer: %s%s%s", base, why, also ? ", and " : "", and);
}

static void say_both(struct doctor *d, const char *base, const struct knock *six, const struct knock *four)
{
	const struct knock *one = six->answers ? six : four, *other = six->answers ? four : six;
	char why[300];
	if (six->answers && four->answers) {
		doctor_say(d, CHECK_TARGET, FINDING_OK, EXIT_DONE, NULL, "%s answers on ::1 and on 127.0.0.1", base);
	} else if (one->answers) {
		say_failure(other, why, sizeof why);
		doctor_say(d, CHECK_TARGET, FINDING_OK, EXIT_DONE, NULL, "%s answers on %s; %s: creel tries both", base,
			   one->host, why);
	} else {
		say_no_answer(d, base, six, four);
	}
}

static void look_at(struct doctor *d, const char *base)
{
	struct knock six = { .host = "::1" }, four = { .host = "127.0.0.1" }, named = { .host = NULL };
	if (strncasecmp(strstr(base, "://") + 3, "localhost:", 10) == 0) {
		knock(d, base, &six);
		knock(d, base, &four);
		say_both(d, base, &six, &four);
		return;
	}
	knock(d, base, &named);
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
