#include "client/record/recorded_row.h"

#include <string.h>

struct bytes recorded_row_path(struct bytes target)
{
	const uint8_t *query = target.len ? memchr(target.at, '?', target.len) : NULL;
	return bytes_make(target.at, query ? (size_t)(query - target.at) : target.len);
}

struct delivery_row recorded_row(const struct store_delivery *d, int64_t id)
{
	struct delivery_row row = {
		.id = id,
		.received_at_us = d->received_at_us,
		.reached_at_us = d->reached_at_us,
		.origin = d->origin,
		.state = d->state,
		.replay_of = d->replay_of,
		.status = d->state == DELIVERY_REFUSED ? d->refused_status : 0,
		.took_us = -1,
		.request_bytes = d->body_size,
		.tunnel = d->tunnel,
		.method = d->method,
		.target = d->target,
		.path = recorded_row_path(d->target),
		.peer = d->peer,
		.provider = d->provider,
		.event_type = d->event_type,
		.signature = d->signature.len ? d->signature : bytes_of("unknown"),
		.redacted = d->redacted,
	};
	memcpy(row.event_id, d->event_id, UUID_LEN);
	return row;
}

void recorded_row_add_attempt(struct delivery_row *row, const struct attempt_row *a, enum delivery_state state)
{
	row->state = state;
	row->status = a->status;
	row->timed_out = a->result == ATTEMPT_TIMEOUT;
	row->broke_off = a->result != ATTEMPT_OK && a->status > 0;
	row->took_us = (int64_t)a->total_us;
	row->attempts = a->number;
	row->response_bytes = a->response_bytes;
}

struct attempt_row recorded_row_of_attempt(const struct store_attempt *a, int number)
{
	return (struct attempt_row){
		.number = number,
		.started_at_us = a->started_at_us,
		.result = a->result,
		.status = a->status,
		.connect_us = a->connect_us,
		.first_byte_us = a->first_byte_us,
		.total_us = a->total_us,
		.answered_at_us = a->answered_at_us,
		.response_bytes = a->body_size,
		.cut = a->cut,
		.url = a->url,
		.reason = a->reason,
		.error = a->error,
	};
}
