#include "client/options/command.h"
#include "client/print/delivery_json.h"
#include "client/print/output.h"
#include "client/print/row_json.h"
#include "shared/http/headers.h"
#include "shared/text/text.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct show {
	bool request, response, headers, body, raw, json, terminal;
	int64_t attempt;
	struct store *store;
	int64_t id;
	/* Copied out of the row. */
	struct buffer method, target;
	bool failed;
};

static bool write_bytes(struct bytes b)
{
	return b.len == 0 || fwrite(b.at, 1, b.len, stdout) == b.len;
}

/* Through the gate; binary only as a note. */
static bool write_readable(const struct show *s, struct bytes b, bool is_request)
{
	struct buffer text = { 0 };
	if (!text_is_utf8(b) || (b.len && memchr(b.at, 0, b.len)))
		return printf("(%zu bytes that are not text: creel show %" PRId64 "%s --body > FILE has them)\n", b.len,
			      s->id, is_request ? "" : " --response") > 0;
	bool fine = text_sanitize(&text, b, TEXT_BODY) && write_bytes(buffer_view(&text));
	if (fine && text.len > 0 && text.at[text.len - 1] != '\n')
		fine = putchar('\n') != EOF;
	buffer_free(&text);
	return fine;
}

/* Exact into a pipe or file, readable on a terminal. */
static bool write_body(const struct show *s, const struct message *m, bool is_request)
{
	struct bytes body = buffer_view(&m->body);
	if (m->body_size > body.len)
		fprintf(stderr, "creel: only the first %zu of %" PRIu64 " bytes are on record: %s\n", body.len,
			m->body_size, store_cut_words(m->cut));
	return s->terminal ? write_readable(s, body, is_request) : write_bytes(body);
}

static bool write_text(struct bytes b)
{
	struct buffer text = { 0 };
	bool fine = text_sanitize(&text, b, TEXT_BODY) && write_bytes(buffer_view(&text)) &&
		    (b.at[b.len - 1] == '\n' || putchar('\n') != EOF);
	buffer_free(&text);
	return fine;
}

static bool write_line(struct bytes b)
{
	struct buffer text = { 0 };
	bool fine = text_sanitize(&text, b, TEXT_LINE) && write_bytes(buffer_view(&text)) && putchar('\n') != EOF;
	buffer_free(&text);
	return fine;
}

/* Headers for reading: one sanitised line each. */
static bool write_fields(struct bytes block)
{
	struct bytes name, value;
	bool fine = true;
	for (size_t pos = 0; fine && headers_next(block, &pos, &name, &value);)
		fine = write_line(bytes_make(name.at, (size_t)(value.at + value.len - name.at)));
	return fine;
}

static void on_row(void *user, const struct delivery_row *row)
{
	struct show *s = user;
	s->failed = !buffer_append_bytes(&s->method, row->method) || !buffer_append_bytes(&s->target, row->target);
	if (s->request || s->response || s->headers || s->body || s->raw)
		return;
	output_row(stdout, row);
	output_refusal(stdout, row);
}

static void on_attempt(void *user, const struct attempt_row *a)
{
	struct show *s = user;
	char at[TEXT_TIME_LEN];
	(void)s;
	text_format_time(at, a->started_at_us);
	printf("  attempt %d  %s  %s", a->number, at, store_result_name(a->result));
	if (a->status)
		printf(" %d", a->status);
	printf("  %.1fms  ", (double)a->total_us / 1000);
	struct buffer text = { 0 };
	if (text_sanitize(&text, a->error.len ? a->error : a->url, TEXT_LINE))
		write_bytes(buffer_view(&text));
	buffer_free(&text);
	putchar('\n');
}

static bool write_headers(const struct show *s, const struct message *m)
{
	return s->terminal ? write_fields(buffer_view(&m->headers)) : write_bytes(buffer_view(&m->headers));
}

/* With trailers a body is one chunk, which they follow, so that the whole is a message. */
static bool write_chunked(const struct show *s, const struct message *m, bool is_request)
{
	struct bytes trailers = buffer_view(&m->trailers);
	if (s->terminal)
		return write_body(s, m, is_request) && putchar('\n') != EOF && write_fields(trailers);
	if (m->body.len && !(printf("%zx\r\n", m->body.len) > 0 && write_body(s, m, is_request) && printf("\r\n") > 0))
		return false;
	return printf("0\r\n") > 0 && write_bytes(trailers) && printf("\r\n") > 0;
}

/* `start`: request line or status line, as untrusted as all that follows it. */
static bool write_parts(const struct show *s, const struct message *m, bool is_request, struct bytes start)
{
	if (s->raw && m->raw.len) /* the head with its start line, as it came */
		return (s->terminal ? write_text(buffer_view(&m->raw)) : write_bytes(buffer_view(&m->raw))) &&
		       write_body(s, m, is_request);
	if (s->raw) {
		const char *end = s->terminal ? "\n" : "\r\n";
		bool fine = s->terminal ? write_line(start) : write_bytes(start) && fputs(end, stdout) != EOF;
		fine = fine && write_headers(s, m) && fputs(end, stdout) != EOF;
		return fine && (m->trailers.len ? write_chunked(s, m, is_request) : write_body(s, m, is_request));
	}
	return (!s->headers || write_headers(s, m)) && (!s->body || write_body(s, m, is_request));
}

static bool write_message(const struct show *s, const struct message *m, bool is_request, struct bytes start)
{
	if (s->headers || s->body || s->raw)
		return write_parts(s, m, is_request, start);
	bool fine = putchar('\n') != EOF && write_line(start) && write_fields(buffer_view(&m->headers)) &&
		    putchar('\n') != EOF && write_readable(s, buffer_view(&m->body), is_request);
	if (fine && m->body_size > m->body.len)
		fine = printf("(the first %zu of %" PRIu64 " bytes: %s)\n", m->body.len, m->body_size,
			      store_cut_words(m->cut)) > 0;
	if (fine && m->trailers.len)
		fine = fputs("\nTrailers:\n", stdout) != EOF && write_fields(buffer_view(&m->trailers));
	return fine;
}

struct answer {
	int64_t wanted; /* attempt number, 0 for the last */
	int status;
	bool no_memory;
	struct buffer line, error;
};

static void find_answer(void *user, const struct attempt_row *a)
{
	struct answer *s = user;
	if (s->wanted && a->number != s->wanted)
		return;
	s->status = a->status;
	s->line.len = s->error.len = 0;
	s->no_memory = s->no_memory || !buffer_printf(&s->line, "HTTP/1.1 %d ", a->status) ||
		       !buffer_append_bytes(&s->line, a->reason) || !buffer_append_bytes(&s->error, a->error);
}

static bool write_no_answer(const struct show *s, const struct message *m, const struct answer *answer, bool required,
			    struct error *e)
{
	bool bytes = m->raw.len > 0 && !s->headers && !s->body;
	if (!required && !bytes)
		return true;
	if (!bytes)
		return error_set(e, EXIT_USAGE, "delivery %" PRId64 " got no answer: %.*s", s->id,
				 (int)answer->error.len, (const char *)answer->error.at);
	struct bytes raw = buffer_view(&m->raw);
	bool fine = s->raw || printf("\nWhat came, and is not an answer: %zu bytes\n\n", raw.len) > 0;
	return (fine && (s->raw && !s->terminal ? write_bytes(raw) : write_text(raw))) ||
	       error_set(e, EXIT_STORE, "the output cannot be written: %s", strerror(errno));
}

static bool write_response(struct show *s, const struct message *m, const struct answer *answer, bool required,
			   struct error *e)
{
	if (answer->no_memory)
		return error_set(e, EXIT_STORE, "out of memory");
	if (answer->status == 0)
		return write_no_answer(s, m, answer, required, e);
	return write_message(s, m, false, buffer_view(&answer->line)) ||
	       error_set(e, EXIT_STORE, "the output cannot be written: %s", strerror(errno));
}

static bool show_response(struct show *s, bool required, struct error *e)
{
	struct message m;
	struct answer answer = { .wanted = s->attempt };
	if (!store_get_response(s->store, s->id, (int)s->attempt, &m, e))
		return !required && e->code == EXIT_USAGE; /* the app was not called */
	bool fine = store_list_attempts(s->store, s->id, find_answer, &answer, e) &&
		    write_response(s, &m, &answer, required, e);
	buffer_free(&answer.line);
	buffer_free(&answer.error);
	store_message_free(&m);
	return fine;
}

static bool show_request(struct show *s, struct error *e)
{
	struct message m;
	bool has_body, https;
	if (!store_get_request(s->store, s->id, &m, &has_body, &https, e))
		return false;
	struct buffer line = { 0 };
	errno = ENOMEM;
	bool fine = buffer_append_bytes(&line, buffer_view(&s->method)) && buffer_put_u8(&line, ' ') &&
		    buffer_append_bytes(&line, buffer_view(&s->target)) && buffer_append_text(&line, " HTTP/1.1") &&
		    write_message(s, &m, true, buffer_view(&line));
	buffer_free(&line);
	store_message_free(&m);
	return fine || error_set(e, EXIT_STORE, "the output cannot be written: %s", strerror(errno));
}

static bool show_json(const struct show *s, struct error *e)
{
	struct delivery_json_parts parts = {
		.request = s->request || !s->response,
		.response = s->response || !s->request,
		.attempt = (int)s->attempt,
	};
	json_t *object = delivery_json(s->store, s->id, &parts, e);
	return object && row_json_print(stdout, object, e);
}

static bool show(struct show *s, struct error *e)
{
	if (s->json)
		return show_json(s, e);
	if (!store_get(s->store, s->id, on_row, s, e))
		return false;
	if (s->failed)
		return error_set(e, EXIT_STORE, "out of memory");
	bool parts = s->headers || s->body || s->raw;
	/* One part of one message by default: the request's. */
	bool request = s->request || !s->response, response = s->response || (!parts && !s->request);
	if (request && !show_request(s, e))
		return false;
	if (response && !show_response(s, s->response, e))
		return false;
	if (!parts && !s->request && !s->response) {
		putchar('\n');
		if (!store_list_attempts(s->store, s->id, on_attempt, s, e))
			return false;
	}
	return fflush(stdout) == 0 || error_set(e, EXIT_STORE, "the output cannot be written: %s", strerror(errno));
}

#define AT struct show

static const struct option_row rows[] = {
	{ "request", 0, OPTION_FLAG_AT(AT, request), OPTION_BY_PROJECT, NULL, "the request alone" },
	{ "response", 0, OPTION_FLAG_AT(AT, response), OPTION_BY_PROJECT, NULL, "the app's answer alone" },
	{ "headers", 0, OPTION_FLAG_AT(AT, headers), OPTION_BY_PROJECT, NULL, "its header fields" },
	{ "body", 0, OPTION_FLAG_AT(AT, body), OPTION_BY_PROJECT, NULL,
	  "its body; into a pipe or file the exact bytes" },
	{ "raw", 0, OPTION_FLAG_AT(AT, raw), OPTION_BY_PROJECT, NULL, "first line, headers and body as one message" },
	{ "attempt", 0, OPTION_COUNT_AT(AT, attempt), OPTION_BY_USER, "N", "the answer of this attempt",
	  .otherwise = "the last", .most = INT_MAX },
	{ "json", 0, OPTION_FLAG_AT(AT, json), OPTION_BY_PROJECT, NULL, "one JSON object" },
};

static int run(struct command_call *call, struct error *e)
{
	struct show *s = call->settings;
	if (call->argc != 1) {
		error_set(e, EXIT_USAGE, "show takes one delivery, for example: creel show 42");
		return EXIT_USAGE;
	}
	s->terminal = isatty(STDOUT_FILENO);
	/* Attempts differ by their answers only. */
	if (s->attempt && !s->request)
		s->response = true;
	bool fine = command_open_store(call, STORE_READ_ONLY, &s->store, e) &&
		    store_resolve(s->store, call->argv[0], &s->id, e) && show(s, e);
	store_close(s->store);
	buffer_free(&s->method);
	buffer_free(&s->target);
	return fine ? EXIT_DONE : (int)e->code;
}

const struct command command_show = {
	"show",
	"creel show ID [--request|--response] [--headers|--body|--raw] [--attempt N] [--json]",
	"one delivery: request, answer, attempts",
	"Shows a delivery by its number in `creel list`, its event id, or the id's first 8 digits or more. Without "
	"options:\n"
	"a summary, the request, the app's last answer and every attempt. On a terminal control characters are made\n"
	"visible; into a pipe or file --headers, --body and --raw write the recorded bytes.\n\n"
	"Example: creel show 42 --body > body.bin",
	COMMAND_OPTIONS(rows, struct show),
	.uses = COMMAND_USES_DB,
	.run = run,
};
