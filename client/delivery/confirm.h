/* Fetches a confirmation URL of Amazon SNS, once, and throws the answer away. Loop thread. */
#pragma once

#include <uv.h>

struct confirm;

/* `told` gets one sentence for each fetch. NULL when out of memory. */
struct confirm *confirm_new(uv_loop_t *loop, void (*told)(void *user, const char *sentence), void *user);
/* The caller has checked the URL (challenge_may_fetch). It goes nowhere else: redirects are not followed. */
void confirm_fetch(struct confirm *c, const char *url);
/* Breaks off what is under way; handles close on the loop. NULL is fine. */
void confirm_close(struct confirm *c);
