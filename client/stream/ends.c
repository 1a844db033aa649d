#include "client/stream/ends.h"

const struct app_ops ends_app = {
	.start = forward_start,
	.resume = forward_resume,
	.unheard = forward_unheard,
	.is_event_stream = forward_is_event_stream,
	.feed = forward_feed,
	.hang_up = forward_hang_up,
	.cancel = forward_cancel,
};

const struct record_ops ends_record = {
	.insert_delivery = recorder_insert_delivery,
	.insert_attempt = recorder_insert_attempt,
	.set_answered = recorder_set_answered,
	.set_state = recorder_set_state,
	.add_tag = recorder_add_tag,
	.find_left_over = recorder_find_left_over,
	.take = recorder_take,
	.take_again = recorder_take_again,
	.take_asked = recorder_take_asked,
	.find_asked = recorder_find_asked,
	.end_asked = recorder_end_asked,
	.signs = recorder_signs,
};
