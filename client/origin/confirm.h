/* Fetches confirmation URLs of Amazon SNS, each once, and throws the answers away. Loop thread. */
#pragma once

#include <uv.h>

struct confirm;

/* `tell` gets one sentence for each fetch. NULL when out of memory. */
struct confirm *confirm_new(uv_loop_t *loop, void (*tell)(void *user, const char *sentence), void *user);
/* The caller has checked the URL (challenge_may_fetch). Redirects are not followed. */
void confirm_fetch(struct confirm *c, const char *url);
/* Breaks off what is under way and frees it; handles close on the loop. NULL is fine. */
void confirm_close(struct confirm *c);
