#include "shared/syntax/multipart.h"

#include <openssl/evp.h>
#include <string.h>
#include <strings.h>

bool multipart_put(struct buffer *out, struct bytes boundary, const struct multipart_part *part)
{
	bool fine = buffer_append_text(out, "--") && buffer_append_bytes(out, boundary) &&
		    buffer_append_text(out, "\r\nContent-Disposition: form-data; name=\"") &&
		    buffer_append_bytes(out, part->name) && buffer_put_u8(out, '"');
	if (part->file_name.len)
		fine = fine && buffer_append_text(out, "; filename=\"") && buffer_append_bytes(out, part->file_name) &&
		       buffer_put_u8(out, '"');
	if (part->type.len)
		fine = fine && buffer_append_text(out, "\r\nContent-Type: ") && buffer_append_bytes(out, part->type);
	return fine && buffer_append_text(out, "\r\n\r\n") && buffer_append_bytes(out, part->value) &&
	       buffer_append_text(out, "\r\n");
}

bool multipart_end(struct buffer *out, struct bytes boundary)
{
	return buffer_append_text(out, "--") && buffer_append_bytes(out, boundary) && buffer_append_text(out, "--\r\n");
}

bool multipart_can_name(struct bytes name)
{
	for (size_t i = 0; i < name.len; i++)
		if (name.at[i] < 0x20 || name.at[i] == 0x7f || name.at[i] == '"')
			return false;
	return true;
}

bool multipart_boundary(struct bytes type, struct bytes *boundary)
{
	static const char name[] = "boundary=";
	size_t len = sizeof name - 1;
	for (size_t i = 0; i + len < type.len; i++) {
		bool begins = i == 0 || type.at[i - 1] == ';' || type.at[i - 1] == ' ' || type.at[i - 1] == '\t';
		if (!begins || strncasecmp((const char *)type.at + i, name, len) != 0)
			continue;
		struct bytes rest = bytes_make(type.at + i + len, type.len - i - len);
		if (rest.at[0] == '"')
			*boundary = bytes_until(bytes_make(rest.at + 1, rest.len - 1), '"');
		else
			*boundary = bytes_until(rest, ';');
		while (boundary->len && boundary->at[boundary->len - 1] == ' ')
			boundary->len--;
		return boundary->len > 0 && boundary->len <= 70;
	}
	return false;
}

bool multipart_make_boundary(struct buffer *out, struct bytes digested)
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	if (EVP_Digest(digested.at, digested.len, digest, NULL, EVP_sha256(), NULL) != 1 ||
	    !buffer_append_text(out, "creel-"))
		return false;
	for (int i = 0; i < 16; i++)
		if (!buffer_printf(out, "%02x", digest[i]))
			return false;
	return true;
}
