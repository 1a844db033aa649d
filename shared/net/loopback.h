/* Whether an address is this machine's own: 127.0.0.0/8, ::1, or the former mapped into IPv6. A name is judged by the
 * addresses it resolves to, never by its spelling. Pure. */
#pragma once

#include <stdbool.h>
#include <sys/socket.h>

bool loopback_is(const struct sockaddr *a);
/* The same for an address written as text, without brackets: one of 127.0.0.0/8, or ::1. */
bool loopback_is_text(const char *address);
/* localhost and all names below it are this machine, whatever a resolver says (RFC 6761 §6.3). */
bool loopback_is_name(const char *host);
