/* Two deliveries compared, and signatures checked: as `creel diff` and `creel verify` do. On a worker thread. */
#pragma once

#include "client/web_views/web_read.h"

/* GET /api/diff */
void web_compare_diff(struct web_read *r);
/* POST /api/verify */
void web_compare_verify(struct web_read *r);
