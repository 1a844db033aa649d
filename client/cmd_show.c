#include "client/command.h"
#include "client/output.h"
#include "client/row_json.h"
#include "shared/headers.h"
#include "shared/text.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct show {
	bool request, response, headers, body, raw, json;
	int64_t attempt;
	struct store *store;
	int64_t id;
	/* Copied out of the row. */
	struct buffer method, target;
	json_t *object;
	bool failed;
};

static bool write_bytes(struct bytes b)
{
	return b.len == 0 || fwrite(b.at, 1, b.len, stdout) == b.len;
}

/* Through the gate; binary only as a note. */
static bool write_readable(struct bytes b)
{
	struct buffer text = { 0 };
	if (!text_is_utf8(b) || (b.len && memchr(b.at, 0, b.len)))
		return printf("(%zu bytes that are not text: creel show ID --body > FILE has them)\n", b.len) > 0;
	bool fine = text_sanitize(&text, b, TEXT_BODY) && write_bytes(buffer_view(&text));
	if (fine && text.len > 0 && text.at[text.len - 1] != '\n')
		fine = putchar('\n') != EOF;
	buffer_free(&text);
	return fine;
}

/* Exact into a pipe or file, readable on a terminal. */
static bool write_exact(struct bytes b)
{
	return isatty(STDOUT_FILENO) ? write_readable(b) : write_bytes(b);
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
	if (s->json)
		s->object = row_json_delivery(NULL, row);
	else if (!s->request && !s->response && !s->headers && !s->body && !s->raw)
		output_row(stdout, row, true);
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

static bool write_message(struct show *s, const struct message *m, bool is_request, const char *status_line)
{
	bool parts = s->headers || s->body || s->raw;
	bool fine = true;
	if (s->raw) {
		if (is_request)
			fine = write_bytes(buffer_view(&s->method)) && putchar(' ') != EOF && write_bytes(buffer_view(&s->target)) &&
			       fputs(" HTTP/1.1\r\n", stdout) != EOF;
		else
			fine = printf("%s\r\n", status_line) > 0;
		return fine && write_exact(buffer_view(&m->headers)) && fputs("\r\n", stdout) != EOF &&
		       write_exact(buffer_view(&m->body)) && write_exact(buffer_view(&m->trailers));
	}
	if (s->headers)
		fine = isatty(STDOUT_FILENO) ? write_fields(buffer_view(&m->headers)) : write_bytes(buffer_view(&m->headers));
	if (fine && s->body)
		fine = write_exact(buffer_view(&m->body));
	if (parts)
		return fine;
	struct buffer line = { 0 };
	fine = is_request ? buffer_append_bytes(&line, buffer_view(&s->method)) && buffer_put_u8(&line, ' ') &&
	                            buffer_append_bytes(&line, buffer_view(&s->target)) && buffer_append_text(&line, " HTTP/1.1")
	                  : buffer_append_text(&line, status_line);
	fine = fine && putchar('\n') != EOF && write_line(buffer_view(&line)) && write_fields(buffer_view(&m->headers)) &&
	       putchar('\n') != EOF && write_readable(buffer_view(&m->body));
	if (fine && m->body_size > m->body.len)
		fine = printf("(shown %zu of %" PRIu64 " bytes: the record was cut)\n", m->body.len, m->body_size) > 0;
	buffer_free(&line);
	return fine;
}

struct status_search {
	int64_t wanted;
	char line[1200];
};

static void find_status(void *user, const struct attempt_row *a)
{
	struct status_search *s = user;
	if (s->wanted && a->number != s->wanted)
		return;
	snprintf(s->line, sizeof s->line, "HTTP/1.1 %d %.*s", a->status, (int)a->reason.len, (const char *)a->reason.at);
}

static bool show_response(struct show *s, bool required, struct error *e)
{
	struct message m;
	struct error ignored;
	struct status_search search = { s->attempt, "HTTP/1.1 0" };
	if (!store_get_response(s->store, s->id, (int)s->attempt, &m, required ? e : &ignored))
		return !required;
	bool fine = store_list_attempts(s->store, s->id, find_status, &search, e);
	if (fine && s->json)
		fine = json_object_set_new(s->object, "response", row_json_message(&m)) == 0 ||
		       error_set(e, EXIT_STORE, "out of memory");
	else if (fine)
		fine = write_message(s, &m, false, search.line) || error_set(e, EXIT_STORE, "the output cannot be written: %s", strerror(errno));
	store_message_free(&m);
	return fine;
}

static bool show_request(struct show *s, struct error *e)
{
	struct message m;
	bool has_body, https;
	if (!store_get_request(s->store, s->id, &m, &has_body, &https, e))
		return false;
	bool fine = s->json ? json_object_set_new(s->object, "request", row_json_message(&m)) == 0
	                    : write_message(s, &m, true, NULL);
	store_message_free(&m);
	return fine || error_set(e, EXIT_STORE, "the output cannot be written: %s", strerror(errno));
}

static bool show(struct show *s, struct error *e)
{
	if (!store_get(s->store, s->id, on_row, s, e))
		return false;
	if (s->failed || (s->json && !s->object))
		return error_set(e, EXIT_STORE, "out of memory");
	bool parts = s->headers || s->body || s->raw;
	if (s->json) {
		bool fine = (s->response && !s->request ? true : show_request(s, e)) &&
		            (s->request && !s->response ? true : show_response(s, s->response, e));
		json_t *object = s->object;
		s->object = NULL;
		if (!fine) {
			json_decref(object);
			return false;
		}
		return row_json_print(stdout, object, e);
	}
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

static int run(int argc, char **argv, struct error *e)
{
	struct common_options common;
	struct show s = { 0 };
	const struct option_spec specs[] = {
		{ "request", 0, OPTION_FLAG, &s.request, NULL, "the request alone" },
		{ "response", 0, OPTION_FLAG, &s.response, NULL, "the app's answer alone" },
		{ "headers", 0, OPTION_FLAG, &s.headers, NULL, "its header fields" },
		{ "body", 0, OPTION_FLAG, &s.body, NULL, "its body; into a pipe or file the exact bytes" },
		{ "raw", 0, OPTION_FLAG, &s.raw, NULL, "first line, headers and body as one message" },
		{ "attempt", 0, OPTION_COUNT, &s.attempt, "N", "which attempt's answer (default: the last)" },
		{ "json", 0, OPTION_FLAG, &s.json, NULL, "one JSON object" },
	};
	struct options *o = options_new();
	char *path = NULL;
	int first, status;
	if (!o || !command_parse(&command_show, o, &common, specs, sizeof specs / sizeof *specs, argc, argv, &first, &status, e))
		goto out;
	status = EXIT_USAGE;
	if (argc - first != 1) {
		error_set(e, EXIT_USAGE, "show takes one delivery, for example: creel show 42");
		goto out;
	}
	path = common.db ? NULL : store_default_path(e);
	if ((common.db || path) && store_open(&s.store, common.db ? common.db : path, STORE_READ_ONLY, e) &&
	    store_resolve(s.store, argv[first], &s.id, e) && show(&s, e))
		status = EXIT_DONE;
	else
		status = (int)e->code;
out:
	store_close(s.store);
	buffer_free(&s.method);
	buffer_free(&s.target);
	free(path);
	options_free(o);
	return status;
}

const struct command command_show = {
	"show",
	"creel show ID [--request|--response] [--headers|--body|--raw] [--attempt N] [--json]",
	"one delivery: request, answer, attempts",
	"Shows a delivery by its number in `creel list`, its event id, or the id's first 8 digits or more.\n\n"
	"Example: creel show 42 --body > body.bin",
	run,
};
