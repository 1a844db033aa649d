/* Deliveries that a client got whole and did not record within --record-timeout: it sleeps, hangs, or its disk is slow.
 * Their senders were told 202, since the spool has them; the client still has its copy, and is not handed another on
 * this connection. A RECORDED that comes after all deletes the spool's copy. Belongs to a client. Loop thread. */
#pragma once

#include "shared/base/bytes.h"
#include "shared/base/uuid.h"

struct client;
struct stream;

/* Notes that the stream, of which everything was sent, goes to the mailbox. False when the client has too many of
 * these, or memory ran out: the copy in the mailbox is then handed out like any other. */
MUST_CHECK bool late_add(struct stream *st);
/* Takes a RECORDED for a stream that is over: if it is a late one, its copy is deleted, and its answer is not
 * wanted. */
void late_on_recorded(struct client *c, uint64_t stream, const uint8_t event_id[UUID_LEN]);
/* Takes a RESET for a stream that is over: the client does not have the delivery after all. */
void late_on_reset(struct client *c, uint64_t stream);
/* Whether the client has the mailbox's row already, so that it is not handed out. Deletes the row if it is recorded. */
bool late_has(struct client *c, int64_t row, const uint8_t event_id[UUID_LEN]);
/* To be called when the connection or the client is gone: what was not recorded is handed out again. */
void late_forget_all(struct client *c);
