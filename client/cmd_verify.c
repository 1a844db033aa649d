/* Checks recorded deliveries' signatures, and says why one does not hold. */
#include "client/command.h"
#include "client/row_json.h"
#include "client/secrets.h"
#include "client/selection.h"
#include "shared/text.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define MOST 100000

struct verify {
	struct store *store;
	struct option_values secret_specs;
	struct secrets secrets;
	const struct signature_provider *provider; /* --provider, or NULL */
	const char *url;
	int64_t tolerance_ms, at; /* -1: not given */
	bool json, no_memory, output_failed;
	uint64_t checked, failed;
	struct error *e;

	/* The delivery under way. */
	int64_t id;
	uint8_t event_id[UUID_LEN];
	uint64_t received_at_us, request_bytes;
	struct buffer method, target, tunnel, public_url, prefix;
	struct message message;
	bool https;
};

static void take(struct verify *v, struct buffer *into, struct bytes from)
{
	into->len = 0;
	v->no_memory = v->no_memory || !buffer_append_bytes(into, from);
}

static void on_row(void *user, const struct delivery_row *row)
{
	struct verify *v = user;
	memcpy(v->event_id, row->event_id, UUID_LEN);
	v->received_at_us = row->received_at_us;
	v->request_bytes = row->request_bytes;
	take(v, &v->method, row->method);
	take(v, &v->target, row->target);
	take(v, &v->tunnel, row->tunnel);
}

static void on_status(void *user, const struct client_status *c)
{
	struct verify *v = user;
	if (bytes_equal(c->tunnel, buffer_view(&v->tunnel)) && c->url.len)
		take(v, &v->public_url, c->url);
}

/* ---- one delivery ---- */

static void no_answer(struct signature_result *out, enum signature_verdict verdict, const char *text)
{
	memset(out, 0, sizeof *out);
	out->verdict = verdict;
	out->reason = SIGNATURE_MISSING;
	snprintf(out->text, sizeof out->text, "%s", text);
}

/* By each secret there is for the provider; the first one's reason is told. */
static void check(struct verify *v, const struct signature_provider *p, struct signature_input *in,
		  struct signature_result *out)
{
	const struct secret *secret;
	bool first = true;
	for (size_t at = 0; (secret = secrets_next(&v->secrets, p, &at));) {
		struct signature_result one;
		in->secret = bytes_of(secret->text);
		signature_verify(p, in, &one);
		if (first || one.verdict == SIGNATURE_VALID)
			*out = one;
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

/* The URLs under which the sender may have called, the likeliest first. */
static bool candidate_url(const struct verify *v, int i, struct buffer *url)
{
	url->len = 0;
	if (v->url)
		return i == 0 && buffer_append_text(url, v->url);
	if (i == 0 && v->public_url.len == 0)
		i = 1;
	if (i > 2)
		return false;
	return secrets_url(i ? bytes_of(NULL) : buffer_view(&v->public_url), buffer_view(&v->message.headers),
			   i == 1 ? v->https : !v->https, buffer_view(&v->prefix), buffer_view(&v->target), url);
}

static void check_urls(struct verify *v, const struct signature_provider *p, struct signature_input *in,
		       struct signature_result *out)
{
	struct buffer url = { 0 };
	for (int i = 0; candidate_url(v, i, &url); i++) {
		struct signature_result one;
		in->url = buffer_view(&url);
		check(v, p, in, &one);
		if (i == 0 || one.verdict == SIGNATURE_VALID)
			*out = one;
		if (one.verdict == SIGNATURE_VALID || !signature_needs_url(p))
			break;
	}
	buffer_free(&url);
}

/* Nobody is known to have sent it: whoever signs with the fields that are there. */
static const struct signature_provider *guess(struct verify *v, struct signature_input *in,
					      struct signature_result *out)
{
	const struct signature_provider *p, *found = NULL;
	for (size_t i = 0; (p = signature_at(i)); i++) {
		struct signature_result one;
		if (!signature_may_be(p, in->headers, in->body))
			continue;
		check_urls(v, p, in, &one);
		if (!found || one.verdict == SIGNATURE_VALID) {
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

static const struct signature_provider *only_secret(const struct verify *v)
{
	return v->secrets.count == 1 ? v->secrets.at[0].provider : NULL;
}

/* NULL and *out: who sent it is not known. */
static const struct signature_provider *judge(struct verify *v, const struct signature_origin *origin,
					      struct signature_result *out)
{
	struct signature_input in = {
		.headers = buffer_view(&v->message.headers),
		.body = buffer_view(&v->message.body),
		.method = buffer_view(&v->method),
		.at = v->at >= 0 ? v->at : (int64_t)(v->received_at_us / 1000000),
		.tolerance = v->tolerance_ms < 0 ? SIGNATURE_OWN_TOLERANCE : v->tolerance_ms / 1000,
	};
	const struct signature_provider *p = v->provider         ? v->provider
					     : origin->signature ? origin->signature
								 : only_secret(v);
	if (v->request_bytes > v->message.body.len) {
		no_answer(out, SIGNATURE_UNKNOWN, "it was recorded in part only: --record-max was less than its body");
		return p;
	}
	if (!p)
		return guess(v, &in, out);
	check_urls(v, p, &in, out);
	return p;
}

/* ---- output ---- */

static bool print_json(const struct verify *v, const char *provider, const struct signature_result *r, struct error *e)
{
	char id[UUID_TEXT_LEN + 1];
	json_t *o = json_object();
	int failed = o == NULL;
	bool valid = r->verdict == SIGNATURE_VALID;
	uuid_format(v->event_id, id);
	failed |= json_object_set_new(o, "id", json_integer(v->id));
	failed |= json_object_set_new(o, "event_id", json_string(id));
	failed |= json_object_set_new(o, "provider", row_json_text(bytes_of(provider), true));
	failed |= json_object_set_new(o, "signature", json_string(signature_verdict_name(r->verdict)));
	failed |= json_object_set_new(o, "reason", valid ? json_null() : json_string(signature_reason_name(r->reason)));
	failed |= json_object_set_new(o, "why", valid ? json_null() : row_json_text(bytes_of(r->text), true));
	failed |= json_object_set_new(o, "age_s", r->has_age ? json_integer(r->age) : json_null());
	if (!failed)
		return row_json_print(stdout, o, e);
	json_decref(o);
	return error_set(e, EXIT_STORE, "out of memory");
}

static bool print_line(const struct verify *v, const char *provider, const struct signature_result *r, struct error *e)
{
	bool valid = r->verdict == SIGNATURE_VALID;
	int printed = printf("%6lld  %s  %s%s%s\n", (long long)v->id, provider ? provider : "-",
			     signature_verdict_name(r->verdict), valid ? "" : ": ", valid ? "" : r->text);
	return printed > 0 || error_set(e, EXIT_STORE, "the output cannot be written: %s", strerror(errno));
}

static bool verify_one(struct verify *v, struct error *e)
{
	struct signature_result result = { 0 };
	struct signature_origin origin = { 0 };
	bool has_body;
	v->public_url.len = v->prefix.len = 0;
	if (!store_get(v->store, v->id, on_row, v, e) || !store_list_status(v->store, on_status, v, e) ||
	    !store_get_prefix(v->store, v->id, &v->prefix, &v->https, e) ||
	    !store_get_request(v->store, v->id, &v->message, &has_body, &v->https, e))
		return false;
	bool fine = !v->no_memory &&
		    signature_recognise(buffer_view(&v->message.headers), buffer_view(&v->message.body), &origin);
	if (fine) {
		const struct signature_provider *p = judge(v, &origin, &result);
		const char *name = p ? signature_name(p) : origin.provider;
		v->checked++;
		v->failed += result.verdict != SIGNATURE_VALID;
		fine = v->json ? print_json(v, name, &result, e) : print_line(v, name, &result, e);
	} else {
		error_set(e, EXIT_STORE, "out of memory");
	}
	buffer_free(&origin.event);
	store_message_free(&v->message);
	return fine;
}

/* ---- which ---- */

/* "42", "#42", or 8 characters and more of an event id. */
static bool is_id(const char *text)
{
	size_t len = strlen(text), digits = strspn(text + (*text == '#'), "0123456789");
	if (digits > 0 && digits == len - (*text == '#'))
		return true;
	return len >= 8 && len <= UUID_TEXT_LEN && isdigit((unsigned char)*text) &&
	       strspn(text, "0123456789abcdefABCDEF-") == len;
}

static bool verify_ids(struct verify *v, int argc, char **argv, struct error *e)
{
	for (int i = 0; i < argc; i++)
		if (!store_resolve(v->store, argv[i], &v->id, e) || !verify_one(v, e))
			return false;
	return true;
}

static bool verify_matches(struct verify *v, const struct filter *f, struct error *e)
{
	struct selection found;
	bool fine = selection_find(v->store, f, MOST, &found, e);
	if (fine && found.count == 0)
		fine = error_set(e, EXIT_USAGE, "no delivery matches; `creel list FILTER` shows what does");
	for (size_t i = 0; fine && i < found.count; i++) {
		v->id = found.ids[i];
		fine = verify_one(v, e);
	}
	selection_free(&found);
	return fine;
}

static bool check_usage(struct verify *v, const char *provider, int argc, struct error *e)
{
	if (argc == 0)
		return error_set(e, EXIT_USAGE,
				 "verify takes a delivery or a filter, for example: creel verify 42 "
				 "--secret @FILE");
	if (provider && !(v->provider = signature_find(provider)))
		return signature_unknown(provider, e);
	if (v->secret_specs.count == 0)
		return error_set(e, EXIT_USAGE,
				 "verify needs the secret: --secret @FILE, --secret @- or the variable CREEL_SECRET");
	return secrets_read(&v->secret_specs, false, &v->secrets, e);
}

static int finish(const struct verify *v, struct error *e)
{
	if (fflush(stdout) != 0) {
		error_set(e, EXIT_STORE, "the output cannot be written: %s", strerror(errno));
		return EXIT_STORE;
	}
	if (!v->failed)
		return EXIT_DONE;
	error_set(e, EXIT_NO, "%llu of %llu signatures %s not hold", (unsigned long long)v->failed,
		  (unsigned long long)v->checked, v->failed == 1 ? "does" : "do");
	return EXIT_NO;
}

static int run(int argc, char **argv, struct error *e)
{
	struct common_options common;
	struct verify v = { .tolerance_ms = -1, .at = -1, .e = e };
	const char *provider = NULL;
	const struct option_spec specs[] = {
		{ "secret", 's', OPTION_LIST, &v.secret_specs, "@FILE", "or PROVIDER=@FILE; @- is standard input" },
		{ "provider", 'p', OPTION_TEXT, &provider, "NAME", "who signed it (default: recognised)" },
		{ "url", 0, OPTION_TEXT, &v.url, "URL", "as the sender called it, for those who sign it" },
		{ "tolerance", 0, OPTION_DURATION, &v.tolerance_ms, "TIME",
		  "age allowed; 0 for any (default: theirs)" },
		{ "at", 0, OPTION_COUNT, &v.at, "UNIXSECONDS", "judge its age then (default: when it was received)" },
		{ "json", 0, OPTION_FLAG, &v.json, NULL, "one JSON object a line" },
	};
	struct options *o = options_new();
	struct filter *filter = NULL;
	char *path = NULL;
	int first, status = EXIT_USAGE;
	if (!o || !command_parse(&command_verify, o, &common, specs, sizeof specs / sizeof *specs, argc, argv, &first,
				 &status, e))
		goto out;
	status = EXIT_USAGE;
	if (!check_usage(&v, provider, argc - first, e))
		goto out;
	bool ids = is_id(argv[first]);
	if (!ids && !(filter = selection_parse(NULL, argc - first, argv + first, e)))
		goto out;
	path = common.db ? NULL : store_default_path(e);
	if ((common.db || path) && store_open(&v.store, common.db ? common.db : path, STORE_READ_ONLY, e) &&
	    (ids ? verify_ids(&v, argc - first, argv + first, e) : verify_matches(&v, filter, e)))
		status = finish(&v, e);
	else
		status = (int)e->code;
out:
	store_close(v.store);
	secrets_free(&v.secrets);
	filter_free(filter);
	struct buffer *all[] = { &v.method, &v.target, &v.tunnel, &v.public_url, &v.prefix };
	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		buffer_free(all[i]);
	free(path);
	options_free(o);
	return status;
}

const struct command command_verify = {
	"verify",
	"creel verify ID…|FILTER --secret [PROVIDER=]@FILE… [--provider NAME] [--url URL] [--tolerance TIME] "
	"[--at UNIXSECONDS] [--json]",
	"check signatures, and say why one does not hold",
	"Checks the signature of each delivery over the bytes as they were received. When it does not hold, what could "
	"have\n"
	"happened is tried: the secret in another form (a newline, hex, base64, whsec_), the body written again by a "
	"proxy or\n"
	"framework, another URL, another provider's scheme, a time outside the tolerance. Exit status 1 when one does "
	"not hold.\n"
	"The provider is recognised by the fields it sends; age is judged at the moment of receipt.\n\n" FILTER_HELP
	"\n\n"
	"Example: creel verify source:stripe since:1h --secret @stripe.secret",
	run,
};
