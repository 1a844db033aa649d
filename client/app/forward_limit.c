/* How long a call may take. Where somebody reads the answer as it comes, the limit is for its head and for a silence in
 * its body: a large one takes as long as the sender's line needs, and an event stream says nothing until there is
 * something to say. */
#include "client/app/forward_private.h"

#include "shared/http/headers.h"

#define MOST_SILENT_BYTES 1L /* a second */

void forward_limit_begin(struct forward *w)
{
	uint64_t now = uv_now(w->forwarder->loop);
	curl_easy_setopt(w->easy, CURLOPT_TIMEOUT_MS, w->deadline_ms > now ? (long)(w->deadline_ms - now) : 1L);
	curl_easy_setopt(w->easy, CURLOPT_LOW_SPEED_TIME, 0L); /* the handle was another call's */
}

bool forward_is_event_stream(const struct forward *w)
{
	return w->head_given && headers_of_event_stream(buffer_view(&w->answer.fields));
}

/* libcurl 7.88 reads both settings anew at each turn, and counts no time in which the transfer is paused. */
void forward_limit_body(struct forward *w)
{
	if (!w->request.live)
		return;
	curl_easy_setopt(w->easy, CURLOPT_TIMEOUT_MS, 0L);
	if (headers_of_event_stream(buffer_view(&w->answer.fields)))
		return;
	curl_easy_setopt(w->easy, CURLOPT_LOW_SPEED_LIMIT, MOST_SILENT_BYTES);
	curl_easy_setopt(w->easy, CURLOPT_LOW_SPEED_TIME, (long)((w->forwarder->options.timeout_ms + 999) / 1000));
}

void forward_unheard(struct forward *w)
{
	curl_off_t taken_us = 0;
	if (!w->request.live || !w->head_given || w->upgraded)
		return;
	w->request.live = false;
	curl_easy_getinfo(w->easy, CURLINFO_TOTAL_TIME_T, &taken_us);
	curl_easy_setopt(w->easy, CURLOPT_TIMEOUT_MS, (long)(taken_us / 1000 + w->forwarder->options.timeout_ms));
}

enum reason forward_limit_reason(const struct forward *w)
{
	return !w->head_given ? REASON_APP_LATE : w->request.live ? REASON_APP_STALLED : REASON_APP_ENDLESS;
}
