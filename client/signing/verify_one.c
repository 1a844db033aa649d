#include "client/signing/verify_one.h"

#include "client/signing/called_url.h"
#include "shared/providers/signature_sender.h"
#include "shared/providers/signature_verify.h"
#include "shared/query/item.h"
#include "shared/query/store_query.h"
#include "shared/store/store_stop.h"

#include <stdio.h>
#include <string.h>

struct work {
	struct store *store;
	const struct verify_options *o;
	struct item item;
	struct buffer public_url, prefix;
	struct message message;
	bool https;
};

static void no_answer(struct signature_result *out, enum signature_verdict verdict, const char *text)
{
	memset(out, 0, sizeof *out);
	out->verdict = verdict;
	out->reason = SIGNATURE_MISSING;
	snprintf(out->text, sizeof out->text, "%s", text);
}

/* How much a result says: that it holds; that it would but for its age; what was wrong; nothing of the kind. */
static int weight(const struct signature_result *r)
{
	if (r->verdict == SIGNATURE_VALID)
		return 3;
	switch (r->reason) {
	case SIGNATURE_OLD:
		return 2;
	case SIGNATURE_URL:
	case SIGNATURE_SECRET:
	case SIGNATURE_BODY:
	case SIGNATURE_PROVIDER:
	case SIGNATURE_FORM:
		return 1;
	default:
		return 0;
	}
}

static void keep_better(struct signature_result *best, const struct signature_result *one, bool first)
{
	if (first || weight(one) > weight(best))
		*best = *one;
}

struct trying {
	const struct verify_options *o;
	struct verify_tried at;
};

static void on_tried(void *user, const char *what, bool holds, const char *why)
{
	struct trying *t = user;
	t->at.what = what;
	t->at.holds = holds;
	t->at.why = holds ? NULL : why;
	t->o->tried(t->o->user, &t->at);
}

/* One look at a long body is a fraction of a second; dozens may be tried. */
static bool is_stopped(void *store)
{
	struct error ignored;
	return store_stopped(store, &ignored);
}

/* Tries each secret that there is for the provider. When none fits, the reason is the one that says most, or that of
 * the first. */
static void check(struct work *v, const struct signature_provider *p, const struct signature_input *with,
		  struct signature_result *out)
{
	struct signature_input in = *with;
	const struct secret *secret;
	struct trying t = { v->o, { .provider = signature_name(p) } };
	bool first = true;
	if (signature_needs_url(p))
		t.at.url = in.url;
	in.tried = v->o->tried ? on_tried : NULL;
	in.tried_user = &t;
	for (size_t at = 0; !is_stopped(v->store) && (secret = secrets_next(v->o->secrets, p, &at));) {
		struct signature_result one = { 0 };
		in.secret = bytes_of(secret->text);
		t.at.secret++;
		signature_verify(p, &in, &one);
		keep_better(out, &one, first);
		if (one.verdict == SIGNATURE_VALID)
			return;
		first = false;
	}
	if (first) {
		char text[120];
		snprintf(text, sizeof text, "no secret of %s is known here: --secret %s=@FILE", signature_name(p),
			 signature_name(p));
		no_answer(out, SIGNATURE_UNKNOWN, text);
		out->reason = SIGNATURE_KEY;
	}
}

/* The URLs by which the sender may have called, the likeliest first. */
static bool candidate_url(const struct work *v, int i, struct buffer *url)
{
	url->len = 0;
	if (v->o->url)
		return i == 0 && buffer_append_text(url, v->o->url);
	if (i == 0 && v->public_url.len == 0)
		i = 1;
	if (i > 2)
		return false;
	return called_url_make(i ? bytes_of(NULL) : buffer_view(&v->public_url), buffer_view(&v->message.headers),
			       i == 1 ? v->https : !v->https, buffer_view(&v->prefix), v->item.row.target, url);
}

static void check_urls(struct work *v, const struct signature_provider *p, struct signature_input *in,
		       struct signature_result *out)
{
	struct buffer url = { 0 };
	for (int i = 0; candidate_url(v, i, &url); i++) {
		struct signature_result one = { 0 };
		in->url = buffer_view(&url);
		check(v, p, in, &one);
		/* Of a URL that was only guessed it says nothing that another one is signed. */
		if (one.reason != SIGNATURE_URL || i == 0)
			keep_better(out, &one, i == 0);
		if (one.verdict == SIGNATURE_VALID || !signature_needs_url(p))
			break;
	}
	buffer_free(&url);
}

/* When the sender is not known: tries every provider that signs with the fields that are there. */
static const struct signature_provider *guess(struct work *v, struct signature_input *in, struct signature_result *out)
{
	const struct signature_provider *p, *found = NULL;
	for (size_t i = 0; (p = signature_at(i)); i++) {
		struct signature_result one = { 0 };
		if (!signature_may_be(p, in->headers, in->body))
			continue;
		check_urls(v, p, in, &one);
		if (!found || weight(&one) > weight(out)) {
			found = p;
			*out = one;
		}
		if (one.verdict == SIGNATURE_VALID)
			break;
	}
	if (!found)
		no_answer(
		    out, SIGNATURE_NONE,
		    "it carries no signature of a provider that is known here: name the provider with --provider");
	return found;
}

static const struct signature_provider *only_secret(const struct work *v)
{
	return v->o->secrets->count == 1 ? v->o->secrets->at[0].provider : NULL;
}

static int64_t moment(const struct work *v)
{
	return v->o->at >= 0 ? v->o->at : (int64_t)(v->item.row.received_at_us / 1000000);
}

/* NULL, and a result in *out, when the provider is not known. */
static const struct signature_provider *judge(struct work *v, const struct signature_origin *origin,
					      struct signature_result *out)
{
	struct signature_input in = {
		.headers = buffer_view(&v->message.headers),
		.body = buffer_view(&v->message.body),
		.method = v->item.row.method,
		.at = moment(v),
		.stopped = is_stopped,
		.stopped_user = v->store,
		.tolerance = v->o->tolerance_ms < 0 ? SIGNATURE_OWN_TOLERANCE : v->o->tolerance_ms / 1000,
	};
	const struct signature_provider *p = v->o->provider      ? v->o->provider
					     : origin->signature ? origin->signature
								 : only_secret(v);
	if (v->item.row.request_bytes > v->message.body.len) {
		no_answer(out, SIGNATURE_UNKNOWN, "it was recorded in part only: --record-max was less than its body");
		return p;
	}
	if (!p)
		return guess(v, &in, out);
	check_urls(v, p, &in, out);
	return p;
}

static bool read_delivery(struct work *v, struct store *s, int64_t id, struct error *e)
{
	bool has_body;
	return item_read(s, id, &v->item, e) && called_url_of_tunnel(s, v->item.row.tunnel, &v->public_url, e) &&
	       store_get_prefix(s, id, &v->prefix, &v->https, e) &&
	       store_get_request(s, id, &v->message, &has_body, &v->https, e);
}

bool verify_one(struct store *s, int64_t id, const struct verify_options *o, struct verified *out, struct error *e)
{
	struct work v = { .store = s, .o = o };
	struct signature_origin origin = { 0 };
	memset(out, 0, sizeof *out);
	bool fine = read_delivery(&v, s, id, e);
	if (fine && !signature_recognise(buffer_view(&v.message.headers), buffer_view(&v.message.body), &origin))
		fine = error_set(e, EXIT_STORE, "out of memory");
	const struct signature_provider *p = fine ? judge(&v, &origin, &out->result) : NULL;
	fine = fine && !store_stopped(s, e);
	if (fine) {
		if (v.item.row.redacted && out->result.verdict != SIGNATURE_VALID) {
			no_answer(&out->result, SIGNATURE_UNKNOWN,
				  "this delivery was redacted: its signature cannot be checked");
			out->result.reason = SIGNATURE_REDACTED;
		}
		out->recorded_valid = bytes_equal(v.item.row.signature, bytes_of("valid"));
		out->provider = p ? signature_name(p) : origin.provider;
		out->judged_at = moment(&v);
		if (p)
			signature_scheme(p, out->scheme);
		memcpy(out->event_id, v.item.row.event_id, UUID_LEN);
	}
	buffer_free(&origin.event);
	store_message_free(&v.message);
	item_free(&v.item);
	buffer_free(&v.public_url);
	buffer_free(&v.prefix);
	return fine;
}
