#include "client/origin/answer_challenge.h"

#include "client/delivery/call.h"
#include "client/origin/challenge.h"
#include "client/origin/confirm.h"
#include "shared/base/clock.h"

static void tell(void *user, const char *sentence)
{
	struct streams *set = user;
	set->events->on_trouble(set->user, sentence);
}

static void fetch(struct streams *set, struct confirm **confirm, const char *url)
{
	if (!*confirm)
		*confirm = confirm_new(set->loop, tell, set);
	if (*confirm)
		confirm_fetch(*confirm, url);
	else
		tell(set, "an SNS subscription was not confirmed: out of memory");
}

bool answer_challenge(struct stream *st, struct confirm **confirm)
{
	struct streams *set = st->set;
	struct challenge c;
	struct challenge_request r = {
		.method = st->request.method,
		.target = st->request.target,
		.headers = st->request.headers,
		.signature = st->signature,
		.topics = set->options.websub_topics,
		.topic_count = set->options.websub_topic_count,
	};
	char text[100];
	if (!spill_view(&st->body, &r.body))
		return false;
	if (!set->options.answer_challenges || set->cancelled)
		return false;
	if (!challenge_find(&r, set->options.secrets, &c)) {
		challenge_free(&c);
		return false;
	}
	snprintf(text, sizeof text, "challenge:%s", c.provider);
	set->record->add_tag(set->recorder, st->delivery_id, text);
	snprintf(text, sizeof text, "the app was not called: %s's challenge was answered for it", c.provider);
	if (c.confirm.len)
		fetch(set, confirm, (const char *)c.confirm.at);
	if (c.say.len)
		tell(set, (const char *)c.say.at);
	call_answer(st, c.status, buffer_view(&c.headers), buffer_view(&c.body), text, clock_now_us());
	challenge_free(&c);
	return true;
}
