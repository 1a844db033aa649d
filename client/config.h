/* The user's config file: INI (libinih), `relay = URL` and a section `[token URL]` with `token = …` a relay. */
#pragma once

#include "shared/error.h"

/* $XDG_CONFIG_HOME/creel/config.ini or ~/.config/creel/config.ini; caller frees; NULL when there is no HOME. */
char *config_default_path(void);
/* The token kept for a relay, NULL when there is none (then *e stays) or the file cannot be read. Caller wipes, frees.
 */
char *config_token(const char *path, const char *relay, struct error *e);
/* Sets the default relay and, when it is not NULL, its token; keeps all else. 0600, written beside and renamed. */
bool config_login(const char *path, const char *relay, const char *token, struct error *e);
