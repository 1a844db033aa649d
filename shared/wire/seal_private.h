/* What seal.c (the bytes) gives seal_key_file.c (where a client keeps its key), and nobody else. */
#pragma once

#include <openssl/evp.h>

#include "shared/wire/seal.h"

/* Takes a reference of its own to an X25519 pair. NULL when out of memory. */
struct seal_key *seal_key_of(EVP_PKEY *pair);
