#include "client/trigger/samples.h"

#include "client/common/limits.h"
#include "client/trigger/event_names.h"
#include "client/trigger/json_edit.h"
#include "client/trigger/sample_hints.h"
#include "shared/text/text.h"
#include "shared/base/uuid.h"
#include "shared/disk/folder.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/rand.h>

/* ---- which ---- */

/* What a provider's name alone means, when that is not the first of its samples. */
static const char *const usual[] = {
	"stripe.invoice.paid", "github.push",           "gitlab.push",     "slack.event", "shopify.orders.create",
	"twilio.message",      "standard.user.created", "discord.command", "meta.page",   "svix.any"
};

static bool begins(const char *text, const char *with, size_t len)
{
	return strncmp(text, with, len) == 0;
}

static const struct sample *exact(const char *name, size_t len)
{
	for (const struct sample *s = samples_built_in; s->name; s++)
		if (strlen(s->name) == len && begins(s->name, name, len))
			return s;
	return NULL;
}

bool samples_is_any(const struct sample *s)
{
	size_t len = strlen(s->name);
	return len > 4 && strcmp(s->name + len - 4, ".any") == 0;
}

const struct sample *samples_of_provider(const char *name)
{
	size_t len = strlen(name);
	for (size_t i = 0; i < sizeof usual / sizeof *usual; i++)
		if (begins(usual[i], name, len) && usual[i][len] == '.')
			return exact(usual[i], strlen(usual[i]));
	for (const struct sample *s = samples_built_in; s->name; s++)
		if (begins(s->name, name, len) && s->name[len] == '.' && !samples_is_any(s))
			return s;
	return NULL;
}

/* "hubspot.contact" for "hubspot.contact.creation", where nothing else begins so. Of a provider whose events are known
 * it is no event. */
static const struct sample *of_object(const char *name)
{
	const struct sample *found = NULL;
	size_t len = strlen(name), count = 0;
	for (const struct sample *s = samples_built_in; s->name && !event_names_of(name); s++)
		if (begins(s->name, name, len) && s->name[len] == '.' && !samples_is_any(s) && ++count)
			found = s;
	return count == 1 ? found : NULL;
}

/* Of the same object or with another action, and says so: its text has the place for another event. */
static const struct sample *sibling(const char *name)
{
	const char *last = strrchr(name, '.');
	size_t len = last ? (size_t)(last - name) : 0;
	const struct sample *whole = len ? exact(name, len) : NULL;
	if (whole && strstr(whole->text, "{{action|"))
		return whole;
	for (const struct sample *s = samples_built_in; len && s->name; s++)
		if (begins(s->name, name, len) && s->name[len] == '.' && !strchr(s->name + len + 1, '.') &&
		    (strstr(s->text, "{{event|") || strstr(s->text, "{{topic|")))
			return s;
	return NULL;
}

static const struct sample *any_of(const char *name, const char **event)
{
	const char *dot = strchr(name, '.');
	char any[80];
	if (!dot || !dot[1] || dot - name > 60)
		return NULL;
	/* As it stands in --list: a general form, and no event. */
	if (strcmp(dot + 1, "any") == 0 || strcmp(dot + 1, "*") == 0)
		return NULL;
	*event = dot + 1;
	const struct event_names *known = event_names_of(name);
	const struct sample *s = known && event_names_has(known, *event) ? sibling(name) : NULL;
	snprintf(any, sizeof any, "%.*s.any", (int)(dot - name), name);
	return s ? s : exact(any, strlen(any));
}

const struct sample *samples_find(const char *name, const char **event, struct error *e)
{
	*event = NULL;
	const struct sample *s = exact(name, strlen(name));
	if (!s || samples_is_any(s))
		s = strchr(name, '.') ? of_object(name) : samples_of_provider(name);
	if (!s)
		s = any_of(name, event);
	if (s)
		return s;
	struct sample_hints hints;
	char names[SAMPLE_HINTS_MOST * SAMPLE_HINT_LEN];
	sample_hints_find(name, &hints);
	sample_hints_join(&hints, names, sizeof names);
	error_set(e, EXIT_USAGE, "there is no sample '%.60s'%s%s; `creel trigger --list` shows what there is", name,
		  *names ? ": did you mean " : "", names);
	return NULL;
}

/* ---- a user's own ---- */

char *samples_default_folder(void)
{
	return folder_of_user(FOLDER_CONFIG, "templates");
}

static bool read_whole(FILE *f, const char *path, struct buffer *text, struct error *e)
{
	char piece[65536];
	size_t n;
	while ((n = fread(piece, 1, sizeof piece, f)) > 0) {
		if (text->len > LIMIT_SAMPLE)
			return error_set(e, EXIT_USAGE, "%s is larger than 16 MiB", path);
		if (!buffer_append(text, piece, n))
			return error_set(e, EXIT_STORE, "out of memory");
	}
	return !ferror(f) || error_set(e, EXIT_USAGE, "%s cannot be read: %s", path, strerror(errno));
}

bool samples_read_own(const char *folder, const char *name, struct buffer *text, bool *found, struct error *e)
{
	struct buffer path = { 0 };
	*found = false;
	/* A name must not lead to other folders. */
	if (strchr(name, '/') || *name == '.' || !*name)
		return true;
	if (!buffer_printf(&path, "%s/%s.http", folder, name) || !buffer_put_u8(&path, 0)) {
		buffer_free(&path);
		return error_set(e, EXIT_STORE, "out of memory");
	}
	const char *at = (const char *)path.at;
	FILE *f = fopen(at, "rb");
	bool fine = true;
	if (f) {
		*found = true;
		fine = read_whole(f, at, text, e);
		fclose(f);
	} else if (errno != ENOENT && errno != ENOTDIR) {
		fine = error_set(e, EXIT_USAGE, "%s cannot be read: %s", at, strerror(errno));
	}
	buffer_free(&path);
	return fine;
}

/* ---- {{…}} ---- */

static bool put_id(struct buffer *out)
{
	uint8_t random[12];
	bool fine = RAND_bytes(random, sizeof random) == 1;
	for (size_t i = 0; fine && i < sizeof random; i++)
		fine = buffer_printf(out, "%02x", random[i]);
	return fine;
}

/* What one request is filled with. */
struct filling {
	const char *event;
	uint64_t now_ms;
	char same[UUID_TEXT_LEN + 1]; /* the id that stands in several places */
};

static bool make_uuid(uint64_t now_ms, char text[UUID_TEXT_LEN + 1])
{
	uint8_t id[UUID_LEN];
	if (!uuid_make(id, now_ms * 1000))
		return false;
	uuid_format(id, text);
	return true;
}

static bool put_uuid(struct buffer *out, uint64_t now_ms)
{
	char text[UUID_TEXT_LEN + 1];
	return make_uuid(now_ms, text) && buffer_append_text(out, text);
}

static bool put_same_uuid(struct buffer *out, struct filling *f)
{
	return (*f->same || make_uuid(f->now_ms, f->same)) && buffer_append_text(out, f->same);
}

static bool put_iso(struct buffer *out, uint64_t now_ms)
{
	char text[TEXT_TIME_LEN];
	text_format_time(text, now_ms / 1000 * 1000000);
	char *dot = strchr(text, '.');
	return buffer_append(out, text, dot ? (size_t)(dot - text) : strlen(text)) && buffer_put_u8(out, 'Z');
}

/* A topic of Shopify has a slash for the first dot, but for the few of one customer, as customer.tags_added. */
static bool put_topic(struct buffer *out, const char *event)
{
	static const char whole[] = "customer.";
	const char *dot = strchr(event, '.');
	if (!dot || strncmp(event, whole, sizeof whole - 1) == 0)
		return buffer_append_text(out, event);
	return buffer_append(out, event, (size_t)(dot - event)) && buffer_put_u8(out, '/') &&
	       buffer_append_text(out, dot + 1);
}

/* {{event|invoice.paid}}: the event, or that where there is none. {{name}} and {{action}} are its parts. */
static bool put_event(struct bytes name, const char *event, struct buffer *out, bool *known)
{
	struct bytes kind = bytes_until(name, '|');
	bool has_other = kind.len < name.len;
	const char *action = event ? strchr(event, '.') : NULL;
	*known = true;
	if (event && bytes_equal(kind, bytes_of("event")))
		return buffer_append_text(out, event);
	if (event && bytes_equal(kind, bytes_of("topic")))
		return put_topic(out, event);
	if (event && bytes_equal(kind, bytes_of("name")))
		return buffer_append(out, event, action ? (size_t)(action - event) : strlen(event));
	if (action && bytes_equal(kind, bytes_of("action")))
		return buffer_append_text(out, action + 1);
	*known = has_other && (bytes_equal(kind, bytes_of("event")) || bytes_equal(kind, bytes_of("topic")) ||
			       bytes_equal(kind, bytes_of("action")));
	return !*known || buffer_append(out, kind.at + kind.len + 1, name.len - kind.len - 1);
}

static bool put_value(struct bytes name, struct filling *f, struct buffer *out, bool *known)
{
	uint64_t now_ms = f->now_ms;
	*known = true;
	if (bytes_equal(name, bytes_of("id")))
		return put_id(out);
	if (bytes_equal(name, bytes_of("uuid")))
		return put_uuid(out, now_ms);
	if (bytes_equal(name, bytes_of("uuid|same")))
		return put_same_uuid(out, f);
	if (bytes_equal(name, bytes_of("now")))
		return buffer_printf(out, "%llu", (unsigned long long)now_ms / 1000);
	if (bytes_equal(name, bytes_of("now_ms")))
		return buffer_printf(out, "%llu", (unsigned long long)now_ms);
	if (bytes_equal(name, bytes_of("iso")))
		return put_iso(out, now_ms);
	return put_event(name, f->event, out, known);
}

bool samples_fill(struct bytes text, const char *event, uint64_t now_ms, struct buffer *out, struct error *e)
{
	struct filling f = { .event = event, .now_ms = now_ms };
	bool fine = true;
	for (const char *c = event; c && *c; c++)
		if (!isalnum((unsigned char)*c) && !strchr("._-:/", *c))
			return error_set(e, EXIT_USAGE, "an event's name is letters, digits and . _ - : /");
	while (fine && text.len) {
		const uint8_t *open = memmem(text.at, text.len, "{{", 2);
		size_t before = open ? (size_t)(open - text.at) : text.len;
		fine = buffer_append(out, text.at, before);
		text = bytes_make(text.at + before, text.len - before);
		const uint8_t *close = text.len ? memmem(text.at, text.len, "}}", 2) : NULL;
		bool known = false;
		if (fine && close)
			fine = put_value(bytes_make(text.at + 2, (size_t)(close - text.at) - 2), &f, out, &known);
		size_t taken = known ? (size_t)(close - text.at) + 2 : text.len ? 1 : 0;
		if (fine && !known)
			fine = buffer_append(out, text.at, taken);
		text = bytes_make(text.at + taken, text.len - taken);
	}
	return fine || error_set(e, EXIT_STORE, "out of memory");
}

/* ---- --data ---- */

static bool put_form(struct buffer *out, const char *text)
{
	bool fine = true;
	for (const char *c = text; fine && *c; c++)
		fine = isalnum((unsigned char)*c) || strchr("-._~", *c) ? buffer_put_u8(out, (uint8_t)*c)
									: buffer_printf(out, "%%%02X", (uint8_t)*c);
	return fine;
}

/* `value` NULL: takes the field away. */
static bool set_form(struct buffer *body, const char *name, const char *value)
{
	struct buffer out = { 0 };
	struct bytes rest = buffer_view(body);
	size_t len = strlen(name);
	bool fine = true, done = false;
	while (fine && rest.len) {
		const uint8_t *end = memchr(rest.at, '&', rest.len);
		struct bytes pair = bytes_make(rest.at, end ? (size_t)(end - rest.at) : rest.len);
		bool same = pair.len > len && memcmp(pair.at, name, len) == 0 && pair.at[len] == '=';
		if (!same || value)
			fine = (out.len == 0 || buffer_put_u8(&out, '&')) &&
			       buffer_append(&out, pair.at, same ? len + 1 : pair.len) &&
			       (!same || put_form(&out, value));
		done = done || same;
		size_t taken = pair.len + (end ? 1 : 0);
		rest = bytes_make(rest.at + taken, rest.len - taken);
	}
	if (fine && !done && value)
		fine = (out.len == 0 || buffer_put_u8(&out, '&')) && put_form(&out, name) && buffer_put_u8(&out, '=') &&
		       put_form(&out, value);
	buffer_free(body);
	*body = out;
	return fine;
}

/* The equals sign that is not within a quoted name. */
static const char *path_end(const char *assignment)
{
	bool quoted = false;
	for (const char *c = assignment; *c; c++) {
		if (*c == '"')
			quoted = !quoted && c > assignment && c[-1] == '[';
		if (*c == '=' && !quoted)
			return c;
	}
	return NULL;
}

bool samples_set(struct buffer *body, bool is_form, const char *assignment, struct error *e)
{
	const char *equals = path_end(assignment);
	char name[600];
	if (!equals || equals == assignment || (size_t)(equals - assignment) >= sizeof name)
		return error_set(e, EXIT_USAGE, "--data takes PATH=VALUE or @FILE, not '%.60s'", assignment);
	snprintf(name, sizeof name, "%.*s", (int)(equals - assignment), assignment);
	if (!is_form)
		return json_edit_set(body, name, equals + 1, e);
	return set_form(body, name, strcmp(equals + 1, "null") == 0 ? NULL : equals + 1) ||
	       error_set(e, EXIT_STORE, "out of memory");
}
