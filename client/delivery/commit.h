/* A delivery's way into the store: finds out who sent it and whether its signature holds, inserts it, and goes on when
 * it is committed (its origin has the app called) and synced (RECORDED goes back to the relay). Loop thread. */
#pragma once

#include "client/stream/stream.h"

/* Begins. To be called once the request is whole or INBOUND_REFUSED. May free the stream. */
void commit_request(struct stream *st);
