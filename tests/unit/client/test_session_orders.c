/* All orders in which a delivery's events can come, as far as PROTOCOL.md §3 and §4 allow them: short ones from several
 * beginnings without a gap, and long ones with two deliveries by chance. After each event the rules of
 * tests/model/client.pml are looked at: a delivery is recorded and called at most once, RECORDED is said once it is
 * synced, before the response and not again, nothing is said on a stream that is over, and the answer's bytes are the
 * app's. At the end nothing is under way, and AddressSanitizer sees what was freed twice or never. */
#include "tests/unit/client/session_fixture.h"

#define DELIVERIES 2
#define NUMBERS 128 /* of streams */
#define PATH_MOST 200

enum kind {
	REQUEST_WHOLE,
	REQUEST_PART,
	REST,
	CANCEL,
	TRUNCATE,
	DONE,
	RELAY_ENDS, /* while the client is away */
	CREDIT,
	APP_HEAD,
	APP_BODY,
	APP_ENDS,
	APP_BREAKS,
	/* Of no delivery in particular. */
	RELAY_READS,
	SHUT_OR_OPEN,
	CUT,
	COME_BACK_RESUMED,
	COME_BACK_NEW,
	STORE_COMMITS,
	STORE_SYNCS,
	STORE_FAILS,
	SYNC_FAILS,
	ATTEMPT_IS_RECORDED,
	ATTEMPT_IS_NOT,
	TURN_ENDS,
	DRAIN,
	KINDS,
};
#define OF_A_DELIVERY(kind) ((kind) < RELAY_READS)

struct event {
	enum kind kind;
	size_t delivery;
};

/* What the relay knows of a delivery. */
struct relay_delivery {
	uint64_t stream;
	int sent; /* on this connection: 1 a part, 2 all of the request */
	bool recorded, head, end, over;
	size_t seen, credited;
	bool by_app; /* the answer is the app's: 200 */
};

/* What was said on a stream, as far as the client can know. */
struct heard {
	size_t delivery;
	bool known, closed;
	bool recorded, head, end;
	size_t body;
};

struct run {
	struct fixture f;
	struct relay_delivery of[DELIVERIES];
	struct heard heard[NUMBERS];
	uint64_t next;
	size_t deliveries, read, checked;
	bool connected, drained;
	int cuts, faults, cancels;
	enum kind last;
};

/* ---- what must always hold ---- */

static void check_body(struct run *r, struct heard *h, const struct said *s)
{
	for (size_t i = 0; i < s->body_len && r->of[h->delivery].by_app; i++)
		assert_int_equal(s->body[i], fixture_byte(h->body + i));
	h->body += s->body_len;
	h->end = s->end;
}

static void check_said(struct run *r, const struct said *s)
{
	struct heard *h = &r->heard[s->stream];
	assert_int_not_equal(s->what, SAID_CLOSE);
	assert_true(r->connected && h->known && !h->closed);
	switch (s->what) {
	case SAID_RECORDED:
		assert_false(h->recorded);
		assert_true(fixture_row(&r->f, s->event_id)->synced);
		h->recorded = true;
		break;
	case SAID_RESPONSE:
		assert_true(h->recorded && !h->head);
		h->head = true;
		r->of[h->delivery].by_app = s->number == 200;
		check_body(r, h, s);
		break;
	case SAID_DATA:
		assert_true(h->head && !h->end);
		check_body(r, h, s);
		break;
	case SAID_RESET:
		h->closed = true;
		break;
	default:
		break;
	}
}

static void check(struct run *r)
{
	for (; r->checked < r->f.said_count; r->checked++)
		check_said(r, &r->f.said[r->checked]);
	assert_true(r->f.row_count <= r->deliveries);
	for (size_t i = 0; i < r->f.row_count; i++) {
		assert_in_range(r->f.rows[i].calls, 0, 1);
		assert_true(r->f.rows[i].attempts <= r->f.rows[i].calls);
	}
}

/* ---- the relay ---- */

static bool is_mine(const struct app_call *c, size_t delivery)
{
	return c->open && c->event_id[0] == delivery + 1;
}

static struct app_call *call_of(struct run *r, size_t delivery)
{
	for (size_t i = 0; i < r->f.call_count; i++)
		if (is_mine(&r->f.calls[i], delivery))
			return &r->f.calls[i];
	return NULL;
}

static void request(struct run *r, size_t i, bool whole)
{
	struct relay_delivery *d = &r->of[i];
	if (!d->stream) {
		d->stream = r->next++;
		r->heard[d->stream] = (struct heard){ .delivery = i };
	}
	r->heard[d->stream].known = true;
	d->sent = whole ? 2 : 1;
	assert_true(fixture_request(&r->f, d->stream, i + 1, whole ? WIRE_END : 0, "hello"));
}

static void end_stream(struct run *r, size_t i)
{
	r->heard[r->of[i].stream].closed = true;
	r->of[i].over = true;
}

static void read_one(struct run *r)
{
	const struct said *s = &r->f.said[r->read++];
	struct relay_delivery *d = &r->of[r->heard[s->stream].delivery];
	if (d->over || d->stream != s->stream)
		return; /* the two ends crossed */
	switch (s->what) {
	case SAID_RECORDED:
		d->recorded = true;
		break;
	case SAID_RESPONSE:
	case SAID_DATA:
		d->head = true;
		d->seen += s->body_len;
		d->end = s->end;
		break;
	case SAID_RESET:
		if (s->number == WIRE_RESET_STORE) /* it is the relay's still, and handed out once more */
			*d = (struct relay_delivery){ 0 };
		else
			d->over = true;
		break;
	default:
		break;
	}
}

static void come_back_resumed(struct run *r)
{
	uint64_t listed = 0;
	fixture_welcome(&r->f, true);
	r->connected = true;
	for (size_t i = 0; i < NUMBERS; i++)
		r->heard[i].closed = true; /* unless it is listed */
	for (size_t n = 0; n < r->deliveries; n++) {
		/* In the order of their numbers. */
		struct relay_delivery *d = NULL;
		size_t which = 0;
		for (size_t i = 0; i < r->deliveries; i++)
			if (!r->of[i].over && r->of[i].stream > listed && (!d || r->of[i].stream < d->stream)) {
				d = &r->of[i];
				which = i;
			}
		if (!d)
			break;
		listed = d->stream;
		struct heard *h = &r->heard[d->stream];
		*h = (struct heard){ which, true, false, d->recorded, d->head, false, d->seen };
		d->sent = d->recorded ? 2 : 0;
		d->credited = d->seen;
		assert_true(fixture_list(&r->f, d->stream, which + 1, d->recorded, d->head, d->seen));
		check(r);
	}
	assert_true(fixture_list(&r->f, 0, 0, false, false, 0));
}

static void come_back_new(struct run *r)
{
	memset(r->heard, 0, sizeof r->heard);
	r->next = 1;
	for (size_t i = 0; i < r->deliveries; i++) {
		struct relay_delivery *d = &r->of[i];
		bool over = d->over || d->recorded;
		*d = (struct relay_delivery){ .over = over };
	}
	fixture_welcome(&r->f, false);
	r->connected = true;
}

/* ---- events ---- */

static bool may_of_delivery(struct run *r, enum kind kind, size_t i)
{
	const struct relay_delivery *d = &r->of[i];
	const struct app_call *c = call_of(r, i);
	switch (kind) {
	case REQUEST_WHOLE:
	case REQUEST_PART:
		return r->connected && !d->over && d->sent == 0 && r->next < NUMBERS;
	case REST:
		return r->connected && !d->over && d->sent == 1;
	case CANCEL:
		return r->connected && !d->over && d->sent > 0 && r->cancels < 1;
	case TRUNCATE:
		return r->connected && !d->over && d->sent == 1 && r->cancels < 1;
	case DONE:
		return r->connected && !d->over && d->end;
	case RELAY_ENDS:
		return !r->connected && !d->over && d->stream;
	case CREDIT:
		return r->connected && !d->over && d->seen > d->credited;
	case APP_HEAD:
		return c && !c->head;
	case APP_BODY:
		return c && c->head && !c->paused && c->given < 20;
	case APP_ENDS:
		return c && c->head;
	default:
		return c;
	}
}

static bool may(struct run *r, struct event e)
{
	struct fixture *f = &r->f;
	if (OF_A_DELIVERY(e.kind))
		return may_of_delivery(r, e.kind, e.delivery);
	if (e.delivery > 0)
		return false;
	switch (e.kind) {
	case RELAY_READS:
		return r->connected && r->read < f->said_count;
	case SHUT_OR_OPEN:
		return r->connected && r->last != SHUT_OR_OPEN;
	case CUT:
		return r->connected && r->cuts < 2;
	case COME_BACK_RESUMED:
	case COME_BACK_NEW:
		return !r->connected;
	case STORE_COMMITS:
		return fixture_waiting(f, WANTED_DELIVERY, false);
	case STORE_SYNCS:
		return fixture_waiting(f, WANTED_DELIVERY, true);
	case STORE_FAILS:
		return r->faults < 1 && fixture_waiting(f, WANTED_DELIVERY, false);
	case SYNC_FAILS:
		return r->faults < 1 && fixture_waiting(f, WANTED_DELIVERY, true);
	case ATTEMPT_IS_RECORDED:
		return fixture_waiting(f, WANTED_ATTEMPT, false);
	case ATTEMPT_IS_NOT:
		return r->faults < 1 && fixture_waiting(f, WANTED_ATTEMPT, false);
	case TURN_ENDS:
		return r->last != TURN_ENDS;
	default:
		return !r->drained && f->row_count > 0;
	}
}

static void happen_to_delivery(struct run *r, enum kind kind, size_t i)
{
	struct fixture *f = &r->f;
	struct relay_delivery *d = &r->of[i];
	switch (kind) {
	case REQUEST_WHOLE:
	case REQUEST_PART:
		request(r, i, kind == REQUEST_WHOLE);
		return;
	case REST:
		d->sent = 2;
		assert_true(fixture_rest(f, d->stream, WIRE_END, "rest"));
		return;
	case CANCEL:
	case TRUNCATE:
		r->cancels++;
		end_stream(r, i);
		assert_true(
		    fixture_relay_resets(f, d->stream, kind == CANCEL ? WIRE_RESET_CANCEL : WIRE_RESET_TRUNCATED));
		return;
	case DONE:
		end_stream(r, i);
		assert_true(fixture_done(f, d->stream, i + 1));
		return;
	case RELAY_ENDS:
		d->over = true;
		return;
	case CREDIT:
		assert_true(fixture_credit(f, d->stream, (uint32_t)(d->seen - d->credited)));
		d->credited = d->seen;
		return;
	case APP_HEAD:
		fixture_head(call_of(r, i), 200);
		return;
	case APP_BODY:
		fixture_body(call_of(r, i), 10);
		return;
	case APP_ENDS:
		fixture_end_call(call_of(r, i), ATTEMPT_OK, 200);
		return;
	default:
		fixture_end_call(call_of(r, i), ATTEMPT_ABORTED, call_of(r, i)->head ? 200 : 0);
	}
}

static void happen(struct run *r, struct event e)
{
	struct fixture *f = &r->f;
	if (OF_A_DELIVERY(e.kind))
		happen_to_delivery(r, e.kind, e.delivery);
	switch (e.kind) {
	case RELAY_READS:
		read_one(r);
		break;
	case SHUT_OR_OPEN:
		f->shut = !f->shut;
		if (!f->shut)
			session_tunnel_ops.on_credit(f->session);
		break;
	case CUT:
		r->cuts++;
		r->read = f->said_count; /* the rest is lost on its way */
		r->connected = false;
		session_tunnel_ops.on_lost(f->session, true);
		break;
	case COME_BACK_RESUMED:
		come_back_resumed(r);
		break;
	case COME_BACK_NEW:
		come_back_new(r);
		break;
	case STORE_COMMITS:
		fixture_commit(f);
		break;
	case STORE_SYNCS:
		fixture_sync(f);
		break;
	case STORE_FAILS:
	case SYNC_FAILS:
		r->faults++;
		fixture_fail(f, e.kind == SYNC_FAILS);
		break;
	case ATTEMPT_IS_RECORDED:
		fixture_attempt(f, true);
		break;
	case ATTEMPT_IS_NOT:
		r->faults++;
		fixture_attempt(f, false);
		break;
	case TURN_ENDS:
		fixture_turn(f);
		break;
	case DRAIN:
		r->drained = true;
		session_drain(f->session);
		break;
	default:
		break;
	}
	r->last = e.kind;
	check(r);
}

static size_t list_events(struct run *r, struct event *out)
{
	size_t n = 0;
	for (enum kind k = 0; k < KINDS; k++)
		for (size_t i = 0; i < r->deliveries; i++)
			if (may(r, (struct event){ k, i }))
				out[n++] = (struct event){ k, i };
	return n;
}

/* ---- runs ---- */

static void begin(struct run *r, size_t deliveries)
{
	memset(r, 0, sizeof *r);
	fixture_open(&r->f, NULL);
	r->deliveries = deliveries;
	r->next = 1;
	r->connected = true;
	r->last = TURN_ENDS;
}

static void finish(struct run *r)
{
	r->connected = true; /* what is said as the session ends is looked at no more */
	fixture_end(&r->f);
	for (size_t i = 0; i < r->f.row_count; i++)
		assert_in_range(r->f.rows[i].calls, 0, 1);
}

/* Goes through every path of `depth` events after a beginning. Returns how many. */
static size_t all_orders(const enum kind *beginning, size_t count, size_t depth)
{
	static struct run r;
	size_t choice[PATH_MOST] = { 0 }, width[PATH_MOST], paths = 0;
	for (;;) {
		size_t at = 0;
		begin(&r, 1);
		for (size_t i = 0; i < count; i++) {
			assert_true(may(&r, (struct event){ beginning[i], 0 }));
			happen(&r, (struct event){ beginning[i], 0 });
		}
		for (; at < depth; at++) {
			struct event events[KINDS];
			width[at] = list_events(&r, events);
			if (!width[at])
				break;
			happen(&r, events[choice[at]]);
		}
		finish(&r);
		paths++;
		while (at > 0 && choice[at - 1] + 1 == width[at - 1])
			choice[--at] = 0;
		if (at == 0)
			return paths;
		choice[at - 1]++;
	}
}

static void short_orders(void **state)
{
	static const enum kind part[] = { REQUEST_PART };
	static const enum kind committed[] = { REQUEST_WHOLE, STORE_COMMITS };
	static const enum kind answering[] = { REQUEST_WHOLE, STORE_COMMITS, STORE_SYNCS, RELAY_READS,
					       APP_HEAD,      APP_BODY,      TURN_ENDS };
	static const enum kind lost[] = { REQUEST_WHOLE, STORE_COMMITS, STORE_SYNCS, APP_HEAD, TURN_ENDS, CUT };
	static const enum kind back[] = { REQUEST_WHOLE, STORE_COMMITS, STORE_SYNCS, APP_HEAD, CUT, COME_BACK_RESUMED };
	static const enum kind known[] = { REQUEST_WHOLE, STORE_COMMITS, CUT, COME_BACK_NEW, REQUEST_WHOLE };
	static const struct {
		const enum kind *at;
		size_t count, depth;
	} beginnings[] = {
#define BEGINNING(b, depth) { b, sizeof b / sizeof *b, depth }
		{ NULL, 0, 5 },     BEGINNING(part, 5), BEGINNING(committed, 4), BEGINNING(answering, 4),
		BEGINNING(lost, 5), BEGINNING(back, 4), BEGINNING(known, 4),
	};
	size_t paths = 0;
	(void)state;
	for (size_t i = 0; i < sizeof beginnings / sizeof *beginnings; i++)
		paths += all_orders(beginnings[i].at, beginnings[i].count, beginnings[i].depth);
	print_message("%zu orders\n", paths);
	assert_true(paths > 10000);
}

static uint64_t random_next(uint64_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return *seed;
}

static void long_orders(void **state)
{
	static struct run r;
	(void)state;
	for (uint64_t run = 1; run <= 5000; run++) {
		uint64_t seed = run * UINT64_C(0x9e3779b97f4a7c15);
		begin(&r, DELIVERIES);
		for (size_t at = 0; at < 60; at++) {
			struct event events[KINDS * DELIVERIES];
			size_t n = list_events(&r, events);
			if (!n)
				break;
			happen(&r, events[random_next(&seed) % n]);
		}
		finish(&r);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(short_orders),
		cmocka_unit_test(long_orders),
	};
	return RUN(tests);
}
