/* What was seen of a call that failed, as one of the reasons of client/reason. Pure. */
#pragma once

#include "client/app/dial.h"
#include "client/reason/first_bytes.h"
#include "client/reason/reason.h"
#include "shared/http/http1.h"
#include "shared/net/conn.h"

/* No connection. `how` is dial's. */
enum reason forward_reason_of_dial(enum dial_failure why, const struct conn_failure *how);
/* A connection that ended before an answer came, with what conn.failure says: CONN_FINE where it was closed. */
enum reason forward_reason_of_end(const struct conn_failure *how);
/* What the first bytes of something that is not an HTTP/1 answer are. */
enum reason forward_reason_of_bytes(struct bytes first);
/* An answer that cannot be used. `before_body`: its head is at fault. */
enum reason forward_reason_of_fault(enum http1_fault fault, bool before_body);
/* The fault in words: what follows "answered with". */
const char *forward_reason_fault(enum http1_fault fault);
