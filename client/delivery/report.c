#include "client/delivery/report.h"

#include "client/stream/stream.h"

#include <string.h>

/* What stands in both. */
static struct delivery_row row_of(const struct stream *st)
{
	struct delivery_row row = {
		.id = st->delivery_id,
		.received_at_us = st->request.received_at_us,
		.origin = st->origin,
		.replay_of = st->replay_of,
		.tunnel = st->tunnel,
		.method = st->request.method,
		.target = st->request.target,
		.path = bytes_until(st->request.target, '?'),
		.peer = st->request.peer,
		.provider = bytes_of(st->provider),
		.event_type = buffer_view(&st->event),
		.signature = bytes_of(signature_verdict_name(st->signature)),
	};
	memcpy(row.event_id, st->request.event_id, UUID_LEN);
	return row;
}

void report_delivery(const struct stream *st)
{
	if (stream_is_unnumbered(st))
		return;
	struct delivery_row row = row_of(st);
	row.state = stream_first_state(st);
	row.status = row.state == DELIVERY_REFUSED ? st->request.refused_status : 0;
	row.took_us = -1;
	row.request_bytes = stream_request_bytes(st);
	st->set->events->on_delivery(st->set->user, &row);
}

static void show_attempt(const struct stream *st, struct bytes url)
{
	const struct forward_result *r = &st->result;
	struct delivery_row row = row_of(st);
	char chaos[CHAOS_TEXT_LEN];
	chaos_text(chaos, st->chaos);
	row.state = r->result == ATTEMPT_OK && r->status < 400 ? DELIVERY_DELIVERED
		    : stream_is_held(st)                       ? DELIVERY_HELD
							       : DELIVERY_FAILED;
	row.status = r->status;
	row.timed_out = r->result == ATTEMPT_TIMEOUT;
	row.broke_off = r->result != ATTEMPT_OK && r->status > 0;
	row.took_us = (int64_t)r->total_us;
	row.attempts = st->attempt;
	row.request_bytes = st->body_size;
	row.response_bytes = st->answer.size;
	struct attempt_row attempt = {
		.number = st->attempt,
		.started_at_us = r->started_at_us,
		.result = r->result,
		.status = r->status,
		.connect_us = r->connect_us,
		.first_byte_us = r->first_byte_us,
		.total_us = r->total_us,
		.response_bytes = st->answer.size,
		.cut = st->answer.cut,
		.url = url,
		.error = bytes_of(r->error),
		.chaos = bytes_of(chaos),
		.skipped = st->skipped != NULL,
	};
	st->set->events->on_attempt(st->set->user, &row, &attempt);
}

void report_attempt(struct stream *st)
{
	st->report_waits = stream_is_unnumbered(st);
	if (!st->report_waits)
		show_attempt(st, bytes_of(st->result.url));
}

void report_late(struct stream *st)
{
	report_delivery(st);
	/* The URL of the call itself is gone. */
	if (st->report_waits)
		show_attempt(st, st->attempt_record.url);
	st->report_waits = false;
}
