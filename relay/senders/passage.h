/* A sender's connection after 101 (RFC 9110 §7.8): bytes both ways between its socket and the stream of the delivery
 * that opened it (PROTOCOL.md §3, UPGRADE). Nothing of it is spooled, recorded or resumed. Reads no more than the
 * stream's windows allow, so a slow app makes its sender wait. Loop thread. */
#pragma once

#include "relay/senders/sender.h"

/* To be called when the 101 was sent. */
void passage_begin(struct sender *s);
/* To be called when something moved at either end. */
void passage_go_on(struct sender *s);
/* What is to be polled for. */
int passage_events(const struct sender *s);
