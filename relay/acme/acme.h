/* The relay's certificate by ACME (RFC 8555): Debian's uacme, a program of its own, talks to the certificate authority;
 * this file decides when to run it, and finds out how it went. uacme's hook is creel-relay itself, which says on the
 * control socket what the authority must find (relay/net/challenges.h).
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
/* To be called before the certificate is loaded: sets its paths, in the data folder, in relay->settings; a self-signed
 * one lies there until the first is issued. Makes relay->challenges. NULL and *e when the folder cannot be used or
 * there is no uacme. */
struct acme *acme_new(struct relay *relay, struct error *e);
/* Begins, once the relay listens. `renewed` is called when there is a new certificate to load. */
void acme_begin(struct acme *a, void (*renewed)(void *user), void *user);
/* Orders now if the last order failed; for an operator who does not want to wait. */
void acme_try_again(struct acme *a);
/* Ends the program that runs; acme_free frees the memory after the loop's next turn. NULL is allowed. */
void acme_close(struct acme *a);
void acme_free(struct acme *a);
