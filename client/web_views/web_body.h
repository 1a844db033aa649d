/* Bodies and whole messages as bytes, whole or by range (RFC 9110 §14). On a worker thread, with its store. */
#pragma once

#include "client/web_views/web_read.h"

/* GET /api/deliveries/ID/request/body and …/response/body */
void web_body_request(struct web_read *r);
void web_body_response(struct web_read *r);
/* GET /api/deliveries/ID/raw/request and …/raw/response */
void web_body_raw_request(struct web_read *r);
void web_body_raw_response(struct web_read *r);
/* GET /api/deliveries/ID/find */
void web_body_find(struct web_read *r);
