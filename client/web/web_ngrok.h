/* The calls of ngrok's agent that scripts use, in its shape (ngrok.com/docs/agent/api): tunnels, and requests that were
 * captured. They read on a worker thread; the replay is asked for on the loop. */
#pragma once

#include "client/web/web_private.h"

/* GET /api/tunnels, /api/tunnels/NAME */
void web_ngrok_tunnels(struct web_read *r);
void web_ngrok_tunnel(struct web_read *r);
/* GET /api/requests/http, /api/requests/http/ID; POST /api/requests/http */
void web_ngrok_requests(struct web_read *r);
void web_ngrok_request(struct web_read *r);
void web_ngrok_replay(struct web *w, struct web_exchange *x);
/* For methods that are not supported: 405. */
void web_ngrok_refuse(struct web *w, struct web_exchange *x);
