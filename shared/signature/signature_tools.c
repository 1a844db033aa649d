#include "shared/signature/signature_tools.h"

#include "shared/signature/key.h"

#include <string.h>

#include <openssl/crypto.h>

bool signature_equal(struct bytes a, struct bytes b)
{
	return a.len == b.len && (a.len == 0 || CRYPTO_memcmp(a.at, b.at, a.len) == 0);
}

bool signature_hmac_hex(struct bytes key, struct bytes content, struct buffer *out)
{
	uint8_t mac[CRYPTO_MAC_MOST];
	size_t len;
	return crypto_mac(SIGN_SHA256, key, content, mac, &len) && crypto_encode(FORM_HEX, bytes_make(mac, len), out);
}

bool signature_braintree_hex(struct bytes secret, struct bytes content, struct buffer *out)
{
	static const struct signature_provider row = { .secret = SECRET_HASHED };
	uint8_t mac[CRYPTO_MAC_MOST];
	struct secret_key key;
	const char *why;
	size_t len;
	bool fine = key_read(&row, secret, bytes_of(NULL), &key, &why) &&
		    crypto_mac(SIGN_SHA1, buffer_view(&key.mac), content, mac, &len) &&
		    crypto_encode(FORM_HEX, bytes_make(mac, len), out);
	key_free(&key);
	return fine;
}
