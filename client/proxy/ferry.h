/* Carries bytes between a connection that libcurl made (CURLOPT_CONNECT_ONLY) and a socket, both ways, with a bounded
 * buffer for each. Loop thread. */
#pragma once

#include <curl/curl.h>
#include <uv.h>

struct ferry;

/* Takes the socket `fd`, and borrows `far`, whose transfer is done, until `over` is called: once either end has ended
 * and all that came from it was passed on. The ferry frees itself. NULL: out of memory or descriptors, and `fd` is
 * closed. */
struct ferry *ferry_new(uv_loop_t *loop, CURL *far, int fd, void (*over)(void *user), void *user);
/* Ends it; bytes still on their way get one second. */
void ferry_end(struct ferry *f);
