/* The two files of this client's journal (shared/store/journal.md): made, locked, written in turn, and deleted. Loop
 * thread, except that the descriptors may be synced on another. */
#pragma once

#include <sys/uio.h>

#include "shared/store/store_journal.h"

struct journal_file {
	char *path;
	int fd;
	uint64_t at;   /* where the next record goes */
	uint64_t last; /* sequence of its newest record of this lap; 0: none */
};

struct journal_files {
	char name[JOURNAL_NAME_LEN + 1];
	struct journal_file files[JOURNAL_FILES];
	int active; /* the one that is written */
	uint32_t lap;
};

/* Makes them beside the database, with room that can be synced cheaply, and locks them for as long as they are open.
 * EXIT_STORE. */
MUST_CHECK bool journal_files_open(struct journal_files *j, const char *db, struct error *e);
/* Chooses where to go on: the beginning of a file of which all is in the database and synced there, up to the sequence
 * `safe`, once the active one is long or all of it is safe. Before the records are made: they name the lap. */
void journal_files_turn(struct journal_files *j, uint64_t safe);
/* Writes records and the mark of the end after them; `last` is the sequence of the last one. EXIT_STORE; what a failed
 * write left is written over by the next. `records` has room for one more. */
MUST_CHECK bool journal_files_append(struct journal_files *j, struct iovec *records, int count, uint64_t last,
				     struct error *e);
/* How long the two are together, in this lap of each. */
uint64_t journal_files_len(const struct journal_files *j);
/* Closes them; `gone`: and deletes them, for all of it is in the database. */
void journal_files_close(struct journal_files *j, bool gone);
