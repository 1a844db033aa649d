#include "relay/common/delivery.h"

#include "shared/http/headers.h"
#include "shared/http/http1.h"
#include "shared/wire/wire_block.h"

#include <stdio.h>
#include <stdlib.h>

static struct delivery *make(void)
{
	struct delivery *d = calloc(1, sizeof *d);
	if (d)
		d->holds = 1;
	return d;
}

struct delivery *delivery_new(const struct wire_request *request, const char *folder)
{
	struct delivery *d = make();
	if (!d)
		return NULL;
	d->request = *request;
	spill_init(&d->body, folder);
	struct bytes *views[] = { &d->request.prefix, &d->request.target, &d->request.method, &d->request.peer,
				  &d->request.headers };
	size_t total = 0;
	for (size_t i = 0; i < sizeof views / sizeof *views; i++)
		total += views[i]->len;
	if (!buffer_reserve(&d->head, total)) {
		free(d);
		return NULL;
	}
	for (size_t i = 0; i < sizeof views / sizeof *views; i++) {
		size_t start = d->head.len;
		if (!buffer_append_bytes(&d->head, *views[i])) { /* cannot be: the room is there */
			delivery_drop(d);
			return NULL;
		}
		*views[i] = bytes_make(d->head.at + start, views[i]->len);
	}
	d->request.body = bytes_of(NULL);
	return d;
}

struct delivery *delivery_new_stored(const uint8_t event_id[UUID_LEN], int64_t row, struct buffer *payload, bool sealed)
{
	struct delivery *d = make();
	if (!d)
		return NULL;
	spill_init(&d->body, NULL);
	memcpy(d->request.event_id, event_id, UUID_LEN);
	d->stored = *payload;
	d->stored_size = payload->len;
	*payload = (struct buffer){ 0 };
	d->sealed = sealed;
	d->row = row;
	d->body_whole = true;
	d->phase = PHASE_WHOLE;
	return d;
}

void delivery_hold(struct delivery *d)
{
	d->holds++;
}

void delivery_drop(struct delivery *d)
{
	if (!d || --d->holds > 0)
		return;
	buffer_free(&d->head);
	spill_free(&d->body);
	buffer_free(&d->trailers);
	buffer_free(&d->stored);
	buffer_free(&d->answer_head);
	buffer_free(&d->answer_body);
	buffer_free(&d->answer_trailers);
	free(d->missed);
	free(d);
}

bool delivery_queueable(struct bytes method)
{
	static const char *const methods[] = { "POST", "PUT", "PATCH", "DELETE" };
	for (size_t i = 0; i < sizeof methods / sizeof *methods; i++)
		if (bytes_equal(method, bytes_of(methods[i])))
			return true;
	return false;
}

bool delivery_phase_may(enum delivery_phase from, enum delivery_phase to)
{
	static const bool may[PHASES][PHASES] = {
		[PHASE_RECEIVING] = { [PHASE_WHOLE] = true, [PHASE_REFUSED] = true },
		[PHASE_WHOLE] = { [PHASE_ANSWERING] = true, [PHASE_REFUSED] = true, [PHASE_ACCEPTED] = true },
		[PHASE_ANSWERING] = { [PHASE_DONE] = true, [PHASE_ABORTED] = true },
	};
	return may[from][to];
}

/* The only way from one phase to the next: a step that may not be ends the process. */
static void to_phase(struct delivery *d, enum delivery_phase to)
{
	if (!delivery_phase_may(d->phase, to)) {
		fprintf(stderr, "creel-relay: a delivery in phase %d cannot go to %d\n", (int)d->phase, (int)to);
		abort();
	}
	d->phase = to;
}

static void wake(struct delivery *d)
{
	if (d->wake)
		d->wake(d);
}

void delivery_body_ends(struct delivery *d)
{
	d->body_whole = true;
	if (d->phase == PHASE_RECEIVING)
		to_phase(d, PHASE_WHOLE);
}

void delivery_refuse(struct delivery *d, enum refusal why)
{
	if (d->phase >= PHASE_ANSWERING)
		return;
	to_phase(d, PHASE_REFUSED);
	d->refusal = why;
	wake(d);
}

void delivery_settle(struct delivery *d)
{
	if (d->phase != PHASE_WHOLE || d->live > 0 || d->spooling > 0)
		return;
	if (!d->safe || !delivery_queueable(d->request.method)) {
		delivery_refuse(d, d->refusal == REFUSE_NOTHING ? REFUSE_CLIENT_LOST : d->refusal);
		return;
	}
	to_phase(d, PHASE_ACCEPTED);
	wake(d);
}

bool delivery_encode(struct delivery *d, uint32_t features, struct buffer *out)
{
	uint64_t len = spill_len(&d->body), at = 0;
	struct wire_request request = d->request;
	struct bytes block = buffer_view(&d->trailers);
	struct buffer piece = { 0 }, spare = { 0 }, spare_trailers = { 0 };
	bool whole_inside = len <= WIRE_INLINE_BODY, trailers = d->trailers.len > 0;
	bool fine = !whole_inside || spill_read(&d->body, 0, (size_t)len, &piece);
	request.body = buffer_view(&piece);
	fine = fine && wire_block_for(features, &request.headers, &spare) &&
	       wire_block_for(features, &block, &spare_trailers);
	fine = fine && wire_encode_request(out, 0, WIRE_SPOOLED | (whole_inside && !trailers ? WIRE_END : 0), &request);
	for (at = whole_inside ? len : 0; fine && at < len;) {
		size_t n = len - at < WIRE_DATA_CHUNK ? (size_t)(len - at) : WIRE_DATA_CHUNK;
		piece.len = 0;
		fine = spill_read(&d->body, at, n, &piece) &&
		       wire_encode_data(out, 0, at + n == len && !trailers ? WIRE_END : 0, buffer_view(&piece));
		at += n;
	}
	if (fine && trailers)
		fine = wire_encode_data(out, 0, WIRE_END | WIRE_TRAILERS, block);
	buffer_free(&piece);
	buffer_free(&spare);
	buffer_free(&spare_trailers);
	return fine;
}

void delivery_answer(struct delivery *d, const struct wire_response *v)
{
	d->answer = *v;
	d->answer.body = bytes_of(NULL);
	d->answer_head.len = 0;
	if (!buffer_append_bytes(&d->answer_head, v->headers) || !buffer_append_bytes(&d->answer_head, v->reason)) {
		delivery_refuse(d, REFUSE_OVERLOADED);
		return;
	}
	d->answer.headers = bytes_make(d->answer_head.at, v->headers.len);
	d->answer.reason = bytes_make(d->answer_head.at + v->headers.len, v->reason.len);
	to_phase(d, PHASE_ANSWERING);
}

void delivery_answer_data(struct delivery *d, struct bytes body, bool end)
{
	if (d->phase != PHASE_ANSWERING)
		return;
	/* A sender that never quite catches up must not have all of an endless answer kept. */
	if (d->answer_at > d->answer_body.len / 2) {
		buffer_consume(&d->answer_body, d->answer_at);
		d->answer_at = 0;
	}
	if (!buffer_append_bytes(&d->answer_body, body))
		to_phase(d, PHASE_ABORTED);
	else if (end)
		to_phase(d, PHASE_DONE);
	wake(d);
}

void delivery_answer_trailers(struct delivery *d, struct bytes trailers)
{
	struct bytes name, value, line;
	d->answer_trailers.len = 0;
	for (size_t pos = 0; headers_next_line(trailers, &pos, &name, &value, &line);)
		if (!http1_trailer_forbidden(name) && !buffer_append_bytes(&d->answer_trailers, line))
			return; /* the answer still arrives */
}

void delivery_answer_broken(struct delivery *d)
{
	if (d->phase != PHASE_ANSWERING)
		return;
	to_phase(d, PHASE_ABORTED);
	wake(d);
}
