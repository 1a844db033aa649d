/* A second look at a relay, or a proxy, that took the connection of a tunnel and ended it without a word that
 * libwebsockets or libcurl hands on: what does it speak? Connections of its own, no token. Blocks, up to seven seconds;
 * any thread. */
#pragma once

#include "client/reason/first_bytes.h"

enum relay_look {
	RELAY_LOOK_NOTHING, /* nothing was learnt */
	RELAY_LOOK_HTTP,    /* it answers in HTTP/1, without TLS */
	RELAY_LOOK_HTTP2,   /* HTTP/2 alone, without TLS */
	RELAY_LOOK_TLS,
	RELAY_LOOK_SOCKS, /* SOCKS5, as a proxy does */
	RELAY_LOOK_OTHER  /* `shown` has how its answer begins */
};

enum relay_look relay_look(const char *host, int port, char shown[FIRST_BYTES_SHOWN]);
