/* What is done with a large file beside the loop, on libuv's pool, so that nobody waits for the disk. Loop thread, of
 * one loop a process, which has to run until what was begun is over. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

/* Has the system begin to write these bytes to the disk, which it would otherwise do when the file is synced, all at
 * once and in front of what others sync. False: not now, as much is under way as is good, or it cannot be done. */
bool disk_aside_write(uv_loop_t *loop, int fd, uint64_t from, uint64_t len);
/* Closes the descriptor, there or, where that cannot be, at once: where its file has no name any more, that frees all
 * its blocks. */
void disk_aside_close(uv_loop_t *loop, int fd);
