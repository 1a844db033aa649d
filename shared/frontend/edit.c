#include "shared/frontend/edit.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shared/disk/file.h"
#include "shared/http/headers.h"

#define BODY_NAME "body.bin"

struct edit *edit_new(struct document *d, struct error *e)
{
	struct edit *edit = calloc(1, sizeof *edit);
	if (!edit || d->trouble || d->body.len < d->body_size) {
		if (d->trouble)
			error_set(e, EXIT_NO, "%s", d->trouble);
		else
			error_set(e, EXIT_NO,
				  edit ? "a body of %llu bytes is too long to be edited here: `creel export` writes it"
				       : "out of memory for a body of %llu bytes",
				  (unsigned long long)d->body_size);
		document_free(d);
		free(edit);
		return NULL;
	}
	edit->document = *d;
	*d = (struct document){ 0 };
	const struct delivery_row *row = &edit->document.item.row;
	edit->id = row->id;
	edit->was = (struct http_text){ .method = row->method,
					.target = row->target,
					.headers = buffer_view(&edit->document.headers),
					.body = buffer_view(&edit->document.body) };
	edit->beside = http_text_wants_file(edit->was.body);
	struct http_text shown = edit->was;
	if (edit->beside)
		shown.body_file = bytes_of(BODY_NAME);
	if (!http_text_write(&edit->written, &shown)) {
		error_set(e, EXIT_NO, "out of memory for editing #%lld", (long long)edit->id);
		edit_free(edit);
		return NULL;
	}
	return edit;
}

static void body_path(const struct edit *e, char *out, size_t room)
{
	snprintf(out, room, "%s/" BODY_NAME, e->dir);
}

/* With what the editor left there: copies and states of its own hold the request as well. */
static void remove_folder(const char *dir)
{
	DIR *d = opendir(dir);
	for (const struct dirent *entry = d ? readdir(d) : NULL; entry; entry = readdir(d))
		unlinkat(dirfd(d), entry->d_name, 0);
	if (d)
		closedir(d);
	rmdir(dir);
}

void edit_free(struct edit *e)
{
	if (!e)
		return;
	if (e->dir[0])
		remove_folder(e->dir);
	document_free(&e->document);
	buffer_free(&e->written);
	buffer_free(&e->text);
	buffer_free(&e->headers);
	buffer_free(&e->fixed);
	buffer_free(&e->file);
	free(e);
}

/* ---- files ---- */

static bool write_file(const char *path, struct bytes b, struct error *err)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	bool fine = fd >= 0 && file_write_all(fd, b);
	int problem = errno;
	if (fd >= 0 && close(fd) && fine) {
		problem = errno;
		fine = false;
	}
	return fine || error_set(err, EXIT_NO, "cannot write %s: %s", path, strerror(problem));
}

bool edit_write(struct edit *e, struct error *err)
{
	const char *where = getenv("TMPDIR");
	char path[300], dir[sizeof e->dir];
	int len = snprintf(dir, sizeof dir, "%s/creel-edit-XXXXXX", where && *where ? where : "/tmp");
	if (len < 0 || (size_t)len >= sizeof dir || !mkdtemp(dir)) /* 0700 */
		return error_set(err, EXIT_NO, "cannot make a folder for the editor, %s: %s", dir,
				 len < (int)sizeof dir ? strerror(errno) : "its name is too long");
	memcpy(e->dir, dir, sizeof e->dir);
	snprintf(e->path, sizeof e->path, "%s/request.http", e->dir);
	body_path(e, path, sizeof path);
	return write_file(e->path, buffer_view(&e->written), err) && (!e->beside || write_file(path, e->was.body, err));
}

static bool read_file(const char *path, struct buffer *out, struct error *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	struct stat s;
	buffer_free(out);
	if (fd < 0 || fstat(fd, &s) || !S_ISREG(s.st_mode)) {
		error_set(err, EXIT_NO, "cannot read %s: %s", path, fd < 0 ? strerror(errno) : "it is not a file");
		if (fd >= 0)
			close(fd);
		return false;
	}
	ssize_t n = 1;
	while (n > 0 && out->len <= EDIT_BODY_MAX && buffer_reserve(out, 65536)) {
		n = read(fd, out->at + out->len, 65536);
		out->len += n > 0 ? (size_t)n : 0;
	}
	int problem = errno;
	close(fd);
	if (n > 0)
		return error_set(err, EXIT_NO, "%s is longer than %u bytes", path, EDIT_BODY_MAX);
	return n == 0 || error_set(err, EXIT_NO, "cannot read %s: %s", path, strerror(problem));
}

/* What `< NAME` refers to: beside request.http unless it is a whole path. */
static bool read_beside(struct edit *e, struct bytes name, struct error *err)
{
	char *text = bytes_dup_text(name), *path = NULL;
	bool fine = text && asprintf(&path, "%s%s%s", *text == '/' ? "" : e->dir, *text == '/' ? "" : "/", text) > 0;
	fine = fine ? read_file(path, &e->file, err) : error_set(err, EXIT_NO, "out of memory");
	free(path);
	free(text);
	return fine;
}

enum edit_end edit_read(struct edit *e, int *line, struct error *err)
{
	struct http_text t;
	struct buffer text = { 0 }, headers = { 0 };
	*line = 1;
	if (!read_file(e->path, &text, err)) {
		buffer_free(&text);
		return EDIT_WRONG;
	}
	bool fine = http_text_read(buffer_view(&text), &t, &headers, line, err) &&
		    (!t.body_file.len || read_beside(e, t.body_file, err));
	enum edit_end end = EDIT_WRONG;
	if (fine)
		end = edit_take(e, buffer_view(&text), buffer_view(&e->file), line, err);
	buffer_free(&headers);
	buffer_free(&text);
	return end;
}

/* ---- what was made of it ---- */

/* Content-Length follows a body that was changed, unless somebody wrote another, or took it away. What was imported may
 * always have had a wrong one. */
static bool fix_length(struct edit *e, struct bytes headers, struct bytes body)
{
	struct bytes was, now;
	bool had = headers_find(e->was.headers, "content-length", &was);
	bool has = headers_find(headers, "content-length", &now);
	buffer_free(&e->fixed);
	if (had && has && bytes_equal(was, now) && !bytes_equal(body, e->was.body))
		return http_text_fix_length(&e->fixed, headers, body.len);
	return buffer_append_bytes(&e->fixed, headers);
}

enum edit_end edit_take(struct edit *e, struct bytes text, struct bytes file, int *line, struct error *err)
{
	struct http_text t;
	buffer_free(&e->text);
	e->headers.len = 0;
	if (!buffer_append_bytes(&e->text, text)) {
		error_set(err, EXIT_NO, "out of memory");
		return EDIT_WRONG;
	}
	if (!http_text_read(buffer_view(&e->text), &t, &e->headers, line, err))
		return EDIT_WRONG;
	t.body = http_text_unended(e->was.body, t.body_file.len ? file : t.body);
	t.body_file = bytes_of(NULL);
	if (!fix_length(e, t.headers, t.body)) {
		error_set(err, EXIT_NO, "out of memory");
		return EDIT_WRONG;
	}
	t.headers = buffer_view(&e->fixed);
	e->now = t;
	bool same = bytes_equal(t.method, e->was.method) && bytes_equal(t.target, e->was.target) &&
		    bytes_equal(t.headers, e->was.headers) && bytes_equal(t.body, e->was.body);
	return same ? EDIT_SAME : EDIT_CHANGED;
}

bool edit_request(const struct edit *e, struct buffer *out)
{
	return http_text_write(out, &e->now);
}

static size_t escapes_in(struct bytes b)
{
	size_t n = 0;
	for (size_t i = 0; i < b.len; i++)
		n += b.at[i] == 0x1b;
	return n;
}

/* The head can have none. */
size_t edit_escapes(const struct edit *e)
{
	size_t was = escapes_in(e->was.body), now = escapes_in(e->now.body);
	return now > was ? now - was : 0;
}

/* ---- the editor ---- */

const char *edit_program(void)
{
	static const char *const names[] = { "CREEL_EDITOR", "VISUAL", "EDITOR" };
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		const char *value = getenv(names[i]);
		if (value && *value)
			return value;
	}
	return "vi";
}

static bool takes_line(const char *program)
{
	static const char *const names[] = { "vi",    "vim",         "nvim", "view",  "nano", "pico",
					     "emacs", "emacsclient", "joe",  "micro", "kak",  "mg" };
	size_t len = strcspn(program, " ");
	const char *base = program;
	for (const char *c = program; c < program + len; c++)
		if (*c == '/')
			base = c + 1;
	len -= (size_t)(base - program);
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (strlen(names[i]) == len && memcmp(names[i], base, len) == 0)
			return true;
	return false;
}

bool edit_command(struct buffer *out, const char *program, int line)
{
	/* Signals meant for the editor, C-c's and ours, must not end a shell before it: either there is none any more,
	 * or it goes on. */
	bool plain = !strpbrk(program, "=;|&<>()`\n");
	bool fine = buffer_append_text(out, plain ? "exec " : "trap : INT QUIT; ") && buffer_append_text(out, program);
	if (line > 0 && takes_line(program))
		fine = fine && buffer_printf(out, " +%d", line);
	return fine && buffer_append_text(out, " \"$1\"") && buffer_put_u8(out, 0);
}
