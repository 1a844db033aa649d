#include "client/config.h"

#include "shared/bytes.h"

#include <errno.h>
#include <fcntl.h>
#include <ini.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

char *config_default_path(void)
{
	const char *base = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
	struct buffer b = { 0 };
	bool fine = base && *base == '/' ? buffer_printf(&b, "%s/creel/config.ini", base)
	                                 : home && *home && buffer_printf(&b, "%s/.config/creel/config.ini", home);
	if (fine && buffer_put_u8(&b, 0))
		return (char *)b.at;
	buffer_free(&b);
	return NULL;
}

struct search {
	char section[400];
	char *token;
};

static int on_key(void *user, const char *section, const char *name, const char *value)
{
	struct search *s = user;
	if (!s->token && value && strcmp(section, s->section) == 0 && strcmp(name, "token") == 0)
		s->token = strdup(value);
	return 1;
}

static void section_of(char out[400], const char *relay)
{
	size_t len = strlen(relay);
	while (len > 0 && relay[len - 1] == '/')
		len--;
	snprintf(out, 400, "token %.*s", len < 380 ? (int)len : 380, relay);
}

char *config_token(const char *path, const char *relay, struct error *e)
{
	struct search s = { .token = NULL };
	section_of(s.section, relay);
	if (access(path, F_OK) != 0)
		return NULL;
	if (ini_parse(path, on_key, &s) < 0)
		error_set(e, EXIT_USAGE, "the config file %s cannot be read: %s", path, strerror(errno));
	return s.token;
}

/* Copies the old file line by line, leaving out what is to be set anew. */
static bool copy_rest(FILE *in, struct buffer *out, const char *section, bool replaces_token)
{
	char line[4096];
	bool inside = false, top = true, fine = true;
	while (fine && fgets(line, sizeof line, in)) {
		char *start = line + strspn(line, " \t");
		if (*start == '[') {
			size_t len = strcspn(start + 1, "]\n");
			top = false;
			inside = len == strlen(section) && strncmp(start + 1, section, len) == 0;
		}
		bool is_relay = top && strncmp(start, "relay", 5) == 0 && strchr(" \t=:", start[5]);
		if (!is_relay && !(inside && replaces_token))
			fine = buffer_append_text(out, line);
	}
	OPENSSL_cleanse(line, sizeof line);
	if (fine && out->len > 0 && out->at[out->len - 1] != '\n')
		fine = buffer_put_u8(out, '\n');
	return fine;
}

static bool write_whole(const char *path, struct bytes text)
{
	char temporary[4096];
	if (snprintf(temporary, sizeof temporary, "%s.tmp", path) >= (int)sizeof temporary)
		return false;
	unlink(temporary);
	int fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return false;
	bool fine = write(fd, text.at, text.len) == (ssize_t)text.len && fsync(fd) == 0;
	if (close(fd) != 0)
		fine = false;
	if (fine && rename(temporary, path) == 0)
		return true;
	unlink(temporary);
	return false;
}

static void make_folders(const char *path)
{
	char *copy = strdup(path);
	for (char *slash = copy ? strchr(copy + 1, '/') : NULL; slash; slash = strchr(slash + 1, '/')) {
		*slash = 0;
		mkdir(copy, 0700); /* what cannot be made shows when the file is written */
		*slash = '/';
	}
	free(copy);
}

bool config_login(const char *path, const char *relay, const char *token, struct error *e)
{
	char section[400];
	struct buffer text = { 0 }, rest = { 0 };
	section_of(section, relay);
	make_folders(path);
	FILE *old = fopen(path, "r");
	bool fine = true;
	if (old) {
		fine = copy_rest(old, &rest, section, token != NULL);
		fclose(old);
	}
	fine = fine && buffer_printf(&text, "relay = %s\n", relay) && buffer_append_bytes(&text, buffer_view(&rest)) &&
	       (!token || buffer_printf(&text, "[%s]\ntoken = %s\n", section, token)) && write_whole(path, buffer_view(&text));
	if (text.len)
		OPENSSL_cleanse(text.at, text.len);
	if (rest.len)
		OPENSSL_cleanse(rest.at, rest.len);
	buffer_free(&text);
	buffer_free(&rest);
	return fine || error_set(e, EXIT_USAGE, "the config file %s cannot be written: %s", path, strerror(errno));
}
