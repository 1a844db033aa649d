#include "client/transfer/export.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client/transfer/export_file.h"
#include "client/transfer/export_put.h"
#include "client/transfer/export_tests.h"
#include "shared/formats/report.h"
#include "shared/collections/collection_write.h"
#include "shared/har/har.h"
#include "shared/formats/http_file.h"
#include "shared/collections/insomnia.h"
#include "shared/collections/postman.h"
#include "shared/http/http_text.h"
#include "shared/query/item.h"
#include "shared/query/store_query.h"
#include "shared/text/text.h"

/* One of: a file, standard output, whoever takes it. */
struct sink {
	struct export_file file;
	const char *path; /* NULL: not a file. It is made when the first delivery is written */
	bool open;
	bool (*take)(void *user, struct bytes piece, struct error *e);
	void *user;
};

struct export
{
	struct store *store;
	const struct export_options *options;
	struct sink sink;
	bool several;
	size_t written;
	struct buffer text;   /* of one delivery */
	struct buffer client; /* the target of a running client */
	struct export_tests tests;
};

bool export_named(const char *name, struct export_options *o, struct error *e)
{
	static const struct {
		const char *name;
		enum export_as as;
		bool secrets;
	} names[] = {
		{ "har", EXPORT_AS_HAR, false },          { "ndjson", EXPORT_AS_NDJSON, false },
		{ "html", EXPORT_AS_HTML, false },        { "curl", EXPORT_AS_CURL, false },
		{ "curl-secrets", EXPORT_AS_CURL, true }, { "http", EXPORT_AS_HTTP, false },
		{ "body", EXPORT_AS_BODY, false },        { "raw", EXPORT_AS_RAW, false },
		{ "headers", EXPORT_AS_HEADERS, false },  { "url", EXPORT_AS_URL, false },
		{ "postman", EXPORT_AS_POSTMAN, false },  { "insomnia", EXPORT_AS_INSOMNIA, false },
		{ "pytest", EXPORT_AS_PYTEST, false },    { "jest", EXPORT_AS_JEST, false },
		{ "junit", EXPORT_AS_JUNIT, false },      { "go", EXPORT_AS_GO, false },
	};
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (strcmp(name, names[i].name) == 0) {
			o->as = names[i].as;
			o->secrets = o->secrets || names[i].secrets;
			return true;
		}
	return error_set(
	    e, EXIT_USAGE,
	    "there is no export format '%.20s': har, ndjson, html, curl, http, postman, insomnia, pytest, jest, "
	    "junit, go, body, raw, headers and url are those that there are",
	    name);
}

bool export_of_path(const char *path, enum export_as *as)
{
	static const struct {
		const char *end;
		enum export_as as;
	} ends[] = { { ".har", EXPORT_AS_HAR },
		     { ".ndjson", EXPORT_AS_NDJSON },
		     { ".jsonl", EXPORT_AS_NDJSON },
		     { ".html", EXPORT_AS_HTML },
		     { ".sh", EXPORT_AS_CURL },
		     { ".http", EXPORT_AS_HTTP },
		     { ".postman_collection.json", EXPORT_AS_POSTMAN },
		     { ".insomnia.json", EXPORT_AS_INSOMNIA },
		     { ".py", EXPORT_AS_PYTEST },
		     { ".test.js", EXPORT_AS_JEST },
		     { ".spec.js", EXPORT_AS_JEST },
		     { ".java", EXPORT_AS_JUNIT },
		     { "_test.go", EXPORT_AS_GO } };
	size_t len = strlen(path);
	for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
		size_t end = strlen(ends[i].end);
		if (len >= end && strcmp(path + len - end, ends[i].end) == 0) {
			*as = ends[i].as;
			return true;
		}
	}
	return false;
}

static bool no_memory(struct error *e)
{
	return error_set(e, EXIT_STORE, "out of memory");
}

/* Makes text safe for a terminal. JSON stays valid JSON; in other formats control characters are made visible. Commands
 * for a shell contain none. */
static bool guard(enum export_as as, struct buffer *text)
{
	struct buffer guarded = { 0 };
	size_t start = 0;
	bool fine = true;
	if (as == EXPORT_AS_CURL)
		return true;
	if (as == EXPORT_AS_HAR || as == EXPORT_AS_NDJSON || as == EXPORT_AS_POSTMAN || as == EXPORT_AS_INSOMNIA) {
		fine = text_guard_json(&guarded, buffer_view(text));
	} else {
		while (fine && start < text->len) { /* lines of HTTP end with CR LF */
			const uint8_t *from = text->at + start, *end = memmem(from, text->len - start, "\r\n", 2);
			size_t len = end ? (size_t)(end - from) : text->len - start;
			fine = text_sanitize(&guarded, bytes_make(from, len), TEXT_BODY) &&
			       (!end || buffer_put_u8(&guarded, '\n'));
			start += len + (end ? 2 : 0);
		}
	}
	buffer_free(text);
	*text = guarded;
	return fine;
}

static enum export_existing existing(const struct export *x)
{
	return x->options->force ? EXPORT_REPLACE_EXISTING : EXPORT_REFUSE_EXISTING;
}

static bool end_file(struct export_file *f, bool fine, struct error *e)
{
	if (fine)
		return export_file_keep(f, e);
	export_file_drop(f);
	return false;
}

static bool flush(struct export *x, struct error *e)
{
	if (!x->sink.take && !x->sink.path && isatty(STDOUT_FILENO) && !guard(x->options->as, &x->text))
		return no_memory(e);
	struct bytes text = buffer_view(&x->text);
	struct sink *s = &x->sink;
	x->text.len = 0;
	if (s->take)
		return s->take(s->user, text, e);
	if (s->path) {
		if (!s->open && !(s->open = export_file_open(&s->file, s->path, existing(x), e)))
			return false;
		return export_file_write(&s->file, text, e);
	}
	return text.len == 0 || fwrite(text.at, 1, text.len, stdout) == text.len ||
	       error_set(e, EXIT_STORE, "the output cannot be written: %s", strerror(errno));
}

static void on_client(void *user, const struct client_status *c)
{
	struct buffer *target = user;
	bool calls_app = c->target.len && c->target.at[0] != '-'; /* not --exec, --answer */
	if (!target->len && calls_app && !buffer_append_bytes(target, c->target))
		target->len = 0;
}

/* Where it went, otherwise where a client sends to. The caller frees it; NULL and *e. */
static char *base_of(struct export *x, const struct transcript *d, struct error *e)
{
	struct bytes base = transcript_base(d);
	if (x->options->base)
		base = bytes_of(x->options->base);
	if (!base.len && !store_list_status(x->store, on_client, &x->client, e))
		return NULL;
	if (!base.len)
		base = x->client.len ? buffer_view(&x->client) : bytes_of("http://localhost");
	struct redaction r = { 0 };
	struct buffer safe = { 0 };
	if (x->options->redact && !redact_url(&r, base, &safe)) {
		buffer_free(&safe);
		no_memory(e);
		return NULL;
	}
	char *text = bytes_dup_text(x->options->redact ? buffer_view(&safe) : base);
	buffer_free(&safe);
	if (!text)
		no_memory(e);
	return text;
}

/* The path of "a-42.body" beside "a.http". */
static bool body_path(const char *path, int64_t id, struct buffer *out)
{
	const char *slash = strrchr(path, '/'), *dot = strrchr(path, '.');
	int stem = dot && dot > (slash ? slash + 1 : path) ? (int)(dot - path) : (int)strlen(path);
	return buffer_printf(out, "%.*s-%" PRId64 ".body", stem, path, id) && buffer_put_u8(out, 0);
}

/* Whether the file cannot hold the body, or its clients would not send it as it is. Where no file can be beside it,
 * line breaks at the end stay in a .http file: Content-Length counts them. */
static bool wants_file(const struct export *x, struct bytes body)
{
	bool ends_line = body.len && body.at[body.len - 1] == '\n';
	if (x->options->as == EXPORT_AS_HTTP)
		return http_text_wants_file(body) || http_file_has_syntax(body) || (ends_line && x->sink.path);
	if (x->options->as == EXPORT_AS_POSTMAN || x->options->as == EXPORT_AS_INSOMNIA)
		return !collection_write_fits(body);
	/* A file beside a class in Java is not on the path of its classes. */
	return export_tests_is(x->options->as, &(enum test_framework){ 0 }) && x->options->as != EXPORT_AS_JUNIT &&
	       x->sink.path && body.len;
}

/* Such a body goes to a file of its own, and *reference names that file. */
static bool put_body_beside(struct export *x, const struct transcript *d, struct buffer *reference, struct error *e)
{
	struct bytes body = buffer_view(&d->request.body);
	struct export_file f;
	struct buffer path = { 0 };
	if (!wants_file(x, body))
		return true;
	if (!body_path(x->sink.path, d->id, &path)) {
		buffer_free(&path);
		return no_memory(e);
	}
	const char *text = (const char *)path.at, *slash = strrchr(text, '/');
	bool fine = buffer_printf(reference, "./%s", slash ? slash + 1 : text) && buffer_put_u8(reference, 0);
	fine = fine ? export_file_open(&f, text, existing(x), e) : no_memory(e);
	if (fine) {
		fine = export_file_write(&f, body, e);
		fine = end_file(&f, fine, e);
	}
	buffer_free(&path);
	return fine;
}

#define REDACTED_COMMENT "# redacted: secrets were taken out of this delivery, so its signature does not hold\n"

/* What separates this delivery from the one before it. */
static bool put_separator(struct export *x, const struct transcript *d, struct error *e)
{
	char at[TEXT_TIME_LEN];
	bool fine = true;
	text_format_time(at, d->received_at_us);
	if (x->options->as == EXPORT_AS_HAR)
		fine = (x->written || har_begin(&x->text)) && buffer_append_text(&x->text, x->written ? ",\n" : "\n");
	else if (x->options->as == EXPORT_AS_HTML)
		fine = x->written || report_begin(&x->text);
	else if (x->options->as == EXPORT_AS_POSTMAN)
		fine =
		    (x->written || postman_begin(&x->text)) && buffer_append_text(&x->text, x->written ? ",\n" : "\n");
	else if (x->options->as == EXPORT_AS_INSOMNIA)
		fine = (x->written || insomnia_begin(&x->text)) && buffer_append_text(&x->text, ",\n");
	else if (x->options->as == EXPORT_AS_HTTP && x->several)
		fine = buffer_printf(&x->text, "%s### %" PRId64 " %s\n", x->written ? "\n" : "", d->id, at);
	else if (x->options->as == EXPORT_AS_CURL && x->several)
		fine = buffer_printf(&x->text, "%s# delivery %" PRId64 ", %s\n", x->written ? "\n" : "", d->id, at);
	else if (x->options->as == EXPORT_AS_URL && x->written)
		fine = buffer_put_u8(&x->text, '\n');
	if (d->redacted && (x->options->as == EXPORT_AS_HTTP || x->options->as == EXPORT_AS_CURL))
		fine = fine && buffer_append_text(&x->text, REDACTED_COMMENT);
	return fine || no_memory(e);
}

/* The first of them brings the base for all. */
static bool put_test(struct export *x, const struct transcript *d, const char *body_file, struct error *e)
{
	struct test_code *code = &x->tests.code;
	bool first = !x->written;
	if (first && !(x->tests.base = base_of(x, d, e)))
		return false;
	code->base = bytes_of(x->tests.base);
	return ((!first || test_code_begin(code, &x->text)) && test_code_put(code, d, body_file, &x->text)) ||
	       no_memory(e);
}

/* Bytes of a body in a command: one with 64 MiB in it is copied by nobody, and stops the browser that shows it. */
#define COPIED_MOST ((size_t)1 << 20)
#define AT_ONCE ((size_t)256 << 10)

static bool put_command(struct export *x, const struct transcript *d, struct buffer *out, struct error *e)
{
	struct export_options curl = *x->options;
	curl.as = EXPORT_AS_CURL;
	char *base = base_of(x, d, e);
	bool fine = base && export_put(d, NULL, &curl, base, NULL, out, e);
	free(base);
	return fine;
}

struct block {
	struct export *export;
	struct error *error;
};

/* A body that needs no escapes is one piece, of 64 MiB perhaps. */
static int on_block_piece(const char *piece, size_t len, void *user)
{
	struct block *b = user;
	struct export *x = b->export;
	for (struct bytes rest = bytes_make(piece, len); rest.len;) {
		struct bytes part = text_start(rest, AT_ONCE);
		if (!report_block_put(&x->text, part)) {
			no_memory(b->error);
			return -1;
		}
		if (x->text.len >= AT_ONCE && !flush(x, b->error))
			return -1;
		rest = bytes_make(rest.at + part.len, rest.len - part.len);
	}
	return 0;
}

/* What is imported again, written as it is made: no line of it is ever held as a whole. */
static bool put_block(struct export *x, const struct transcript *d, struct error *e)
{
	struct block b = { x, e };
	struct item item;
	if (!item_read(x->store, d->id, &item, e))
		return false;
	json_t *line = export_put_line(d, &item.row);
	item_free(&item);
	*e = (struct error){ 0 };
	bool fine = line && report_block_begin(&x->text) &&
		    json_dump_callback(line, on_block_piece, &b, JSON_COMPACT | JSON_REAL_PRECISION(12)) == 0 &&
		    report_block_end(&x->text);
	json_decref(line);
	return fine || (!*e->text && no_memory(e));
}

/* One delivery of the page: what is read, what is copied, and what is imported again. */
static bool put_in_report(struct export *x, const struct transcript *d, struct error *e)
{
	struct buffer command = { 0 };
	bool long_body = d->request.body.len > COPIED_MOST;
	bool fine = long_body || put_command(x, d, &command, e);
	const struct report_delivery r = {
		d, buffer_view(&command),
		long_body ? "its body is too long for a command to copy: `creel import` takes this file, and `creel "
			    "export --format curl` writes the command then"
			  : NULL
	};
	fine = fine && (report_put(&x->text, &r) || no_memory(e));
	buffer_free(&command);
	return fine && flush(x, e) && put_block(x, d, e);
}

static bool put(struct export *x, const struct transcript *d, struct error *e)
{
	enum export_as as = x->options->as;
	struct buffer reference = { 0 };
	if (as == EXPORT_AS_NDJSON) {
		struct item item;
		bool written = item_read(x->store, d->id, &item, e) &&
			       export_put(d, &item.row, x->options, NULL, NULL, &x->text, e);
		item_free(&item);
		return written;
	}
	if (as == EXPORT_AS_HTML)
		return put_in_report(x, d, e);
	if (!put_body_beside(x, d, &reference, e)) {
		buffer_free(&reference);
		return false;
	}
	if (export_tests_is(as, &(enum test_framework){ 0 })) {
		bool written = put_test(x, d, (const char *)reference.at, e);
		buffer_free(&reference);
		return written;
	}
	char *base = base_of(x, d, e);
	bool fine = base && export_put(d, NULL, x->options, base, (const char *)reference.at, &x->text, e);
	free(base);
	buffer_free(&reference);
	return fine;
}

static bool is_request_alone(enum export_as as)
{
	return as == EXPORT_AS_BODY || as == EXPORT_AS_HEADERS || as == EXPORT_AS_RAW || as == EXPORT_AS_URL;
}

/* Whether the format has a place for it. */
static bool check(const struct export *x, const struct transcript *d, struct error *e)
{
	enum export_as as = x->options->as;
	bool part = d->request.body_size > d->request.body.len;
	bool keeps_part = as == EXPORT_AS_HAR || as == EXPORT_AS_NDJSON || as == EXPORT_AS_HTML ||
			  as == EXPORT_AS_HEADERS || as == EXPORT_AS_URL;
	if (part && !keeps_part)
		return error_set(e, EXIT_USAGE,
				 "delivery %" PRId64 " was recorded in part only (%zu of %" PRIu64
				 " bytes): har and ndjson keep that",
				 d->id, d->request.body.len, d->request.body_size);
	if (wants_file(x, buffer_view(&d->request.body)) && !x->sink.path)
		return error_set(e, EXIT_USAGE,
				 "the body of delivery %" PRId64
				 " is not text that %s can hold: name a file with -o, and it is put beside that",
				 d->id, as == EXPORT_AS_HTTP ? "a .http file" : "a collection");
	return export_put_fits(d, as, e);
}

struct telling {
	const struct export_options *options;
	int64_t id;
};

static void on_found(void *user, const struct redact_found *found)
{
	const struct telling *t = user;
	t->options->on_redacted(t->options->user, t->id, found);
}

static bool redact(const struct export *x, struct transcript *d, struct error *e)
{
	const struct export_options *o = x->options;
	struct telling t = { o, d->id };
	struct redaction r = { .names = o->redact_names, .on_found = o->on_redacted ? on_found : NULL, .user = &t };
	bool answer = o->as == EXPORT_AS_HAR || o->as == EXPORT_AS_NDJSON || o->as == EXPORT_AS_HTML ||
		      o->as == EXPORT_AS_POSTMAN;
	if (!transcript_redact(d, &r, answer, e))
		return false;
	for (size_t k = 0; o->redacted && k < REDACT_KINDS; k++)
		o->redacted[k] += r.counts[k];
	return true;
}

/* Of several, one that cannot be written is told, and the others are. */
static bool is_passed_over(const struct export *x, struct error *e)
{
	const struct export_options *o = x->options;
	if (!x->several || !o->on_refused || e->code != EXIT_USAGE)
		return false;
	o->on_refused(o->user, e->text);
	*e = (struct error){ 0 };
	return true;
}

/* Of one that cannot be read transcript_read says why. */
static bool is_too_long(const struct export *x, int64_t id)
{
	struct error ignored;
	struct item item;
	if (!x->options->bytes_most || !item_read(x->store, id, &item, &ignored))
		return false;
	bool is = item.row.request_bytes > x->options->bytes_most ||
		  item.row.response_bytes > x->options->bytes_most - item.row.request_bytes;
	item_free(&item);
	return is;
}

static bool export_one(struct export *x, int64_t id, struct error *e)
{
	struct transcript d;
	if (is_too_long(x, id))
		return true;
	if (!transcript_read(x->store, id, &d, e))
		return e->code == EXIT_USAGE; /* it was deleted meanwhile */
	bool fits = check(x, &d, e);
	bool fine = fits && (!x->options->redact || redact(x, &d, e)) &&
		    (x->options->dry_run || (put_separator(x, &d, e) && put(x, &d, e) && flush(x, e)));
	transcript_free(&d);
	x->written += fine;
	return fine || (!fits && is_passed_over(x, e));
}

static bool put_end(const struct export *x, struct buffer *text)
{
	switch (x->options->as) {
	case EXPORT_AS_HAR:
		return har_end(text);
	case EXPORT_AS_HTML:
		return report_end(text);
	case EXPORT_AS_POSTMAN:
		return postman_end(text);
	case EXPORT_AS_INSOMNIA:
		return insomnia_end(text);
	default:
		return !export_tests_is(x->options->as, &(enum test_framework){ 0 }) ||
		       test_code_end(&x->tests.code, text);
	}
}

static bool export_all(struct export *x, const int64_t *ids, size_t count, struct error *e)
{
	enum test_framework framework;
	bool fine = true;
	x->several = count > 1;
	if (export_tests_is(x->options->as, &framework) && !export_tests_begin(&x->tests, framework, x->sink.path, e))
		return false;
	if (x->several && is_request_alone(x->options->as) && x->options->as != EXPORT_AS_URL)
		return error_set(e, EXIT_USAGE, "this format takes one delivery, not %zu", count);
	for (size_t i = 0; fine && i < count; i++) {
		fine = export_one(x, ids[i], e);
		if (fine && x->options->stop && x->options->stop(x->options->user, x->written))
			fine =
			    error_set(e, EXIT_INTERRUPTED, "interrupted: %zu of %zu were written", x->written, count);
	}
	if (fine && x->written && !x->options->dry_run)
		fine = (put_end(x, &x->text) || no_memory(e)) && flush(x, e);
	buffer_free(&x->text);
	buffer_free(&x->client);
	free(x->tests.base);
	return fine;
}

bool export_to_file(struct store *s, const int64_t *ids, size_t count, const struct export_options *o, const char *path,
		    size_t *written, struct error *e)
{
	struct export x = { .store = s, .options = o, .sink.path = path };
	bool fine = export_all(&x, ids, count, e);
	if (x.sink.open)
		fine = end_file(&x.sink.file, fine, e);
	if (written)
		*written = x.written;
	return fine;
}

bool export_to_stdout(struct store *s, const int64_t *ids, size_t count, const struct export_options *o,
		      size_t *written, struct error *e)
{
	struct export x = { .store = s, .options = o };
	bool fine = export_all(&x, ids, count, e);
	if (written)
		*written = x.written;
	return fine &&
	       (fflush(stdout) == 0 || error_set(e, EXIT_STORE, "the output cannot be written: %s", strerror(errno)));
}

bool export_to_taker(struct store *s, const int64_t *ids, size_t count, const struct export_options *o,
		     bool (*take)(void *user, struct bytes piece, struct error *e), void *user, struct error *e)
{
	struct export x = { .store = s, .options = o, .sink = { .take = take, .user = user } };
	return export_all(&x, ids, count, e);
}

static bool append(void *user, struct bytes piece, struct error *e)
{
	return buffer_append_bytes(user, piece) || no_memory(e);
}

bool export_to_buffer(struct store *s, const int64_t *ids, size_t count, const struct export_options *o,
		      struct buffer *out, size_t *written, struct error *e)
{
	struct export x = { .store = s, .options = o, .sink = { .take = append, .user = out } };
	bool fine = export_all(&x, ids, count, e);
	if (written)
		*written = x.written;
	return fine;
}
