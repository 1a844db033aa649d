/* GET /api/filter: whether a filter's text can be read, and what may follow at the caret. */
#pragma once

#include "client/web_views/web_read.h"

void web_complete(struct web_read *r);
