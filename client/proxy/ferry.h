/* Carries bytes between a connection of libcurl's (CURLOPT_CONNECT_ONLY) and a socket, both ways, with a bounded buffer
 * for each. Loop thread. */
#pragma once

#include <curl/curl.h>
#include <uv.h>

struct ferry;

/* Takes the socket `fd`; borrows `far`, which is done, until `over` is called: when either end has ended and what came
 * from it was passed on. The ferry is gone then. NULL: out of memory or descriptors, and `fd` is closed. */
struct ferry *ferry_new(uv_loop_t *loop, CURL *far, int fd, void (*over)(void *user), void *user);
/* Gives what is still on its way a second, then it is over. */
void ferry_end(struct ferry *f);
