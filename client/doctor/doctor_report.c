/* How the findings of `creel doctor` are printed. */
#include "client/doctor/doctor.h"
#include "client/json/json_fields.h"
#include "client/json/row_json.h"
#include "client/proxy/proxy_dial.h"
#include "shared/text/text.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const char *doctor_check_name(enum check check)
{
	static const char *const names[] = { "config", "store", "relay", "dns", "proxy", "tcp",
					     "tls",    "clock", "token", "url", "target" };
	_Static_assert(sizeof names / sizeof *names == CHECK_TARGET + 1, "each check has a name");
	return names[check];
}

static const char *name_of(enum finding finding)
{
	static const char *const names[] = { "ok", "warn", "fail", "skip" };
	return names[finding];
}

static void print_line(const struct doctor_check *c)
{
	struct buffer text = { 0 };
	if (text_sanitize(&text, bytes_of(c->text), TEXT_LINE))
		printf("%-4s  %-6s  %.*s%s%s\n", name_of(c->finding), doctor_check_name(c->check), (int)text.len,
		       (const char *)text.at, c->finding == FINDING_WARN && *c->todo ? "; " : "",
		       c->finding == FINDING_WARN ? c->todo : "");
	fflush(stdout);
	buffer_free(&text);
}

void doctor_say(struct doctor *d, enum check check, enum finding finding, enum exit_code code, const char *todo,
		const char *format, ...)
{
	if (d->count == sizeof d->checks / sizeof *d->checks)
		return;
	struct doctor_check *c = &d->checks[d->count++];
	va_list args;
	c->check = check;
	c->finding = finding;
	c->code = code;
	va_start(args, format);
	vsnprintf(c->text, sizeof c->text, format, args);
	va_end(args);
	secret_gate_scrub(d->gate, c->text, sizeof c->text);
	snprintf(c->todo, sizeof c->todo, "%s", todo ? todo : "");
	if (!d->json)
		print_line(c);
}

void doctor_say_reason(struct doctor *d, enum check check, enum reason reason, const struct facts *facts)
{
	char text[600], todo[300];
	reason_sentence(reason, facts, text, sizeof text);
	reason_todo(reason, facts, todo, sizeof todo);
	doctor_say(d, check, FINDING_FAIL, reason_exit(reason), todo, "%s", text);
}

void doctor_say_reason_behind(struct doctor *d, enum check check, enum reason reason, const struct facts *facts)
{
	enum reason behind = d->proxy.variable ? proxy_dial_reason_behind(reason) : reason;
	char text[600], todo[300];
	if (behind == reason) {
		doctor_say_reason(d, check, reason, facts);
		return;
	}
	reason_sentence(behind, facts, text, sizeof text);
	reason_todo(behind, facts, todo, sizeof todo);
	doctor_amend(d, CHECK_PROXY, reason_exit(behind), todo, text);
	doctor_say(d, check, FINDING_SKIP, EXIT_DONE, NULL, "not looked at, as %s failed",
		   doctor_check_name(CHECK_PROXY));
}

void doctor_amend(struct doctor *d, enum check check, enum exit_code code, const char *todo, const char *text)
{
	size_t i = 0;
	while (i < d->count && d->checks[i].check != check)
		i++;
	size_t after = d->count;
	if (i < d->count)
		d->count = i; /* it is said in its place; lines that were printed stay */
	doctor_say(d, check, FINDING_FAIL, code, todo, "%s", text);
	if (after > d->count)
		d->count = after;
}

struct facts doctor_facts(const struct doctor *d)
{
	return (struct facts){
		.relay = d->common.relay,
		.host = d->host,
		.port = d->port,
		.proxy = d->proxy.shown,
		.variable = d->proxy.variable,
		.limit_ms = DOCTOR_MS,
	};
}

static const struct doctor_check *first_wrong(const struct doctor *d)
{
	for (size_t i = 0; i < d->count; i++)
		if (d->checks[i].finding == FINDING_FAIL)
			return &d->checks[i];
	return NULL;
}

static json_t *check_json(const struct doctor_check *c)
{
	struct json_fields o = json_fields_begin(NULL);
	json_fields_text(&o, "name", bytes_of(doctor_check_name(c->check)));
	json_fields_text(&o, "result", bytes_of(name_of(c->finding)));
	json_fields_text(&o, "text", bytes_of(c->text));
	json_fields_text_or_null(&o, "todo", bytes_of(c->todo));
	return json_fields_end(&o);
}

static int print_json(const struct doctor *d, const struct doctor_check *wrong, struct error *e)
{
	struct json_fields o = json_fields_begin(NULL);
	json_t *list = json_array();
	for (size_t i = 0; i < d->count; i++)
		o.failed |= json_array_append_new(list, check_json(&d->checks[i])) != 0;
	json_fields_put(&o, "ok", json_boolean(!wrong));
	json_fields_put(&o, "first_wrong", wrong ? json_string(doctor_check_name(wrong->check)) : json_null());
	json_fields_put(&o, "checks", list);
	return row_json_print(stdout, json_fields_end(&o), e) ? EXIT_DONE : EXIT_STORE;
}

int doctor_conclude(struct doctor *d, struct error *e)
{
	const struct doctor_check *wrong = first_wrong(d);
	int status = wrong ? (int)wrong->code : EXIT_DONE;
	e->text[0] = 0;
	if (d->json) {
		int printed = print_json(d, wrong, e);
		return printed != EXIT_DONE ? printed : status;
	}
	if (wrong) {
		struct buffer text = { 0 };
		if (text_sanitize(&text, bytes_of(wrong->text), TEXT_LINE))
			printf("\nfirst thing wrong: %s: %.*s%s%s\n", doctor_check_name(wrong->check), (int)text.len,
			       (const char *)text.at, *wrong->todo ? "; " : "", wrong->todo);
		buffer_free(&text);
	}
	return status;
}
