/* libcurl's multi interface on a libuv loop (multi_socket). Loop thread. */
#pragma once

#include <curl/curl.h>
#include <uv.h>

#include "shared/base/bytes.h"

struct curl_loop;

/* `on_progress` is called whenever libcurl did something: transfers may be finished (curl_multi_info_read). NULL when
 * out of memory. */
struct curl_loop *curl_loop_new(uv_loop_t *loop, long idle_connections, void (*on_progress)(void *user), void *user);
CURLM *curl_loop_multi(struct curl_loop *c);
/* To be called for every easy handle before it runs: its connections are watched and closed here. */
void curl_loop_adopt(struct curl_loop *c, CURL *easy);
/* To be called once all easy handles are removed. Closes the connections and frees it, then `closed` (may be NULL) on
 * the loop. */
void curl_loop_close(struct curl_loop *c, void (*closed)(void *user), void *user);
