#include "relay/ingress_head.h"

#include "shared/headers.h"

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
	if (w.odd && size <= 65536 && w.fields <= HTTP_MAX_FIELDS)
		return REFUSE_MALFORMED;
	return REFUSE_NOTHING;
}
