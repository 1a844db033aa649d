#include "client/trigger/trigger_record.h"

#include "shared/http/headers.h"
#include "shared/providers/signature_sender.h"

#include <stdio.h>
#include <string.h>

/* The headers as they went out, with the two fields that curl added. */
static bool add_fields(const struct trigger_sent *sent, struct bytes host, struct buffer *out)
{
	struct bytes name, value;
	char length[24];
	bool fine = headers_append(out, bytes_of("Host"), host);
	snprintf(length, sizeof length, "%zu", sent->body.len);
	for (size_t pos = 0; fine && headers_next(sent->headers, &pos, &name, &value);)
		if (!bytes_equal_nocase(name, "Host") && !bytes_equal_nocase(name, "Content-Length"))
			fine = headers_append(out, name, value);
	return fine && headers_append(out, bytes_of("Content-Length"), bytes_of(length));
}

static bool insert(struct store *s, const struct trigger_sent *sent, struct store_delivery *d, struct error *e)
{
	int64_t id;
	bool duplicate;
	struct store_attempt a = {
		.started_at_us = sent->started_at_us,
		.result = ATTEMPT_OK,
		.status = sent->answer->status,
		.url = bytes_of(sent->url),
		.total_us = sent->answer->took_us,
		.headers = buffer_view(&sent->answer->headers),
		.body = buffer_view(&sent->answer->body),
		.body_size = sent->answer->body_size,
	};
	if (!store_insert_delivery(s, d, &id, &duplicate, e))
		return false;
	a.delivery_id = id;
	return store_insert_attempt(s, &a, e);
}

static bool insert_whole(struct store *s, const struct trigger_sent *sent, struct store_delivery *d, struct error *e)
{
	if (!store_batch_ops.begin(s, e))
		return false;
	if (insert(s, sent, d, e) && store_batch_ops.commit(s, e))
		return true;
	store_batch_ops.rollback(s);
	return false;
}

bool trigger_record(struct store *s, const struct trigger_sent *sent, struct error *e)
{
	const char *host = strstr(sent->url, "://") + 3;
	size_t host_len = strcspn(host, "/?#");
	struct signature_origin origin = { 0 };
	struct buffer headers = { 0 };
	bool rooted = host[host_len] == '/';
	struct buffer target = { 0 };
	bool fine = (rooted || buffer_put_u8(&target, '/')) && buffer_append_text(&target, host + host_len) &&
		    add_fields(sent, bytes_make(host, host_len), &headers) &&
		    signature_recognise(buffer_view(&headers), sent->body, &origin);
	struct store_delivery d = {
		.received_at_us = sent->started_at_us,
		.origin = ORIGIN_TRIGGER,
		.state = DELIVERY_SENDING,
		.https = strncmp(sent->url, "https:", 6) == 0,
		.has_body = true,
		.method = bytes_of(sent->method),
		.target = buffer_view(&target),
		.provider = bytes_of(sent->provider ? sent->provider : origin.provider),
		.event_type = buffer_view(&origin.event),
		.signature = bytes_of(signature_verdict_name(sent->verdict)),
		.headers = buffer_view(&headers),
		.body = sent->body,
		.body_size = sent->body.len,
	};
	if (!fine)
		error_set(e, EXIT_STORE, "out of memory");
	else if (!uuid_make(d.event_id, d.received_at_us))
		fine = error_set(e, EXIT_STORE, "the system gave no random bytes");
	else
		fine = insert_whole(s, sent, &d, e);
	buffer_free(&origin.event);
	buffer_free(&headers);
	buffer_free(&target);
	return fine;
}
