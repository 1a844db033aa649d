/* Where a running relay's socket is. The data folder has nothing but files, so that whoever copies or searches it reads
 * them all: a file names the folder of the socket, the service manager's runtime folder or one of its own below TMPDIR.
 * Where no such folder can be made the socket itself is in the data folder. Any thread, one call at a time: for its
 * duration the process is in the socket's folder, since an address of a unix socket has about a hundred bytes. */
#pragma once

#include "shared/base/bytes.h"

#define CONTROL_FILE "control"      /* in the data folder: a line, the folder of the socket */
#define CONTROL_NAME "control.sock" /* in that folder */

/* A unix socket of the data folder `data`: one that listens, in the place of a dead relay's, or one connected to it.
 * Closed on exec. -1 and errno. */
int control_path_listen(const char *data);
int control_path_connect(const char *data);
/* Removes what control_path_listen made. */
void control_path_remove(const char *data);
