/* Power loss, simulated: a VFS for SQLite that notes every change of a file and every sync, and a disk that is then cut
 * off at any point of that sequence. What was synced before the cut is there; of what was not, any part may be.
 * Directory entries likewise: SQLite syncs the folder with the first sync of a new log or journal, and with deletions
 * that ask for it. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum event_kind {
	EVENT_CREATE, /* the name, `at`, now means a new empty file */
	EVENT_WRITE,
	EVENT_TRUNCATE,
	EVENT_SYNC,
	EVENT_DELETE, /* `synced`: together with the folder */
	EVENT_ACKNOWLEDGED,
	EVENT_FORGOTTEN,   /* from here on it may be gone */
	EVENT_ENDED,       /* from here on a killed program must not call the app for it again */
	EVENT_SYNC_FOLDER, /* which names there are */
};

struct event {
	enum event_kind kind;
	bool synced;
	int name;     /* index of the file's name */
	int64_t at;   /* offset, or the new size */
	uint32_t n;   /* of a mark */
	uint32_t len; /* of a write */
	uint8_t *bytes;
};

enum { POWERLOSS_NAMES = 16 };

/* Makes the VFS the default. Real syncs are left out: no real power is lost. */
void powerloss_register(void);
/* Notes what happens in that folder (NULL: nothing any more), after forgetting what was noted. */
void powerloss_record(const char *folder);
void powerloss_stop(void);
/* Any thread, as the others of these. What happened to a file of that folder apart from SQLite (calls.c); the bytes are
 * copied. */
void powerloss_note(struct event e, const void *bytes);
/* The file's index in the notes, -1 for one that is not in the folder, or while nothing is noted. */
int powerloss_name_index(const char *path);
/* Whether this is the folder that is noted. */
bool powerloss_is_folder(const char *path);
void powerloss_mark(enum event_kind kind, uint32_t n);
size_t powerloss_count(void);
const struct event *powerloss_event(size_t i);
const char *powerloss_name(int name); /* NULL when there are not so many */

enum loss {
	LOSS_NOTHING_UNSYNCED, /* nothing that was not synced is there */
	LOSS_ALL_WRITTEN,      /* all of it is */
	LOSS_SOME,             /* a random part is */
	LOSS_TORN,             /* all of it, but of each file's last write only some sectors of 512 bytes */
	LOSS_KINDS,
};

struct replay;
/* `lied`: the end of a file's name whose syncs, from that event on, the disk only pretends to do (NULL: none), to see
 * that it would show. */
struct replay *replay_new(const char *lied, size_t from);
void replay_free(struct replay *r);
/* Moves the cut on: the events before it have happened. Never back. */
void replay_to(struct replay *r, size_t cut);
/* Empties the folder and writes the files that the disk holds then. */
bool replay_write(const struct replay *r, enum loss loss, uint64_t seed, const char *folder);

/* xorshift64*: the same on every machine. */
uint64_t powerloss_random(uint64_t *seed);
