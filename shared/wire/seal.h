/* Sealing of deliveries that wait on a relay's disk, as PROTOCOL.md §5 describes it byte by byte (X25519, RFC 7748;
 * HKDF-SHA256, RFC 5869; ChaCha20-Poly1305, RFC 8439; all by OpenSSL). A relay seals to a client's public key and
 * cannot open what it sealed. Pure, except seal_key_load; a struct belongs to one thread at a time. Errors: EXIT_STORE.
 */
#pragma once

#include "shared/base/buffer.h"
#include "shared/base/error.h"
#include "shared/base/uuid.h"

#define SEAL_KEY_LEN 32
#define SEAL_CHUNK (64u << 10)
#define SEAL_TAG_LEN 16
#define SEAL_HEAD_LEN (UUID_LEN + SEAL_KEY_LEN)

/* The relay's side: one recipient, with a key pair of the relay's made for it. */
struct seal_sender;

/* NULL and *e when out of memory, or when `recipient` is not an X25519 public key (32 bytes, not of small order). */
struct seal_sender *seal_sender_new(struct bytes recipient, struct error *e);
void seal_sender_free(struct seal_sender *s);
/* Appends the sealed object to *out. False and *e leave *out as it was. */
MUST_CHECK bool seal_sender_seal(struct seal_sender *s, const uint8_t event_id[UUID_LEN], struct bytes plain,
				 struct buffer *out, struct error *e);
/* The length of the sealed object of `plain_len` bytes. */
size_t seal_size(size_t plain_len);

/* The client's side: its key pair. */
struct seal_key;

/* Reads the private key (PEM, 0600). At first use it makes the key: the folder 0700 where missing, the file written
 * whole and synced, and never over another, so that two clients that start together end with one key. NULL and *e, with
 * the file's name, when others may read the file, it is not an X25519 key or it cannot be read. */
struct seal_key *seal_key_load(const char *path, struct error *e);
void seal_key_free(struct seal_key *k);
struct bytes seal_key_public(const struct seal_key *k); /* 32 bytes, lives with the key */
/* Appends the plaintext to *out and gives the event id. False when it was not sealed to this key, was changed, or is
 * not whole (and *out is as it was). */
MUST_CHECK bool seal_key_open(struct seal_key *k, struct bytes sealed, uint8_t event_id[UUID_LEN], struct buffer *out,
			      struct error *e);
