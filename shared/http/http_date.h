/* Dates as HTTP writes them: "Sun, 06 Nov 1994 08:49:37 GMT" (RFC 9110 §5.6.7), in English whatever the locale. Pure;
 * any thread. */
#pragma once

#include <time.h>

#define HTTP_DATE_SIZE 30 /* with its NUL */

/* Writes the moment, in seconds since 1970 UTC. */
void http_date_write(time_t when, char out[HTTP_DATE_SIZE]);
