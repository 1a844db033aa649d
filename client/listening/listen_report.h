/* What a running `creel listen` says: to its user, in lines or the inspector's status row, to programs that read its
 * JSON or its ready file, and to other processes through the status on record. Its functions take the session's news as
 * struct session_events has them; `user` is the struct listen. They print, and write the ready file; nothing here
 * fails. Loop thread. */
#pragma once

#include "client/listening/listen_private.h"

/* The target that is shown. */
const char *listen_report_target(const struct listen *l);
/* What is wrong: no connection first, then no room for what comes over it. "" where nothing is. */
const char *listen_report_detail(const struct listen *l);

/* One sentence for the user, without secrets. */
void listen_report_say(void *user, const char *sentence);
/* The status on record, for `creel status` and other programs; not once the client ends. */
void listen_report_status(struct listen *l);
/* The tunnel's address, the target and the routes. */
void listen_report_ready(struct listen *l);
/* What --print asks for of a delivery that is over. */
void listen_report_parts(struct listen *l, int64_t delivery_id);

void listen_report_state(void *user, const struct tunnel_news *news);
void listen_report_delivery(void *user, const struct delivery_row *row);
void listen_report_attempt(void *user, const struct delivery_row *row, const struct attempt_row *a);
/* On the status row and by one sentence, however many deliveries are refused; NULL: the store takes them again. */
void listen_report_store(void *user, const char *sentence);
