#include "client/delivery/commit.h"

#include "client/delivery/recognise.h"
#include "client/delivery/report.h"
#include "client/delivery/response.h"
#include "client/stream/route.h"

static void begin(struct stream *st)
{
	if (st->inbound != INBOUND_REFUSED && !st->set->cancelled)
		st->by->begin(st);
}

/* Without an app there is nothing but the number to go on with. */
static bool begins_when_numbered(const struct stream *st)
{
	return st->set->options.no_app && stream_is_unnumbered(st);
}

/* It outlives a kill: the app may be called. Nothing goes back to the relay yet, for a power cut may still take it. */
static void on_committed(void *user, int64_t id, bool duplicate)
{
	struct stream *st = user;
	st->delivery_id = id;
	stream_commit_to(st, duplicate ? COMMIT_KNOWN : COMMIT_STORED);
	if (duplicate)
		return;
	spill_keep(&st->body);
	report_delivery(st);
	if (!begins_when_numbered(st))
		begin(st);
}

static void on_numbered(void *user, int64_t id)
{
	struct stream *st = user;
	bool waited = begins_when_numbered(st) && st->commit != COMMIT_FAILED;
	stream_pin(st);
	stream_number(st, id);
	if (id) {
		report_late(st);
		if (waited)
			begin(st);
	}
	stream_unpin(st);
}

static void be_synced(struct stream *st)
{
	stream_commit_to(st, st->commit == COMMIT_KNOWN ? COMMIT_KNOWN_SYNCED : COMMIT_SYNCED);
	stream_send_recorded(st);
	if (st->call != CALL_NONE)
		response_send(st);
	else if (st->inbound == INBOUND_REFUSED || st->set->cancelled)
		stream_leave_wire(st);
	else if (!begins_when_numbered(
		     st)) /* What was known is on record with its answer: there is nothing to say but that. */
		response_take_status(st, 202);
}

static void on_synced(void *user, const struct error *e)
{
	struct stream *st = user;
	stream_store_works(st->set, e);
	if (e) {
		stream_commit_to(st, COMMIT_FAILED);
		stream_send_reset(st, WIRE_RESET_STORE, "the client could not record it");
	} else {
		be_synced(st);
	}
	stream_release(st);
}

static const struct record_delivery_ops delivery_ops = { on_committed, on_synced, on_numbered };

void commit_request(struct stream *st)
{
	struct streams *set = st->set;
	recognise_stream(st);
	struct store_delivery d;
	route_choose(st);
	stream_describe(st, &d);
	stream_commit_to(st, COMMIT_WRITING);
	set->record->insert_delivery(set->recorder, &d, &delivery_ops, st);
}
