/* The page beside a running client (`listen --web`, `dev --web`): web.h on a thread and a loop of its own, so that no
 * question of a browser's holds up a webhook. It reads the record and asks for replays as any other program does. */
#pragma once

#include "client/web/web.h"

struct web_thread;

/* Returns when it serves. What `options` point to must live as long; the thread only reads it. NULL and *e. */
struct web_thread *web_thread_start(const struct web_options *options, struct error *e);
const char *web_thread_url(const struct web_thread *t);
/* Waits until it has ended. NULL is fine. */
void web_thread_stop(struct web_thread *t);
