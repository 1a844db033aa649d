#include "relay/senders/ingress_head.h"

#include "relay/common/limits.h"
#include "shared/http/headers.h"
#include "shared/wire/wire.h"

#include <string.h>

/* MHD 0.9.75 parses the head in place and hands out pointers into its read buffer. In a canonical head every piece
 * begins where the one before it ends plus its delimiter, from the method to the blank line. Joined lines (obs-fold)
 * were copied elsewhere, a bare LF makes a step of one byte instead of two, and a NUL ends a string early: none of them
 * fits. libmicrohttpd 1.0 refuses all of these by itself (MHD_OPTION_CLIENT_DISCIPLINE_LVL). */
struct walk {
	struct buffer *block;
	const char *expected; /* where the next piece must begin */
	size_t fields;
	bool odd, failed;
};

static enum MHD_Result on_field(void *cls, enum MHD_ValueKind kind, const char *name, size_t name_len,
				const char *value, size_t value_len)
{
	struct walk *w = cls;
	(void)kind;
	w->fields++;
	if (name != w->expected || !value || value <= name + name_len)
		w->odd = true;
	w->expected = value ? value + value_len + 2 : NULL;
	w->failed = w->failed ||
		    !headers_append(w->block, bytes_make(name, name_len), bytes_make(value ? value : "", value_len));
	return w->failed ? MHD_NO : MHD_YES;
}

enum refusal ingress_read_head(struct MHD_Connection *connection, const char *method, const char *version,
			       const char *target, const char *target_in_place, struct buffer *block,
			       struct http_head *out)
{
	const union MHD_ConnectionInfo *info =
	    MHD_get_connection_info(connection, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);
	size_t size = info ? info->header_size : 0;
	struct walk w = { block, version + strlen(version) + 2, 0, false, false };
	if (!target_in_place || target_in_place != method + strlen(method) + 1 ||
	    version != target_in_place + strlen(target) + 1)
		w.odd = true;
	MHD_get_connection_values_n(connection, MHD_HEADER_KIND, on_field, &w);
	if (w.failed)
		return REFUSE_OVERLOADED;
	if (w.expected != method + size - 2)
		w.odd = true;
	*out = (struct http_head){ bytes_of(method), bytes_of(target), bytes_of(version), buffer_view(block), size,
				   w.fields };
	/* Blanks inside the request line make the target odd, too: name the target then. */
	if (w.odd && size <= LIMIT_HEAD_BYTES && w.fields <= LIMIT_HEAD_FIELDS)
		return REFUSE_MALFORMED;
	return REFUSE_NOTHING;
}

/* Behind a name stood its colon, where MHD writes a NUL, and blanks. The name of a folded field was copied elsewhere.
 */
static bool value_follows(const char *name, size_t name_len, const char *value)
{
	if (!value || value <= name + name_len || name[name_len] != 0)
		return false;
	for (const char *p = name + name_len + 1; p < value; p++)
		if (*p != ' ' && *p != '\t')
			return false;
	return true;
}

static enum MHD_Result on_trailer(void *cls, enum MHD_ValueKind kind, const char *name, size_t name_len,
				  const char *value, size_t value_len)
{
	struct walk *w = cls;
	struct bytes n = bytes_make(name, name_len), v = bytes_make(value ? value : "", value_len);
	(void)kind;
	w->fields++;
	if ((w->expected && name != w->expected) || !value_follows(name, name_len, value) || !headers_name_valid(n) ||
	    !headers_value_valid(v))
		w->odd = true;
	w->expected = value ? value + value_len + 2 : NULL;
	w->failed = w->failed || !headers_append(w->block, n, v);
	return w->failed ? MHD_NO : MHD_YES;
}

enum refusal ingress_read_trailers(struct MHD_Connection *connection, struct buffer *block)
{
	struct walk w = { block, NULL, 0, false, false };
	MHD_get_connection_values_n(connection, MHD_FOOTER_KIND, on_trailer, &w);
	if (w.failed)
		return REFUSE_OVERLOADED;
	/* The last line's CR LF and what ends the blank line are NULs by now; a bare LF at their end is not to be told.
	 */
	if (w.odd || (w.expected && (w.expected[-2] || w.expected[-1] || w.expected[0])))
		return REFUSE_BAD_FIELD;
	if (w.fields > LIMIT_HEAD_FIELDS || block->len > LIMIT_HEAD_BYTES)
		return REFUSE_HEADERS_TOO_LARGE;
	return REFUSE_NOTHING;
}
