/* The owner of a relay's data folder. */
#pragma once

#include "shared/base/bytes.h"
#include "shared/base/error.h"

/* Root that works on a folder of the relay's own user becomes that user, for good: files that root made there the
 * service could not write. Nothing happens for others, and where the folder is root's or does not exist yet. False and
 * EXIT_STORE when the system does not let it. */
MUST_CHECK bool data_owner_become(const char *folder, struct error *e);
/* The same until data_owner_return, for a command that has files of its own elsewhere. One thread. */
MUST_CHECK bool data_owner_act(const char *folder, struct error *e);
/* Nothing happens where data_owner_act changed nothing, or was not called. */
void data_owner_return(void);
