#include "relay/net/tls_policy.h"

#define CIPHERS "ECDHE+AESGCM:ECDHE+CHACHA20:!aNULL:!SHA1"

bool tls_policy_apply(SSL_CTX *ctx)
{
	SSL_CTX_set_options(ctx, SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA | SSL_OP_NO_COMPRESSION |
				     SSL_OP_NO_RENEGOTIATION);
	return SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION) == 1 && SSL_CTX_set_cipher_list(ctx, CIPHERS) == 1;
}
