#include "client/origin/live.h"

#include "client/origin/answer_challenge.h"
#include "client/delivery/call.h"
#include "client/origin/hold.h"
#include "client/origin/left_over.h"
#include "client/origin/weather.h"

static void begin(struct stream *st)
{
	struct live *l = st->by_user;
	if (left_over_holds_back(l->left_over, st))
		return;
	if (!st->upgrade && answer_challenge(st, &l->confirm))
		return;
	if (l->weather && !st->upgrade && !st->skipped)
		weather_begin(l->weather, st);
	else
		call_begin(st);
}

static void on_recorded(struct stream *st)
{
	bool again = st->record == RECORD_DONE && !stream_is_held(st) && weather_call_again(st);
	if (!again)
		hold_on_recorded(st);
}

const struct origin_ops live_origin = {
	.may_hold = true,
	.put_back = DELIVERY_SENDING,
	.begin = begin,
	.reached = hold_on_reached,
	.recorded = on_recorded,
};
