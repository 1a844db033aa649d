/* The user's config file: INI (libinih), `relay = URL` and a section `[token URL]` with `token = …` a relay. */
#pragma once

#include "shared/base/buffer.h"
#include "shared/base/error.h"

/* How the section of a relay's token begins; its URL follows. */
#define CONFIG_TOKEN_SECTION "token "

/* $XDG_CONFIG_HOME/creel/config.ini or ~/.config/creel/config.ini; caller frees; NULL when there is no HOME. */
char *config_default_path(void);
/* The token kept for a relay, NULL when there is none (then *e stays) or the file cannot be read. Caller wipes, frees.
 */
char *config_token(const char *path, const char *relay, struct error *e);
/* Sets the default relay and, when it is not NULL, its token; keeps all else. 0600, written beside and renamed. */
bool config_login(const char *path, const char *relay, const char *token, struct error *e);

/* The same on a file's bytes, without the files. */
bool config_find_token(struct bytes text, const char *relay, struct bytes *token);
MUST_CHECK bool config_write_login(struct bytes old, const char *relay, const char *token, struct buffer *out);
/* Whether two URLs name the same relay: ws is http, and a slash at the end says nothing. */
bool config_same_relay(const char *a, const char *b);

/* Makes the folders of a file in the user's config folder, 0700. */
MUST_CHECK bool config_make_folders(const char *path, struct error *e);
