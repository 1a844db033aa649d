/* Figures of the deliveries that match: by outcome over time, how long the app took, and by source, event or path. On a
 * worker thread, with its store. */
#pragma once

#include "client/web_views/web_read.h"

/* GET /api/stats */
void web_stats(struct web_read *r);
