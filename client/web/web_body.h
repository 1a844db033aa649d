/* Bodies and whole messages as bytes, whole or by range (RFC 9110 §14). On a worker thread, with its store. */
#pragma once

#include "client/web/web_read.h"

/* One range of a Range field: the first and last byte to send. */
enum web_range { WEB_RANGE_WHOLE, WEB_RANGE_PART, WEB_RANGE_BAD };
/* Several ranges, another unit and nonsense are the whole (§14.2); one that begins beyond the end is bad. Pure. */
enum web_range web_body_range(const char *field, uint64_t size, uint64_t *first, uint64_t *last);

/* GET /api/deliveries/ID/request/body and …/response/body */
void web_body_request(struct web_read *r);
void web_body_response(struct web_read *r);
/* GET /api/deliveries/ID/raw/request and …/raw/response */
void web_body_raw_request(struct web_read *r);
void web_body_raw_response(struct web_read *r);
/* GET /api/deliveries/ID/find */
void web_body_find(struct web_read *r);
