/* Protocol Buffers without their schema: the fields of a message by their numbers (protobuf.dev, Encoding). And the
 * frames that gRPC (PROTOCOL-HTTP2.md), gRPC-web (PROTOCOL-WEB.md) and Connect put messages in. Pure; any thread. */
#pragma once

#include "shared/base/bytes.h"

#define PROTOBUF_DEPTH_MOST 32

enum protobuf_type {
	PROTOBUF_VARINT = 0,
	PROTOBUF_FIXED64 = 1,
	PROTOBUF_BYTES = 2, /* a text, bytes, a message, or numbers packed */
	PROTOBUF_FIXED32 = 5,
};
struct protobuf_field {
	uint32_t number;
	enum protobuf_type type;
	uint64_t value;     /* of a number */
	struct bytes bytes; /* of PROTOBUF_BYTES; into the message */
};

/* Takes the next field off the beginning of *rest. False at the end (rest->len is 0), and where no field begins, which
 * leaves *rest there. Groups, which nobody has written since 2008, are not read. */
bool protobuf_next(struct bytes *rest, struct protobuf_field *out);
/* Whether it is fields to its end, and not empty. */
bool protobuf_is_message(struct bytes in);

#define PROTOBUF_FRAME_PACKED 0x01   /* compressed */
#define PROTOBUF_FRAME_END 0x02      /* Connect's last: JSON */
#define PROTOBUF_FRAME_TRAILERS 0x80 /* gRPC-web's last: header fields */
struct protobuf_frame {
	uint8_t flags;
	uint32_t declared; /* as long as it says it is; content.len is less where the body was cut */
	struct bytes content;
};
/* Takes the next frame off. False at the end, and where fewer than its 5 first bytes are there. */
bool protobuf_frame_next(struct bytes *rest, struct protobuf_frame *out);
