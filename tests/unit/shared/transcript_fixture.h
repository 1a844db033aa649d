/* Deliveries to be written and read back, and what "the same" means; for unit tests and fuzz targets. */
#pragma once

#include <string.h>

#include "shared/transcripts/transcript.h"

static inline bool same_buffer(const struct buffer *a, const struct buffer *b)
{
	return bytes_equal(buffer_view(a), buffer_view(b));
}

static inline bool same_message(const struct message *a, const struct message *b)
{
	return same_buffer(&a->headers, &b->headers) && same_buffer(&a->trailers, &b->trailers) &&
	       same_buffer(&a->body, &b->body) && a->body_size == b->body_size;
}

/* NULL, or the first thing that is not the same. */
static inline const char *difference(const struct transcript *a, const struct transcript *b)
{
	if (memcmp(a->event_id, b->event_id, UUID_LEN) != 0)
		return "event_id";
	if (a->received_at_us != b->received_at_us)
		return "received_at";
	if (a->state != b->state || a->refused_status != b->refused_status)
		return "state";
	if (a->https != b->https || a->has_body != b->has_body)
		return "https, has_body";
	if (!same_buffer(&a->tunnel, &b->tunnel) || !same_buffer(&a->peer, &b->peer))
		return "tunnel, peer";
	if (!same_buffer(&a->method, &b->method) || !same_buffer(&a->target, &b->target))
		return "method, target";
	if (!same_buffer(&a->provider, &b->provider) || !same_buffer(&a->event_type, &b->event_type))
		return "provider, event_type"; /* the signature's verdict does not travel */
	if (!same_buffer(&a->prefix, &b->prefix) || a->redacted != b->redacted)
		return "prefix, redacted";
	if (!same_message(&a->request, &b->request))
		return "request";
	if (a->called != b->called)
		return "called";
	if (!a->called)
		return NULL;
	if (a->started_at_us != b->started_at_us || a->result != b->result || a->status != b->status)
		return "started_at, result, status";
	if (a->connect_us != b->connect_us || a->first_byte_us != b->first_byte_us || a->total_us != b->total_us)
		return "times";
	if (!same_buffer(&a->url, &b->url) || !same_buffer(&a->reason, &b->reason) ||
	    !same_buffer(&a->error, &b->error))
		return "url, reason, error";
	return same_message(&a->response, &b->response) ? NULL : "response";
}
