/* `listen --answer-challenges`: a provider's handshake is answered here, and the app not called. */
#include "client/delivery/challenge.h"
#include "client/delivery/confirm.h"
#include "client/delivery/stream.h"

static void tell(void *user, const char *sentence)
{
	struct session *s = user;
	s->events->on_trouble(s->user, sentence);
}

static void fetch(struct session *s, const char *url)
{
	if (!s->confirm)
		s->confirm = confirm_new(s->loop, tell, s);
	if (s->confirm)
		confirm_fetch(s->confirm, url);
	else
		tell(s, "an SNS subscription was not confirmed: out of memory");
}

bool stream_answer_challenge(struct stream *st)
{
	struct session *s = st->session;
	struct challenge c;
	struct challenge_request r = {
		.method = st->request.method,
		.target = st->request.target,
		.headers = st->request.headers,
	};
	char text[100];
	if (!spill_view(&st->body, &r.body))
		return false;
	/* Whoever forges a handshake gets no answer to it: the app shall see what comes. */
	if (!s->options.answer_challenges || s->cancelled || st->signature == SIGNATURE_INVALID)
		return false;
	if (!challenge_find(&r, s->options.secrets, &c)) {
		challenge_free(&c);
		return false;
	}
	snprintf(text, sizeof text, "challenge:%s", c.provider);
	recorder_add_tag(s->recorder, st->delivery_id, text);
	snprintf(text, sizeof text, "the app was not called: %s's challenge was answered for it", c.provider);
	if (c.confirm.len)
		fetch(s, (const char *)c.confirm.at);
	stream_answer_as_app(st, 200, buffer_view(&c.headers), buffer_view(&c.body), text);
	challenge_free(&c);
	return true;
}
