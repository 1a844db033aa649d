#include "client/reason/reason.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

static const struct row {
	const char *sentence, *todo;
	bool final;
	enum exit_code exit;
	enum attempt_result result;
} rows[REASON_COUNT] = {
	[REASON_NONE] = { "", "", false, EXIT_DONE, ATTEMPT_OK },
#define AGAIN false
#define STOP true
#define RELAY(name, then, exit, sentence, todo) [REASON_##name] = { sentence, todo, then, EXIT_##exit, ATTEMPT_OK },
#define APP(name, result, sentence, todo) [REASON_##name] = { sentence, todo, false, EXIT_TARGET, ATTEMPT_##result },
#include "client/reason/reasons.def"
#undef RELAY
#undef APP
#undef AGAIN
#undef STOP
};

enum kind { KIND_TEXT, KIND_NUMBER, KIND_COUNT, KIND_DAYS, KIND_LIMIT };

static const struct field {
	const char *name;
	enum kind kind;
	size_t at;
} fields[] = {
	{ "relay", KIND_TEXT, offsetof(struct facts, relay) },
	{ "host", KIND_TEXT, offsetof(struct facts, host) },
	{ "base", KIND_TEXT, offsetof(struct facts, base) },
	{ "port", KIND_NUMBER, offsetof(struct facts, port) },
	{ "proxy", KIND_TEXT, offsetof(struct facts, proxy) },
	{ "variable", KIND_TEXT, offsetof(struct facts, variable) },
	{ "tunnel", KIND_TEXT, offsetof(struct facts, tunnel) },
	{ "peer", KIND_TEXT, offsetof(struct facts, peer) },
	{ "issuer", KIND_TEXT, offsetof(struct facts, issuer) },
	{ "names", KIND_TEXT, offsetof(struct facts, names) },
	{ "detail", KIND_TEXT, offsetof(struct facts, detail) },
	{ "status", KIND_NUMBER, offsetof(struct facts, status) },
	{ "days", KIND_DAYS, offsetof(struct facts, days) },
	{ "count", KIND_COUNT, offsetof(struct facts, count) },
	{ "limit", KIND_LIMIT, offsetof(struct facts, limit_ms) },
};

/* A sentence under construction, which may be cut. */
struct line {
	char *out;
	size_t size, len;
};

static void put(struct line *l, const char *text, size_t len)
{
	size_t room = l->size - 1 - l->len;
	if (len > room)
		len = room;
	memcpy(l->out + l->len, text, len);
	l->len += len;
	l->out[l->len] = 0;
}

/* False when that fact is not known. */
static bool put_field(struct line *l, const struct facts *f, const struct field *field)
{
	const void *at = (const char *)f + field->at;
	const char *text = NULL;
	char number[40] = "";
	switch (field->kind) {
	case KIND_TEXT:
		text = *(const char *const *)at;
		break;
	case KIND_NUMBER:
		if (*(const int *)at)
			snprintf(number, sizeof number, "%d", *(const int *)at);
		break;
	case KIND_COUNT:
		if (*(const uint64_t *)at)
			snprintf(number, sizeof number, "%llu", (unsigned long long)*(const uint64_t *)at);
		break;
	case KIND_DAYS:
		if (*(const int *)at)
			snprintf(number, sizeof number, "%d day%s", *(const int *)at, *(const int *)at == 1 ? "" : "s");
		break;
	case KIND_LIMIT:
		if (*(const uint64_t *)at)
			snprintf(number, sizeof number, "%g s", (double)*(const uint64_t *)at / 1000);
		break;
	}
	if (!text)
		text = number;
	put(l, text, strlen(text));
	return *text;
}

static bool put_fact(struct line *l, const struct facts *f, const char *name, size_t len)
{
	for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
		if (strlen(fields[i].name) == len && memcmp(fields[i].name, name, len) == 0)
			return put_field(l, f, &fields[i]);
	return false;
}

/* One piece of a form without [ ]: false when a fact in it is not known. */
static bool put_piece(struct line *l, const struct facts *f, const char *form, size_t len)
{
	bool known = true;
	const char *end = form + len;
	while (form < end) {
		const char *open = memchr(form, '{', (size_t)(end - form));
		const char *close = open ? memchr(open, '}', (size_t)(end - open)) : NULL;
		put(l, form, (size_t)((close ? open : end) - form));
		if (!close)
			break;
		if (!put_fact(l, f, open + 1, (size_t)(close - open - 1))) {
			put(l, "(unknown)", strlen("(unknown)"));
			known = false;
		}
		form = close + 1;
	}
	return known;
}

static void put_form(struct line *l, const struct facts *f, const char *form)
{
	while (*form) {
		size_t plain = strcspn(form, "[");
		put_piece(l, f, form, plain);
		form += plain;
		if (!*form)
			return;
		size_t optional = strcspn(form + 1, "]"), before = l->len;
		if (!put_piece(l, f, form + 1, optional)) {
			l->len = before;
			l->out[before] = 0;
		}
		form += optional + 2;
	}
}

void reason_sentence(enum reason r, const struct facts *f, char *out, size_t size)
{
	struct line l = { out, size, 0 };
	*out = 0;
	put_form(&l, f, rows[r].sentence);
}

void reason_todo(enum reason r, const struct facts *f, char *out, size_t size)
{
	struct line l = { out, size, 0 };
	*out = 0;
	put_form(&l, f, rows[r].todo);
}

void reason_line(enum reason r, const struct facts *f, char *out, size_t size)
{
	struct line l = { out, size, 0 };
	*out = 0;
	put_form(&l, f, rows[r].sentence);
	if (*rows[r].todo)
		put(&l, "; ", 2);
	put_form(&l, f, rows[r].todo);
}

bool reason_set_error(struct error *e, enum reason r, const struct facts *f)
{
	char text[sizeof e->text];
	reason_line(r, f, text, sizeof text);
	return error_set(e, rows[r].exit, "%s", text);
}

enum exit_code reason_exit(enum reason r)
{
	return rows[r].exit;
}

bool reason_is_final(enum reason r)
{
	return rows[r].final;
}

enum attempt_result reason_result(enum reason r)
{
	return rows[r].result;
}
