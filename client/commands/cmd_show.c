#include "client/options/command.h"
#include "client/selection/selection.h"
#include "client/json/delivery_json.h"
#include "client/print/head_block.h"
#include "client/print/json_pretty.h"
#include "client/print/pager.h"
#include "client/print/readable.h"
#include "client/json/row_json.h"
#include "client/signing/verify_one.h"
#include "shared/content/body.h"
#include "shared/http/headers.h"
#include "shared/query/store_query.h"
#include "shared/text/text.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct show {
	struct option_values secret_specs;
	struct secrets secrets;
	bool request, response, headers, body, raw, json, terminal, pretty, last, no_pager;
	int64_t attempt;
	const struct program *program;
	struct store *store;
	int64_t id;
	struct item item;
	FILE *out;
};

static bool write_bytes(const struct show *s, struct bytes b)
{
	return b.len == 0 || fwrite(b.at, 1, b.len, s->out) == b.len;
}

/* As it came or, on a terminal, safe for it. */
static bool write_safe(const struct show *s, struct bytes b)
{
	struct buffer text = { 0 };
	if (!s->terminal)
		return write_bytes(s, b);
	bool fine = text_sanitize(&text, b, TEXT_BODY) && write_bytes(s, buffer_view(&text));
	buffer_free(&text);
	return fine;
}

/* What the body says: JSON laid out, other text where it was coded or in another charset. *shown: it stands there. */
static bool write_pretty(const struct show *s, const struct message *m, bool *shown)
{
	struct body body;
	struct buffer text = { 0 };
	body_open(&body, buffer_view(&m->headers), buffer_view(&m->body), BODY_MOST);
	const struct json_tokens *tokens = body_json(&body);
	enum body_kind kind = body_kind(&body);
	bool fine = true;
	*shown = tokens && json_pretty_put(&text, body_text(&body), tokens);
	if (*shown) {
		fine = write_safe(s, buffer_view(&text));
	} else if ((kind == BODY_TEXT || kind == BODY_JSON || kind == BODY_FORM) && (*body.codings || *body.charset) &&
		   body.decoded != DECODE_CUT) {
		*shown = true;
		fine = write_safe(s, body_text(&body)) && fputc('\n', s->out) != EOF;
	}
	buffer_free(&text);
	body_free(&body);
	return fine;
}

/* The parts of a multipart body. */
static bool write_multipart(const struct show *s, const struct message *m, const char *of, bool *shown)
{
	struct body body;
	struct buffer text = { 0 };
	bool left_out;
	body_open(&body, buffer_view(&m->headers), buffer_view(&m->body), BODY_MOST);
	*shown = body_kind(&body) == BODY_MULTIPART && readable_put_parts(&body, s->pretty, &text, &left_out);
	bool fine = !*shown || write_bytes(s, buffer_view(&text));
	if (fine && *shown && left_out)
		fine = fprintf(s->out, "(creel show %" PRId64 "%s --body > FILE has all of it as it came)\n", s->id,
			       of) > 0;
	buffer_free(&text);
	body_free(&body);
	return fine;
}

/* Only how many they are. */
static bool write_amount(const struct show *s, const struct message *m, const char *of)
{
	struct buffer text = { 0 };
	bool fine = buffer_put_u8(&text, '(') && readable_put_amount(buffer_view(&m->headers), m->body.len, &text) &&
		    buffer_printf(&text, ": creel show %" PRId64 "%s --body > FILE has them)\n", s->id, of) &&
		    write_bytes(s, buffer_view(&text));
	buffer_free(&text);
	return fine;
}

/* Through the gate; JSON and parts laid out where that is wanted, binary only as a note. */
static bool write_readable(const struct show *s, const struct message *m, bool is_request)
{
	const char *of = is_request ? "" : " --response";
	struct buffer text = { 0 };
	struct bytes b = buffer_view(&m->body);
	bool shown = false, is_text = text_is_utf8(b) && !(b.len && memchr(b.at, 0, b.len));
	if (s->pretty && (!write_pretty(s, m, &shown) || shown))
		return shown;
	if (!write_multipart(s, m, of, &shown) || shown)
		return shown;
	if (!is_text)
		return write_amount(s, m, of);
	bool fine = text_sanitize(&text, b, TEXT_BODY) && write_bytes(s, buffer_view(&text));
	if (fine && text.len > 0 && text.at[text.len - 1] != '\n')
		fine = fputc('\n', s->out) != EOF;
	buffer_free(&text);
	return fine;
}

/* Exact into a pipe or file, readable on a terminal. */
static bool write_body(const struct show *s, const struct message *m, bool is_request)
{
	struct bytes body = buffer_view(&m->body);
	bool shown = false;
	if (m->body_size > body.len)
		fprintf(stderr, "creel: only the first %zu of %" PRIu64 " bytes are on record: %s\n", body.len,
			m->body_size, store_cut_words(m->cut));
	if (s->terminal)
		return write_readable(s, m, is_request);
	if (s->pretty && (!write_pretty(s, m, &shown) || shown))
		return shown;
	return write_bytes(s, body);
}

static bool write_text(const struct show *s, struct bytes b)
{
	struct buffer text = { 0 };
	bool fine = text_sanitize(&text, b, TEXT_BODY) && write_bytes(s, buffer_view(&text)) &&
		    (b.at[b.len - 1] == '\n' || fputc('\n', s->out) != EOF);
	buffer_free(&text);
	return fine;
}

static bool write_line(const struct show *s, struct bytes b)
{
	struct buffer text = { 0 };
	bool fine =
	    text_sanitize(&text, b, TEXT_LINE) && write_bytes(s, buffer_view(&text)) && fputc('\n', s->out) != EOF;
	buffer_free(&text);
	return fine;
}

/* Headers for reading: one sanitised line each. */
static bool write_fields(const struct show *s, struct bytes block)
{
	struct bytes name, value;
	bool fine = true;
	for (size_t pos = 0; fine && headers_next(block, &pos, &name, &value);)
		fine = write_line(s, bytes_make(name.at, (size_t)(value.at + value.len - name.at)));
	return fine;
}

static bool write_headers(const struct show *s, const struct message *m)
{
	return s->terminal ? write_fields(s, buffer_view(&m->headers)) : write_bytes(s, buffer_view(&m->headers));
}

/* With trailers a body is one chunk, which they follow, so that the whole is a message. */
static bool write_chunked(const struct show *s, const struct message *m, bool is_request)
{
	struct bytes trailers = buffer_view(&m->trailers);
	if (s->terminal)
		return write_body(s, m, is_request) && fputc('\n', s->out) != EOF && write_fields(s, trailers);
	if (m->body.len && !(fprintf(s->out, "%zx\r\n", m->body.len) > 0 && write_body(s, m, is_request) &&
			     fprintf(s->out, "\r\n") > 0))
		return false;
	return fprintf(s->out, "0\r\n") > 0 && write_bytes(s, trailers) && fprintf(s->out, "\r\n") > 0;
}

/* `start`: request line or status line, as untrusted as all that follows it. */
static bool write_parts(const struct show *s, const struct message *m, bool is_request, struct bytes start)
{
	if (s->raw && m->raw.len) /* the head with its start line, as it came */
		return (s->terminal ? write_text(s, buffer_view(&m->raw)) : write_bytes(s, buffer_view(&m->raw))) &&
		       write_body(s, m, is_request);
	if (s->raw) {
		const char *end = s->terminal ? "\n" : "\r\n";
		bool fine = s->terminal ? write_line(s, start) : write_bytes(s, start) && fputs(end, s->out) != EOF;
		fine = fine && write_headers(s, m) && fputs(end, s->out) != EOF;
		return fine && (m->trailers.len ? write_chunked(s, m, is_request) : write_body(s, m, is_request));
	}
	return (!s->headers || write_headers(s, m)) && (!s->body || write_body(s, m, is_request));
}

static bool write_message(const struct show *s, const struct message *m, bool is_request, struct bytes start)
{
	if (s->headers || s->body || s->raw)
		return write_parts(s, m, is_request, start);
	bool fine = fputc('\n', s->out) != EOF && write_line(s, start) && write_fields(s, buffer_view(&m->headers)) &&
		    fputc('\n', s->out) != EOF && write_readable(s, m, is_request);
	if (fine && m->body_size > m->body.len)
		fine = fprintf(s->out, "(the first %zu of %" PRIu64 " bytes: %s)\n", m->body.len, m->body_size,
			       store_cut_words(m->cut)) > 0;
	if (fine && m->trailers.len)
		fine = fputs("\nTrailers:\n", s->out) != EOF && write_fields(s, buffer_view(&m->trailers));
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
	bool fine = s->raw || fprintf(s->out, "\nWhat came, and is not an answer: %zu bytes\n\n", raw.len) > 0;
	return (fine && (s->raw && !s->terminal ? write_bytes(s, raw) : write_text(s, raw))) ||
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
	struct error why = { 0 };
	if (!store_get_response(s->store, s->id, (int)s->attempt, &m, &why)) {
		if (!required && why.code == EXIT_USAGE) /* the app was not called */
			return true;
		*e = why;
		return false;
	}
	bool fine = store_list_attempts(s->store, s->id, find_answer, &answer, e) &&
		    write_response(s, &m, &answer, required, e);
	buffer_free(&answer.line);
	buffer_free(&answer.error);
	store_message_free(&m);
	return fine;
}

static bool cannot_write(struct error *e)
{
	return error_set(e, EXIT_STORE, "the output cannot be written: %s", strerror(errno));
}

static bool show_request(const struct show *s, const struct message *m, struct error *e)
{
	struct buffer line = { 0 };
	errno = ENOMEM;
	bool fine = buffer_append_bytes(&line, s->item.row.method) && buffer_put_u8(&line, ' ') &&
		    buffer_append_bytes(&line, s->item.row.target) && buffer_append_text(&line, " HTTP/1.1") &&
		    write_message(s, m, true, buffer_view(&line));
	buffer_free(&line);
	return fine || cannot_write(e);
}

static bool show_json(const struct show *s, struct error *e)
{
	struct delivery_json_parts parts = {
		.request = s->request || !s->response,
		.response = s->response || !s->request,
		.attempt = (int)s->attempt,
	};
	json_t *object = delivery_json(s->store, s->id, &parts, e);
	return object && (s->pretty ? row_json_print_pretty(s->out, object, e) : row_json_print(s->out, object, e));
}

/* With the secrets at hand it says what `creel verify` does. */
static bool show_head(const struct show *s, const struct message *request, bool https, struct error *e)
{
	struct verified v = { .result.verdict = SIGNATURE_UNKNOWN };
	const struct verify_options o = { .secrets = &s->secrets, .tolerance_ms = -1, .at = -1 };
	bool can = s->secrets.count > 0 && !bytes_equal(s->item.row.signature, bytes_of("none"));
	if (can && !verify_one(s->store, s->id, &o, &v, e))
		return false;
	bool checked = v.result.verdict == SIGNATURE_VALID || v.result.verdict == SIGNATURE_INVALID;
	return head_block_print(s->out, s->store, &s->item, request, checked ? &v.result : NULL, https, e);
}

static bool show_text(struct show *s, const struct message *request, bool https, struct error *e)
{
	bool parts = s->headers || s->body || s->raw;
	/* One part of one message by default: the request's. */
	bool shows_request = s->request || !s->response, shows_response = s->response || (!parts && !s->request);
	if (!parts && !show_head(s, request, https, e))
		return false;
	return (!shows_request || show_request(s, request, e)) && (!shows_response || show_response(s, s->response, e));
}

static bool show(struct show *s, struct error *e)
{
	struct message request = { 0 };
	bool has_body, https;
	if (s->json)
		return show_json(s, e);
	if (!item_read(s->store, s->id, &s->item, e) ||
	    !store_get_request(s->store, s->id, &request, &has_body, &https, e))
		return false;
	bool fine = show_text(s, &request, https, e);
	store_message_free(&request);
	return fine;
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
	{ "last", 0, OPTION_FLAG_AT(AT, last), OPTION_BY_USER, NULL, "the newest delivery" },
	{ "json", 0, OPTION_FLAG_AT(AT, json), OPTION_BY_PROJECT, NULL, "one JSON object" },
	{ "pretty", 0, OPTION_FLAG_AT(AT, pretty), OPTION_BY_USER, NULL,
	  "JSON laid out, as on a terminal; content codings undone" },
	{ "secret", 0, OPTION_LIST_AT(AT, secret_specs), OPTION_BY_USER, "[PROVIDER=]@FILE",
	  "says why the signature does not hold" },
	{ "no-pager", 0, OPTION_FLAG_AT(AT, no_pager), OPTION_BY_USER, NULL, "long output straight onto the terminal" },
};

static bool check_usage(struct show *s, const struct command_call *call, struct error *e)
{
	if (call->argc != (s->last ? 0 : 1))
		return error_set(e, EXIT_USAGE, "show takes one delivery, or --last; for example: creel show 42");
	if (s->raw && s->pretty)
		return error_set(e, EXIT_USAGE, "--raw and --pretty contradict each other");
	s->program = call->program;
	s->terminal = isatty(STDOUT_FILENO);
	/* One line, for a program, unless asked for. */
	s->pretty = s->pretty || (s->terminal && !s->raw && !s->json);
	/* Attempts differ by their answers only. */
	if (s->attempt && !s->request)
		s->response = true;
	return true;
}

static bool find(struct show *s, const struct command_call *call, struct error *e)
{
	struct selection found;
	if (!s->last)
		return store_resolve(s->store, call->argv[0], &s->id, e);
	bool fine = selection_find(s->store, NULL, 1, &found, e) && selection_require(found.count, NULL, e);
	if (fine)
		s->id = found.ids[0];
	selection_free(&found);
	return fine;
}

/* What was written before a failure is shown as well. */
static bool show_paged(struct show *s, struct error *e)
{
	struct pager pager;
	struct error ignored = { 0 };
	if (!pager_begin(&pager, !s->no_pager && !s->json, e))
		return false;
	s->out = pager.out;
	bool fine = show(s, e);
	return pager_end(&pager, &s->program->cores, fine ? e : &ignored) && fine;
}

static int run(struct command_call *call, struct error *e)
{
	struct show *s = call->settings;
	if (!check_usage(s, call, e))
		return EXIT_USAGE;
	if (!secrets_read(&s->secret_specs, false, &s->secrets, e)) {
		secrets_free(&s->secrets);
		return EXIT_USAGE;
	}
	secrets_drop_environment(&s->secrets); /* it may be any provider's */
	secrets_hide(&s->secrets, call->program->gate);
	bool fine = command_open_store(call, STORE_READ_ONLY, &s->store, e) && find(s, call, e) && show_paged(s, e);
	store_close(s->store);
	secrets_free(&s->secrets);
	item_free(&s->item);
	return fine ? EXIT_DONE : (int)e->code;
}

const struct command command_show = {
	"show",
	"creel show ID|--last [--request|--response] [--headers|--body|--raw] [--attempt N] [--json] [--pretty] "
	"[--secret [PROVIDER=]@FILE]… [--no-pager]",
	"one delivery: request, answer, attempts",
	"Shows a delivery by its number in `creel list`, its event id, or the first 8 or more digits of that. Without\n"
	"options: a summary with the signature's verdict and every attempt, then the request and the app's last "
	"answer.\n"
	"With --secret the summary says why the signature does not hold, as creel verify does.\n"
	"On a terminal JSON is indented, control characters are made visible, and long output goes through $PAGER (or\n"
	"less); into a pipe or file --headers, --body and --raw write the recorded bytes.\n\n"
	"Example: creel show 42 --body > body.bin",
	COMMAND_OPTIONS(rows, struct show),
	.uses = COMMAND_USES_DB,
	.run = run,
};
