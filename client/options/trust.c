#include "client/options/trust.h"

#include "client/options/config.h"
#include "shared/disk/file.h"
#include "shared/options/ini_file.h"

#include <dirent.h>
#include <errno.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define HASH_DIGITS 64

static void hash_of(struct bytes text, char out[HASH_DIGITS + 1])
{
	unsigned char digest[SHA256_DIGEST_LENGTH];
	static const char digits[] = "0123456789abcdef";
	SHA256(text.len ? text.at : (const unsigned char *)"", text.len, digest);
	for (size_t i = 0; i < sizeof digest; i++) {
		out[2 * i] = digits[digest[i] >> 4];
		out[2 * i + 1] = digits[digest[i] & 15];
	}
	out[HASH_DIGITS] = 0;
}

/* "trusted" beside the user's config file. NULL when there is no HOME; the caller frees. */
static char *folder_of_records(void)
{
	char *config = config_default_path(), *slash = config ? strrchr(config, '/') : NULL;
	struct buffer b = { 0 };
	bool fine = slash && buffer_printf(&b, "%.*s/trusted", (int)(slash - config), config) && buffer_put_u8(&b, 0);
	free(config);
	if (fine)
		return (char *)b.at;
	buffer_free(&b);
	return NULL;
}

/* The record's file; the caller frees. */
static char *record_of(const char *path, struct error *e)
{
	char name[HASH_DIGITS + 1], *folder = folder_of_records();
	struct buffer b = { 0 };
	hash_of(bytes_of(path), name);
	bool fine = folder && buffer_printf(&b, "%s/%s", folder, name) && buffer_put_u8(&b, 0);
	if (!folder)
		error_set(e, EXIT_USAGE, "there is no place to keep what is trusted: HOME is not set");
	free(folder);
	if (fine)
		return (char *)b.at;
	buffer_free(&b);
	return NULL;
}

/* A record is the hash, a line feed, the path, a line feed. */
static bool read_record(struct bytes text, struct bytes *hash, struct bytes *path)
{
	if (text.len < HASH_DIGITS + 3 || text.at[HASH_DIGITS] != '\n' || text.at[text.len - 1] != '\n')
		return false;
	*hash = bytes_make(text.at, HASH_DIGITS);
	*path = bytes_make(text.at + HASH_DIGITS + 1, text.len - HASH_DIGITS - 2);
	return true;
}

enum trust_state trust_look(const char *path, struct bytes text)
{
	enum trust_state state = TRUST_NONE;
	char hash[HASH_DIGITS + 1], *record = record_of(path, NULL);
	struct ini_file f = { .there = false };
	struct bytes was, of;
	hash_of(text, hash);
	if (record && ini_file_read(record, &f, NULL) && f.there && read_record(buffer_view(&f.text), &was, &of) &&
	    bytes_equal(of, bytes_of(path)))
		state = bytes_equal(was, bytes_of(hash)) ? TRUST_GIVEN : TRUST_CHANGED;
	ini_file_free(&f);
	free(record);
	return state;
}

bool trust_give(const char *path, struct bytes text, struct error *e)
{
	char hash[HASH_DIGITS + 1], *record = record_of(path, e);
	struct buffer b = { 0 };
	hash_of(text, hash);
	bool fine = record && config_make_folders(record, NULL) && buffer_printf(&b, "%s\n%s\n", hash, path) &&
		    file_replace(record, buffer_view(&b), FILE_PRIVATE | FILE_SYNCED);
	if (record && !fine)
		error_set(e, EXIT_USAGE, "the record %s of what is trusted cannot be written: %s", record,
			  strerror(errno));
	buffer_free(&b);
	free(record);
	return fine;
}

bool trust_take_back(const char *path, bool *was, struct error *e)
{
	char *record = record_of(path, e);
	bool fine = record != NULL;
	*was = fine && unlink(record) == 0;
	if (fine && !*was && errno != ENOENT && errno != ENOTDIR)
		fine = error_set(e, EXIT_USAGE, "the record %s of what is trusted cannot be removed: %s", record,
				 strerror(errno));
	free(record);
	return fine;
}

static bool tell_record(const char *file, bool (*on)(void *user, const char *path, const char *hash), void *user)
{
	struct ini_file f = { .there = false };
	struct bytes hash, path;
	bool go_on = true;
	if (ini_file_read(file, &f, NULL) && f.there && read_record(buffer_view(&f.text), &hash, &path)) {
		char *h = bytes_dup_text(hash), *p = bytes_dup_text(path);
		go_on = !h || !p || on(user, p, h);
		free(h);
		free(p);
	}
	ini_file_free(&f);
	return go_on;
}

bool trust_each(bool (*on)(void *user, const char *path, const char *hash), void *user, struct error *e)
{
	char *folder = folder_of_records();
	DIR *d = folder ? opendir(folder) : NULL;
	bool fine =
	    d || !folder || errno == ENOENT || errno == ENOTDIR ||
	    error_set(e, EXIT_USAGE, "the folder %s of what is trusted cannot be read: %s", folder, strerror(errno));
	bool go_on = true;
	for (struct dirent *entry; d && go_on && (entry = readdir(d));) {
		struct buffer file = { 0 };
		if (strlen(entry->d_name) == HASH_DIGITS && buffer_printf(&file, "%s/%s", folder, entry->d_name) &&
		    buffer_put_u8(&file, 0))
			go_on = tell_record((const char *)file.at, on, user);
		buffer_free(&file);
	}
	if (d)
		closedir(d);
	free(folder);
	return fine;
}
