/* Whether an address is this machine's own: 127.0.0.0/8, ::1, and the former written as IPv6. Names are judged by what
 * they resolve to, never by their spelling. Pure. */
#pragma once

#include <stdbool.h>
#include <sys/socket.h>

bool loopback_is(const struct sockaddr *a);
/* The same of an address as text, without brackets: of 127.0.0.0/8, or ::1. */
bool loopback_is_text(const char *address);
