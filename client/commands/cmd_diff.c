#include "client/options/command.h"
#include "client/print/diff_output.h"
#include "shared/text/text.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct diff {
	bool json, no_color, key_order, ignore_volatile;
	struct store *store;
	struct diff_found found;
};

struct row_copy {
	struct diff_message *m;
	bool failed;
};

static void on_row(void *user, const struct delivery_row *row)
{
	struct row_copy *c = user;
	c->m->status = row->status;
	c->failed =
	    !buffer_append_bytes(&c->m->method, row->method) || !buffer_append_bytes(&c->m->target, row->target);
}

static bool load(struct diff *d, int s, const char *name, struct error *e)
{
	struct diff_message *m = &d->found.side[s];
	struct row_copy copy = { m, false };
	bool has_body, https;
	if (!store_resolve(d->store, name, &m->id, e) || !store_get(d->store, m->id, on_row, &copy, e) ||
	    !store_get_request(d->store, m->id, &m->m, &has_body, &https, e))
		return false;
	body_open(&m->said, buffer_view(&m->m.headers), buffer_view(&m->m.body), BODY_MOST);
	m->body = body_text(&m->said);
	body_say_undone(&m->said, m->undone);
	if (copy.failed || m->said.no_memory)
		return error_set(e, EXIT_STORE, "out of memory");
	if (m->said.decoded == DECODE_CUT)
		fprintf(stderr, "creel: of delivery %" PRId64 " the first 8 MiB are compared, decoded\n", m->id);
	if (m->m.body_size > m->m.body.len)
		fprintf(stderr,
			"creel: of delivery %" PRId64 " only the first %zu of %" PRIu64 " bytes were recorded\n", m->id,
			m->m.body.len, m->m.body_size);
	return true;
}

/* Two of JSON, or two forms, whose fields are compared as JSON. */
static bool are_json(struct diff_message *m, enum body_kind kind)
{
	bool fine = kind == BODY_JSON || kind == BODY_FORM;
	for (int s = 0; fine && s < 2; s++) {
		fine =
		    body_kind(&m[s].said) == kind && (kind == BODY_JSON || body_put_object(&m[s].said, &m[s].object)) &&
		    json_tokenize(kind == BODY_JSON ? m[s].body : buffer_view(&m[s].object), true, &m[s].tokens, NULL);
	}
	for (int s = 0; fine && kind == BODY_FORM && s < 2; s++)
		m[s].body = buffer_view(&m[s].object);
	return fine;
}

static bool is_text(const struct diff_message *m)
{
	return text_is_utf8(m->body) && (m->body.len == 0 || !memchr(m->body.at, 0, m->body.len));
}

/* What cannot be told from one another byte by byte is compared no further. */
static bool compare_bodies(struct diff *d)
{
	struct diff_found *f = &d->found;
	struct diff_message *a = &f->side[0], *b = &f->side[1];
	f->kind = DIFF_BODY_SAME;
	if (!diff_first_byte(a->body, b->body, &f->first)) {
		f->cut_differs = a->m.body_size != b->m.body_size && !*a->undone && !*b->undone;
		return true;
	}
	if (are_json(f->side, body_kind(&a->said))) {
		struct diff_json_side sa = { a->body, &a->tokens }, sb = { b->body, &b->tokens };
		struct diff_json_options o = { d->key_order, d->ignore_volatile };
		f->kind = DIFF_BODY_JSON;
		return diff_json(&sa, &sb, &o, &f->rows);
	}
	if (is_text(a) && is_text(b)) {
		f->kind = DIFF_BODY_TEXT;
		return diff_lines_split(a->body, &a->lines) && diff_lines_split(b->body, &b->lines) &&
		       diff_text(&a->lines, &b->lines, &f->rows);
	}
	f->kind = DIFF_BODY_BINARY;
	return true;
}

static bool compare(struct diff *d, struct error *e)
{
	struct diff_found *f = &d->found;
	struct diff_message *a = &f->side[0], *b = &f->side[1];
	f->line_differs = !bytes_equal(buffer_view(&a->method), buffer_view(&b->method)) ||
			  !bytes_equal(buffer_view(&a->target), buffer_view(&b->target));
	if (!diff_headers(buffer_view(&a->m.headers), buffer_view(&b->m.headers), d->ignore_volatile, &f->fields) ||
	    !compare_bodies(d))
		return error_set(e, EXIT_STORE, "out of memory");
	f->passed_over = f->fields.passed_over + f->rows.passed_over;
	f->equal = !f->line_differs && f->fields.differences == 0 && f->rows.differences == 0 &&
		   f->kind != DIFF_BODY_BINARY && !f->cut_differs;
	return true;
}

static bool wants_color(const struct diff *d, bool terminal)
{
	const char *no = getenv("NO_COLOR"), *term = getenv("TERM");
	return terminal && !d->no_color && !(no && *no) && term && strcmp(term, "dumb") != 0;
}

static bool print(const struct diff *d, struct error *e)
{
	bool terminal = isatty(STDOUT_FILENO);
	struct diff_style style = { terminal, wants_color(d, terminal) };
	if (d->json)
		return diff_write_json(stdout, &d->found, e);
	errno = ENOMEM;
	return (diff_write_lines(stdout, &d->found, style) && fflush(stdout) == 0) ||
	       error_set(e, EXIT_STORE, "the output cannot be written: %s", strerror(errno));
}

static void free_found(struct diff_found *f)
{
	for (int s = 0; s < 2; s++) {
		struct diff_message *m = &f->side[s];
		buffer_free(&m->method);
		buffer_free(&m->target);
		buffer_free(&m->object);
		body_free(&m->said);
		store_message_free(&m->m);
		json_tokens_free(&m->tokens);
		diff_lines_free(&m->lines);
	}
	diff_fields_free(&f->fields);
	diff_rows_free(&f->rows);
}

#define AT struct diff

static const struct option_row rows[] = {
	{ "json", 0, OPTION_FLAG_AT(AT, json), OPTION_BY_PROJECT, NULL, "one JSON object" },
	{ "no-color", 0, OPTION_FLAG_AT(AT, no_color), OPTION_BY_PROJECT, NULL, "no colours on a terminal" },
	{ "ignore-volatile", 0, OPTION_FLAG_AT(AT, ignore_volatile), OPTION_BY_USER, NULL,
	  "dates, request ids, signatures and timestamps do not count" },
	{ "key-order", 0, OPTION_FLAG_AT(AT, key_order), OPTION_BY_USER, NULL, "the order of keys in JSON counts" },
};

static int run(struct command_call *call, struct error *e)
{
	struct diff *d = call->settings;
	if (call->argc != 2) {
		error_set(e, EXIT_USAGE, "diff takes two deliveries, for example: creel diff 41 42");
		return EXIT_USAGE;
	}
	bool fine = command_open_store(call, STORE_READ_ONLY, &d->store, e) && load(d, 0, call->argv[0], e) &&
		    load(d, 1, call->argv[1], e) && compare(d, e) && print(d, e);
	int status = !fine ? (int)e->code : d->found.equal ? EXIT_DONE : EXIT_NO;
	store_close(d->store);
	free_found(&d->found);
	return status;
}

const struct command command_diff = {
	"diff",
	"creel diff A B [--json] [--ignore-volatile] [--key-order] [--no-color]",
	"what differs between two deliveries",
	"Compares two requests: method and target, headers by name whatever their order, JSON and forms by structure\n"
	"whatever the order of their keys, other text by lines, anything else byte by byte. Lines of the first begin\n"
	"with -, of the second with +. Deliveries are named as in `creel show`.\n"
	"Exit status 0 when they are equal, 1 when they differ.\n\n"
	"Example: creel diff 41 42 --ignore-volatile",
	COMMAND_OPTIONS(rows, struct diff),
	.uses = COMMAND_USES_DB,
	.run = run,
};
