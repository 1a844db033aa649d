/* A body that may be large: in memory up to SPILL_MEMORY, from there on in a temporary file that has no name any more,
 * so that nothing is left of it however the process ends. Whoever takes a body before it knows its size uses it: the
 * relay's delivery, the client's recorder and forwarder. Blocking disk I/O once it has spilled; one thread at a time.
 *
 *     struct spill s;
 *     spill_init(&s, NULL);
 *     fine = spill_append(&s, at, len) && …;
 *     spill_free(&s);
 *
 * One that may become part of the record has a file with a name (body_file.h) in place of the temporary one.
 */
#pragma once

#include <uv.h>

#include "shared/base/buffer.h"
#include "shared/disk/body_file.h"

#define SPILL_MEMORY (1u << 20)

/* The fields are spill.c's; the struct is here to be part of another. */
struct spill {
	const char *folder;
	struct buffer memory; /* all of it while fd is -1, else empty */
	int fd;
	uint64_t len;
	bool for_record, kept, expects_much;
	uv_loop_t *loop;        /* or NULL */
	uint64_t begun;         /* bytes that the system was asked to begin with */
	struct body_file *file; /* NULL: it has no name */
};

/* `folder` is where the file goes, borrowed for the spill's life; NULL: $TMPDIR, or /tmp. Touches no disk yet. */
void spill_init(struct spill *s, const char *folder);
/* The same, with a file that has a name in `folder`, which is made when it is needed. The file is deleted with the
 * spill unless spill_keep was called. With a loop, of this thread, the system begins to write the file while more of it
 * comes, and it is closed on the loop's pool (disk_aside.h). */
void spill_init_for_record(struct spill *s, const char *folder, uv_loop_t *loop);
/* Its file is closed on that loop's pool (disk_aside.h), of this thread: to free the blocks of a large one takes
 * milliseconds. NULL: where it is. After spill_init. */
void spill_close_aside(struct spill *s, uv_loop_t *loop);
/* The body is to have `len` bytes: one that will not stay in memory goes into its file early. */
void spill_expect(struct spill *s, uint64_t len);
/* Its file with a name, or NULL. Whoever writes the record notes in it what was done. */
struct body_file *spill_file(const struct spill *s);
/* Makes that file outlive a power cut, if that was not done yet. False and errno. Another thread may do so while nobody
 * appends. */
MUST_CHECK bool spill_sync(const struct spill *s);
/* What was noted in its file is on record: the file stays, cut to that length, when the spill is freed. */
void spill_keep(struct spill *s);
/* Takes the buffer over as its whole content; it stays in memory however large it is. */
void spill_adopt(struct spill *s, struct buffer *memory);
/* The same with an open file, of which the first `len` bytes are the content; for reading alone. */
void spill_adopt_file(struct spill *s, int fd, uint64_t len);
/* False when out of memory or disk: then nothing of it was taken, what was there before is still whole, errno says why,
 * and the same may be tried again. `at` is not of the spill's own memory. */
MUST_CHECK bool spill_append(struct spill *s, const void *at, size_t len);
uint64_t spill_len(const struct spill *s);
/* Appends the len bytes from offset `at` to *out. False when they are not all there, or when out of memory or
 * unreadable (errno); *out is then as it was. */
MUST_CHECK bool spill_read(const struct spill *s, uint64_t at, size_t len, struct buffer *out);
/* The same into the caller's room. */
MUST_CHECK bool spill_copy(const struct spill *s, uint64_t at, void *to, size_t len);
/* True and a view of everything when it is in memory; it is valid until the next append or free. */
MUST_CHECK bool spill_view(const struct spill *s, struct bytes *out);
/* The same when it is in the file: mapped into memory; spill_unmap gives the view back. False when
 * that fails. */
MUST_CHECK bool spill_map(const struct spill *s, struct bytes *out);
void spill_unmap(const struct spill *s, struct bytes view);
/* Frees memory and file (see spill_keep); it is empty and reusable then, with the same folder. */
void spill_free(struct spill *s);
