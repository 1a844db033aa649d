/* Exports of the page: asked for by POST, taken once by a navigation to an address that nobody can guess. Loop thread.
 */
#pragma once

#include "client/web/web_private.h"

struct web_exports;

struct web_exports *web_exports_new(void);
void web_exports_free(struct web_exports *e);
/* POST /api/export; GET /api/exports/NONCE */
void web_export_ask(struct web *w, struct web_exchange *x);
void web_export_take(struct web *w, struct web_exchange *x);
