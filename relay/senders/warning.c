/* What the page of --browser-warning means for a sender's request. */
#include "relay/common/limits.h"
#include "relay/senders/browser_warning.h"
#include "relay/senders/sender.h"
#include "relay/registry/registry.h"
#include "relay/names/router.h"
#include "relay/names/tokens.h"
#include "shared/http/headers.h"
#include "shared/program/log.h"

#include <time.h>

/* Unless all who are given the tunnel's requests have a token of which the operator said that it needs none. */
static bool is_warned(const struct relay *relay, const struct tunnel *t)
{
	bool somebody = false;
	for (const struct client *c = t->clients; c; c = c->next) {
		if (!c->current)
			continue;
		somebody = true;
		if (tokens_wants_warning(relay->tokens, c->owner))
			return true;
	}
	return !somebody;
}

/* For whoever looks into abuse: which tunnel, and who was led there. No target: queries are nobody's business. */
static void note(struct senders *all, const struct sender *s, const struct tunnel *t, time_t now)
{
	struct warning_log *log = &all->warnings;
	struct log_number unwritten;
	if (log->second != now) {
		log->second = now;
		log->written = 0;
	}
	if (log->written >= LIMIT_WARNING_LINES) {
		log->unwritten++;
		return;
	}
	log->written++;
	const char *owner = NULL;
	for (const struct client *c = t->clients; c && !owner; c = c->next)
		owner = c->current ? c->owner : NULL;
	log_event(LOG_INFO, "browser_warning", "tunnel", t->name, "owner", owner, "peer", s->peer, "unwritten",
		  log->unwritten ? log_number(&unwritten, log->unwritten) : NULL, NULL);
	log->unwritten = 0;
}

/* As the browser has it: a trusted proxy may end TLS. */
static bool is_https(const struct sender *s, struct bytes headers)
{
	struct bytes value;
	return s->conn.tls || (s->forwarded && headers_find(headers, "X-Forwarded-Proto", &value) &&
			       bytes_equal_nocase(value, "https"));
}

bool warning_answers(struct sender *s, const struct wire_request *q, const struct route *route, bool body_comes)
{
	struct relay *relay = s->all->relay;
	struct warning_answer answer = { 0 };
	enum warning_verdict verdict;
	time_t now = time(NULL);
	if (!relay->warning || !is_warned(relay, route->holder))
		return false;
	const struct warning_request r = {
		.method = q->method,
		.headers = q->headers,
		.tunnel = route->name,
		.prefix = route->prefix,
		.target = route->target,
		.address = bytes_make(s->address.at, sizeof s->address.at),
		.https = is_https(s, q->headers),
		.now_s = (uint64_t)now,
	};
	bool fine = browser_warning_judge(relay->warning, &r, &verdict, &answer);
	if (verdict == WARNING_PASS)
		return false;
	s->fields = answer.fields; /* both change hands */
	s->page = answer.page;
	if (fine && verdict == WARNING_SHOW)
		note(s->all, s, route->holder, now);
	if (!fine) {
		buffer_free(&s->fields);
		buffer_free(&s->page);
	}
	enum refusal why = !fine                     ? REFUSE_OVERLOADED
			   : verdict == WARNING_SHOW ? REFUSE_BROWSER_WARNING
						     : REFUSE_WARNING_READ;
	/* A form's body: were it left unread, the page would be lost with the connection. */
	if (body_comes) {
		s->after_body = why;
		sender_to(s, SENDER_BODY);
	} else {
		answer_refuse(s, why);
	}
	return true;
}
