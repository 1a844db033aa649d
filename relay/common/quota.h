/* How much of the relay's disk the deliveries under way may take: space that is promised to them in the spool before
 * they are there, and temporary files of large bodies. What waits in the spool already is the spool's to count
 * (spool.h) and is handed in. One account for the relay and one for each tunnel; every delivery holds its part, changes
 * it as a whole, and gives it back by needing nothing. Pure; loop thread. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "shared/base/bytes.h"

struct quota_need {
	uint64_t spool; /* of payloads that are to wait in the spool, their temporary file included */
	uint64_t file;  /* of a temporary file with nothing promised beside it: a large body on its way to a client */
	uint64_t disk;  /* that the disk has yet to give for both */
};

struct quota_limits {
	uint64_t tunnel;       /* of one tunnel in the spool, what waits there included */
	uint64_t tunnel_files; /* of one tunnel's temporary files; one that is alone may be larger */
	uint64_t relay;        /* of all tunnels, both together, what waits included */
};

struct quota {
	struct quota_limits limits;
	struct quota_need taken;
};

/* A tunnel's part; all zero at first. */
struct quota_share {
	struct quota_need taken;
};

/* A delivery's part; all zero at first. The quota and the share must outlive what it has. */
struct quota_hold {
	struct quota *quota;
	struct quota_share *share;
	struct quota_need has;
};

/* What is not counted here. */
struct quota_around {
	uint64_t tunnel_waiting, relay_waiting; /* in the spool */
	uint64_t disk_left;                     /* free, and not to be kept free */
};

/* Which limit it was. */
enum quota_bound { QUOTA_GIVEN, QUOTA_TUNNEL, QUOTA_TUNNEL_FILES, QUOTA_RELAY, QUOTA_DISK };

/* Gives the hold `need`; if a part of that grows beyond a limit, the hold keeps what it had. Parts that do not grow are
 * not checked. */
MUST_CHECK enum quota_bound quota_take(struct quota_hold *h, struct quota *quota, struct quota_share *share,
				       const struct quota_need *need, const struct quota_around *around);
/* The same without asking: what is there already must be counted whatever the limits say. Needing nothing, the hold
 * forgets the quota and its share. */
void quota_settle(struct quota_hold *h, const struct quota_need *need);
