/* Sends a sample of a provider's webhook, signed as the provider would. */
#include "client/selection/body_option.h"
#include "client/options/command.h"
#include "client/app/forwarder.h"
#include "client/app/post.h"
#include "client/json/json_fields.h"
#include "client/json/row_json.h"
#include "client/trigger/event_names.h"
#include "client/trigger/sample_hints.h"
#include "client/trigger/samples.h"
#include "client/signing/secrets.h"
#include "client/trigger/trigger_record.h"
#include "client/trigger/trigger_sign.h"
#include "shared/base/clock.h"
#include "shared/http/headers.h"
#include "shared/http/http_text.h"
#include "shared/providers/signature_sender.h"
#include "shared/query/store_query.h"
#include "shared/text/text.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

struct trigger {
	struct secret_gate *gate;
	const char *name, *to, *templates;
	struct option_values secret_specs, headers, data;
	struct secrets secrets;
	struct post post;
	char *socket; /* of --to unix:…, or NULL */
	bool json, list, fail, force, tunnelled;
	struct command_call *call;

	struct store *store;                       /* where it is recorded, if it goes through no tunnel of ours */
	struct buffer tunnel;                      /* of the client that it goes to */
	const struct signature_provider *provider; /* NULL: not signed */
	enum signature_verdict verdict;
	struct buffer text, fields, body, url, method;
	struct bytes target;
};

static bool no_memory(struct error *e)
{
	return error_set(e, EXIT_STORE, "out of memory");
}

/* ---- --list ---- */

static bool print_name(const struct trigger *t, const char *name, size_t len, bool own)
{
	const char *end = len > 4 && memcmp(name + len - 4, ".any", 4) == 0 ? "*" : "";
	if (*end)
		len -= 3;
	if (!t->json)
		return printf("%.*s%s%s\n", (int)len, name, end, own ? "  (your own)" : "") > 0;
	char text[300];
	snprintf(text, sizeof text, "%.*s%s", (int)len, name, end);
	struct error ignored;
	struct json_fields o = json_fields_begin(NULL);
	json_fields_text(&o, "name", bytes_of(text));
	json_fields_put(&o, "own", json_boolean(own));
	return row_json_print(stdout, json_fields_end(&o), &ignored);
}

static bool list_own(const struct trigger *t)
{
	struct dirent **all = NULL;
	int count = t->templates ? scandir(t->templates, &all, NULL, alphasort) : 0;
	bool fine = true;
	for (int i = 0; i < count; i++) {
		const char *name = all[i]->d_name;
		size_t len = strlen(name);
		if (fine && len > 5 && *name != '.' && strcmp(name + len - 5, ".http") == 0) {
			struct buffer shown = { 0 };
			fine = text_sanitize(&shown, bytes_make(name, len - 5), TEXT_LINE) &&
			       print_name(t, (const char *)shown.at, shown.len, true);
			buffer_free(&shown);
		}
		free(all[i]);
	}
	free(all);
	return fine;
}

/* Whether a sample of that name is listed already. */
static bool is_sample(const char *name)
{
	for (const struct sample *s = samples_built_in; s->name; s++)
		if (strcmp(s->name, name) == 0)
			return true;
	return false;
}

static bool list_events(const struct trigger *t, const struct event_names *known)
{
	struct bytes event;
	bool fine = true;
	for (const char *at = NULL; fine && event_names_next(known, &at, &event);) {
		char name[160];
		snprintf(name, sizeof name, "%s.%.*s", known->provider, (int)event.len, (const char *)event.at);
		fine = is_sample(name) || print_name(t, name, strlen(name), false);
	}
	return fine;
}

static bool list(const struct trigger *t, struct error *e)
{
	bool fine = list_own(t);
	for (const struct sample *s = samples_built_in; fine && s->name; s++)
		if (!event_names_of(s->name) || !strstr(s->name, ".any"))
			fine = print_name(t, s->name, strlen(s->name), false);
	for (const struct event_names *known = event_names_built_in; fine && known->provider; known++)
		fine = list_events(t, known);
	return (fine && fflush(stdout) == 0) ||
	       error_set(e, EXIT_STORE, "the output cannot be written: %s", strerror(errno));
}

/* ---- the request ---- */

/* The provider that the name begins with, or the one that the header fields show. */
static const struct signature_provider *provider_of(struct trigger *t)
{
	char name[64];
	struct signature_origin origin;
	snprintf(name, sizeof name, "%.*s", (int)strcspn(t->name, "."), t->name);
	const struct signature_provider *p = signature_find(name);
	if (!p && signature_recognise(buffer_view(&t->fields), buffer_view(&t->body), &origin)) {
		p = origin.signature;
		buffer_free(&origin.event);
	}
	return p;
}

static bool read_request(struct trigger *t, bool own, struct error *e)
{
	struct http_text request;
	struct bytes text = http_text_skip_comments(buffer_view(&t->text));
	if (!http_text_read(text, &request, &t->fields, NULL, e))
		return own ? error_prefix(e, t->name) : false;
	if (request.body_file.len)
		return error_set(e, EXIT_USAGE, "%s: a template's body stands in the template, not in another file",
				 t->name);
	t->target = request.target;
	return (buffer_append_bytes(&t->method, request.method) && buffer_put_u8(&t->method, 0) &&
		buffer_append_bytes(&t->body, http_text_unended(bytes_of(NULL), request.body))) ||
	       no_memory(e);
}

/* An event that its provider does not have. */
static bool stand_by_name(const struct trigger *t, const char *event, struct error *e)
{
	struct sample_hints hints;
	char names[SAMPLE_HINTS_MOST * SAMPLE_HINT_LEN], answer[16] = "";
	if (t->force || !event_names_doubt(t->name, event))
		return true;
	sample_hints_find(t->name, &hints);
	sample_hints_join(&hints, names, sizeof names);
	if (!*names)
		return error_set(e, EXIT_USAGE,
				 "%.60s is no event that is known, nor like one: `creel trigger --list` names them, "
				 "--force sends it all the same",
				 t->name);
	if (!isatty(STDIN_FILENO) || !isatty(STDERR_FILENO))
		return error_set(e, EXIT_USAGE,
				 "%.60s is no event that is known: did you mean %s? --force sends it all the same",
				 t->name, names);
	fprintf(stderr, "creel: %.60s is no event that is known; did you mean %s? Send it all the same? [y/N] ",
		t->name, names);
	return (fgets(answer, sizeof answer, stdin) && (answer[0] == 'y' || answer[0] == 'Y')) ||
	       error_set(e, EXIT_NO, "nothing was sent");
}

static bool load(struct trigger *t, struct error *e)
{
	struct buffer text = { 0 };
	const char *event = NULL;
	bool own = false;
	bool fine = !t->templates || samples_read_own(t->templates, t->name, &text, &own, e);
	if (fine && !own) {
		const struct sample *s = samples_find(t->name, &event, e);
		fine =
		    s && (!event || stand_by_name(t, event, e)) && (buffer_append_text(&text, s->text) || no_memory(e));
	}
	fine = fine && samples_fill(buffer_view(&text), event, clock_now_us() / 1000, &t->text, e) &&
	       read_request(t, own, e);
	buffer_free(&text);
	return fine;
}

/* -H 'K: V' sets or, if it comes `again`, adds one; 'K:' removes. */
static bool set_field(struct trigger *t, const char *field, bool again, struct error *e)
{
	const char *colon = strchr(field, ':');
	struct bytes name = bytes_make(field, colon ? (size_t)(colon - field) : 0), n, v;
	struct bytes value = bytes_of(colon ? colon + 1 + strspn(colon + 1, " \t") : NULL);
	struct buffer out = { 0 };
	if (!headers_name_valid(name) || !headers_value_valid(value))
		return error_set(e, EXIT_USAGE, "-H takes 'Name: value', not '%.60s'", field);
	bool fine = true;
	for (size_t pos = 0; fine && headers_next(buffer_view(&t->fields), &pos, &n, &v);)
		if (again || n.len != name.len || strncasecmp((const char *)n.at, field, n.len) != 0)
			fine = headers_append(&out, n, v);
	fine = fine && (!value.len || headers_append(&out, name, value));
	buffer_free(&t->fields);
	t->fields = out;
	return fine || no_memory(e);
}

static bool is_form(const struct trigger *t)
{
	struct bytes type;
	static const char form[] = "application/x-www-form-urlencoded";
	return headers_find(buffer_view(&t->fields), "Content-Type", &type) && type.len >= sizeof form - 1 &&
	       bytes_equal_nocase(bytes_make(type.at, sizeof form - 1), form);
}

/* Whether an -H before this one named the same field with a value. */
static bool was_set(const struct trigger *t, size_t index)
{
	const char *field = t->headers.at[index];
	size_t len = strcspn(field, ":");
	for (size_t i = 0; i < index; i++) {
		const char *other = t->headers.at[i];
		if (strcspn(other, ":") == len && strncasecmp(other, field, len) == 0 &&
		    other[len + 1 + strspn(other + len + 1, " \t")])
			return field[len] && field[len + 1 + strspn(field + len + 1, " \t")];
	}
	return false;
}

static bool set_fields(struct trigger *t, struct error *e)
{
	for (size_t i = 0; i < t->headers.count; i++)
		if (!set_field(t, t->headers.at[i], was_set(t, i), e))
			return false;
	return true;
}

/* In their order: what follows a file changes what is in it. */
static bool set_values(struct trigger *t, struct error *e)
{
	bool fine = true;
	for (size_t i = 0; fine && i < t->data.count; i++) {
		const char *value = t->data.at[i];
		if (*value == '@') {
			t->body.len = 0;
			fine = body_option_read("--data", value, &t->body, e);
		} else {
			fine = samples_set(&t->body, is_form(t), value, e);
		}
	}
	return fine;
}

/* ---- where to ---- */

struct running {
	struct buffer url, tunnel;
	uint64_t since;
	bool no_memory;
};

static void on_status(void *user, const struct client_status *c)
{
	struct running *r = user;
	if (!c->url.len || !bytes_equal(c->state, bytes_of("online")) || c->started_at_us < r->since)
		return;
	r->since = c->started_at_us;
	r->url.len = r->tunnel.len = 0;
	r->no_memory = !buffer_append_bytes(&r->url, c->url) || !buffer_append_bytes(&r->tunnel, c->tunnel);
}

static bool running_url(struct trigger *t, struct buffer *out, struct error *e)
{
	struct running r = { .since = 0 };
	struct store *s = NULL;
	const char *path = command_db(t->call, e);
	bool fine = path && store_open(&s, path, STORE_READ_ONLY, e) && store_list_status(s, on_status, &r, e);
	/* A store that is there and cannot be read says more than that nobody listens. */
	bool broken = !fine && path && access(path, F_OK) == 0;
	store_close(s);
	t->tunnel = r.tunnel;
	if (broken) {
		buffer_free(&r.url);
		return false;
	}
	if (!fine || !r.url.len) {
		buffer_free(&r.url);
		return error_set(e, EXIT_USAGE,
				 "no tunnel is online to send to: start `creel listen`, or name a URL with --to");
	}
	*out = r.url;
	return !r.no_memory || no_memory(e);
}

static void on_tunnel(void *user, const struct client_status *c)
{
	struct trigger *t = user;
	if (!c->url.len || t->url.len < c->url.len || memcmp(t->url.at, c->url.at, c->url.len) != 0)
		return;
	/* Not of a tunnel whose name only begins so. */
	if (t->url.len > c->url.len && !strchr("/?", t->url.at[c->url.len]))
		return;
	t->tunnelled = true;
	t->tunnel.len = 0;
	if (!buffer_append_bytes(&t->tunnel, c->tunnel))
		t->tunnel.len = 0; /* then another client that knows the secret may be asked */
}

/* What goes to a running client is recorded by it. */
static bool open_record(struct trigger *t, struct error *e)
{
	t->tunnelled = !t->to;
	return !t->to || (command_open_store(t->call, STORE_READ_WRITE, &t->store, e) &&
			  store_list_status(t->store, on_tunnel, t, e));
}

/* A path behind the socket's leads the sample's own. */
static bool find_socket(struct trigger *t, struct error *e)
{
	char *base = forward_parse_target(t->to, false, e);
	if (!base)
		return false;
	char *prefix = strchr(base + strlen("unix:"), ':');
	if (prefix)
		*prefix++ = 0;
	t->socket = strdup(base + strlen("unix:"));
	bool fine = (t->socket && buffer_printf(&t->url, "http://localhost%s", prefix ? prefix : "")) || no_memory(e);
	free(base);
	return fine;
}

/* A URL with a path is taken as it is; the sample's own target follows one without. */
static bool find_url(struct trigger *t, struct error *e)
{
	bool fine, whole = false;
	if (!t->to) {
		fine = running_url(t, &t->url, e);
	} else if (strspn(t->to, "0123456789") == strlen(t->to) && *t->to) {
		fine = buffer_printf(&t->url, "http://127.0.0.1:%s", t->to) || no_memory(e);
	} else if (strncmp(t->to, "unix:", 5) == 0) {
		fine = find_socket(t, e);
	} else {
		const char *host = strstr(t->to, "://");
		if (!host || (strncasecmp(t->to, "http://", 7) != 0 && strncasecmp(t->to, "https://", 8) != 0))
			return error_set(e, EXIT_USAGE,
					 "--to takes a URL, http:// or https://, a port, or unix:/PATH, not '%.100s'",
					 t->to);
		whole = strpbrk(host + 3, "/?") != NULL;
		fine = buffer_append_text(&t->url, t->to) || no_memory(e);
	}
	while (fine && !whole && t->url.len && t->url.at[t->url.len - 1] == '/')
		t->url.len--;
	return fine && ((whole || buffer_append_bytes(&t->url, t->target)) || no_memory(e));
}

/* ---- the signature ---- */

/* -H has the last word, over the signature as well. */
static bool sign_and_set(struct trigger *t, struct error *e)
{
	struct trigger_sign sign = {
		.provider = t->provider,
		.secrets = &t->secrets,
		.db = t->call->common->db,
		.store = t->store,
		.tunnel = buffer_view(&t->tunnel),
		.tunnelled = t->tunnelled,
		.method = bytes_of((const char *)t->method.at),
		.url = buffer_view(&t->url),
		.fields = &t->fields,
		.body = &t->body,
	};
	if (!t->provider && t->secrets.count)
		fprintf(stderr, "creel: %s goes without a signature: its provider is not known to sign\n", t->name);
	bool fine = trigger_sign(&sign, e) && set_fields(t, e);
	t->verdict = trigger_sign_verdict(&sign);
	buffer_free(&sign.signature);
	return fine;
}

/* ---- all of it ---- */

static bool tell(const struct trigger *t, const struct post_answer *a, struct error *e)
{
	struct buffer url = { 0 };
	bool fine;
	if (!t->json) {
		fine = text_sanitize(&url, buffer_view(&t->url), TEXT_LINE) &&
		       printf("%d  %s -> %.*s  %.0fms\n", a->status, t->name, (int)url.len, (const char *)url.at,
			      (double)a->took_us / 1000) > 0 &&
		       fflush(stdout) == 0;
		buffer_free(&url);
		return fine || error_set(e, EXIT_STORE, "the output cannot be written: %s", strerror(errno));
	}
	struct message m = { .headers = t->fields, .body = t->body, .body_size = t->body.len };
	struct json_fields o = json_fields_begin(NULL);
	const char *provider = t->provider ? signature_name(t->provider) : NULL;
	json_fields_text(&o, "name", bytes_of(t->name));
	json_fields_text_or_null(&o, "provider", bytes_of(provider));
	json_fields_text(&o, "url", buffer_view(&t->url));
	json_fields_number(&o, "status", a->status);
	json_fields_put(&o, "duration_ms", json_real((double)a->took_us / 1000));
	json_fields_put(&o, "request", row_json_message(&m));
	json_fields_text_or_null(&o, "answer", buffer_view(&a->body));
	return row_json_print(stdout, json_fields_end(&o), e);
}

static int trigger(struct trigger *t, struct error *e)
{
	struct post_answer answer = { 0 };
	int status = EXIT_DONE;
	bool fine = secrets_read(&t->secret_specs, false, &t->secrets, e);
	secrets_hide(&t->secrets, t->gate);
	fine = fine && load(t, e) && set_fields(t, e) && set_values(t, e) && find_url(t, e) && open_record(t, e);
	if (fine) {
		t->provider = provider_of(t);
		fine = sign_and_set(t, e);
	}
	if (fine) {
		fine = buffer_put_u8(&t->url, 0) || no_memory(e);
		t->url.len -= fine;
		t->post.url = (const char *)t->url.at;
		t->post.socket = t->socket;
		t->post.method = (const char *)t->method.at;
		t->post.headers = buffer_view(&t->fields);
		t->post.body = buffer_view(&t->body);
	}
	uint64_t started_at_us = clock_now_us() / 1000 * 1000; /* to the millisecond */
	fine = fine && post_send(&t->post, &answer, e);
	if (fine && !t->tunnelled) {
		struct trigger_sent sent = { t->post.url,
					     t->post.method,
					     t->post.headers,
					     t->post.body,
					     t->provider ? signature_name(t->provider) : NULL,
					     t->verdict,
					     started_at_us,
					     &answer };
		fine = trigger_record(t->store, &sent, e);
	}
	fine = fine && tell(t, &answer, e);
	if (!fine) {
		status = (int)e->code;
	} else if (t->fail && (answer.status < 200 || answer.status > 299)) {
		error_set(e, EXIT_NO, "the answer was %d, not 2xx", answer.status);
		status = EXIT_NO;
	}
	post_answer_free(&answer);
	return status;
}

#define AT struct trigger

static const struct option_row rows[] = {
	{ "to", 0, OPTION_TEXT_AT(AT, to), OPTION_BY_USER, "URL|PORT", "where to send it",
	  .otherwise = "the running client's public URL" },
	{ "secret", 's', OPTION_LIST_AT(AT, secret_specs), OPTION_BY_USER, "@FILE",
	  "or PROVIDER=@FILE: what to sign with" },
	{ "list", 'l', OPTION_FLAG_AT(AT, list), OPTION_BY_USER, NULL, "the names of all samples" },
	{ "data", 'd', OPTION_LIST_AT(AT, data), OPTION_BY_USER, "PATH=VALUE|@FILE",
	  "set or add a value in the body; PATH=null removes it; @FILE is another body" },
	{ "header", 'H', OPTION_LIST_AT(AT, headers), OPTION_BY_USER, "'K: V'",
	  "set or add a header field; 'K:' removes it" },
	{ "templates", 0, OPTION_TEXT_AT(AT, templates), OPTION_BY_USER, "DIR", "samples of your own, NAME.http",
	  .otherwise = "creel/templates beside the config file" },
	{ "timeout", 0, OPTION_DURATION_AT(AT, post.timeout_ms), OPTION_BY_PROJECT, "TIME",
	  "how long the whole answer may take", .preset = "30s" },
	{ "force", 'f', OPTION_FLAG_AT(AT, force), OPTION_BY_USER, NULL, "send an event whose name looks misspelled" },
	{ "fail", 0, OPTION_FLAG_AT(AT, fail), OPTION_BY_USER, NULL, "exit with 1 when the answer is not 2xx" },
	{ "ca", 0, OPTION_TEXT_AT(AT, post.ca), OPTION_BY_USER, "FILE", "trust this CA (PEM)" },
	{ "json", 0, OPTION_FLAG_AT(AT, json), OPTION_BY_PROJECT, NULL,
	  "what was sent and answered as one JSON object" },
};

static bool check_usage(const struct trigger *t, struct error *e)
{
	int argc = t->call->argc;
	if (t->templates && access(t->templates, R_OK | X_OK) != 0)
		return error_set(e, EXIT_USAGE, "the folder of templates %s cannot be read: %s", t->templates,
				 strerror(errno));
	if (t->list && argc > 0)
		return error_set(e, EXIT_USAGE, "--list takes no sample");
	return t->list || argc == 1 ||
	       error_set(e, EXIT_USAGE,
			 "trigger takes one sample, such as stripe.invoice.paid; `creel trigger --list` names them");
}

static int run(struct command_call *call, struct error *e)
{
	struct trigger *t = call->settings;
	char *folder = NULL;
	int status = EXIT_USAGE;
	t->call = call;
	t->gate = call->program->gate;
	if (check_usage(t, e)) {
		t->name = call->argc == 1 ? call->argv[0] : NULL;
		if (!t->templates)
			t->templates = folder = samples_default_folder();
		status = !t->list ? trigger(t, e) : list(t, e) ? EXIT_DONE : (int)e->code;
	}
	store_close(t->store);
	secrets_free(&t->secrets);
	struct buffer *all[] = { &t->text, &t->fields, &t->body, &t->url, &t->method, &t->tunnel };
	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		buffer_free(all[i]);
	free(t->socket);
	free(folder);
	return status;
}

const struct command command_trigger = {
	"trigger",
	"creel trigger PROVIDER[.EVENT] [--to URL|PORT|unix:PATH] [--secret @FILE] [--data PATH=VALUE|@FILE]… [-H 'K: "
	"V']… "
	"[--list] "
	"[OPTIONS]",
	"send a sample webhook, signed as its provider would",
	"Sends a webhook as the provider would: its header fields, its body, and its signature with the current time.\n"
	"It goes to the public URL of the running client, or to --to. A sample of your own is a request as text in a\n"
	"file NAME.http.\n\n"
	"Example: creel trigger stripe.invoice.paid --secret @stripe.secret --data data.object.amount_paid=9900",
	COMMAND_OPTIONS(rows, struct trigger),
	.uses = COMMAND_USES_DB,
	.run = run,
};
