/* Where a running relay's socket is. The data folder holds only regular files, so that it can be copied and searched;
 * one of them names the folder of the socket: the service manager's runtime folder, or one of the relay's own below
 * TMPDIR. If no such folder can be made, the socket is in the data folder after all. Any thread, one call at a time:
 * for its duration the process is in the socket's folder, since the address of a unix socket has room for about a
 * hundred bytes only. */
#pragma once

#include "shared/base/bytes.h"

#define CONTROL_FILE "control"      /* in the data folder: a line, the folder of the socket */
#define CONTROL_NAME "control.sock" /* in that folder */

/* A unix socket of the data folder `data`: one that listens, replacing a dead relay's, or one connected to it. Closed
 * on exec. -1 and errno. */
int control_path_listen(const char *data);
int control_path_connect(const char *data);
/* Removes what control_path_listen made. */
void control_path_remove(const char *data);
