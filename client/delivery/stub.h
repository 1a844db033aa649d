/* `listen --answer`: creel answers in the place of an app, at once or after a delay. Loop thread. */
#pragma once

#include "client/stream/stream.h"

struct stubs;

/* NULL when out of memory. The caller puts it into set->stubs. */
struct stubs *stub_new(void);
/* Only when no delivery waits in it any more. NULL is fine. */
void stub_free(struct stubs *s);

/* Answers now or later. May free the stream. */
void stub_begin(struct stream *st);
/* Answers all deliveries that wait, now. NULL is fine. */
void stub_drain(struct stubs *s);
/* Puts all deliveries that wait back into the store: the next run answers them. NULL is fine. */
void stub_cancel(struct stubs *s);
