#include "client/listening/listen_routes.h"

#include "client/selection/body_option.h"
#include "shared/filter/filter.h"
#include "shared/http/headers.h"
#include "shared/json/json_tokens.h"
#include "shared/text/text.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define NO_APP_STATUS 200

static bool no_memory(struct error *e)
{
	return error_set(e, EXIT_USAGE, "out of memory");
}

/* ---- routes ---- */

static struct filter *parse_filter(const char *option, const char *text, struct error *e)
{
	struct filter_error fe;
	struct filter *f = filter_parse_for_request(text, &fe);
	if (!f)
		error_set(e, EXIT_USAGE, "%s '%.200s', column %d: %s", option, text, fe.column, fe.text);
	else if (filter_is_empty(f))
		error_set(e, EXIT_USAGE, "%s takes a filter, such as event:invoice.*", option);
	else
		return f;
	filter_free(f);
	return NULL;
}

static bool add_route(const struct listen_options *o, const char *text, struct route *r, struct error *e)
{
	const char *target = forward_route_target(text);
	if (!target)
		return error_set(
		    e, EXIT_USAGE,
		    "--route '%.100s' is not /path=PORT or /path=URL, nor FILTER=PORT or FILTER=URL, such as "
		    "event:invoice.*=4000",
		    text);
	char *what = strndup(text, (size_t)(target - 1 - text));
	if (!what)
		return no_memory(e);
	if (text[0] == '/') {
		r->path = what;
	} else {
		r->filter = parse_filter("--route", what, e);
		free(what);
	}
	r->target = r->path || r->filter ? forward_parse_target(target, o->forward.allow_remote_target, e) : NULL;
	return r->target != NULL;
}

static bool add_rules(const char *option, const struct option_values *texts, struct route_rules *rules, struct error *e)
{
	if (texts->count > 0 && !(rules->at = calloc(texts->count, sizeof *rules->at)))
		return no_memory(e);
	for (size_t i = 0; i < texts->count; i++) {
		struct route_rule *rule = &rules->at[i];
		rule->text = texts->at[i];
		if (!(rule->filter = parse_filter(option, rule->text, e)))
			return false;
		rules->count++;
	}
	return true;
}

/* ---- the answer in an app's place ---- */

static bool is_json(struct bytes body)
{
	struct json_tokens tokens = { 0 };
	struct json_error ignored;
	size_t at = 0;
	while (at < body.len && strchr(" \t\r\n", body.at[at]))
		at++;
	bool looks_so = at < body.len && body.at[at] && strchr("{[\"", body.at[at]);
	bool fine = looks_so && json_tokenize(body, false, &tokens, &ignored);
	json_tokens_free(&tokens);
	return fine;
}

static bool begins(struct bytes body, const char *with)
{
	size_t at = 0, len = strlen(with);
	while (at < body.len && body.at[at] <= ' ')
		at++;
	return body.len - at >= len && strncasecmp((const char *)body.at + at, with, len) == 0;
}

static const char *type_of(struct bytes body)
{
	if (is_json(body))
		return "application/json";
	if (!text_is_utf8(body) || memchr(body.at, 0, body.len))
		return "application/octet-stream";
	if (begins(body, "<!doctype html") || begins(body, "<html"))
		return "text/html; charset=utf-8";
	if (begins(body, "<?xml"))
		return "application/xml";
	return "text/plain; charset=utf-8";
}

/* "200", "200:BODY", "200@FILE", "200:@FILE", "@FILE" */
static bool read_answer(const char *text, struct stub_answer *out, struct error *e)
{
	size_t digits = strspn(text, "0123456789");
	const char *rest = text + digits;
	out->status = digits == 0 ? NO_APP_STATUS : atoi(text);
	if (digits == 0 ? *text != '@' : digits != 3 || out->status < 200 || out->status > 599 || !strchr(":@", *rest))
		return error_set(e, EXIT_USAGE,
				 "--answer takes a status from 200 to 599, alone, with a body or with a file: 200, "
				 "'200:{\"ok\":true}' or 200@FILE, not '%.60s'",
				 text);
	rest += *rest == ':';
	bool fine = *rest == '@' ? body_option_read("--answer", rest, &out->body, e)
				 : buffer_append_text(&out->body, rest) || no_memory(e);
	if (!fine)
		return false;
	if (out->body.len > 0 && (out->status == 204 || out->status == 205 || out->status == 304))
		return error_set(e, EXIT_USAGE, "--answer: an answer with status %d has no body", out->status);
	return out->body.len == 0 ||
	       headers_append(&out->headers, bytes_of("Content-Type"), bytes_of(type_of(buffer_view(&out->body)))) ||
	       no_memory(e);
}

static bool make_stub(const struct listen_options *o, struct listen_routes *r, struct error *e)
{
	struct stub_answer *a = &r->stub;
	r->has_stub = true;
	a->delay_ms = o->answer_delay_ms;
	a->status = NO_APP_STATUS;
	a->why = o->answer ? "the app was not called: --answer" : "there is no app: creel answered";
	return !o->answer || read_answer(o->answer, a, e);
}

/* ---- all of it ---- */

static bool add_target(const struct listen_options *o, struct listen_routes *r, struct error *e)
{
	struct route *last = &r->at[r->count++];
	char text[40];
	if (!(last->path = strdup("")))
		return no_memory(e);
	if (o->target) {
		last->target = forward_parse_target(o->target, o->forward.allow_remote_target, e);
		return last->target != NULL;
	}
	if (listen_calls_no_app(o))
		return (last->target = strdup("--exec")) || no_memory(e);
	last->stub = true;
	if (!make_stub(o, r, e))
		return false;
	snprintf(text, sizeof text, "--answer %d", r->stub.status);
	return (last->target = strdup(text)) || no_memory(e);
}

bool listen_routes_make(const struct listen_options *o, struct listen_routes *r, struct error *e)
{
	*r = (struct listen_routes){ .at = calloc(o->routes.count + 1, sizeof *r->at) };
	if (!r->at)
		return no_memory(e);
	for (size_t i = 0; i < o->routes.count; i++)
		if (!add_route(o, o->routes.at[i], &r->at[r->count++], e))
			return false;
	return add_target(o, r, e) && add_rules("--only", &o->only, &r->only, e) &&
	       add_rules("--skip", &o->skip, &r->skip, e);
}

bool listen_routes_retarget(struct listen_routes *r, const struct listen_options *o, const char *target,
			    struct error *e)
{
	struct route *last = &r->at[r->count - 1];
	if (listen_calls_no_app(o))
		return error_set(e, EXIT_USAGE, "--exec stands in for the app: there is no target to change");
	char **old = realloc(r->old, (r->old_count + 1) * sizeof *old);
	if (!old)
		return no_memory(e);
	r->old = old;
	char *now = forward_parse_target(target, o->forward.allow_remote_target, e);
	if (!now)
		return false;
	r->old[r->old_count++] = last->target;
	last->target = now;
	last->stub = false;
	return true;
}

static void free_rules(struct route_rules *rules)
{
	for (size_t i = 0; i < rules->count; i++)
		filter_free(rules->at[i].filter);
	free(rules->at);
}

void listen_routes_free(struct listen_routes *r)
{
	for (size_t i = 0; i < r->count; i++) {
		filter_free(r->at[i].filter);
		free(r->at[i].path);
		free(r->at[i].target);
	}
	for (size_t i = 0; i < r->old_count; i++)
		free(r->old[i]);
	free(r->old);
	free(r->at);
	free_rules(&r->only);
	free_rules(&r->skip);
	buffer_free(&r->stub.headers);
	buffer_free(&r->stub.body);
}
