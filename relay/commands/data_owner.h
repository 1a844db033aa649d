/* The owner of a relay's data folder. */
#pragma once

#include "shared/base/bytes.h"
#include "shared/base/error.h"

/* When root works on a folder that belongs to the relay's own user, the process becomes that user for good, because the
 * service could not write files made by root. Nothing happens for other users, or when the folder is root's or does not
 * exist yet. False and EXIT_STORE when the system does not allow it. */
MUST_CHECK bool data_owner_become(const char *folder, struct error *e);
/* The same until data_owner_return, for a command that has files of its own elsewhere. One thread. */
MUST_CHECK bool data_owner_act(const char *folder, struct error *e);
/* Nothing happens where data_owner_act changed nothing, or was not called. */
void data_owner_return(void);
