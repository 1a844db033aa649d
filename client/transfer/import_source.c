#include "client/transfer/import_source.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shared/formats/import_format.h"
#include "shared/formats/report.h"
#include "shared/program/interrupt.h"

#define AT_ONCE (64u << 10)
#define BESIDE_MOST (64u << 20)

static bool no_memory(struct error *e)
{
	return error_set(e, EXIT_STORE, "out of memory");
}

bool import_source_open(struct import_source *s, const char *path, struct error *e)
{
	bool is_input = strcmp(path, "-") == 0;
	memset(s, 0, sizeof *s);
	s->name = is_input ? "standard input" : path;
	s->path = is_input ? NULL : path;
	s->file = is_input ? stdin : fopen(path, "rbe");
	return s->file || error_set(e, EXIT_USAGE, "%.300s cannot be read: %s", path, strerror(errno));
}

void import_source_close(struct import_source *s)
{
	if (s->file && s->file != stdin)
		fclose(s->file);
	buffer_free(&s->text);
	buffer_free(&s->page);
	memset(s, 0, sizeof *s);
}

static bool read_some(struct import_source *s, struct error *e)
{
	struct buffer *to = s->is_page ? &s->page : &s->text;
	if (!buffer_reserve(to, AT_ONCE))
		return no_memory(e);
	size_t n = fread(to->at + to->len, 1, AT_ONCE, s->file);
	to->len += n;
	s->ended = n == 0;
	if (interrupt_came())
		return error_set(e, EXIT_INTERRUPTED, "interrupted");
	return !ferror(s->file) || error_set(e, EXIT_USAGE, "it cannot be read: %s", strerror(errno));
}

static bool decode_utf16(struct import_source *s, struct error *e)
{
	struct buffer decoded = { 0 };
	while (!s->ended)
		if (!read_some(s, e))
			return false;
	if (!import_from_utf16(buffer_view(&s->text), &decoded)) {
		buffer_free(&decoded);
		return error_set(e, EXIT_USAGE, "it seems to be UTF-16, and is damaged");
	}
	buffer_free(&s->text);
	s->text = decoded;
	return true;
}

/* The lines of NDJSON that an exported page has in it, as they come. */
static bool take_lines(struct import_source *s, struct error *e)
{
	if (!report_lines(&s->page, &s->in_block, &s->text))
		return no_memory(e);
	s->has_lines = s->has_lines || s->text.len > 0;
	return s->has_lines || !s->ended ||
	       error_set(e, EXIT_USAGE,
			 "it is a web page, and not one that `creel report` or `creel export --format html` wrote");
}

bool import_source_more(struct import_source *s, struct error *e)
{
	static const char mark[] = "\xef\xbb\xbf";
	if (!read_some(s, e))
		return false;
	if (s->begun)
		return !s->is_page || take_lines(s, e);
	s->begun = true;
	if (import_is_utf16(buffer_view(&s->text)))
		return decode_utf16(s, e);
	if (s->text.len >= 3 && memcmp(s->text.at, mark, 3) == 0)
		buffer_consume(&s->text, 3);
	if (!report_is(buffer_view(&s->text)))
		return true;
	s->is_page = true;
	s->page = s->text;
	s->text = (struct buffer){ 0 };
	return take_lines(s, e);
}

bool import_source_all(struct import_source *s, struct error *e)
{
	while (!s->ended)
		if (!import_source_more(s, e))
			return false;
	return true;
}

bool import_source_line(struct import_source *s, struct bytes *line, struct error *e)
{
	size_t looked = s->at;
	for (;;) {
		const uint8_t *end =
		    s->text.len > looked ? memchr(s->text.at + looked, '\n', s->text.len - looked) : NULL;
		if (end || s->ended) {
			size_t to = end ? (size_t)(end - s->text.at) + 1 : s->text.len;
			*line = s->text.len ? bytes_make(s->text.at + s->at, to - s->at) : bytes_of(NULL);
			s->at = to;
			return true;
		}
		buffer_consume(&s->text, s->at);
		s->at = 0;
		looked = s->text.len;
		if (!import_source_more(s, e))
			return false;
	}
}

/* Relative, and no step upwards: what a stranger's file names is not to reach the user's own files. */
static bool is_beside(struct bytes name)
{
	struct bytes left = name;
	if (!name.len || name.at[0] == '/' || name.at[0] == '~' || memchr(name.at, 0, name.len))
		return false;
	for (bool more = true; more;) {
		struct bytes step = bytes_until(left, '/');
		if (bytes_equal(step, bytes_of("..")))
			return false;
		more = step.len < left.len;
		left = bytes_make(left.at + step.len + more, left.len - step.len - more);
	}
	return true;
}

/* The imported file's folder, and where that leads after links. The caller frees both. */
static bool resolve(const struct import_source *s, struct bytes name, char **folder, char **file)
{
	const char *slash = s->path ? strrchr(s->path, '/') : NULL;
	char *path = NULL, *above = NULL;
	*folder = *file = NULL;
	if (asprintf(&above, "%.*s", slash ? (int)(slash - s->path) + 1 : 2, slash ? s->path : "./") < 0)
		return false;
	if (asprintf(&path, "%s%.*s", above, (int)name.len, (const char *)name.at) >= 0) {
		*folder = realpath(above, NULL);
		*file = realpath(path, NULL);
		free(path);
	}
	free(above);
	return *folder && *file;
}

static bool is_within(const char *folder, const char *file)
{
	size_t len = strlen(folder);
	return strncmp(folder, file, len) == 0 && (file[len] == '/' || strcmp(folder, "/") == 0);
}

static bool read_whole(const char *path, struct buffer *out)
{
	struct stat st;
	/* Nobody may ever write to what a stranger's file names, if that is a pipe: it is not waited for. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	FILE *f = fd < 0 ? NULL : fdopen(fd, "rb");
	if (fd >= 0 && !f)
		close(fd);
	bool fine = f && fstat(fileno(f), &st) == 0 && S_ISREG(st.st_mode) && st.st_size <= (off_t)BESIDE_MOST;
	if (fine && st.st_size > 0)
		fine = buffer_reserve(out, (size_t)st.st_size) &&
		       fread(out->at + out->len, 1, (size_t)st.st_size, f) == (size_t)st.st_size;
	if (fine)
		out->len += (size_t)st.st_size;
	if (f)
		fclose(f);
	return fine;
}

bool import_source_beside(const struct import_source *s, struct bytes name, struct buffer *out, struct error *e)
{
	char *folder, *file;
	int shown = name.len < 100 ? (int)name.len : 100;
	const char *text = (const char *)name.at;
	if (!is_beside(name))
		return error_set(
		    e, EXIT_USAGE,
		    "the body is in the file '%.*s': only files in the folder of the imported one are read", shown,
		    text);
	bool fine = resolve(s, name, &folder, &file);
	if (!fine)
		error_set(e, EXIT_USAGE, "the body is in the file '%.*s', which cannot be read: %s", shown, text,
			  strerror(errno));
	else if (!is_within(folder, file))
		fine =
		    error_set(e, EXIT_USAGE, "the body is in the file '%.*s', a link out of the folder", shown, text);
	else if (!read_whole(file, out))
		fine = error_set(e, EXIT_USAGE,
				 "the body is in '%.*s', which is not a file of at most 64 MiB that can be read", shown,
				 text);
	free(folder);
	free(file);
	return fine;
}
