#include "relay/links/handshakes.h"

#include "shared/program/log.h"

#include <stdlib.h>
#include <unistd.h>
#include <utlist.h>

#define TURN_NS 2000000 /* of handshakes, then the others' turn */
#define PAUSE_MS 1
#define ONE 1000 /* of may_begin: a thousandth comes back each LIMIT_HANDSHAKES_WASTED-th of a millisecond */

static struct adopted *adopted_of(struct silent_entry *e)
{
	return (struct adopted *)((char *)e - offsetof(struct adopted, of_address));
}

static struct adopted *adopted_of_turn(struct silent_entry *e)
{
	return (struct adopted *)((char *)e - offsetof(struct adopted, turn));
}

static void may_begin_more(struct tunnel_server *s, int64_t more)
{
	s->may_begin += more;
	if (s->may_begin > INT64_C(1) * LIMIT_HANDSHAKES * ONE)
		s->may_begin = INT64_C(1) * LIMIT_HANDSHAKES * ONE;
}

/* ---- the end of one ---- */

void handshakes_upgraded(struct tunnel_server *s, struct adopted *a)
{
	if (a->has_deadline)
		DL_DELETE(s->unfinished, a);
	a->has_deadline = false;
}

static void end(struct tunnel_server *s, struct adopted *a)
{
	handshakes_upgraded(s, a);
	if (a->unfinished)
		s->unfinished_count--;
	a->unfinished = false;
	silent_remove(&s->by_address, &a->of_address);
	silent_remove(&s->waiting, &a->turn);
}

void handshakes_finish(struct tunnel_server *s, struct adopted *a)
{
	if (a->unfinished)
		may_begin_more(s, ONE);
	end(s, a);
}

void handshakes_forget(struct tunnel_server *s, struct adopted *a)
{
	end(s, a);
	if (a->given.closed)
		a->given.closed(a->given.user, &a->given.address);
	free(a);
}

static void drop(struct tunnel_server *s, struct adopted *a)
{
	end(s, a);
	if (a->wsi) {
		lws_set_timeout(a->wsi, PENDING_TIMEOUT_USER_OK, LWS_TO_KILL_SYNC); /* `a` may be gone after it */
	} else {
		close(a->fd);
		handshakes_forget(s, a);
	}
}

/* ---- their turn ---- */

/* lws 4.1.6 closes the socket itself when it cannot take it. */
static void begin(struct tunnel_server *s, struct adopted *a)
{
	a->wsi = lws_adopt_socket_vhost(a->tls ? s->tls : s->plain, a->fd);
	if (a->wsi) {
		lws_set_opaque_user_data(a->wsi, a);
		return;
	}
	if (RELAY_LOGS(s->relay, LOG_WARN, "tunnel_not_adopted", ""))
		log_event(LOG_WARN, "tunnel_not_adopted", NULL);
	handshakes_forget(s, a);
}

static void on_turn(uv_timer_t *h)
{
	struct tunnel_server *s = h->data;
	const uint64_t began = uv_hrtime(), now = uv_now(s->relay->loop);
	may_begin_more(s, (int64_t)(now - s->may_begin_since) * LIMIT_HANDSHAKES_WASTED);
	s->may_begin_since = now;
	while (s->may_begin >= ONE && uv_hrtime() - began < TURN_NS) {
		struct silent_entry *e = silent_take_turn(&s->waiting);
		if (!e)
			return;
		s->may_begin -= ONE;
		begin(s, adopted_of_turn(e));
	}
	if (!s->waiting.addresses)
		return;
	s->relay->metrics.reached[REACHED_HANDSHAKES_WASTED] += s->may_begin < ONE;
	uv_timer_start(h, on_turn, s->may_begin < ONE ? 1 + ONE / LIMIT_HANDSHAKES_WASTED : PAUSE_MS, 0);
}

/* ---- all of them ---- */

void handshakes_init(struct tunnel_server *s)
{
	uv_timer_init(s->relay->loop, &s->turns);
	s->turns.data = s;
	s->may_begin_since = uv_now(s->relay->loop);
	may_begin_more(s, INT64_MAX / 2);
}

static void keep_few(struct tunnel_server *s, struct adopted *newest)
{
	size_t count;
	struct silent_entry *oldest = silent_oldest_beside(&newest->of_address, &count);
	if (count > LIMIT_HANDSHAKES_PER_ADDRESS) {
		s->relay->metrics.reached[REACHED_HANDSHAKES_PER_ADDRESS]++;
		drop(s, adopted_of(oldest));
	} else if (s->unfinished_count > LIMIT_HANDSHAKES) {
		struct silent_entry *worst = silent_worst(&s->by_address);
		s->relay->metrics.reached[REACHED_HANDSHAKES]++;
		drop(s, worst ? adopted_of(worst) : newest);
	}
}

void handshakes_add(struct tunnel_server *s, int fd, bool tls, const struct tunnel_adopted *given)
{
	struct adopted *a = s->closed ? NULL : calloc(1, sizeof *a);
	if (!a) {
		close(fd);
		if (given->closed)
			given->closed(given->user, &given->address);
		return;
	}
	*a = (struct adopted){ .given = *given, .fd = fd, .tls = tls, .unfinished = true, .has_deadline = true };
	a->since = uv_now(s->relay->loop);
	s->unfinished_count++;
	DL_APPEND(s->unfinished, a);
	silent_add(&s->by_address, &a->of_address, given->peer.at);
	silent_add(&s->waiting, &a->turn, given->peer.at);
	if (!a->turn.address) { /* out of memory: its turn would never come */
		drop(s, a);
		return;
	}
	if (!uv_is_active((uv_handle_t *)&s->turns))
		uv_timer_start(&s->turns, on_turn, 0, 0);
	keep_few(s, a);
}

void handshakes_check(struct tunnel_server *s)
{
	uint64_t now = uv_now(s->relay->loop), most = (uint64_t)s->relay->settings.header_timeout_ms;
	while (s->unfinished && now - s->unfinished->since >= most) {
		s->relay->metrics.reached[REACHED_HEADER_TIMEOUT]++;
		drop(s, s->unfinished);
	}
}

void handshakes_close(struct tunnel_server *s)
{
	struct silent_entry *e;
	if (s->closed)
		return;
	s->closed = true;
	while ((e = silent_take_turn(&s->waiting)))
		drop(s, adopted_of_turn(e));
	uv_close((uv_handle_t *)&s->turns, NULL);
}
