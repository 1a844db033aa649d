/* Where a relay's name leads, for `creel-relay setup`. Blocks; any thread. */
#pragma once

#include "shared/base/bytes.h"

enum setup_dns {
	SETUP_DNS_HERE,
	SETUP_DNS_ELSEWHERE, /* to no address of this machine: a router in front may pass connections on */
	SETUP_DNS_NONE       /* it has no address */
};

/* The name's addresses are appended to *shown. */
enum setup_dns setup_check_dns(const char *name, struct buffer *shown);
