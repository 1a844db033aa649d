#include "client/web_server/web_key.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#include "shared/base/buffer.h"
#include "shared/base/hex.h"
#include "shared/disk/file.h"
#include "shared/disk/folder.h"

static bool put_hex(struct bytes from, char out[WEB_KEY_LEN + 1])
{
	struct buffer text = { 0 };
	bool fine = hex_encode(&text, from) && text.len == WEB_KEY_LEN;
	if (fine)
		memcpy(out, text.at, WEB_KEY_LEN);
	out[fine ? WEB_KEY_LEN : 0] = 0;
	OPENSSL_cleanse(text.at, text.len);
	buffer_free(&text);
	return fine;
}

static bool derive(struct web_key *k, struct error *e)
{
	unsigned char mac[EVP_MAX_MD_SIZE];
	size_t len = 0;
	bool fine = EVP_Q_mac(NULL, "HMAC", NULL, "SHA256", NULL, k->token, WEB_KEY_LEN,
			      (const unsigned char *)"cookie", 6, mac, sizeof mac, &len) &&
		    put_hex(bytes_make(mac, len), k->cookie);
	OPENSSL_cleanse(mac, sizeof mac);
	return fine || error_set(e, EXIT_STORE, "the page's key cannot be used: OpenSSL has no HMAC");
}

static bool make(const char *path, struct web_key *k, struct error *e)
{
	unsigned char random[WEB_KEY_LEN / 2];
	char line[WEB_KEY_LEN + 2];
	bool fine = RAND_bytes(random, sizeof random) == 1 && put_hex(bytes_make(random, sizeof random), k->token);
	OPENSSL_cleanse(random, sizeof random);
	if (!fine)
		return error_set(e, EXIT_STORE, "there is no randomness for the page's key");
	snprintf(line, sizeof line, "%s\n", k->token);
	fine = folder_make_above(path, e);
	if (fine && !file_replace(path, bytes_of(line), FILE_PRIVATE))
		fine = error_set(e, EXIT_STORE, "the page's key %.300s cannot be written: %s", path, strerror(errno));
	OPENSSL_cleanse(line, sizeof line);
	return fine;
}

static bool read_line(int fd, const char *path, struct web_key *k, struct error *e)
{
	struct stat st;
	char line[WEB_KEY_LEN + 2] = "";
	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
		return error_set(e, EXIT_STORE, "the page's key %.300s is not a file", path);
	if (st.st_mode & 077)
		return error_set(e, EXIT_STORE,
				 "others may read the page's key %.300s: `creel web --new-token` makes another", path);
	ssize_t n = read(fd, line, sizeof line - 1);
	bool fine = n >= WEB_KEY_LEN && strspn(line, "0123456789abcdef") == WEB_KEY_LEN;
	if (fine)
		memcpy(k->token, line, WEB_KEY_LEN);
	k->token[fine ? WEB_KEY_LEN : 0] = 0;
	OPENSSL_cleanse(line, sizeof line);
	return fine ||
	       error_set(e, EXIT_STORE, "%.300s is not a key of the page: `creel web --new-token` makes one", path);
}

static char *path_beside(const char *db)
{
	const char *slash = strrchr(db, '/');
	size_t folder = slash ? (size_t)(slash - db) + 1 : 0;
	char *path = malloc(folder + sizeof "web.key");
	if (path) {
		memcpy(path, db, folder);
		memcpy(path + folder, "web.key", sizeof "web.key");
	}
	return path;
}

bool web_key_load(const char *db, bool anew, struct web_key *out, struct error *e)
{
	char *path = path_beside(db);
	if (!path)
		return error_set(e, EXIT_STORE, "out of memory");
	int fd = anew ? -1 : open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	bool fine;
	if (fd >= 0) {
		fine = read_line(fd, path, out, e);
		close(fd);
	} else if (anew || errno == ENOENT) {
		fine = make(path, out, e);
	} else {
		fine = error_set(e, EXIT_STORE, "the page's key %.300s cannot be read: %s", path, strerror(errno));
	}
	free(path);
	return fine && derive(out, e);
}

void web_key_wipe(struct web_key *k)
{
	OPENSSL_cleanse(k, sizeof *k);
}

bool web_key_same(const char *secret, const char *given)
{
	return given && strlen(given) == WEB_KEY_LEN && CRYPTO_memcmp(secret, given, WEB_KEY_LEN) == 0;
}
