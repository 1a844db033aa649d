/* Answers what the operator asks the running relay by a unix socket (control_path.h), to which only the data folder's
 * owner and root can connect. A call is one line, "status", "drop NAME", "backup" or "challenge …" (of the hook that
 * uacme runs); its answer is "ok", a line end and what was asked for (for "backup" what spool_sqlite_copy gives), or
 * "no CODE SENTENCE" with the exit status of the command, and the connection ends. The commands ask by control_ask.h.
 * Loop thread. */
#pragma once

#include "relay/common/relay.h"

struct control;

/* Makes the socket, and replaces one left by a relay that died: the spool's lock shows that no other relay has the
 * folder. NULL and *e when the folder's file system has no sockets, or memory ran out. `relay` must outlive it. */
struct control *control_new(struct relay *relay, struct error *e);
/* Removes the socket; the memory is freed on the loop. NULL is allowed. */
void control_close(struct control *c);
