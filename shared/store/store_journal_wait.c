/* Makes whoever opens the database see all that running clients had on record at that moment: waits until what stands
 * in their journals is there too, usually a few milliseconds. */
#include "shared/store/store_journal.h"

#include "shared/base/clock.h"
#include "shared/base/process.h"
#include "shared/store/store_private.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define WAIT_MS 250 /* for a client whose database takes nothing, or that is stopped */
#define LOOK_MS 2
#define READ_MOST (32u << 20)

struct awaited {
	char name[JOURNAL_NAME_LEN + 1];
	uint64_t newest; /* sequence of its newest record */
};

/* A copy: the client goes on writing. */
static bool read_file(const char *path, struct buffer *out)
{
	struct stat st;
	out->len = 0;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	bool fine = fd >= 0 && fstat(fd, &st) == 0 && st.st_size > JOURNAL_HEAD && st.st_size <= (off_t)READ_MOST &&
		    buffer_reserve(out, (size_t)st.st_size);
	ssize_t n = fine ? pread(fd, out->at, (size_t)st.st_size, 0) : 0;
	if (fd >= 0)
		close(fd);
	out->len = n > 0 ? (size_t)n : 0;
	return out->len > JOURNAL_HEAD;
}

/* Of the records of one lap. */
static uint64_t newest_in(struct bytes file, const char *name)
{
	struct journal_place last = { 0 };
	struct journal_record r;
	size_t len;
	if (!journal_record_is_head(file, name))
		return 0;
	for (struct bytes rest = bytes_make(file.at + JOURNAL_HEAD, file.len - JOURNAL_HEAD);
	     journal_record_read(rest, &r, &len) == JOURNAL_FOUND_RECORD;
	     rest = bytes_make(rest.at + len, rest.len - len)) {
		if (last.sequence && (r.place.sequence != last.sequence + 1 || r.place.lap != last.lap))
			break;
		last = r.place;
	}
	return last.sequence;
}

static void find_newest(struct awaited *a, const char *db)
{
	struct buffer file = { 0 };
	a->newest = 0;
	for (int i = 0; i < JOURNAL_FILES; i++) {
		char *path = store_journal_file(db, a->name, i);
		uint64_t newest = path && read_file(path, &file) ? newest_in(buffer_view(&file), a->name) : 0;
		if (newest > a->newest)
			a->newest = newest;
		free(path);
	}
	buffer_free(&file);
}

/* Of other processes that live. */
static size_t list_living(struct store *s, struct awaited *out, size_t most)
{
	struct error ignored;
	sqlite3_stmt *st = store_statement(s, STATEMENT_LIST_JOURNALS, &ignored);
	size_t count = 0;
	while (st && count < most && sqlite3_step(st) == SQLITE_ROW) {
		const char *name = (const char *)sqlite3_column_text(st, 0);
		/* A name is part of a path. */
		if (!name || strlen(name) != JOURNAL_NAME_LEN || strspn(name, "0123456789abcdef") != JOURNAL_NAME_LEN)
			continue;
		if (store_journal_is_own(name) || !process_is_alive(sqlite3_column_int64(st, 1)))
			continue;
		memcpy(out[count++].name, name, JOURNAL_NAME_LEN + 1);
	}
	if (st)
		sqlite3_reset(st);
	return count;
}

/* Also where the journal is gone: all of it is in the database. */
static bool is_applied(struct store *s, const struct awaited *a)
{
	struct error ignored;
	sqlite3_stmt *st = store_statement(s, STATEMENT_GET_JOURNAL, &ignored);
	if (!st)
		return true;
	store_bind_bytes(st, 1, bytes_of(a->name), false);
	bool behind = sqlite3_step(st) == SQLITE_ROW && (uint64_t)sqlite3_column_int64(st, 0) < a->newest;
	sqlite3_reset(st);
	return !behind;
}

void store_journal_wait(struct store *s)
{
	struct awaited living[8];
	const struct timespec look = { 0, LOOK_MS * 1000000L };
	size_t count = list_living(s, living, sizeof living / sizeof *living);
	uint64_t until = clock_steady_ms() + WAIT_MS;
	for (size_t i = 0; i < count; i++) {
		find_newest(&living[i], s->path);
		while (!is_applied(s, &living[i]) && clock_steady_ms() < until)
			nanosleep(&look, NULL);
	}
}
