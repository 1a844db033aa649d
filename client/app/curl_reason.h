/* What went wrong with a call of libcurl, in words of our own: those of the library may hold whatever it was given. */
#pragma once

#include <curl/curl.h>

/* "nobody takes connections there": goes behind a colon. */
const char *curl_reason(CURLcode code);
