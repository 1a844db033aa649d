/* A copy of a delivery that waits at a node, as it stands in the stream CREEL_COPY: whose mailbox it is for, and a part
 * of its payload, sealed as in the node's spool. Whatever does not parse whole is refused. Pure. */
#pragma once

#include "relay/common/limits.h"
#include "shared/base/buffer.h"
#include "shared/base/uuid.h"

#define COPY_PART_LEN (512u << 10)
#define COPY_PARTS_MOST 64

struct copy_message {
	char tunnel[LIMIT_TUNNEL_NAME + 1], owner[LIMIT_TOKEN_NAME + 1];
	uint8_t key[32];
	uint8_t key_len; /* 0 or 32 */
	uint32_t options, features;
	bool random_name, sealed;
	uint64_t seen_at_us, received_at_us;
	uint8_t event_id[UUID_LEN];
	uint16_t part, parts; /* from 0 */
	struct bytes payload; /* of the part */
};

/* Appends. False when out of memory. */
MUST_CHECK bool copy_message_put(struct buffer *out, const struct copy_message *m);
/* The payload is a view into `in`. False: it is none. */
MUST_CHECK bool copy_message_read(struct bytes in, struct copy_message *out);
