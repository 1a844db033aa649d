/* Protocol Buffers as a tree of fields. Without the schema a field has a number instead of a name, and what lies in
 * bytes is guessed: a text if it is one, else a message if it can be read as such, else bytes. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "shared/content/media_type.h"
#include "shared/readers/protobuf.h"
#include "shared/text/base64.h"
#include "shared/text/text.h"
#include "tui/bodies/doc_body_private.h"
#include "tui/documents/doc_make.h"
#include "tui/documents/styled.h"

#define FIELDS_MOST 20000
#define BYTES_SHOWN 24

struct printer {
	struct styled *s;
	size_t fields;
};

/* Valid UTF-8 without control characters, line breaks apart. */
static bool is_readable(struct bytes in)
{
	for (size_t i = 0; i < in.len; i++)
		if ((in.at[i] < 0x20 && !strchr("\n\r\t", in.at[i])) || in.at[i] == 0x7f || in.at[i] == 0)
			return false;
	return text_is_utf8(in);
}

static void put_bytes(struct styled *s, struct bytes in)
{
	char hex[BYTES_SHOWN * 3 + 1] = "";
	for (size_t i = 0; i < in.len && i < BYTES_SHOWN; i++)
		snprintf(hex + 3 * i, sizeof hex - 3 * i, " %02x", in.at[i]);
	styled_print(s, ROLE_OURS, "%zu byte%s:", in.len, in.len == 1 ? "" : "s");
	styled_print(s, ROLE_NUMBER, "%s", hex);
	if (in.len > BYTES_SHOWN)
		styled_print(s, ROLE_OURS, " ...");
}

/* The number as it is without a sign, and what else it may be. */
static void put_number(struct styled *s, const struct protobuf_field *f)
{
	uint32_t low = (uint32_t)f->value;
	double wide;
	float narrow;
	styled_print(s, ROLE_NUMBER, "%" PRIu64, f->value);
	if (f->type == PROTOBUF_FIXED64) {
		memcpy(&wide, &f->value, sizeof wide);
		styled_print(s, ROLE_OURS, "  64 bits; as double %g", wide);
	} else if (f->type == PROTOBUF_FIXED32) {
		memcpy(&narrow, &low, sizeof narrow);
		styled_print(s, ROLE_OURS, "  32 bits; as float %g", (double)narrow);
	} else if (f->value > INT64_MAX) {
		styled_print(s, ROLE_OURS, "  signed %" PRId64, (int64_t)f->value);
	}
}

static void put_message(struct printer *p, struct bytes in, int depth);

static void put_field(struct printer *p, const struct protobuf_field *f, int depth)
{
	struct styled *s = p->s;
	if (depth)
		styled_print(s, ROLE_NORMAL, "%*s", 2 * depth, "");
	styled_print(s, ROLE_NAME, "%" PRIu32, f->number);
	styled_print(s, ROLE_NORMAL, ": ");
	if (f->type != PROTOBUF_BYTES) {
		put_number(s, f);
	} else if (is_readable(f->bytes)) {
		styled_put(s, ROLE_STRING, bytes_of("\""));
		styled_put(s, ROLE_STRING, f->bytes);
		styled_put(s, ROLE_STRING, bytes_of("\""));
	} else if (depth < PROTOBUF_DEPTH_MOST && protobuf_is_message(f->bytes)) {
		styled_print(s, ROLE_NORMAL, "{");
		styled_end(s, 0);
		put_message(p, f->bytes, depth + 1);
		styled_print(s, ROLE_NORMAL, "%*s}", 2 * depth, "");
	} else {
		put_bytes(s, f->bytes);
	}
	styled_end(s, 0);
}

/* As deep as PROTOBUF_DEPTH_MOST; what cannot be read on is given as bytes. */
static void put_message(struct printer *p, struct bytes in, int depth)
{
	struct protobuf_field field;
	while (p->fields < FIELDS_MOST && protobuf_next(&in, &field)) {
		p->fields++;
		put_field(p, &field, depth);
	}
	if (in.len == 0)
		return;
	if (p->fields == FIELDS_MOST)
		styled_print(p->s, ROLE_OURS, "%zu more bytes: not shown as fields", in.len);
	else
		put_bytes(p->s, in);
	styled_end(p->s, 0);
}

static void put_frames(struct printer *p, struct bytes in)
{
	struct protobuf_frame frame;
	size_t number = 0;
	while (p->fields < FIELDS_MOST && protobuf_frame_next(&in, &frame)) {
		const char *cut = frame.content.len < frame.declared ? ", cut" : "";
		bool packed = frame.flags & PROTOBUF_FRAME_PACKED;
		bool text = frame.flags & (PROTOBUF_FRAME_TRAILERS | PROTOBUF_FRAME_END);
		p->fields++;
		if (text)
			styled_print(p->s, ROLE_OURS, "-- %s, %" PRIu32 " bytes%s --",
				     frame.flags & PROTOBUF_FRAME_TRAILERS ? "trailers" : "end of the stream",
				     frame.declared, cut);
		else
			styled_print(p->s, ROLE_OURS, "-- message %zu, %" PRIu32 " bytes%s%s --", ++number,
				     frame.declared, packed ? ", compressed" : "", cut);
		styled_end(p->s, 0);
		if (!packed && !text) {
			put_message(p, frame.content, 0);
		} else if (packed || !is_readable(frame.content)) {
			put_bytes(p->s, frame.content);
			styled_end(p->s, 0);
		} else {
			while (frame.content.len) { /* a line at a time */
				struct bytes line = bytes_until(frame.content, '\n');
				size_t used = line.len + (line.len < frame.content.len);
				line.len -= line.len && line.at[line.len - 1] == '\r';
				styled_put(p->s, ROLE_NORMAL, line);
				styled_end(p->s, 0);
				frame.content = bytes_make(frame.content.at + used, frame.content.len - used);
			}
		}
	}
	if (in.len) {
		put_bytes(p->s, in);
		styled_end(p->s, 0);
	}
}

static bool is_protobuf(struct bytes type)
{
	return media_type_ends(type, "/protobuf") || media_type_ends(type, "/x-protobuf") ||
	       media_type_ends(type, "/vnd.google.protobuf") || media_type_ends(type, "/x-google-protobuf") ||
	       media_type_ends(type, "/proto");
}

/* Frames of JSON (application/grpc+json) are no fields. */
static bool is_framed(struct bytes type)
{
	return bytes_equal_nocase(type, "application/grpc") || bytes_equal_nocase(type, "application/grpc-web") ||
	       bytes_equal_nocase(type, "application/grpc-web-text") || media_type_ends(type, "+proto");
}

struct doc *doc_protobuf(struct body *b, uint64_t total)
{
	struct bytes type = media_type_of(b->headers), body = body_text(b);
	struct buffer plain = { 0 };
	struct printer p = { 0 };
	char note[80];
	bool framed = is_framed(type);
	if (media_type_begins(type, "application/grpc-web-text") && base64_decode_loose(&plain, body))
		body = buffer_view(&plain);
	if (!framed && (!is_protobuf(type) || (!protobuf_is_message(body) && total == b->text.len))) {
		buffer_free(&plain);
		return NULL;
	}
	p.s = styled_new();
	if (framed)
		put_frames(&p, body);
	else
		put_message(&p, body, 0);
	if (doc_cut_note(note, b->text.len, total)) {
		styled_print(p.s, ROLE_OURS, "%s", note);
		styled_end(p.s, 0);
	}
	buffer_free(&plain);
	struct doc *d = styled_doc(p.s);
	if (d)
		snprintf(d->about, sizeof d->about, "%s", framed ? "gRPC" : "protobuf");
	return d;
}
