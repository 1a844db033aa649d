/* The phrases that go with status codes (RFC 9110 §15 and the registry of IANA), for answers that are made here. Pure;
 * any thread. */
#pragma once

/* "Not Found" for 404; "" for a status that has none. Never NULL, lives as long as the program. */
const char *http_phrase(int status);
