#include "client/web_server/web_exchange.h"

#include "shared/http/http_phrase.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void web_exchange_free(struct web_exchange *x)
{
	if (!x)
		return;
	for (size_t i = 0; i < x->copy_count; i++)
		free(x->copies[i]);
	buffer_free(&x->body);
	buffer_free(&x->headers);
	buffer_free(&x->answer);
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
		web_problem(x, 400, "range", "the parameter %.40s stands there twice", x->params[i].name);
		return false;
	}
	return true;
}

bool web_params_known(struct web_exchange *x, const char *known)
{
	for (size_t i = 0; i < x->param_count; i++) {
		const char *name = x->params[i].name, *at = strstr(known, name);
		size_t len = strlen(name);
		bool found = false;
		for (; len && at && !found; at = strstr(at + 1, name))
			found = at > known && at[-1] == ' ' && at[len] == ' ';
		if (found)
			continue;
		web_problem(x, 400, "range", "there is no parameter %.40s here", name);
		return false;
	}
	return true;
}

/* ---- what is answered ---- */

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
	x->answer.len = 0;
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
		    json_object_set_new(problem, "detail", json_string(detail)) == 0;
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

void web_problem_of(struct web_exchange *x, const struct error *e)
{
	if (e->code == EXIT_USAGE)
		web_problem(x, 404, "not-found", "%s", e->text);
	else if (e->code == EXIT_INTERRUPTED)
		web_problem(x, 503, "busy", "creel is ending");
	else
		web_problem(x, 503, "store", "%s", *e->text ? e->text : "the record cannot be read");
}
