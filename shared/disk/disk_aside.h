/* What is done with a large file beside the loop, on libuv's pool, so that nobody waits for the disk. What gives the
 * disk much to do stands in one line: a few bytes that others sync, such as a journal's that a sender waits for, wait
 * behind one such piece of work and not behind four. Loop thread, of one loop a process, which has to run until what
 * was begun is over. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

/* Work that stands in the line; part of whatever it is about, which lives until `done`. */
struct disk_task {
	uv_work_t work;
	void (*run)(struct disk_task *t);  /* on a thread of the pool */
	void (*done)(struct disk_task *t); /* on the loop; the line does not touch the task after it was called */
	struct disk_task *next;
};

/* Has `run` called once all that was in the line before is over, then `done`, in a later turn. */
void disk_aside_run(uv_loop_t *loop, struct disk_task *t);
/* Has the system begin to write these bytes to the disk, which it would otherwise do when the file is synced, all at
 * once. False: not now, as something stands in the line, or it cannot be done. */
bool disk_aside_write(uv_loop_t *loop, int fd, uint64_t from, uint64_t len);
/* Closes the descriptor, there or, where that cannot be, at once: where its file has no name any more, that frees all
 * its blocks. Not in the line. */
void disk_aside_close(uv_loop_t *loop, int fd);
/* The same for one whose bytes are on the disk and will hardly be read soon: the system need not keep them in memory,
 * and may use that for what comes next. Pages that it has never used before cost far more to write to where a machine's
 * memory is lent to it bit by bit, as a virtual one's is. */
void disk_aside_close_kept(uv_loop_t *loop, int fd);
