/* The addresses of a name, for a command that can wait: getaddrinfo with a time limit. Blocks the calling thread; the
 * system's own sources count (/etc/hosts, DNS). */
#pragma once

#include <netdb.h>
#include <stdint.h>

#define RESOLVE_LATE (-1000) /* no answer in time; none of the EAI_… */

/* 0 and *found (the caller calls freeaddrinfo), an EAI_… of getaddrinfo, or RESOLVE_LATE. */
int resolve_name(const char *host, int64_t timeout_ms, struct addrinfo **found);
