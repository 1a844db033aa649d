#include "relay/links/handshakes.h"

#include <utlist.h>

static void drop(struct tunnel_server *s, struct adopted *a)
{
	handshakes_end(s, a);
	lws_set_timeout(a->wsi, PENDING_TIMEOUT_USER_OK, LWS_TO_KILL_SYNC); /* `a` may be gone after it */
}

static struct adopted *adopted_of(struct silent_entry *e)
{
	return (struct adopted *)((char *)e - offsetof(struct adopted, of_address));
}

void handshakes_begin(struct tunnel_server *s, struct adopted *a)
{
	size_t count;
	a->unfinished = true;
	a->since = uv_now(s->relay->loop);
	DL_APPEND(s->unfinished, a);
	s->unfinished_count++;
	silent_add(&s->by_address, &a->of_address, a->given.peer.at);
	struct silent_entry *oldest = silent_oldest_beside(&a->of_address, &count);
	if (count > LIMIT_HANDSHAKES_PER_ADDRESS) {
		s->relay->metrics.reached[REACHED_HANDSHAKES_PER_ADDRESS]++;
		drop(s, adopted_of(oldest));
	} else if (s->unfinished_count > LIMIT_HANDSHAKES) {
		struct silent_entry *worst = silent_worst(&s->by_address);
		s->relay->metrics.reached[REACHED_HANDSHAKES]++;
		drop(s, worst ? adopted_of(worst) : s->unfinished);
	}
}

void handshakes_end(struct tunnel_server *s, struct adopted *a)
{
	if (!a->unfinished)
		return;
	a->unfinished = false;
	DL_DELETE(s->unfinished, a);
	s->unfinished_count--;
	silent_remove(&s->by_address, &a->of_address);
}

void handshakes_check(struct tunnel_server *s)
{
	uint64_t now = uv_now(s->relay->loop), most = (uint64_t)s->relay->settings.header_timeout_ms;
	while (s->unfinished && now - s->unfinished->since >= most) {
		s->relay->metrics.reached[REACHED_HEADER_TIMEOUT]++;
		drop(s, s->unfinished);
	}
}
