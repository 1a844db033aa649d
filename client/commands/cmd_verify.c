/* Checks recorded deliveries' signatures, and says why one does not hold. */
#include "client/options/command.h"
#include "client/json/row_json.h"
#include "client/signing/verified_json.h"
#include "client/selection/selection.h"
#include "client/signing/verify_one.h"
#include "shared/program/interrupt.h"
#include "shared/program/progress.h"
#include "shared/query/store_query.h"
#include "shared/text/text_figures.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define MOST 100000

struct verify {
	struct secret_gate *gate;
	const char *path, *provider;
	struct store *store;
	struct option_values secret_specs;
	struct secrets secrets;
	struct verify_options options;
	bool json, last;
	struct store *writing; /* opened when the first verdict is to be put on record */
	bool not_written;      /* it cannot be written */
	uint64_t checked, failed;
	int64_t id; /* the delivery under way */
	struct progress progress;
};

/* ---- output ---- */

static bool print_line(const struct verify *v, const struct verified *d, struct error *e)
{
	const struct signature_result *r = &d->result;
	bool valid = r->verdict == SIGNATURE_VALID;
	int printed = printf("%6lld  %s  %s%s%s\n", (long long)v->id, d->provider ? d->provider : "-",
			     signature_verdict_name(r->verdict), valid ? "" : ": ", valid ? "" : r->text);
	return printed > 0 || error_set(e, EXIT_STORE, "the output cannot be written: %s", strerror(errno));
}

/* A signature that holds when it was received is what its row is to say, also of an import and of what came when no
 * secret was known. One that does not may have been checked with another secret: that is left as it is. Whoever may
 * only read is told the verdict all the same. */
static void record(struct verify *v, const struct verified *d)
{
	struct error ignored;
	bool as_received = v->options.at < 0 && v->options.tolerance_ms < 0;
	if (d->result.verdict != SIGNATURE_VALID || d->recorded_valid || !as_received || v->not_written)
		return;
	v->not_written = (!v->writing && !store_open(&v->writing, v->path, STORE_READ_WRITE, &ignored)) ||
			 !store_set_signature(v->writing, v->id, bytes_of("valid"), &ignored);
}

static bool verify(struct verify *v, struct error *e)
{
	struct verified d;
	if (!verify_one(v->store, v->id, &v->options, &d, e))
		return false;
	record(v, &d);
	v->progress.done = ++v->checked;
	v->progress.failed = v->failed += d.result.verdict != SIGNATURE_VALID;
	progress_hide(&v->progress);
	return v->json ? row_json_print(stdout, verified_json(v->id, &d), e) : print_line(v, &d, e);
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

static bool verify_all(struct verify *v, const int64_t *ids, size_t count, struct error *e)
{
	bool fine = true;
	progress_begin(&v->progress, "verifying", count);
	for (size_t i = 0; fine && ids && i < count; i++) {
		v->id = ids[i];
		if (interrupt_came())
			fine = error_set(e, EXIT_INTERRUPTED, "interrupted: %zu of %zu verified", i, count);
		else
			fine = verify(v, e);
		progress_tick(&v->progress);
	}
	progress_end(&v->progress);
	return fine;
}

static bool verify_ids(struct verify *v, int argc, char **argv, struct error *e)
{
	int64_t *ids = calloc((size_t)argc, sizeof *ids);
	bool fine = ids || error_set(e, EXIT_STORE, "out of memory");
	for (int i = 0; fine && i < argc; i++)
		fine = store_resolve(v->store, argv[i], &ids[i], e);
	fine = fine && verify_all(v, ids, (size_t)argc, e);
	free(ids);
	return fine;
}

static bool verify_matches(struct verify *v, const struct filter *f, size_t most, struct error *e)
{
	struct selection found;
	bool fine = selection_find(v->store, f, most, &found, e) && selection_require(found.count, NULL, e) &&
		    verify_all(v, found.ids, found.count, e);
	selection_free(&found);
	return fine;
}

static bool check_usage(struct verify *v, int argc, struct error *e)
{
	if (v->last ? argc > 0 : argc == 0)
		return error_set(e, EXIT_USAGE,
				 "verify takes a delivery, a filter or --last, for example: creel verify 42 "
				 "--secret @FILE");
	if (v->provider && !(v->options.provider = signature_find(v->provider)))
		return signature_unknown(v->provider, e);
	if (v->secret_specs.count == 0)
		return error_set(e, EXIT_USAGE,
				 "verify needs the secret: --secret @FILE, --secret @- or the variable CREEL_SECRET");
	bool fine = secrets_read(&v->secret_specs, false, &v->secrets, e);
	secrets_hide(&v->secrets, v->gate);
	return fine;
}

static int finish(const struct verify *v, struct error *e)
{
	if (fflush(stdout) != 0) {
		error_set(e, EXIT_STORE, "the output cannot be written: %s", strerror(errno));
		return EXIT_STORE;
	}
	if (!v->failed)
		return EXIT_DONE;
	error_set(e, EXIT_NO, "%llu of %llu signature%s %s not hold", (unsigned long long)v->failed,
		  (unsigned long long)v->checked, text_plural(v->checked, "", "s"),
		  text_plural(v->failed, "does", "do"));
	return EXIT_NO;
}

#define AT struct verify

static const struct option_row rows[] = {
	{ "secret", 's', OPTION_LIST_AT(AT, secret_specs), OPTION_BY_USER, "@FILE",
	  "or PROVIDER=@FILE; @- is standard input" },
	{ "provider", 'p', OPTION_TEXT_AT(AT, provider), OPTION_BY_USER, "NAME", "who signed it",
	  .otherwise = "recognised" },
	{ "url", 0, OPTION_TEXT_AT(AT, options.url), OPTION_BY_USER, "URL",
	  "as the sender called it, for those who sign it" },
	{ "tolerance", 0, OPTION_DURATION_AT(AT, options.tolerance_ms), OPTION_BY_USER, "TIME", "age allowed",
	  .otherwise = "theirs", .zero = "any", .unset = -1 },
	{ "at", 0, OPTION_COUNT_AT(AT, options.at), OPTION_BY_USER, "UNIXSECONDS", "judge its age at this time",
	  .otherwise = "when it was received", .unset = -1 },
	{ "last", 0, OPTION_FLAG_AT(AT, last), OPTION_BY_USER, NULL, "the newest delivery" },
	{ "json", 0, OPTION_FLAG_AT(AT, json), OPTION_BY_PROJECT, NULL, "one JSON object a line" },
};

/* By ids, by a filter, or the newest. The exit status. */
static int verify_named(struct verify *v, struct command_call *call, struct error *e)
{
	struct interrupt before;
	struct filter *filter = NULL;
	bool ids = !v->last && is_id(call->argv[0]);
	if (!v->last && !ids && !(filter = selection_parse(NULL, call->argc, call->argv, v->gate, e)))
		return EXIT_USAGE;
	v->path = command_db(call, e);
	interrupt_begin(&before);
	bool fine = v->path && store_open(&v->store, v->path, STORE_READ_ONLY, e) &&
		    (ids ? verify_ids(v, call->argc, call->argv, e) : verify_matches(v, filter, v->last ? 1 : MOST, e));
	interrupt_end(&before);
	filter_free(filter);
	return fine ? finish(v, e) : (int)e->code;
}

static int run(struct command_call *call, struct error *e)
{
	struct verify *v = call->settings;
	v->gate = call->program->gate;
	v->options.secrets = &v->secrets;
	int status = check_usage(v, call->argc, e) ? verify_named(v, call, e) : EXIT_USAGE;
	store_close(v->store);
	store_close(v->writing);
	secrets_free(&v->secrets);
	return status;
}

const struct command command_verify = {
	"verify",
	"creel verify ID…|FILTER|--last --secret [PROVIDER=]@FILE… [--provider NAME] [--url URL] "
	"[--tolerance TIME] [--at UNIXSECONDS] [--json]",
	"check signatures, and say why one does not hold",
	"Checks the signature of each delivery against the bytes as they were received. When it is wrong, possible "
	"causes\n"
	"are tried: the secret in another form (a newline, hex, base64, whsec_), the body rewritten by a proxy or\n"
	"framework, another URL, another provider's scheme, a time outside the tolerance. The provider is recognised "
	"by\n"
	"the fields it sends; a signature's age is judged at the moment of receipt. Exit status 1 when one is "
	"wrong.\n\n" FILTER_HELP "\n\n"
	"Example: creel verify source:stripe since:1h --secret @stripe.secret",
	COMMAND_OPTIONS(rows, struct verify),
	.uses = COMMAND_USES_DB | COMMAND_USES_FILTER,
	.run = run,
};
