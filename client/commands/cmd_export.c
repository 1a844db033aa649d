#include "client/commands/cmd_export.h"
#include "client/app/forwarder.h"
#include "client/print/output.h"
#include "shared/query/store_query.h"
#include "shared/text/text.h"
#include "shared/program/interrupt.h"

#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PAGE_MOST (100 << 20) /* bytes of a page that is not remarked on */
#define MOST (1u << 30)

/* "42", "#42" and event ids; a filter's words have other characters, or begin with letters beyond f. */
static bool looks_like_id(const char *text)
{
	size_t digits = strspn(text, "0123456789");
	if (text[0] == '#' || (digits && !text[digits]))
		return true;
	return strlen(text) >= 8 && strspn(text, "0123456789abcdefABCDEF-") == strlen(text);
}

static bool find(struct export_command *c, int argc, char **argv, struct error *e)
{
	bool ids = argc > 0 && !c->where;
	for (int i = 0; ids && i < argc; i++)
		ids = looks_like_id(argv[i]);
	if (!ids) {
		struct filter *f = selection_parse(c->where, argc, argv, c->gate, e);
		bool fine = f && selection_find(c->store, f, MOST, &c->found, e);
		filter_free(f);
		return fine;
	}
	c->found.ids = calloc((size_t)argc, sizeof *c->found.ids);
	if (!c->found.ids)
		return error_set(e, EXIT_STORE, "out of memory");
	for (int i = 0; i < argc; i++)
		if (!store_resolve(c->store, argv[i], &c->found.ids[c->found.count++], e))
			return false;
	return true;
}

/* A name from outside for a terminal; it may hold a token as well. */
static void print_name(struct bytes name)
{
	struct redaction r = { 0 };
	struct buffer safe = { 0 }, shown = { 0 };
	if (redact_text(&r, name, &safe) && text_sanitize(&shown, buffer_view(&safe), TEXT_LINE) && shown.len)
		fwrite(shown.at, 1, shown.len, stdout);
	else
		putchar('-');
	buffer_free(&safe);
	buffer_free(&shown);
}

/* Delivery, message, kind of place, name, reason: never a value. */
static void show_redacted(void *user, int64_t id, const struct redact_found *found)
{
	(void)user;
	printf("%" PRId64 "\t%s\t%s\t", id, found->of ? found->of : "-", redact_kind_name(found->kind));
	print_name(found->name);
	printf("\t%s\n", found->why);
}

static void tell_redacted(const struct export_command *c)
{
	struct buffer text = { 0 };
	if (redact_append_counts(c->redacted, &text) && buffer_put_u8(&text, 0))
		fprintf(stderr, "creel: %s %s\n", c->options.dry_run ? "--redact would take out" : "redacted",
			(const char *)text.at);
	buffer_free(&text);
}

static bool choose_format(struct export_command *c, struct error *e)
{
	struct export_options *o = &c->options;
	if (c->format) {
		if (!export_named(c->format, o, e))
			return false;
	} else if (o->dry_run) {
		o->as = EXPORT_AS_HAR; /* all of it */
	} else if (!c->path || !export_of_path(c->path, &o->as)) {
		return error_set(
		    e, EXIT_USAGE,
		    "which format? --format har, html, curl, http, ndjson, postman, insomnia, pytest, jest, junit, "
		    "go or body, or -o with a name that ends in .har, .html, .sh, .http, .ndjson, .py, .test.js, "
		    ".java or _test.go");
	}
	o->redact = c->redact.count > 0;
	o->redact_names = &c->names;
	o->redacted = c->redacted;
	if (!redact_names_read(&c->names, &c->redact, e))
		return false;
	if (o->dry_run && !o->redact)
		return error_set(e, EXIT_USAGE, "--dry-run shows what --redact takes out: give both");
	if (o->dry_run)
		o->on_redacted = show_redacted;
	if (o->redact && o->secrets)
		return error_set(e, EXIT_USAGE, "--redact and --secrets contradict each other");
	if (c->to && !(c->base = forward_parse_target(c->to, true, e)))
		return false;
	o->base = c->base;
	return true;
}

static bool on_step(void *user, size_t written)
{
	struct export_command *c = user;
	c->progress.done = written;
	progress_tick(&c->progress);
	return interrupt_came();
}

static void on_refused(void *user, const char *sentence)
{
	struct export_command *c = user;
	c->refused++;
	progress_hide(&c->progress);
	output_trouble(OUTPUT_LINES, sentence);
}

/* A browser lays out all of a page, and of larger ones takes minutes, or gives up. */
static void tell_large(const struct export_command *c)
{
	struct stat st;
	if (c->options.as != EXPORT_AS_HTML || stat(c->path, &st) != 0 || st.st_size <= PAGE_MOST)
		return;
	fprintf(
	    stderr,
	    "creel: it has %lld MiB, more than a browser opens well: `creel import` reads it, and a narrower filter "
	    "makes a smaller page\n",
	    (long long)(st.st_size >> 20));
}

/* What was written, and how much of what was asked for that is. */
static int tell(const struct export_command *c, size_t written, bool to_file, struct error *e)
{
	if (written == 0 && c->refused)
		error_set(e, EXIT_USAGE, "nothing was exported: this format can hold none of these %zu deliveries",
			  c->refused);
	else if (written == 0)
		error_set(e, EXIT_NO, "no delivery matches, nothing was exported; `creel list` shows what there is");
	if (written == 0)
		return (int)e->code;
	if (c->options.redact)
		tell_redacted(c);
	if (to_file || c->refused)
		fprintf(stderr, "creel: %zu %s exported%s%s", written, written == 1 ? "delivery" : "deliveries",
			to_file ? " to " : "", to_file ? c->path : "");
	if (c->refused)
		fprintf(stderr, ", %zu refused", c->refused);
	if (to_file || c->refused)
		fputc('\n', stderr);
	if (to_file)
		tell_large(c);
	return c->refused ? EXIT_NO : EXIT_DONE;
}

static int export_found(struct export_command *c, struct error *e)
{
	size_t written = 0;
	struct interrupt before;
	signal(SIGPIPE, SIG_IGN);
	c->options.stop = on_step;
	c->options.on_refused = on_refused;
	c->options.user = c;
	bool to_file = c->path && strcmp(c->path, "-") != 0 && !c->options.dry_run;
	if (c->path && !*c->path) {
		error_set(e, EXIT_USAGE, "-o takes a file's name; - is standard output");
		return EXIT_USAGE;
	}
	if (to_file && !c->options.force && access(c->path, F_OK) == 0) {
		error_set(e, EXIT_USAGE, "%.300s is there already; --force replaces it, or name another file", c->path);
		return EXIT_USAGE;
	}
	interrupt_begin(&before);
	progress_begin(&c->progress, "exporting", c->found.count);
	bool fine = to_file ? export_to_file(c->store, c->found.ids, c->found.count, &c->options, c->path, &written, e)
			    : export_to_stdout(c->store, c->found.ids, c->found.count, &c->options, &written, e);
	progress_end(&c->progress);
	interrupt_end(&before);
	if (!fine && e->code == EXIT_INTERRUPTED && to_file)
		error_set(e, EXIT_INTERRUPTED, "interrupted: nothing was written to %.300s", c->path);
	if (!fine)
		return (int)e->code;
	return tell(c, written, to_file, e);
}

#define PAGE_MOST (100 << 20) /* bytes */
#define AT struct export_command

static const struct option_row rows[] = {
	{ "format", 0, OPTION_CHOICE_AT(AT, format), OPTION_BY_PROJECT,
	  "har|html|curl|http|ndjson|postman|insomnia|pytest|jest|junit|go|body", "what to write",
	  .otherwise = "what the file's name ends in" },
	{ "output", 'o', OPTION_TEXT_AT(AT, path), OPTION_BY_USER, "FILE", "where to, 0600",
	  .otherwise = "standard output" },
	{ "redact", 0, OPTION_SUM_AT(AT, redact), OPTION_BY_PROJECT, "[=NAME,...]",
	  "take secrets and signatures out, everywhere; NAMEs, too", .bare = "" },
	{ "dry-run", 0, OPTION_FLAG_AT(AT, options.dry_run), OPTION_BY_USER, NULL,
	  "list what --redact takes out, write nothing" },
	{ "secrets", 0, OPTION_FLAG_AT(AT, options.secrets), OPTION_BY_USER, NULL,
	  "in curl: Authorization, Cookie and the like, not $CREEL_…" },
	{ "force", 0, OPTION_FLAG_AT(AT, options.force), OPTION_BY_USER, NULL, "replace FILE" },
	{ "to", 0, OPTION_TEXT_AT(AT, to), OPTION_BY_USER, "PORT|URL", "where requests go",
	  .otherwise = "where it went" },
	{ "where", 0, OPTION_TEXT_AT(AT, where), OPTION_BY_USER, "FILTER", "the same as after the options" },
};

int cmd_export_run(struct command_call *call, struct error *e)
{
	struct export_command *c = call->settings;
	int status = EXIT_USAGE;
	c->gate = call->program->gate;
	if (call->argc == 0 && !c->where)
		error_set(e, EXIT_USAGE,
			  "%s takes deliveries or a filter, for example: creel %s status:5xx -o failed.%s",
			  call->command->name, call->command->name, call->command == &command_export ? "har" : "html");
	else if (choose_format(c, e))
		status = command_open_store(call, STORE_READ_ONLY, &c->store, e) && find(c, call->argc, call->argv, e)
			     ? export_found(c, e)
			     : (int)e->code;
	store_close(c->store);
	selection_free(&c->found);
	redact_names_free(&c->names);
	free(c->base);
	return status;
}

const struct command command_export = {
	"export",
	"creel export FILTER|ID… --format FORMAT [-o FILE] [--redact[=NAME,…]] [--force]",
	"deliveries as HAR, curl, .http, NDJSON or a body",
	"Writes deliveries, oldest first, for other tools or to keep in a repository. har (HTTP Archive 1.2), ndjson\n"
	"and html (a page to send) hold the request and the last answer, and `creel import` reads them back; curl,\n"
	"http, postman (a collection, 2.1) and insomnia (4) hold the request, body the exact bytes of its body;\n"
	"pytest, jest, junit and go are tests that send the request to the app at CREEL_TEST_URL and expect the\n"
	"status on record.\n"
	"\n"
	"curl commands have $CREEL_AUTHORIZATION and the like in place of secrets, unless --secrets is given. The "
	"other\n"
	"formats hold secrets unless --redact is given: it takes out signatures, and what looks like a secret by its\n"
	"name or form, in header fields, cookies, targets and bodies. NAME is one more name, or header:NAME,\n"
	"cookie:NAME, query:NAME, form:NAME, part:NAME or json:PATH.\n"
	"\n"
	"A body that the format cannot hold goes to a file beside FILE. FILE must not exist yet, unless --force is\n"
	"given. Of several deliveries one that the format cannot hold is told and left out, and the exit status is 1;\n"
	"so it is when nothing matches, 4 when FILE cannot be written.\n\n" FILTER_HELP "\n\n"
	"Example: creel export source:stripe since:1d -o tests/stripe.har --redact",
	COMMAND_OPTIONS(rows, struct export_command),
	.uses = COMMAND_USES_DB | COMMAND_USES_FILTER,
	.run = cmd_export_run,
};
