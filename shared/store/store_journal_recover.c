/* Brings what a killed client left in its journal into the database, before anything else is written there. */
#include "shared/store/store_journal.h"

#include "shared/base/clock.h"
#include "shared/base/process.h"
#include "shared/store/store_private.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static void (*watch)(const char *sentence);

void store_watch_journals(void (*told)(const char *sentence))
{
	watch = told;
}

enum harm {
	HARM_NONE,
	HARM_END,  /* its last record is not whole: nobody was told that it was safe */
	HARM_LOST, /* some that was on the disk is not there any more, or the database cannot take it */
};

void store_journal_tell(const char *sentence)
{
	if (watch)
		watch(sentence);
}

struct journal_file {
	char *path;
	int fd;
	struct bytes all; /* mapped */
	uint64_t first;   /* sequence of its first record, 0: it has none */
	enum harm harm;
};

#define MOST_JOURNALS 64

struct journal {
	char name[JOURNAL_NAME_LEN + 1];
	int64_t pid;
	uint64_t applied;
	struct journal_file files[JOURNAL_FILES];
};

enum claim {
	CLAIM_OURS,   /* its client is dead, and it is locked by us now */
	CLAIM_LIVING, /* its client lives, or another program brings it in */
	CLAIM_GONE,   /* it has no files any more */
	CLAIM_FAILED, /* its client is dead, and it cannot be opened: errno says why */
};

static void file_close(struct journal_file *f)
{
	if (f->all.at)
		munmap((void *)(uintptr_t)f->all.at, f->all.len);
	if (f->fd >= 0)
		close(f->fd);
	free(f->path);
	*f = (struct journal_file){ .fd = -1 };
}

static void journal_close(struct journal *j)
{
	/* The first holds the lock. */
	for (int i = JOURNAL_FILES - 1; i >= 0; i--)
		file_close(&j->files[i]);
}

static enum claim claim(struct journal *j, const char *db)
{
	for (int i = 0; i < JOURNAL_FILES; i++) {
		j->files[i] = (struct journal_file){ .path = store_journal_file(db, j->name, i), .fd = -1 };
		if (!j->files[i].path)
			return CLAIM_LIVING;
	}
	if (store_journal_is_own(j->name))
		return CLAIM_LIVING;
	struct journal_file *first = &j->files[0];
	first->fd = open(first->path, O_RDWR | O_CLOEXEC);
	int why = first->fd < 0 ? errno : 0;
	if (why && process_is_alive(j->pid))
		return CLAIM_LIVING;
	if (why) {
		errno = why; /* of CLAIM_FAILED */
		return why == ENOENT ? CLAIM_GONE : CLAIM_FAILED;
	}
	return flock(first->fd, LOCK_EX | LOCK_NB) == 0 ? CLAIM_OURS : CLAIM_LIVING;
}

/* ---- reading ---- */

static bool fail(const char *path, struct error *e)
{
	return error_set(e, EXIT_STORE, "%s cannot be read: %s", path, strerror(errno));
}

static struct bytes records_of(const struct journal_file *f)
{
	return bytes_make(f->all.at + JOURNAL_HEAD, f->all.len - JOURNAL_HEAD);
}

static bool file_map(struct journal_file *f, const char *name, struct error *e)
{
	struct stat st;
	if (f->fd < 0)
		f->fd = open(f->path, O_RDWR | O_CLOEXEC);
	if (f->fd < 0)
		return errno == ENOENT || fail(f->path, e);
	if (fstat(f->fd, &st) != 0)
		return fail(f->path, e);
	f->harm = HARM_LOST; /* its head was on the disk before the database knew of it */
	if (st.st_size <= 0)
		return true;
	void *at = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, f->fd, 0);
	if (at == MAP_FAILED)
		return fail(f->path, e);
	f->all = bytes_make(at, (size_t)st.st_size);
	struct journal_record r;
	size_t len;
	if (journal_record_is_other_version(f->all))
		return error_set(
		    e, EXIT_STORE,
		    "%s is of another version of creel, which was killed: `creel list` of that version brings "
		    "it into the store",
		    f->path);
	if (!journal_record_is_head(f->all, name))
		return true;
	enum journal_found found = journal_record_read(records_of(f), &r, &len);
	f->harm = found == JOURNAL_FOUND_TORN ? HARM_END : HARM_NONE;
	if (found == JOURNAL_FOUND_RECORD)
		f->first = r.place.sequence;
	return true;
}

static bool apply(struct store *s, const struct journal_record *r, struct error *e)
{
	int64_t id;
	bool duplicate;
	return r->kind == JOURNAL_DELIVERY ? store_insert_delivery(s, &r->delivery, &id, &duplicate, e)
					   : store_journal_apply_attempt(s, &r->attempt, NULL, e);
}

/* Brings in what follows the mark, but for what the database will never take, which its client passes over as well.
 * Where a file breaks off the other may go on: each of its records is whole. */
static bool file_apply(struct store *s, struct journal *j, struct journal_file *f, uint64_t *count, struct error *e)
{
	struct bytes rest = records_of(f);
	struct journal_place last = { 0 };
	struct journal_record r;
	size_t len;
	for (;;) {
		enum journal_found found = journal_record_read(rest, &r, &len);
		if (found == JOURNAL_FOUND_TORN && f->harm == HARM_NONE)
			f->harm = HARM_END;
		if (found != JOURNAL_FOUND_RECORD)
			return true;
		/* What an earlier lap left. */
		if (last.sequence && (r.place.sequence != last.sequence + 1 || r.place.lap != last.lap))
			return true;
		last = r.place;
		if (last.sequence > j->applied) {
			bool taken = apply(s, &r, e);
			if (!taken && !store_journal_is_refused(s))
				return false;
			if (!taken || (last.sequence > j->applied + 1 && last.synced > j->applied))
				f->harm = HARM_LOST;
			j->applied = last.sequence;
			++*count;
		}
		rest = bytes_make(rest.at + len, rest.len - len);
	}
}

/* A file that breaks off ahead of what was on the disk is more than a write that was cut. */
static void look_behind(const struct journal *j, struct journal_file *f)
{
	enum journal_behind behind =
	    f->all.len > JOURNAL_HEAD ? journal_record_behind(records_of(f), j->applied) : JOURNAL_BEHIND_NOTHING;
	if (behind == JOURNAL_BEHIND_SYNCED)
		f->harm = HARM_LOST;
	else if (behind == JOURNAL_BEHIND_RECORDS && f->harm == HARM_NONE)
		f->harm = HARM_END;
}

/* *count: the records that were not in the database yet. */
static bool journal_apply(struct store *s, struct journal *j, uint64_t *count, struct error *e)
{
	struct journal_file *first = &j->files[0], *second = &j->files[1];
	if (!file_map(first, j->name, e) || !file_map(second, j->name, e))
		return false;
	if (first->first > second->first) {
		struct journal_file *swap = first;
		first = second;
		second = swap;
	}
	if ((first->first && !file_apply(s, j, first, count, e)) ||
	    (second->first && !file_apply(s, j, second, count, e)))
		return false;
	if (second->harm == HARM_LOST && first->first) /* it may be the first one's end that is missing */
		first->harm = HARM_LOST;
	look_behind(j, first);
	look_behind(j, second);
	return store_journal_mark(s, j->name, j->applied, e);
}

/* ---- afterwards ---- */

static char *damaged_path(const char *db)
{
	char stamp[40], what[80];
	time_t now = (time_t)(clock_now_us() / 1000000);
	struct tm tm;
	strftime(stamp, sizeof stamp, "%Y%m%dT%H%M%SZ", gmtime_r(&now, &tm));
	for (int n = 1;; n++) {
		snprintf(what, sizeof what, n == 1 ? "damaged-%s" : "damaged-%s-%d", stamp, n);
		char *path = store_journal_path(db, what);
		if (!path || access(path, F_OK) != 0)
			return path;
		free(path);
	}
}

static void file_put_away(const struct store *s, const struct journal_file *f)
{
	char *kept = f->harm == HARM_NONE ? NULL : damaged_path(s->path);
	if (!kept || rename(f->path, kept) != 0) {
		unlink(f->path);
	} else {
		struct error text;
		error_set(
		    &text, EXIT_STORE,
		    f->harm == HARM_END
			? "what a killed creel was writing at its end is not whole: all before it is on record, the "
			  "file is kept as %s"
			: "some of what a killed creel had on record is damaged and lost: what could be read is on "
			  "record, the file is kept as %s",
		    kept);
		store_journal_tell(text.text);
	}
	free(kept);
}

/* ---- all together ---- */

/* *there: false where another program has brought it in between our look at the list and our lock. */
static bool read_mark(struct store *s, struct journal *j, bool *there, struct error *e)
{
	sqlite3_stmt *st = store_statement(s, STATEMENT_GET_JOURNAL, e);
	if (!st)
		return false;
	store_bind_bytes(st, 1, bytes_of(j->name), false);
	int code = sqlite3_step(st);
	*there = code == SQLITE_ROW;
	if (*there)
		j->applied = (uint64_t)sqlite3_column_int64(st, 0);
	sqlite3_reset(st);
	return code == SQLITE_ROW || code == SQLITE_DONE || store_fail(s, "read", e);
}

/* In one transaction, which no other program's writing comes between. */
static bool bring_in(struct store *s, struct journal *j, struct error *e)
{
	uint64_t count = 0;
	bool there = false;
	if (!store_batch_ops.begin(s, e))
		return false;
	if (!read_mark(s, j, &there, e) || (there && !journal_apply(s, j, &count, e)) ||
	    !store_batch_ops.commit(s, e)) {
		/* A disk that is full must not keep `creel prune` from making room: it stays where it is for now. */
		bool full = sqlite3_errcode(s->db) == SQLITE_FULL;
		store_batch_ops.rollback(s);
		return full;
	}
	if (!there)
		return true;
	for (int i = JOURNAL_FILES - 1; i >= 0; i--)
		file_put_away(s, &j->files[i]);
	return store_journal_drop(s, j->name, e);
}

/* Another program brings it in, where its client is dead: then it holds the database's lock until it has done so. */
static bool wait_for_others(struct store *s, const struct journal *j, struct error *e)
{
	return process_is_alive(j->pid) || (store_batch_ops.begin(s, e) && store_batch_ops.commit(s, e));
}

struct journal_list {
	struct journal at[MOST_JOURNALS];
	size_t count;
};

static bool list_journals(struct store *s, struct journal_list *out, struct error *e)
{
	int code;
	sqlite3_stmt *st = store_statement(s, STATEMENT_LIST_JOURNALS, e);
	out->count = 0;
	if (!st)
		return false;
	while ((code = sqlite3_step(st)) == SQLITE_ROW && out->count < MOST_JOURNALS) {
		struct journal *j = &out->at[out->count];
		const char *name = (const char *)sqlite3_column_text(st, 0);
		*j = (struct journal){ .pid = sqlite3_column_int64(st, 1) };
		/* A name is part of a path. */
		if (!name || strlen(name) != JOURNAL_NAME_LEN || strspn(name, "0123456789abcdef") != JOURNAL_NAME_LEN)
			continue;
		memcpy(j->name, name, JOURNAL_NAME_LEN);
		out->count++;
	}
	sqlite3_reset(st);
	return code == SQLITE_ROW || code == SQLITE_DONE || store_fail(s, "read", e);
}

bool store_journal_recover(struct store *s, struct error *e)
{
	struct journal_list list;
	bool fine = list_journals(s, &list, e);
	for (size_t i = 0; fine && i < list.count; i++) {
		struct journal *j = &list.at[i];
		switch (claim(j, s->path)) {
		case CLAIM_OURS:
			fine = bring_in(s, j, e);
			break;
		case CLAIM_GONE:
			fine = store_journal_drop(s, j->name, e);
			break;
		case CLAIM_LIVING:
			fine = wait_for_others(s, j, e);
			break;
		case CLAIM_FAILED:
			fine = error_set(e, EXIT_STORE,
					 "%s, where a killed creel left what it had on record, cannot be opened: %s",
					 j->files[0].path, strerror(errno));
			break;
		}
		journal_close(j);
	}
	return fine;
}

bool store_journal_is_left(struct store *s)
{
	struct journal_list list;
	struct error ignored;
	bool left = false;
	if (!list_journals(s, &list, &ignored))
		return false;
	for (size_t i = 0; !left && i < list.count; i++) {
		enum claim found = claim(&list.at[i], s->path);
		left = found == CLAIM_OURS || found == CLAIM_FAILED;
		journal_close(&list.at[i]);
	}
	return left;
}
