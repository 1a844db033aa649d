/* Why a call of the app failed, as a reason (client/reason/reason.h). Pure. */
#pragma once

#include "client/app/dial.h"
#include "client/reason/first_bytes.h"
#include "client/reason/reason.h"
#include "shared/http/http1.h"
#include "shared/net/conn.h"

/* For a connection that could not be made. `why` and `how` are what dial.h reports. */
enum reason forward_reason_of_dial(enum dial_failure why, const struct conn_failure *how);
/* For a connection that ended before an answer came. `how` is its conn.failure: CONN_FINE where the app closed it. */
enum reason forward_reason_of_end(const struct conn_failure *how);
/* For an answer that is not HTTP/1, by its first bytes. */
enum reason forward_reason_of_bytes(struct bytes first);
/* For an answer that cannot be used. `before_body`: the fault is in its head. */
enum reason forward_reason_of_fault(enum http1_fault fault, bool before_body);
/* The fault in words: what follows "answered with". */
const char *forward_reason_fault(enum http1_fault fault);
