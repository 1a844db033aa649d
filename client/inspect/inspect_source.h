/* What the inspector shows, out of the store (shared/frontend/source.h's struct source_ops). Each question runs on a
 * worker thread with a read-only connection of its own, so that a filter that reads every body holds up neither the
 * terminal nor the page beside it. Loop thread. */
#pragma once

#include "client/signing/secrets.h"
#include "shared/frontend/source.h"

struct inspect_source;

/* NULL and *e when the store cannot be read. */
struct inspect_source *inspect_source_new(uv_loop_t *loop, const char *path, struct error *e);
/* Drops what is under way; `closed` (may be NULL) on the loop when no thread works for it any more. */
void inspect_source_close(struct inspect_source *s, void (*closed)(void *user), void *user);
/* Within the client itself the state comes from its tunnel, not from the record. */
void inspect_source_set_state(struct inspect_source *s, void (*state)(void *user, struct client_state *out),
			      void *user);
/* With which it is said why a signature does not hold; they must live as long. */
void inspect_source_set_secrets(struct inspect_source *s, const struct secrets *secrets);
extern const struct source_ops inspect_source_ops;
