/* Where a user's files are, by the XDG Base Directory Specification, and how their folders are made. Any thread. */
#pragma once

#include "shared/base/bytes.h"
#include "shared/base/error.h"

enum user_folder {
	FOLDER_CONFIG, /* $XDG_CONFIG_HOME, or ~/.config */
	FOLDER_DATA,   /* $XDG_DATA_HOME, or ~/.local/share */
	FOLDER_STATE,  /* $XDG_STATE_HOME, or ~/.local/state */
};

/* creel's `name` in there: "/home/u/.config/creel/config.ini" for "config.ini". A variable that is not an absolute path
 * does not count. NULL as name: the folder itself. The caller frees it; NULL when HOME is needed and not set, or when
 * out of memory. */
char *folder_of_user(enum user_folder which, const char *name);

/* Makes a folder, and those above it that are missing, with mode 0700; those that are there stay as they are.
 * EXIT_STORE, with a sentence that names the one that cannot be made. */
MUST_CHECK bool folder_make(const char *path, struct error *e);
/* The same for the folders in which the file `path` is. */
MUST_CHECK bool folder_make_above(const char *path, struct error *e);
