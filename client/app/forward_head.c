#include "client/app/forward_head.h"

#include "client/app/forwarded.h"
#include "shared/http/headers.h"
#include "shared/http/hop_by_hop.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#define OWN_LINES 512 /* bytes that the request line and creel's own fields seldom exceed */

/* What is written, and whether memory lasted. */
struct list {
	struct buffer *out;
	bool failed;
};

/* What a call asks of the sender's fields, found in one walk over them. */
enum field {
	HOST,
	CONNECTION,
	X_FORWARDED_FOR,
	X_FORWARDED_PROTO,
	X_FORWARDED_HOST,
	CREEL_VIA,
	CREEL_EVENT_ID,
	FIELDS
};
static const char *const field_names[FIELDS] = {
	"Host", "Connection", "X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host", "Creel-Via", "Creel-Event-Id"
};

struct seen {
	bool has[FIELDS];
	struct bytes host; /* the first */
	bool length_kept;  /* a Content-Length of the sender's went out */
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

static void add_bytes(struct list *l, struct bytes b)
{
	l->failed = l->failed || !buffer_append_bytes(l->out, b);
}

static void add(struct list *l, struct bytes name, struct bytes value)
{
	l->failed = l->failed || !headers_append(l->out, name, value);
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
	struct buffer senders = { 0 }, via = { 0 };
	struct bytes so_far = seen->has[X_FORWARDED_FOR] ? r->headers : bytes_make(NULL, 0);
	l->failed = l->failed || !forwarded_for_value(&senders, so_far, r->peer);
	add_unless_kept(l, seen, r, o, X_FORWARDED_FOR, buffer_view(&senders));
	buffer_free(&senders);
	add_unless_kept(l, seen, r, o, X_FORWARDED_PROTO, bytes_of(r->https ? "https" : "http"));
	add_unless_kept(l, seen, r, o, X_FORWARDED_HOST, seen->host);
	uuid_format(r->event_id, id);
	if (!r->replayed && (seen->has[CREEL_VIA] || seen->has[CREEL_EVENT_ID]))
		l->failed = l->failed || !forwarded_via_value(&via, r->headers);
	if (via.len > 0)
		add(l, bytes_of("Creel-Via"), buffer_view(&via));
	buffer_free(&via);
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

/* A length that is not the body's would let the app read into the next call. */
static bool is_body_length(const struct forward_request *r, struct bytes value)
{
	uint64_t length;
	return r->has_body && r->trailers.len == 0 && headers_read_length(value, &length) &&
	       length == forward_body_len(r);
}

static bool keeps(const struct forward_request *r, const struct seen *seen, const struct forward_options *o,
		  struct bytes name, struct bytes value)
{
	if (r->upgrade && (bytes_equal_nocase(name, "Connection") || bytes_equal_nocase(name, "Upgrade")))
		return true;
	if (hop_by_hop_has(&seen->hops, name) || user_replaces(o, name))
		return false;
	if (bytes_equal_nocase(name, "Content-Length"))
		return is_body_length(r, value) && !seen->length_kept;
	return o->no_forwarded || is_believed(r, name);
}

/* What Host says in the place of the sender's; empty: the sender's own. */
static struct bytes own_host(const struct forward_options *o, const char *authority, bool sender_has_one)
{
	if (strcmp(o->host_header, "rewrite") == 0)
		return bytes_of(authority);
	if (strcmp(o->host_header, "preserve") == 0)
		return sender_has_one ? bytes_make(NULL, 0) : bytes_of(authority);
	return bytes_of(o->host_header);
}

static void add_sender_fields(struct list *l, struct seen *seen, const struct forward_request *r,
			      const struct forward_options *o, const char *authority)
{
	struct bytes name, value;
	size_t from = 0;
	for (size_t pos = 0; headers_next(r->headers, &pos, &name, &value); from = pos) {
		if (!keeps(r, seen, o, name, value))
			continue;
		if (bytes_equal_nocase(name, "Host")) {
			struct bytes host = own_host(o, authority, true);
			if (host.len > 0) {
				add(l, name, host);
				continue;
			}
		}
		seen->length_kept |= bytes_equal_nocase(name, "Content-Length");
		add_bytes(l, bytes_make(r->headers.at + from, pos - from));
	}
}

/* How long the body is, where the sender's own fields do not say it. */
static void add_framing(struct list *l, const struct seen *seen, const struct forward_request *r)
{
	char length[24];
	if (r->upgrade || (r->trailers.len == 0 && (!r->has_body || seen->length_kept)))
		return;
	if (r->trailers.len > 0) {
		add(l, bytes_of("Transfer-Encoding"), bytes_of("chunked"));
		return;
	}
	snprintf(length, sizeof length, "%llu", (unsigned long long)forward_body_len(r));
	add(l, bytes_of("Content-Length"), bytes_of(length));
}

/* What may stand between the blanks of a request line. */
static bool is_one_word(struct bytes target)
{
	for (size_t i = 0; i < target.len; i++)
		if (target.at[i] <= ' ' || target.at[i] == 0x7f)
			return false;
	return true;
}

bool forward_head_write(struct buffer *out, const struct forward_request *r, const struct forward_options *o,
			const char *prefix, const char *authority, struct error *e)
{
	struct list l = { .out = out };
	struct seen seen = { 0 };
	if (!headers_valid(r->headers) || !headers_valid(r->trailers))
		return error_set(e, EXIT_USAGE, "the delivery's headers hold bytes that cannot be sent");
	if (!headers_name_valid(r->method) || !is_one_word(r->target))
		return error_set(e, EXIT_USAGE, "the delivery's method or path holds bytes that cannot be sent");
	l.failed = !buffer_reserve(out, r->target.len + r->headers.len + OWN_LINES) || !look_at(&seen, r->headers);
	add_bytes(&l, r->method);
	add_bytes(&l, bytes_of(" "));
	add_bytes(&l, bytes_of(prefix));
	add_bytes(&l, r->target);
	add_bytes(&l, bytes_of(" HTTP/1.1\r\n"));
	add_sender_fields(&l, &seen, r, o, authority);
	if (!seen.has[HOST] && !user_replaces(o, bytes_of("Host")))
		add(&l, bytes_of("Host"), own_host(o, authority, false));
	add_framing(&l, &seen, r);
	if (!o->no_forwarded)
		add_forwarded(&l, &seen, r, o);
	add_user_fields(&l, o);
	add_bytes(&l, bytes_of("\r\n"));
	hop_by_hop_free(&seen.hops);
	return !l.failed || error_set(e, EXIT_TARGET, "out of memory");
}
