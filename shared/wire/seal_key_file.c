/* The client's private key on its disk. */
#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shared/disk/disk.h"
#include "shared/disk/file.h"
#include "shared/disk/folder.h"
#include "shared/wire/seal_private.h"

#define FILE_MAX 4096 /* an X25519 key in PEM is 119 bytes; text around it is allowed */

static bool fail(struct error *e, const char *path, const char *what)
{
	return error_set(e, EXIT_STORE, "the key file %s %s: %s", path, what, error_system(errno));
}

/* OpenSSL would ask at the terminal. */
static int no_password(char *to, int size, int writing, void *user)
{
	(void)to, (void)size, (void)writing, (void)user;
	return -1;
}

static bool check_file(int fd, const char *path, struct error *e)
{
	struct stat st;
	if (fstat(fd, &st) != 0)
		return fail(e, path, "cannot be read");
	if (!S_ISREG(st.st_mode))
		return error_set(e, EXIT_STORE, "the key file %s is not a file", path);
	if (st.st_mode & (S_IRWXG | S_IRWXO))
		return error_set(
		    e, EXIT_STORE,
		    "the key file %s is open to others (mode %04o): close it with chmod 600, or, when they "
		    "may have read it, remove it and a new key is made",
		    path, (unsigned)st.st_mode & 07777);
	return true;
}

/* Reads all of a small file. False and errno on failure. */
static bool read_small(int fd, uint8_t *to, size_t room, size_t *len)
{
	*len = 0;
	while (*len < room) {
		ssize_t n = read(fd, to + *len, room - *len);
		if (n < 0 && errno != EINTR)
			return false;
		if (n == 0)
			return true;
		if (n > 0)
			*len += (size_t)n;
	}
	errno = EFBIG;
	return false;
}

static struct seal_key *parse_key(const uint8_t *pem, size_t len, const char *path, struct error *e)
{
	struct seal_key *k = NULL;
	ERR_set_mark();
	BIO *bio = BIO_new_mem_buf(pem, (int)len);
	EVP_PKEY *pair = bio ? PEM_read_bio_PrivateKey(bio, NULL, no_password, NULL) : NULL;
	if (!pair || !EVP_PKEY_is_a(pair, "X25519"))
		error_set(e, EXIT_STORE,
			  "the key file %s holds no X25519 private key (PEM, without a password): put the right one "
			  "there, or remove it and a new key is made",
			  path);
	else if (!(k = seal_key_of(pair)))
		error_set(e, EXIT_STORE, "out of memory for the key of %s", path);
	EVP_PKEY_free(pair);
	BIO_free(bio);
	ERR_pop_to_mark();
	return k;
}

/* NULL and *e on failure; with *missing when there is no such file, which is not an error yet. */
static struct seal_key *read_key(const char *path, bool *missing, struct error *e)
{
	uint8_t pem[FILE_MAX];
	size_t len;
	struct seal_key *k = NULL;
	/* So that it does not hang if somebody put a pipe there. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	*missing = fd < 0 && errno == ENOENT;
	if (fd < 0) {
		fail(e, path, "cannot be read");
		return NULL;
	}
	if (check_file(fd, path, e)) {
		if (read_small(fd, pem, sizeof pem, &len))
			k = parse_key(pem, len, path, e);
		else
			fail(e, path, "cannot be read");
	}
	OPENSSL_cleanse(pem, sizeof pem);
	close(fd);
	return k;
}

/* After a power cut the file is still in its folder only if the folder was synced as well. */
static bool sync_folder_of(const char *path)
{
	const char *slash = strrchr(path, '/');
	char *folder = !slash ? strdup(".") : slash == path ? strdup("/") : strndup(path, (size_t)(slash - path));
	int fd = folder ? open(folder, O_RDONLY | O_CLOEXEC | O_DIRECTORY) : -1;
	free(folder);
	if (fd < 0)
		return false;
	/* EINVAL: a file system whose folders cannot be synced. */
	bool fine = disk_sync(fd) == 0 || errno == EINVAL;
	int why = errno;
	close(fd);
	errno = why;
	return fine;
}

/* Puts the whole file at its name, unless another process was faster: its file is the key then. */
static bool place_file(const char *path, const char *pem, size_t len, struct error *e)
{
	struct buffer name = { 0 };
	if (!buffer_append_text(&name, path) || !buffer_append(&name, ".XXXXXX", sizeof ".XXXXXX")) {
		buffer_free(&name);
		return error_set(e, EXIT_STORE, "out of memory");
	}
	char *temporary = (char *)name.at;
	bool fine = true;
	int fd = mkostemp(temporary, O_CLOEXEC); /* O_CREAT | O_EXCL, 0600 */
	if (fd < 0) {
		fine = fail(e, path, "cannot be made");
	} else {
		/* An odd umask may have taken even the owner's bits. */
		if (fchmod(fd, S_IRUSR | S_IWUSR) != 0 || !file_write_all(fd, bytes_make(pem, len)) ||
		    disk_sync(fd) != 0)
			fine = fail(e, path, "cannot be written");
		if (close(fd) != 0 && fine)
			fine = fail(e, path, "cannot be written");
		/* Unlike rename, link leaves the file of a faster starter in place. */
		if (fine && link(temporary, path) != 0 && errno != EEXIST)
			fine = fail(e, path, "cannot be made");
		unlink(temporary);
		if (fine && !sync_folder_of(path))
			fine = fail(e, path, "cannot be brought to the disk");
	}
	buffer_free(&name);
	return fine;
}

static bool make_key(const char *path, struct error *e)
{
	char *pem = NULL;
	ERR_set_mark();
	EVP_PKEY *pair = EVP_PKEY_Q_keygen(NULL, NULL, "X25519");
	BIO *bio = BIO_new(BIO_s_mem()); /* OpenSSL wipes it when freed */
	bool fine = pair && bio && PEM_write_bio_PKCS8PrivateKey(bio, pair, NULL, NULL, 0, NULL, NULL) == 1;
	ERR_pop_to_mark();
	long len = fine ? BIO_get_mem_data(bio, &pem) : 0;
	if (len <= 0)
		fine = error_set(e, EXIT_STORE, "no key could be made for %s: OpenSSL refused", path);
	fine = fine && folder_make_above(path, e) && place_file(path, pem, (size_t)len, e);
	BIO_free(bio);
	EVP_PKEY_free(pair);
	return fine;
}

struct seal_key *seal_key_load(const char *path, struct error *e)
{
	bool missing;
	struct error first;
	struct seal_key *k = read_key(path, &missing, &first);
	if (!k && !missing)
		*e = first;
	if (k || !missing)
		return k;
	/* Reads back what was just made too: the process that came second must use the first one's key. */
	return make_key(path, e) ? read_key(path, &missing, e) : NULL;
}
