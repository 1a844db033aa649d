/* What listen.c needs before it begins. */
#pragma once

#include "client/listening/cmd_listen.h"
#include "client/session/session.h"
#include "shared/wire/seal.h"

/* Beside the database: creel.db, creel.key. Makes it when it is not there. */
struct seal_key *listen_load_key(const char *db, struct error *e);
/* The folder it is in; the caller frees. NULL and *e. */
char *listen_folder_of(const char *db, struct error *e);
/* Whether it can be made, said before anybody waits for it. */
MUST_CHECK bool listen_check_ready_file(const char *path, struct error *e);
/* Files, memory, umask, SIGPIPE. */
void listen_set_limits(void);
