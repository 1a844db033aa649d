/* The URL under which a sender called, which some providers sign. The relay hands on the target alone, so the URL is
 * put together: of the tunnel's public URL, as a client wrote it on record, or else of the Host field and of what the
 * relay took off the target's front. Errors are EXIT_STORE. */
#pragma once

#include "shared/store/store.h"

/* Makes the URL in *out, which is emptied first. `public_url` may be empty. Without it and without a Host field *out
 * stays empty. Pure; false when out of memory. */
MUST_CHECK bool called_url_make(struct bytes public_url, struct bytes headers, bool https, struct bytes prefix,
				struct bytes target, struct buffer *out);
/* The public URL of a tunnel, in the place of what is in *out. *out is not touched when the record knows none. */
MUST_CHECK bool called_url_of_tunnel(struct store *s, struct bytes tunnel, struct buffer *out, struct error *e);
/* The URL of a delivery on record, whose headers and target may have been edited since. */
MUST_CHECK bool called_url_recorded(struct store *s, int64_t id, struct bytes headers, struct bytes tunnel,
				    struct bytes target, struct buffer *out, struct error *e);
