#include "relay/delivery.h"

#include <stdlib.h>

struct delivery *delivery_new(const struct wire_request *request)
{
	struct delivery *d = calloc(1, sizeof *d);
	if (!d)
		return NULL;
	d->request = *request;
	d->send_window = d->receive_window = WIRE_STREAM_WINDOW;
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
			delivery_free(d);
			return NULL;
		}
		*views[i] = bytes_make(d->head.at + start, views[i]->len);
	}
	d->request.body = bytes_of(NULL);
	return d;
}

void delivery_free(struct delivery *d)
{
	if (!d)
		return;
	buffer_free(&d->head);
	buffer_free(&d->body);
	buffer_free(&d->trailers);
	buffer_free(&d->answer_head);
	buffer_free(&d->answer_body);
	free(d);
}

void delivery_refuse(struct delivery *d, enum refusal why)
{
	if (d->phase >= PHASE_ANSWERING)
		return;
	d->phase = PHASE_REFUSED;
	d->refusal = why;
	d->wake(d);
}

bool delivery_on_recorded(struct delivery *d)
{
	/* The client has to have the whole of it before it can commit it. */
	if (!d->end_sent)
		return false;
	if (d->phase == PHASE_WHOLE)
		d->phase = PHASE_RECORDED;
	return true;
}

bool delivery_on_response(struct delivery *d, const struct wire_response *v, bool end)
{
	if (d->phase == PHASE_REFUSED)
		return true; /* answered in the app's place; the frames crossed */
	if (d->phase != PHASE_RECORDED)
		return false;
	d->answer = *v;
	if (!buffer_append_bytes(&d->answer_head, v->headers)) {
		delivery_refuse(d, REFUSE_OVERLOADED);
		return true;
	}
	d->answer.headers = buffer_view(&d->answer_head);
	d->phase = PHASE_ANSWERING;
	return delivery_on_data(d, v->body, end);
}

bool delivery_on_data(struct delivery *d, struct bytes body, bool end)
{
	if (d->phase == PHASE_REFUSED)
		return true;
	if (d->phase != PHASE_ANSWERING || (body.len > 0 && d->receive_window <= 0))
		return false;
	d->receive_window -= (int64_t)body.len;
	if (!buffer_append_bytes(&d->answer_body, body))
		d->phase = PHASE_ABORTED;
	else if (end)
		d->phase = PHASE_DONE;
	d->wake(d);
	return true;
}

void delivery_on_reset(struct delivery *d, uint32_t code)
{
	if (d->phase == PHASE_ANSWERING) {
		d->phase = PHASE_ABORTED;
		d->wake(d);
	} else if (d->phase < PHASE_ANSWERING) {
		delivery_refuse(d, code == WIRE_RESET_STORE ? REFUSE_CLIENT_STORE : REFUSE_CLIENT_LOST);
	}
}

void delivery_on_lost(struct delivery *d)
{
	delivery_on_reset(d, WIRE_RESET_APP_ABORTED);
}
