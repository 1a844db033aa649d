/* A delivery's way into the store: what it is recognised as, the insert, and what follows once it is committed (its
 * origin has the app called) and synced (RECORDED goes back to the relay). Loop thread. */
#pragma once

#include "client/stream/stream.h"

/* The request is whole, or INBOUND_REFUSED. The stream may be freed. */
void commit_request(struct stream *st);
