/* Which project files the user trusts: for each, the SHA-256 of its bytes is kept in a folder beside the user's config
 * file.
 *
 * A record is a file of its own (0600 in a folder of 0700), named after the project file's path, so that programs at
 * the same time do not undo each other's. Trust is of path and bytes together: neither a changed file nor a copy
 * elsewhere has it. Any thread. */
#pragma once

#include "shared/base/bytes.h"
#include "shared/base/error.h"

enum trust_state {
	TRUST_NONE,    /* never trusted, or no longer */
	TRUST_CHANGED, /* other bytes of this path were trusted */
	TRUST_GIVEN,
};

/* `path` as project_file_path gives it: absolute, without links in its folder's name. When the record cannot be read
 * the file is not trusted. */
enum trust_state trust_look(const char *path, struct bytes text);
/* EXIT_USAGE when it cannot be kept. */
MUST_CHECK bool trust_give(const char *path, struct bytes text, struct error *e);
/* *was: whether there was a record. */
MUST_CHECK bool trust_take_back(const char *path, bool *was, struct error *e);
/* Calls `on` for each path that has a record, in no order, until it returns false. False and *e when the folder cannot
 * be read; a missing folder is not a failure. */
MUST_CHECK bool trust_each(bool (*on)(void *user, const char *path, const char *hash), void *user, struct error *e);
