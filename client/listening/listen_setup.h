/* What `creel listen` prepares before it begins. */
#pragma once

#include "client/listening/cmd_listen.h"
#include "client/session/session.h"
#include "shared/wire/seal.h"

/* Reads the key to which the relay seals deliveries, in the file beside the database (creel.key for creel.db); makes it
 * when it is missing. The caller frees it. NULL and *e. */
struct seal_key *listen_load_key(const char *db, struct error *e);
/* Checks whether the file of --ready-file can be made, before anybody waits for it. */
MUST_CHECK bool listen_check_ready_file(const char *path, struct error *e);
/* For the whole process: raises the limit of open files, tunes malloc, sets umask 077 and ignores SIGPIPE. */
void listen_set_limits(void);
