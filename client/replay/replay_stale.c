#include "client/replay/replay_stale.h"

#include "client/signing/resign.h"
#include "shared/http/headers.h"
#include "shared/providers/signature_sender.h"
#include "shared/query/item.h"
#include "shared/query/store_query.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* A signature that is set with -H is the user's business. */
static bool sets_signature(const struct option_values *edits)
{
	for (size_t i = 0; edits && i < edits->count; i++) {
		struct buffer block = { 0 };
		const char *colon = strchr(edits->at[i], ':');
		bool sets =
		    colon &&
		    headers_append(&block, bytes_make(edits->at[i], (size_t)(colon - edits->at[i])), bytes_of("")) &&
		    headers_has_signature(buffer_view(&block));
		buffer_free(&block);
		if (sets)
			return true;
	}
	return false;
}

struct look {
	struct store *store;
	const struct replay_change *change;
	const struct replayer_options *options;
	char *text;     /* why the last one is stale */
	char *sentence; /* for a single delivery; or NULL */
	struct item item;
};

/* Names what --resign needs: a secret that is known need not be named. */
static void say_one(struct look *l, int64_t id, const struct message *m)
{
	struct buffer headers = { 0 };
	struct error unknown = { 0 };
	/* An imported file may name any provider. */
	char *recorded = bytes_dup_text(l->item.row.provider);
	const struct signature_provider *p = recorded ? signature_find(recorded) : NULL;
	const struct resign_request r = { .id = id,
					  .own_only = l->options->own_only,
					  .tunnel = l->item.row.tunnel,
					  .body = l->change->has_body || l->change->whole ? l->change->body
											  : buffer_view(&m->body),
					  .headers = &headers };
	free(recorded);
	bool known = buffer_append_bytes(&headers, l->change->whole ? l->change->headers : buffer_view(&m->headers)) &&
		     resign_possible(l->store, l->options->secrets, &r, &unknown);
	snprintf(l->sentence, REPLAY_STALE_LEN, "delivery %" PRId64 " was %s; --resign%s%s%s signs it again", id,
		 l->text, known ? "" : " --secret ",
		 known ? ""
		 : p   ? signature_name(p)
		       : "PROVIDER",
		 known ? "" : "=@FILE");
	buffer_free(&headers);
}

/* *stale: an app that checks the signature as its provider's libraries do will refuse it. */
static bool look_at(struct look *l, int64_t id, bool *stale, struct error *e)
{
	struct message m = { 0 };
	struct signature_stale found;
	bool has_body, https;
	const struct replay_change *c = l->change;
	item_free(&l->item);
	if (!item_read(l->store, id, &l->item, e))
		return false;
	*stale = l->item.row.redacted && !c->whole;
	if (!*stale && !l->item.row.provider.len)
		return true;
	if (!store_get_request(l->store, id, &m, &has_body, &https, e))
		return false;
	if (*stale)
		snprintf(l->text, SIGNATURE_STALE_LEN, "redacted: its signature is not there");
	else if ((*stale = signature_is_stale(l->item.row.provider, c->whole ? c->headers : buffer_view(&m.headers),
					      c->has_body || c->whole ? c->body : buffer_view(&m.body),
					      (int64_t)time(NULL), &found)))
		signature_say_stale(&found, l->text);
	if (*stale && l->sentence)
		say_one(l, id, &m);
	store_message_free(&m);
	return true;
}

bool replay_stale_check(struct store *s, int64_t id, char out[SIGNATURE_STALE_LEN], bool *stale, struct error *e)
{
	static const struct replay_change none;
	struct look l = { .store = s, .change = &none, .text = out };
	bool fine = look_at(&l, id, stale, e);
	item_free(&l.item);
	return fine;
}

bool replay_stale_find(struct store *s, const int64_t *ids, size_t count, const struct replay_change *change,
		       const struct replayer_options *options, char out[REPLAY_STALE_LEN], struct error *e)
{
	char text[SIGNATURE_STALE_LEN] = "";
	struct look l = {
		.store = s, .change = change, .options = options, .text = text, .sentence = count == 1 ? out : NULL
	};
	size_t stale = 0;
	bool fine = true;
	out[0] = '\0';
	if (options->resign || sets_signature(options->forward->extra_headers))
		return true;
	for (size_t i = 0; fine && i < count; i++) {
		bool one = false;
		fine = look_at(&l, ids[i], &one, e);
		stale += one;
	}
	if (fine && stale && count > 1)
		snprintf(out, REPLAY_STALE_LEN,
			 "%zu of %zu deliveries were signed too long ago for their providers' libraries; --resign "
			 "signs them again",
			 stale, count);
	item_free(&l.item);
	return fine;
}
