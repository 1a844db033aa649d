/* What seal.c (the bytes) provides only for seal_key_file.c (where a client keeps its key). */
#pragma once

#include <openssl/evp.h>

#include "shared/wire/seal.h"

/* Takes a reference of its own to an X25519 pair. NULL when out of memory. */
struct seal_key *seal_key_of(EVP_PKEY *pair);
