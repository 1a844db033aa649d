#include "client/web_server/web_exchange.h"

#include "shared/http/http_phrase.h"
#include "shared/json/json_bytes.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void drop_file(struct web_exchange *x)
{
	if (x->in_file)
		close(x->file);
	x->in_file = false;
	x->file_len = 0;
}

void web_exchange_free(struct web_exchange *x)
{
	if (!x)
		return;
	for (size_t i = 0; i < x->copy_count; i++)
		free(x->copies[i]);
	buffer_free(&x->body);
	buffer_free(&x->headers);
	buffer_free(&x->answer);
	drop_file(x);
	free(x);
}

const char *web_exchange_copy(struct web_exchange *x, struct bytes text)
{
	if (x->copy_count == sizeof x->copies / sizeof *x->copies)
		return NULL;
	char *copy = bytes_dup_text(text);
	if (copy)
		x->copies[x->copy_count++] = copy;
	return copy;
}

/* ---- what is asked ---- */

const char *web_param(const struct web_exchange *x, const char *name)
{
	for (size_t i = 0; i < x->param_count; i++)
		if (strcmp(x->params[i].name, name) == 0)
			return x->params[i].value;
	return NULL;
}

bool web_param_set(const struct web_exchange *x, const char *name)
{
	const char *value = web_param(x, name);
	return value && strcmp(value, "1") == 0;
}

static bool read_number(const char *text, int64_t *out)
{
	char *end;
	size_t digits = strspn(text, "0123456789");
	if (digits == 0 || digits > 18 || text[digits])
		return false;
	errno = 0;
	*out = strtoll(text, &end, 10);
	return errno == 0;
}

int64_t web_id_of(const char *text)
{
	int64_t id;
	return text && read_number(text, &id) && id > 0 ? id : 0;
}

bool web_param_number(struct web_exchange *x, const char *name, int64_t least, int64_t most, int64_t otherwise,
		      int64_t *out)
{
	const char *value = web_param(x, name);
	*out = otherwise;
	if (!value)
		return true;
	if (read_number(value, out) && *out >= least && *out <= most)
		return true;
	web_problem(x, 400, "range", "%s takes a number from %lld to %lld", name, (long long)least, (long long)most);
	return false;
}

bool web_has_already(const struct web_exchange *x, const char *tag)
{
	size_t len = strlen(tag);
	for (const char *at = x->if_none_match; at && *at;) {
		at += strspn(at, " \t,");
		if (*at == '*')
			return true;
		at += strncmp(at, "W/", 2) == 0 ? 2 : 0;
		if (strncmp(at, tag, len) == 0 && (!at[len] || strchr(" \t,", at[len])))
			return true;
		const char *end = *at == '"' ? strchr(at + 1, '"') : NULL;
		at = end ? end + 1 : at + strcspn(at, ",");
	}
	return false;
}

bool web_range_counts(const struct web_exchange *x, const char *tag)
{
	return x->method == WEB_GET && x->range && (!x->if_range || strcmp(x->if_range, tag) == 0);
}

bool web_params_fine(struct web_exchange *x, int count, const char *uri)
{
	if (count > WEB_PARAMS_MOST) {
		web_problem(x, 400, "range", "at most %d parameters", WEB_PARAMS_MOST);
		return false;
	}
	if (strstr(uri, "%00")) {
		web_problem(x, 400, "range", "an address has no byte 0 (%%00)");
		return false;
	}
	for (size_t i = 0; i < x->param_count; i++) {
		if (web_param(x, x->params[i].name) == x->params[i].value)
			continue;
		web_problem(x, 400, "range", "the parameter '%.40s' stands there twice: which one counts?",
			    x->params[i].name);
		return false;
	}
	return true;
}

/* What web_param_set reads. */
static bool is_flag(const char *name)
{
	static const char *const flags[] = { "decode", "download", "key_order", "ignore_volatile" };
	for (size_t i = 0; i < sizeof flags / sizeof *flags; i++)
		if (strcmp(name, flags[i]) == 0)
			return true;
	return false;
}

bool web_params_known(struct web_exchange *x, const char *known)
{
	for (size_t i = 0; i < x->param_count; i++) {
		const char *name = x->params[i].name, *at = strstr(known, name);
		size_t len = strlen(name);
		bool found = false;
		for (; len && at && !found; at = strstr(at + 1, name))
			found = at > known && at[-1] == ' ' && at[len] == ' ';
		if (!found) {
			web_problem(x, 400, "range", "there is no parameter '%.40s' here, only:%.*s", name,
				    known[1] ? (int)strlen(known) - 1 : 5, known[1] ? known : " none");
			return false;
		}
		if (is_flag(name) && strcmp(x->params[i].value, "1") != 0 && strcmp(x->params[i].value, "0") != 0) {
			web_problem(x, 400, "range", "%s takes 1 or 0", name);
			return false;
		}
	}
	return true;
}

/* ---- what is answered ---- */

#define IN_MEMORY_MOST ((size_t)1 << 20) /* of an answer */

static bool open_file(struct web_exchange *x)
{
	char path[4096];
	if (!x->beside || snprintf(path, sizeof path, "%s.answer-XXXXXX", x->beside) >= (int)sizeof path)
		return false;
	x->file = mkostemp(path, O_CLOEXEC); /* 0600 */
	x->in_file = x->file >= 0;
	if (x->in_file)
		unlink(path);
	return x->in_file;
}

static bool write_file(struct web_exchange *x, struct bytes b)
{
	while (b.len) {
		ssize_t n = pwrite(x->file, b.at, b.len, (off_t)x->file_len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		x->file_len += (uint64_t)n;
		b = bytes_make(b.at + n, b.len - (size_t)n);
	}
	return true;
}

/* A full disk: what was written comes back into memory, so that at least this one is answered. */
static bool leave_file(struct web_exchange *x, uint64_t len)
{
	struct buffer all = { 0 };
	bool fine = buffer_reserve(&all, (size_t)len);
	while (fine && all.len < len) {
		ssize_t n = pread(x->file, all.at + all.len, (size_t)len - all.len, (off_t)all.len);
		fine = n > 0 || (n < 0 && errno == EINTR);
		all.len += n > 0 ? (size_t)n : 0;
	}
	drop_file(x);
	x->no_file = true;
	buffer_free(&x->answer);
	x->answer = all;
	return fine;
}

bool web_answer_more(void *user, struct bytes piece, struct error *e)
{
	struct web_exchange *x = user;
	if (!x->in_file && !x->no_file && x->answer.len + piece.len > IN_MEMORY_MOST)
		x->no_file = !open_file(x);
	uint64_t len = x->file_len;
	if (x->in_file && write_file(x, buffer_view(&x->answer)) && write_file(x, piece)) {
		buffer_free(&x->answer);
		x->answer = (struct buffer){ 0 };
		return true;
	}
	struct buffer rest = x->in_file ? x->answer : (struct buffer){ 0 };
	if (x->in_file) {
		x->answer = (struct buffer){ 0 };
		bool back = leave_file(x, len) && buffer_append_bytes(&x->answer, buffer_view(&rest));
		buffer_free(&rest);
		if (!back)
			return error_set(e, EXIT_STORE, "out of memory");
	}
	return buffer_append_bytes(&x->answer, piece) || error_set(e, EXIT_STORE, "out of memory");
}

/* In the place of whatever was to be answered. */
static void drop_answer(struct web_exchange *x)
{
	drop_file(x);
	x->answer.len = 0;
}

bool web_answer_header(struct web_exchange *x, const char *format, ...)
{
	char line[WEB_LINE_MOST];
	va_list args;
	va_start(args, format);
	int n = vsnprintf(line, sizeof line, format, args);
	va_end(args);
	return n > 0 && n < (int)sizeof line && buffer_append_text(&x->headers, line) &&
	       buffer_put_u8(&x->headers, '\n');
}

static void answer_text(struct web_exchange *x, unsigned status, const char *type, json_t *value)
{
	char *text = value ? json_dumps(value, JSON_COMPACT | JSON_REAL_PRECISION(12)) : NULL;
	json_decref(value);
	drop_answer(x);
	x->status = status;
	x->type = type;
	if (!text || !buffer_append_text(&x->answer, text)) {
		x->status = 503;
		x->answer.len = 0;
	}
	free(text);
}

void web_answer_json(struct web_exchange *x, unsigned status, json_t *value)
{
	answer_text(x, status, "application/json", value);
}

void web_problem_with(struct web_exchange *x, unsigned status, const char *name, json_t *fields, const char *detail)
{
	char type[80];
	json_t *problem = fields ? fields : json_object();
	snprintf(type, sizeof type, "urn:creel:problem:%s", name);
	bool fine = problem && json_object_set_new(problem, "type", json_string(type)) == 0 &&
		    json_object_set_new(problem, "title", json_string(http_phrase((int)status))) == 0 &&
		    json_object_set_new(problem, "status", json_integer((json_int_t)status)) == 0 &&
		    json_object_set_new(problem, "detail", json_from_bytes(bytes_of(detail))) == 0;
	if (!fine) {
		json_decref(problem);
		problem = NULL;
	}
	x->headers.len = 0;
	x->policy = NULL;
	answer_text(x, status, "application/problem+json", problem);
}

void web_problem(struct web_exchange *x, unsigned status, const char *name, const char *format, ...)
{
	char detail[700];
	va_list args;
	va_start(args, format);
	vsnprintf(detail, sizeof detail, format, args);
	va_end(args);
	web_problem_with(x, status, name, NULL, detail);
}

void web_problem_busy(struct web_exchange *x, const char *sentence)
{
	web_problem(x, 503, "busy", "%s", sentence);
	(void)web_answer_header(x, "Retry-After: 1");
}

void web_problem_of(struct web_exchange *x, const struct error *e)
{
	if (e->code == EXIT_USAGE)
		web_problem(x, 404, "not-found", "%s", e->text);
	else if (e->code == EXIT_INTERRUPTED)
		web_problem_busy(x, *e->text ? e->text : "creel is ending");
	else
		web_problem(x, 503, "store", "%s", *e->text ? e->text : "the record cannot be read");
}
