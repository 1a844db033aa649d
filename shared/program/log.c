#include "shared/program/log.h"

#include "shared/base/buffer.h"
#include "shared/base/clock.h"
#include "shared/text/text.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* The process-wide settings of a logger; set in main, read everywhere. */
static _Atomic int log_threshold = LOG_INFO, log_format = LOG_LOGFMT;
static const struct secret_gate *_Atomic log_gate;

void log_set_level(enum log_level level)
{
	atomic_store(&log_threshold, (int)level);
}

void log_set_format(enum log_format format)
{
	atomic_store(&log_format, (int)format);
}

void log_set_gate(const struct secret_gate *gate)
{
	atomic_store(&log_gate, gate);
}

const char *log_number(struct log_number *n, int64_t value)
{
	snprintf(n->text, sizeof n->text, "%" PRId64, value);
	return n->text;
}

static bool is_plain(const char *value)
{
	for (const char *c = value; *c; c++)
		if (*c <= ' ' || *c > '~' || *c == '"' || *c == '\\' || *c == '=')
			return false;
	return *value != 0;
}

static bool append_quoted(struct buffer *line, const char *value)
{
	/* What is no ASCII may be anything: logfmt says \xNN, and JSON, which knows none of that, the same as text. */
	const char *strange = atomic_load(&log_format) == LOG_JSON ? "\\\\x" : "\\x";
	bool fine = buffer_put_u8(line, '"');
	for (const uint8_t *c = (const uint8_t *)value; *c && fine; c++) {
		if (*c == '"' || *c == '\\')
			fine = buffer_put_u8(line, '\\') && buffer_put_u8(line, *c);
		else if (*c < 0x20 || *c > 0x7e)
			fine = buffer_printf(line, "%s%02x", strange, *c);
		else
			fine = buffer_put_u8(line, *c);
	}
	return fine && buffer_put_u8(line, '"');
}

/* One that JSON reads back as it stands. */
static bool is_number(const char *value)
{
	size_t len = strspn(value, "0123456789");
	return len > 0 && len <= 15 && value[len] == 0 && (value[0] != '0' || len == 1);
}

static bool append_pair(struct buffer *line, const char *key, const char *value)
{
	if (atomic_load(&log_format) == LOG_JSON)
		return buffer_printf(line, "%s\"%s\":", line->len ? "," : "{", key) &&
		       (is_number(value) ? buffer_append_text(line, value) : append_quoted(line, value));
	return buffer_printf(line, "%s%s=", line->len ? " " : "", key) &&
	       (is_plain(value) ? buffer_append_text(line, value) : append_quoted(line, value));
}

static bool end_line(struct buffer *line)
{
	return (atomic_load(&log_format) != LOG_JSON || buffer_put_u8(line, '}')) && buffer_put_u8(line, '\n');
}

void log_event(enum log_level level, const char *event, ...)
{
	static const char *const names[] = { "debug", "info", "warn", "error" };
	if ((int)level < atomic_load(&log_threshold))
		return;
	char time_text[TEXT_TIME_LEN];
	text_format_time(time_text, clock_now_us());
	struct buffer line = { 0 }, shown = { 0 };
	bool fine = append_pair(&line, "ts", time_text) && append_pair(&line, "level", names[level]) &&
		    append_pair(&line, "event", event);
	va_list args;
	va_start(args, event);
	for (const char *key; fine && (key = va_arg(args, const char *)) != NULL;) {
		const char *value = va_arg(args, const char *);
		if (value)
			fine = append_pair(&line, key, value);
	}
	va_end(args);
	if (fine && secret_gate_put(atomic_load(&log_gate), &shown, buffer_view(&line)) && end_line(&shown)) {
		/* One write a line keeps lines of several threads apart; a log that cannot be written has nowhere to
		 * go. */
		ssize_t written = write(STDERR_FILENO, shown.at, shown.len);
		(void)written;
	}
	buffer_free(&line);
	buffer_free(&shown);
}
