#include "client/app/forward_headers.h"

#include "shared/http/hop_by_hop.h"
#include "client/app/forwarded.h"
#include "shared/http/headers.h"

#include <string.h>

struct list {
	struct curl_slist *items;
	struct buffer line; /* scratch */
	bool failed;
};

/* What a call asks of the sender's fields, found in one walk over them. */
enum field {
	HOST,
	CONNECTION,
	X_FORWARDED_FOR,
	X_FORWARDED_PROTO,
	X_FORWARDED_HOST,
	USER_AGENT,
	ACCEPT,
	CONTENT_TYPE,
	EXPECT,
	FIELDS
};
static const char *const field_names[FIELDS] = {
	"Host",   "Connection",   "X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host", "User-Agent",
	"Accept", "Content-Type", "Expect"
};

struct seen {
	bool has[FIELDS];
	struct bytes host; /* the first */
	struct hop_by_hop hops;
};

/* False: out of memory. */
static bool look_at(struct seen *s, struct bytes headers)
{
	struct bytes name, value;
	for (size_t pos = 0; headers_next(headers, &pos, &name, &value);)
		for (size_t i = 0; i < FIELDS; i++) {
			if (!bytes_equal_nocase(name, field_names[i]))
				continue;
			if (i == HOST && !s->has[HOST])
				s->host = value;
			s->has[i] = true;
		}
	return !s->has[CONNECTION] || hop_by_hop_find(&s->hops, headers);
}

static void add_line(struct list *l)
{
	if (l->failed || !buffer_put_u8(&l->line, 0)) {
		l->failed = true;
		return;
	}
	struct curl_slist *more = curl_slist_append(l->items, (const char *)l->line.at);
	if (more)
		l->items = more;
	else
		l->failed = true;
}

static void add(struct list *l, struct bytes name, struct bytes value)
{
	l->line.len = 0;
	/* libcurl takes "Name;" for a field without value; "Name:" would suppress it. */
	bool fine = buffer_append_bytes(&l->line, name);
	bool blank = true;
	for (size_t i = 0; i < value.len; i++)
		blank = blank && (value.at[i] == ' ' || value.at[i] == '\t');
	if (blank)
		fine = fine && buffer_put_u8(&l->line, ';');
	else
		fine = fine && buffer_append(&l->line, ": ", 2) && buffer_append_bytes(&l->line, value);
	l->failed = l->failed || !fine;
	add_line(l);
}

static void add_raw(struct list *l, const char *text)
{
	l->line.len = 0;
	l->failed = l->failed || !buffer_append_text(&l->line, text);
	add_line(l);
}

/* The user's -H fields: "K: V" replaces, "K:" removes. The value of that name's, "" where it only removes; NULL: none.
 */
static const char *user_value(const struct forward_options *o, struct bytes name)
{
	const char *found = NULL;
	for (size_t i = 0; o->extra_headers && i < o->extra_headers->count; i++) {
		const char *field = o->extra_headers->at[i], *colon = strchr(field, ':');
		bool same = colon && name.len == (size_t)(colon - field) &&
			    strncasecmp(field, (const char *)name.at, name.len) == 0;
		if (same && !(found && *found))
			found = colon + 1 + strspn(colon + 1, " \t");
	}
	return found;
}

static bool user_replaces(const struct forward_options *o, struct bytes name)
{
	return user_value(o, name) != NULL;
}

/* Whether a field of that name goes out, the sender's or the user's. */
static bool goes_out(const struct seen *seen, const struct forward_options *o, enum field field)
{
	const char *value = user_value(o, bytes_of(field_names[field]));
	return value ? *value != 0 : seen->has[field];
}

static void add_user_fields(struct list *l, const struct forward_options *o)
{
	for (size_t i = 0; o->extra_headers && i < o->extra_headers->count; i++) {
		const char *field = o->extra_headers->at[i], *colon = strchr(field, ':');
		const char *value = colon + 1 + strspn(colon + 1, " \t");
		if (*value)
			add(l, bytes_make(field, (size_t)(colon - field)), bytes_of(value));
	}
}

/* Written by a proxy that the relay trusts; or nobody knows who sent it (it was imported), and there is nothing to put
 * in their place. */
static bool keeps_forwarded(const struct forward_request *r)
{
	return r->forwarded || r->peer.len == 0;
}

static void add_unless_kept(struct list *l, const struct seen *seen, const struct forward_request *r,
			    const struct forward_options *o, enum field field, struct bytes value)
{
	struct bytes name = bytes_of(field_names[field]);
	if (value.len > 0 && !(seen->has[field] && keeps_forwarded(r)) && !user_replaces(o, name))
		add(l, name, value);
}

static void add_forwarded(struct list *l, const struct seen *seen, const struct forward_request *r,
			  const struct forward_options *o)
{
	char id[UUID_TEXT_LEN + 1], attempt[16];
	struct buffer senders = { 0 };
	l->failed = l->failed || !forwarded_for_value(&senders, r->headers, r->peer);
	add_unless_kept(l, seen, r, o, X_FORWARDED_FOR, buffer_view(&senders));
	buffer_free(&senders);
	add_unless_kept(l, seen, r, o, X_FORWARDED_PROTO, bytes_of(r->https ? "https" : "http"));
	add_unless_kept(l, seen, r, o, X_FORWARDED_HOST, seen->host);
	uuid_format(r->event_id, id);
	snprintf(attempt, sizeof attempt, "%d", r->attempt);
	add(l, bytes_of("Creel-Event-Id"), bytes_of(id));
	add(l, bytes_of("Creel-Attempt"), bytes_of(attempt));
}

/* Whether a field that claims to say who the sender is goes out as it came. */
static bool is_believed(const struct forward_request *r, struct bytes name)
{
	switch (forwarded_field_of(name)) {
	case FORWARDED_OTHER:
		return true;
	case FORWARDED_FOR:
	case FORWARDED_PROTO:
	case FORWARDED_HOST:
		return keeps_forwarded(r);
	case FORWARDED_CREEL:
	case FORWARDED_LOOKALIKE:
		break;
	}
	return false;
}

uint64_t forward_body_len(const struct forward_request *request)
{
	return request->spilled ? spill_len(request->spilled) : request->body.len;
}

/* A length that is not the body's would let the app read into the next call: libcurl then writes the right one. */
static bool is_body_length(const struct forward_request *r, struct bytes value)
{
	uint64_t length = 0;
	while (value.len > 0 && (value.at[value.len - 1] == ' ' || value.at[value.len - 1] == '\t'))
		value.len--;
	if (!r->has_body || r->trailers.len > 0 || value.len == 0 || value.len > 18)
		return false;
	for (size_t i = 0; i < value.len; i++) {
		if (value.at[i] < '0' || value.at[i] > '9')
			return false;
		length = length * 10 + (uint64_t)(value.at[i] - '0');
	}
	return length == forward_body_len(r);
}

static bool keeps(const struct forward_request *r, const struct seen *seen, const struct forward_options *o,
		  struct bytes name, struct bytes value)
{
	if (r->upgrade && (bytes_equal_nocase(name, "Connection") || bytes_equal_nocase(name, "Upgrade")))
		return true;
	if (hop_by_hop_has(&seen->hops, name) || user_replaces(o, name))
		return false;
	if (bytes_equal_nocase(name, "Content-Length"))
		return is_body_length(r, value);
	return o->no_forwarded || is_believed(r, name);
}

struct curl_slist *forward_headers_make(const struct forward_request *r, const struct forward_options *o,
					const char *authority, struct error *e)
{
	struct list l = { 0 };
	struct seen seen = { 0 };
	struct bytes name, value;
	if (!headers_valid(r->headers) || !headers_valid(r->trailers)) {
		error_set(e, EXIT_USAGE, "the delivery's headers hold bytes that cannot be sent");
		return NULL;
	}
	/* libcurl 7.88 writes Host itself, first and in its own spelling. An empty "Host:" in front takes that away,
	 * and the field further down then goes out where and as the sender had it (Curl_http_host,
	 * Curl_add_custom_headers). */
	add_raw(&l, "Host:");
	l.failed = l.failed || !look_at(&seen, r->headers);
	for (size_t pos = 0; headers_next(r->headers, &pos, &name, &value);) {
		if (!keeps(r, &seen, o, name, value))
			continue;
		if (bytes_equal_nocase(name, "Host")) {
			if (strcmp(o->host_header, "rewrite") == 0)
				value = bytes_of(authority);
			else if (strcmp(o->host_header, "preserve") != 0)
				value = bytes_of(o->host_header);
		}
		add(&l, name, value);
	}
	if (!seen.has[HOST] && !user_replaces(o, bytes_of("Host")))
		add(&l, bytes_of("Host"),
		    bytes_of(strcmp(o->host_header, "rewrite") == 0 || strcmp(o->host_header, "preserve") == 0
				 ? authority
				 : o->host_header));
	if (!o->no_forwarded)
		add_forwarded(&l, &seen, r, o);
	add_user_fields(&l, o);
	/* What libcurl would add of its own accord. */
	static const char *const off[FIELDS] = { [USER_AGENT] = "User-Agent:",
						 [ACCEPT] = "Accept:",
						 [CONTENT_TYPE] = "Content-Type:",
						 [EXPECT] = "Expect:" };
	for (size_t i = 0; i < FIELDS; i++)
		if (off[i] && !goes_out(&seen, o, (enum field)i))
			add_raw(&l, off[i]);
	if (r->trailers.len > 0)
		add_raw(&l, "Transfer-Encoding: chunked");
	if (r->upgrade) /* what goes up behind the head is no body */
		add_raw(&l, "Transfer-Encoding:");
	buffer_free(&l.line);
	hop_by_hop_free(&seen.hops);
	if (l.failed) {
		curl_slist_free_all(l.items);
		error_set(e, EXIT_TARGET, "out of memory");
		return NULL;
	}
	return l.items;
}
