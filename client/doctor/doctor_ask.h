/* How `creel doctor` asks the app something: one HEAD request, sent as webhooks are, which changes nothing there
 * (RFC 9110 §9.2.1); its User-Agent is creel-doctor. */
#pragma once

#include "client/doctor/doctor.h"
#include "client/reason/first_bytes.h"

struct doctor_asked {
	enum reason reason; /* REASON_NONE: it answered */
	int status;         /* of the answer; 0: none came */
	char detail[FIRST_BYTES_SHOWN],
	    raw[FIRST_BYTES_SHOWN]; /* of the reason; how the answer began, if it cannot be used */
};

/* Blocks for DOCTOR_MS at most, on a loop of its own. `base` from forward_parse_target; any host is called. */
void doctor_ask(const struct doctor *d, const char *base, struct doctor_asked *out);
