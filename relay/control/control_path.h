/* Where the socket is: the name in the data folder, and the way there whatever the folder's name is long. Any thread,
 * one call at a time: for its duration the process is in the data folder. */
#pragma once

#include "shared/base/bytes.h"

#define CONTROL_NAME "control.sock"

/* A unix socket at the folder's CONTROL_NAME: one that listens there, in the place of what was there, or one connected
 * to it. Closed on exec. -1 and errno. */
int control_path_listen(const char *folder);
int control_path_connect(const char *folder);
/* Removes the name. */
void control_path_remove(const char *folder);
