/* Why a tunnel or a call of the app failed: a code for programs to decide by, facts, and the one table (reasons.def)
 * that makes a sentence of them. listen, login, doctor, status, the inspector and the record all say that sentence.
 * A new reason is a row there and the place that sees it. Pure; any thread. */
#pragma once

#include "shared/base/error.h"
#include "shared/store/store.h"

enum reason {
	REASON_NONE,
#define RELAY(name, then, exit, sentence, todo) REASON_##name,
#define APP(name, result, sentence, todo) REASON_##name,
#include "client/reason/reasons.def"
#undef RELAY
#undef APP
	REASON_COUNT
};

/* What a sentence is about. Texts are borrowed; NULL, "" and 0 mean "not known". */
struct facts {
	const char *relay;            /* its URL */
	const char *host;             /* the relay's */
	const char *base;             /* its URL, up to host and port */
	int port;                     /* the relay's */
	const char *proxy, *variable; /* "http://host:port", and the environment variable that names it */
	const char *tunnel;           /* the tunnel's name */
	const char *peer;             /* the app or server that is called: "localhost:3000" */
	const char *issuer, *names;   /* of a certificate: who issued it, and which hosts it is for */
	const char *detail;           /* words from elsewhere, already passed through text_sanitize */
	int status;                   /* of HTTP or of a WebSocket's end */
	int days;
	uint64_t count, limit_ms;
};

/* What failed, on what, why. Cut at `size`. */
void reason_sentence(enum reason r, const struct facts *f, char *out, size_t size);
/* What the user can do about it, or "". */
void reason_todo(enum reason r, const struct facts *f, char *out, size_t size);
/* Both: "SENTENCE; TODO". */
void reason_line(enum reason r, const struct facts *f, char *out, size_t size);
/* Fills `e` with the line and the reason's exit status. Returns false. */
bool reason_set_error(struct error *e, enum reason r, const struct facts *f);

enum exit_code reason_exit(enum reason r);
/* Whether trying again would change nothing. */
bool reason_is_final(enum reason r);
/* What an attempt that ended so has on record. */
enum attempt_result reason_result(enum reason r);
