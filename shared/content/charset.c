#include "shared/content/charset.h"

#include <errno.h>
#include <iconv.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "shared/content/media_type.h"
#include "shared/text/text.h"

#define PIECE ((size_t)16 << 10)
#define LOOK_AT ((size_t)64 << 10) /* bytes that decide what a text is in */

/* Names that mean more than they say, and those iconv calls otherwise. */
static const struct {
	const char *name, *iconv;
} names[] = {
	{ "utf-8", "" },
	{ "utf8", "" },
	{ "us-ascii", "" },
	{ "ascii", "" },
	{ "unicode-1-1-utf-8", "" },
	{ "iso-8859-1", "WINDOWS-1252" },
	{ "iso8859-1", "WINDOWS-1252" },
	{ "iso_8859-1", "WINDOWS-1252" },
	{ "latin1", "WINDOWS-1252" },
	{ "latin-1", "WINDOWS-1252" },
	{ "cp1252", "WINDOWS-1252" },
	{ "shift_jis", "CP932" },
	{ "shift-jis", "CP932" },
	{ "sjis", "CP932" },
	{ "x-sjis", "CP932" },
	{ "ms_kanji", "CP932" },
	{ "windows-31j", "CP932" },
	{ "gb2312", "GB18030" },
	{ "gbk", "GB18030" },
	{ "euc-kr", "CP949" },
	{ "ks_c_5601-1987", "CP949" },
	{ "utf16", "UTF-16" },
	{ "utf-16", "UTF-16" },
	{ "utf32", "UTF-32" },
	{ "ucs-2", "UTF-16" },
};

/* Nobody sends these, and their converters have had more faults than all others. */
static const char *const avoided[] = { "iso-2022-cn", "iso-2022-jp-", "ibm",     "ebcdic",  "utf-7",
				       "java",        "char",         "wchar_t", "internal" };

void charset_named(struct bytes name, char out[CHARSET_NAME_LEN])
{
	out[0] = 0;
	if (name.len == 0 || name.len >= CHARSET_NAME_LEN)
		return;
	for (size_t i = 0; i < name.len; i++) {
		uint8_t c = name.at[i];
		bool plain = (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || c == '-' ||
			     c == '_' || c == '.' || c == ':';
		if (!plain)
			return;
	}
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (bytes_equal_nocase(name, names[i].name)) {
			snprintf(out, CHARSET_NAME_LEN, "%s", names[i].iconv);
			return;
		}
	for (size_t i = 0; i < sizeof avoided / sizeof *avoided; i++)
		if (strncasecmp((const char *)name.at, avoided[i],
				name.len < strlen(avoided[i]) ? name.len : strlen(avoided[i])) == 0 &&
		    name.len >= strlen(avoided[i]))
			return;
	memcpy(out, name.at, name.len);
	out[name.len] = 0;
}

/* A byte order mark. */
static size_t read_mark(struct bytes text, const char **name)
{
	static const struct {
		const char *at;
		size_t len;
		const char *name;
	} marks[] = { { "\xef\xbb\xbf", 3, "" },
		      { "\xff\xfe\0\0", 4, "UTF-32LE" },
		      { "\0\0\xfe\xff", 4, "UTF-32BE" },
		      { "\xff\xfe", 2, "UTF-16LE" },
		      { "\xfe\xff", 2, "UTF-16BE" } };
	for (size_t i = 0; i < sizeof marks / sizeof *marks; i++)
		if (text.len >= marks[i].len && memcmp(text.at, marks[i].at, marks[i].len) == 0) {
			*name = marks[i].name;
			return marks[i].len;
		}
	return 0;
}

static bool is_letter(uint8_t c)
{
	return (c >= 0x20 && c < 0x7f) || c == '\t' || c == '\n' || c == '\r';
}

size_t charset_unit(const char *name)
{
	return strncasecmp(name, "UTF-32", 6) == 0 ? 4 : strncasecmp(name, "UTF-16", 6) == 0 ? 2 : 1;
}

/* By the zeros of its first characters (RFC 4627 §3); NULL: it is not in wide characters. */
static const char *by_first_zeros(struct bytes t)
{
	const uint8_t *c = t.at;
	if (t.len < 4 || (c[0] && c[1]))
		return NULL;
	if (is_letter(c[0]) && !c[1] && !c[2] && !c[3])
		return "UTF-32LE";
	if (!c[0] && !c[1] && !c[2] && is_letter(c[3]))
		return "UTF-32BE";
	if (is_letter(c[0]) && !c[1] && (c[2] || c[3]) && (!c[3] || t.len % 2 == 0))
		return "UTF-16LE";
	if (!c[0] && is_letter(c[1]) && (c[2] || c[3]) && (!c[2] || t.len % 2 == 0))
		return "UTF-16BE";
	return NULL;
}

/* No control character, no half of a pair, and none that Unicode keeps out of texts. */
static bool is_character(uint32_t c)
{
	if (c < 0x20)
		return c == '\t' || c == '\n' || c == '\r' || c == '\f';
	return (c < 0x7f || c >= 0xa0) && (c < 0xd800 || c >= 0xe000) && (c < 0xfdd0 || c >= 0xfdf0) &&
	       (c & 0xfffe) != 0xfffe && c <= 0x10ffff;
}

static uint32_t unit_at(struct bytes t, size_t at, size_t unit, bool big)
{
	uint32_t c = 0;
	for (size_t i = 0; i < unit; i++)
		c |= (uint32_t)t.at[at + i] << (8 * (big ? unit - 1 - i : i));
	return c;
}

/* Numbers of two or four bytes have zeros as well: what they would be as text decides. All of it are characters, and
 * most are of ASCII; JSON and XML, which begin with two of these, may go on in any language. */
static bool reads_as(const char *name, struct bytes t)
{
	size_t unit = charset_unit(name), count = 0, ascii = 0, len = t.len < LOOK_AT ? t.len : LOOK_AT;
	bool big = name[strlen(name) - 2] == 'B';
	uint32_t first = unit_at(t, 0, unit, big);
	bool markup =
	    first < 0x80 && strchr("{[<", (int)first) && t.len >= 2 * unit && unit_at(t, unit, unit, big) < 0x80;
	for (size_t at = 0; at + unit <= len; at += unit) {
		uint32_t c = unit_at(t, at, unit, big), low;
		if (unit == 2 && c >= 0xd800 && c < 0xdc00) {
			if ((at += unit) + unit > len) /* cut within it */
				break;
			low = unit_at(t, at, unit, big);
			c = low >= 0xdc00 && low < 0xe000 ? 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00) : c;
		}
		if (!is_character(c))
			return false;
		count++;
		ascii += c < 0x80;
	}
	return markup || ascii * 4 >= count * 3;
}

static const char *by_zeros(struct bytes t)
{
	const char *name = by_first_zeros(t);
	return name && reads_as(name, t) ? name : NULL;
}

static void name_it(struct charset *c, const char *name)
{
	snprintf(c->name, sizeof c->name, "%s", name);
	snprintf(c->label, sizeof c->label, "%s", name);
}

/* JSON and XML in wide characters cannot be without zeros: their own signs are of ASCII. */
static bool is_narrow(struct bytes text)
{
	return text.len > 1 && strchr("{[<", text.at[0]) && text.at[0] && !memchr(text.at, 0, text.len);
}

/* Which end comes first the zeros say; big, by RFC 2781, where they do not. */
static void read_declared(struct charset *c, struct bytes declared, struct bytes text, const char *zeros)
{
	const char *first = by_first_zeros(text);
	charset_named(declared, c->name);
	bool wide = strcasecmp(c->name, "UTF-16") == 0 || strcasecmp(c->name, "UTF-32") == 0;
	if (charset_unit(c->name) > 1 && is_narrow(text)) /* called wide, and is not */
		c->name[0] = 0;
	else if (wide)
		name_it(c, first ? first : strcasecmp(c->name, "UTF-16") == 0 ? "UTF-16BE" : "UTF-32BE");
	else if (*c->name)
		snprintf(c->label, sizeof c->label, "%.*s", (int)declared.len, (const char *)declared.at);
	else if (zeros) /* called UTF-8, and is not */
		name_it(c, zeros);
}

/* <?xml version="1.0" encoding="ISO-8859-1"?> (XML 1.0 §4.3.3). */
static bool xml_declares(struct bytes text, struct bytes *out)
{
	static const char begins[] = "<?xml", word[] = "encoding";
	if (text.len < sizeof begins || memcmp(text.at, begins, sizeof begins - 1) != 0)
		return false;
	struct bytes declaration = bytes_until(text, '>');
	const uint8_t *at = memmem(declaration.at, declaration.len, word, sizeof word - 1);
	if (!at)
		return false;
	const uint8_t *end = declaration.at + declaration.len, *quote = NULL;
	for (at += sizeof word - 1; at < end && strchr(" \t\r\n=", *at) && *at;)
		at++;
	if (at < end && (*at == '"' || *at == '\''))
		quote = memchr(at + 1, *at, (size_t)(end - at) - 1);
	if (quote)
		*out = bytes_make(at + 1, (size_t)(quote - at) - 1);
	return quote != NULL;
}

/* Text that names no charset and is not UTF-8: text/... was Latin-1 until RFC 7231 took that back. Control characters
 * are no text, and where most bytes are beyond ASCII it is something else; events are always UTF-8. */
static bool is_latin(struct bytes content_type, struct bytes text)
{
	struct bytes type = media_type_trim(content_type);
	size_t len = text.len < LOOK_AT ? text.len : LOOK_AT, beyond = 0;
	if (!media_type_begins(type, "text/") || bytes_equal_nocase(type, "text/event-stream"))
		return false;
	if (text_ascii_len(bytes_make(text.at, len)) == len) /* as most are, of every delivery that comes */
		return false;
	for (size_t i = 0; i < len; i++) {
		uint8_t c = text.at[i];
		if ((c < 0x20 && c != '\t' && c != '\n' && c != '\r' && c != '\f') || c == 0x7f)
			return false;
		if (c >= 0x80 && c < 0xa0 && strchr("\x81\x8d\x8f\x90\x9d", c)) /* no characters there */
			return false;
		beyond += c >= 0x80;
	}
	for (size_t cut = 0; cut == 0 || (cut < 4 && len == LOOK_AT); cut++) /* which may end in a character */
		if (text_is_utf8(bytes_make(text.at, len - cut)))
			return false;
	return beyond > 0 && beyond * 2 <= len;
}

struct charset charset_of(struct bytes content_type, struct bytes text)
{
	struct charset c = { 0 };
	const char *marked = NULL, *zeros = by_zeros(text);
	struct bytes declared;
	c.mark = read_mark(text, &marked);
	if (marked)
		name_it(&c, marked);
	else if (content_type.len && media_type_parameter(content_type, "charset", &declared))
		read_declared(&c, declared, text, zeros);
	else if (zeros)
		name_it(&c, zeros);
	else if (xml_declares(text, &declared))
		read_declared(&c, declared, text, NULL);
	else if (is_latin(content_type, text))
		name_it(&c, "WINDOWS-1252");
	return c;
}

bool charset_to_utf8(const char *name, struct bytes text, size_t most, struct buffer *out, bool *unknown)
{
	iconv_t converter = iconv_open("UTF-8", name);
	*unknown = converter == (iconv_t)-1;
	if (*unknown)
		return true;
	char *in = (char *)(uintptr_t)text.at;
	size_t left = text.len, start = out->len, unit = charset_unit(name);
	bool fine = true;
	while (fine && left && out->len - start < most) {
		size_t allowed = most - (out->len - start), room = allowed < PIECE ? allowed : PIECE;
		/* Room for the longest character, which the bound may then cut. */
		fine = buffer_reserve(out, room + 16);
		if (!fine)
			break;
		char *to = (char *)out->at + out->len;
		size_t before = left, free_now = room + 16, put;
		bool done = iconv(converter, &in, &left, &to, &free_now) != (size_t)-1;
		int why = errno;
		put = room + 16 - free_now;
		out->len += put;
		if (done || why == EINVAL) /* EINVAL: ends within a character */
			break;
		if (why == EILSEQ || (put == 0 && left == before)) {
			size_t skip = left < unit ? left : unit; /* what cannot be read is passed over */
			fine = buffer_append_text(out, "\xef\xbf\xbd");
			in += skip;
			left -= skip;
		}
	}
	iconv_close(converter);
	if (out->len - start > most) {
		/* No half character at the end. */
		size_t cut = start + most;
		while (cut > start && (out->at[cut] & 0xc0) == 0x80)
			cut--;
		out->len = cut;
	}
	return fine;
}

bool charset_from_utf8(const char *name, struct bytes text, struct buffer *out, bool *exact)
{
	iconv_t converter = iconv_open(name, "UTF-8");
	*exact = converter != (iconv_t)-1;
	if (!*exact)
		return true;
	char *in = (char *)(uintptr_t)text.at;
	size_t left = text.len;
	bool fine = true;
	while (fine && left && *exact) {
		fine = buffer_reserve(out, PIECE);
		if (!fine)
			break;
		char *to = (char *)out->at + out->len;
		size_t room = PIECE;
		/* What it had to write otherwise it counts. */
		*exact = iconv(converter, &in, &left, &to, &room) == 0 || (errno == E2BIG && room < PIECE);
		out->len += PIECE - room;
	}
	/* Back into the state that a text ends in. */
	fine = fine && buffer_reserve(out, PIECE);
	if (fine) {
		char *to = (char *)out->at + out->len;
		size_t room = PIECE;
		*exact = *exact && iconv(converter, NULL, NULL, &to, &room) == 0;
		out->len += PIECE - room;
	}
	iconv_close(converter);
	return fine;
}
