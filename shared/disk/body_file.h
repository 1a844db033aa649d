/* Large bodies on record, each in a file of its own in one folder (store.sql says how the database names them). A file
 * is made empty and private, under a random name, and locked (flock) by whoever fills it until that descriptor is
 * closed: a file that is neither locked nor named by a row was left by a killed program. Any thread; blocking disk
 * I/O. */
#pragma once

#include "shared/base/bytes.h"

#define BODY_FILE_NAME_LEN 32 /* hexadecimal digits */

/* A file that may become part of the record. */
struct body_file {
	char name[BODY_FILE_NAME_LEN + 1];
	bool synced;       /* bytes and name are on the disk */
	uint64_t recorded; /* its first bytes that a row says are a body; 0: no row was written */
};

/* Makes a file in the folder, and the folder (0700) where that is missing. The descriptor, or -1 and errno. */
int body_file_make(const char *folder, char name[BODY_FILE_NAME_LEN + 1]);
/* Opens one for reading; *len is its length. The descriptor, or -1 and errno. */
int body_file_open(const char *folder, const char *name, uint64_t *len);
/* Makes bytes and name outlive a power cut. False and errno. */
MUST_CHECK bool body_file_sync(const char *folder, int fd);
/* Deletes it, where it is there. */
void body_file_remove(const char *folder, const char *name);
/* Whether this may be the name of such a file. */
bool body_file_is_name(struct bytes name);

/* Calls `visit` for each file of the folder that nobody fills, with its length; it stays locked during the call. One
 * for which `visit` gives a smaller number is cut to that length, and deleted with 0. A folder that is missing is an
 * empty one. */
void body_file_sweep(const char *folder, uint64_t (*visit)(void *user, const char *name, uint64_t len), void *user);
