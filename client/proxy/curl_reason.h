/* Why a call of libcurl failed, as a reason with words of our own: the library's may repeat secrets that it was
 * given. */
#pragma once

#include <curl/curl.h>

#include "client/reason/reason.h"

/* `c` is the handle that ended with `code`, not CURLE_OK: its system error and certificate check say more. */
enum reason curl_reason(CURL *c, CURLcode code);
/* Which of the three it is that ended `c` with CURLE_COULDNT_CONNECT, by the system's error. */
enum reason curl_reason_of_connect(CURL *c, enum reason no_route, enum reason descriptors, enum reason not_listening);
/* The host and port of `url`, for struct facts.peer: "localhost:3000", without a login. */
void curl_reason_peer(const char *url, char *out, size_t size);
