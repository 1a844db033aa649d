/* The relay's certificate by ACME (RFC 8555): Debian's uacme, a program of its own, does the talking with the
 * certificate authority; here is decided when, and what became of it. Its hook is creel-relay again, which says on the
 * control socket what is to be shown to the authority (relay/net/challenges.h).
 *
 *    WAIT ──due──▶ REGISTER ──▶ ORDER ──▶ WAIT (a third before the certificate's end, or, after a failure, later and
 *      └──────────has an account──▲         later: 1 minute, then twice as long each time, up to 12 hours)
 *
 * Loop thread. */
#pragma once

#include "relay/common/relay.h"

struct acme;

/* Whether there is a uacme in PATH. */
bool acme_is_installed(void);
/* Before the certificate is loaded: settles in relay->settings where it is, in the data folder; until there is one it
 * is self-signed. Makes relay->challenges. NULL and *e: the folder, or that there is no uacme. */
struct acme *acme_new(struct relay *relay, struct error *e);
/* Once the relay listens. `renewed` is called when there is a new certificate to be loaded. */
void acme_begin(struct acme *a, void (*renewed)(void *user), void *user);
/* The operator does not want to wait: orders now if the last order failed. */
void acme_try_again(struct acme *a);
/* Ends the program that runs; the memory is freed by acme_free, once the loop has come round. NULL is allowed. */
void acme_close(struct acme *a);
void acme_free(struct acme *a);
