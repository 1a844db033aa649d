#include "client/delivery/taken.h"

#include "client/delivery/call.h"
#include "client/delivery/recognise.h"
#include "client/stream/route.h"

#include <stdlib.h>
#include <string.h>

/* On its way out. */
struct taking {
	struct streams *set;
	enum taken_how how;
	int64_t id;
	const struct origin_ops *by;
	void *user;
};

/* The bodies change hands. NULL when out of memory. */
static struct stream *make_stream(const struct taking *taking, struct taken *t)
{
	struct wire_request r = {
		.received_at_us = t->received_at_us,
		.body_len = t->message.body.len + spill_len(&t->file),
		.has_body = t->has_body,
		.https = t->https,
		.forwarded = t->message.forwarded,
		.peer = buffer_view(&t->peer),
		.method = buffer_view(&t->method),
		.target = buffer_view(&t->target),
		.headers = buffer_view(&t->message.headers),
	};
	memcpy(r.event_id, t->event_id, UUID_LEN);
	struct stream *st = stream_new(taking->set, 0, &r);
	if (!st)
		return NULL;
	if (spill_len(&t->file)) {
		spill_free(&st->body);
		st->body = t->file;
		spill_init(&t->file, NULL);
	} else {
		spill_adopt(&st->body, &t->message.body);
	}
	st->trailers = t->message.trailers;
	t->message.trailers = (struct buffer){ 0 };
	st->body_size = spill_len(&st->body);
	st->delivery_id = t->id;
	st->replay_of = t->replay_of;
	st->attempt = t->attempts;
	st->origin = t->origin;
	st->by = taking->by;
	st->by_user = taking->user;
	st->job = taking->how == TAKEN_ASKED ? taking->id : 0;
	stream_inbound_to(st, INBOUND_WHOLE);
	stream_commit_to(st, COMMIT_SYNCED);
	recognise_stream(st);
	if (t->signature != SIGNATURE_UNKNOWN)
		st->signature = t->signature; /* as it goes out, which may be later than it was asked for */
	route_choose(st);
	return st;
}

static bool still_wanted(const struct taking *taking)
{
	return taking->by->taken_while_draining ? !taking->set->cancelled : !taking->set->draining;
}

static void on_taken(void *user, struct taken *t, const struct error *e)
{
	struct taking *taking = user, was = *taking;
	const struct origin_ops *by = was.by;
	struct stream *st = t && still_wanted(taking) ? make_stream(taking, t) : NULL;
	free(taking);
	if (e)
		stream_store_works(was.set, e);
	if (t && !st && by->put_back != DELIVERY_SENDING)
		was.set->record->set_state(was.set->recorder, t->id, by->put_back);
	bool gone = !t && !e;
	recorder_taken_free(t);
	was.set->taking--;
	if (!st) {
		if (by->not_taken)
			by->not_taken(was.user, was.id, gone);
	} else if (by->begin) {
		by->begin(st);
	} else {
		call_begin(st);
	}
}

bool taken_begin(struct streams *set, enum taken_how how, int64_t id, const struct origin_ops *by, void *user)
{
	const struct record_ops *record = set->record;
	struct taking *taking = malloc(sizeof *taking);
	if (!taking)
		return false;
	*taking = (struct taking){ set, how, id, by, user };
	bool asked = how == TAKEN_ASKED  ? record->take_asked(set->recorder, id, on_taken, taking)
		     : how == TAKEN_OVER ? record->take_again(set->recorder, id, on_taken, taking)
					 : record->take(set->recorder, id, on_taken, taking);
	if (asked)
		set->taking++;
	else
		free(taking);
	return asked;
}
