#include "client/delivery/commit.h"

#include "client/delivery/recognise.h"
#include "client/delivery/report.h"
#include "client/delivery/response.h"
#include "shared/base/clock.h"

#include <string.h>

/* It outlives a kill: the app may be called. Nothing goes back to the relay yet, for a power cut may still take it. */
static void on_committed(void *user, int64_t id, bool duplicate)
{
	struct stream *st = user;
	st->delivery_id = id;
	stream_commit_to(st, duplicate ? COMMIT_KNOWN : COMMIT_STORED);
	if (duplicate)
		return;
	report_delivery(st);
	if (st->inbound != INBOUND_REFUSED && !st->set->cancelled)
		st->by->begin(st);
}

static void be_synced(struct stream *st)
{
	stream_commit_to(st, st->commit == COMMIT_KNOWN ? COMMIT_KNOWN_SYNCED : COMMIT_SYNCED);
	stream_send_recorded(st);
	if (st->call != CALL_NONE)
		response_send(st);
	else if (st->inbound == INBOUND_REFUSED || st->set->cancelled)
		stream_leave_wire(st);
	else /* What was known is on record with its answer: there is nothing to say but that. */
		response_take_status(st, 202);
}

static void on_synced(void *user, int64_t id, bool duplicate, const struct error *e)
{
	struct stream *st = user;
	(void)id;
	(void)duplicate;
	stream_store_works(st->set, e);
	if (e) {
		stream_commit_to(st, COMMIT_FAILED);
		stream_send_reset(st, WIRE_RESET_STORE, "the client could not record it");
	} else {
		be_synced(st);
	}
	stream_release(st);
}

void commit_request(struct stream *st)
{
	struct streams *set = st->set;
	recognise_stream(st);
	struct store_delivery d = {
		.received_at_us = st->request.received_at_us,
		.reached_at_us = clock_now_us(),
		.origin = st->origin,
		.state = stream_first_state(st),
		.refused_status = st->request.refused_status,
		.https = st->request.https,
		.forwarded = st->request.forwarded,
		.has_body = st->request.has_body,
		.tunnel = bytes_of(set->tunnel_name),
		.method = st->request.method,
		.target = st->request.target,
		.prefix = st->request.prefix,
		.peer = st->request.peer,
		.provider = bytes_of(st->provider),
		.event_type = buffer_view(&st->event),
		.signature = bytes_of(signature_verdict_name(st->signature)),
		.headers = st->request.headers,
		.trailers = buffer_view(&st->trailers),
		.body_size = stream_request_bytes(st),
	};
	memcpy(d.event_id, st->request.event_id, UUID_LEN);
	stream_recorded_part(st, &st->body, &d.body, &d.spilled);
	stream_commit_to(st, COMMIT_WRITING);
	set->record->insert_delivery(set->recorder, &d, on_committed, on_synced, st);
}
