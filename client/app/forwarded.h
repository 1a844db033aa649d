/* The header fields that say who sent a request (shared/DESIGN.md §5). A sender may write them, too, and an app behind
 * a proxy believes them: so they reach the app as creel knows them, unless a proxy that the relay trusts wrote them.
 * The record keeps what came. Pure. */
#pragma once

#include "shared/base/buffer.h"

enum forwarded_field {
	FORWARDED_OTHER,
	FORWARDED_FOR,
	FORWARDED_PROTO,
	FORWARDED_HOST,
	FORWARDED_CREEL, /* Creel-Event-Id, Creel-Via, Creel-Attempt */
	/* One of these with '_' for '-', as in X_Forwarded_For. CGI, WSGI and Rack make the same variable of both
	 * (RFC 3875 §4.1.18), so to their apps it is the field itself. No proxy writes it. */
	FORWARDED_LOOKALIKE,
};

/* Ignores upper and lower case. */
enum forwarded_field forwarded_field_of(struct bytes name);
/* Appends the value of X-Forwarded-For: what all the sender's fields of that name hold as one list (RFC 9110 §5.3),
 * then the peer's address. `peer` is the delivery's, with or without a port; IPv6 is written without brackets. False
 * when out of memory. */
MUST_CHECK bool forwarded_for_value(struct buffer *out, struct bytes headers, struct bytes peer);
/* Appends the value of Creel-Via: the ids of this event at relays that it came through before
 * (shared/http/creel_via.h), with commas between them; nothing where there were none. False when out of memory. */
MUST_CHECK bool forwarded_via_value(struct buffer *out, struct bytes headers);
/* Whether two header blocks have the same X-Forwarded-For, -Proto and -Host. */
bool forwarded_same(struct bytes a, struct bytes b);
