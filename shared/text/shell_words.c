#include "shared/text/shell_words.h"

#include <stdlib.h>
#include <string.h>

struct splitter {
	const char *at;
	char *out;
	const char *what;
	struct error *e;
};

static bool shell_needed(struct splitter *s)
{
	return error_set(s->e, EXIT_USAGE,
			 "%s holds a '%c', which only a shell knows: quote it, or write sh -c '…' (as one word)",
			 s->what, *s->at);
}

static bool unclosed(struct splitter *s, char quote)
{
	return error_set(s->e, EXIT_USAGE, "%s holds a %c that is not closed", s->what, quote);
}

static bool take_single(struct splitter *s)
{
	for (s->at++; *s->at && *s->at != '\''; s->at++)
		*s->out++ = *s->at;
	if (!*s->at)
		return unclosed(s, '\'');
	s->at++;
	return true;
}

static bool take_double(struct splitter *s)
{
	for (s->at++; *s->at && *s->at != '"'; s->at++) {
		if (*s->at == '$' || *s->at == '`')
			return shell_needed(s);
		if (*s->at == '\\' && s->at[1] && strchr("\"\\$`\n", s->at[1]) && *++s->at == '\n')
			continue;
		*s->out++ = *s->at;
	}
	if (!*s->at)
		return unclosed(s, '"');
	s->at++;
	return true;
}

static bool take_word(struct splitter *s)
{
	while (*s->at && !strchr(" \t\r\n", *s->at)) {
		bool fine = true;
		if (*s->at == '\'') {
			fine = take_single(s);
		} else if (*s->at == '"') {
			fine = take_double(s);
		} else if (strchr("|&;<>()$`", *s->at)) {
			fine = shell_needed(s);
		} else if (*s->at == '\\' && s->at[1] == '\n') {
			s->at += 2;
		} else {
			if (*s->at == '\\' && !*++s->at)
				return error_set(s->e, EXIT_USAGE, "%s ends in a \\", s->what);
			*s->out++ = *s->at++;
		}
		if (!fine)
			return false;
	}
	*s->out++ = 0;
	return true;
}

char **shell_words_split(const char *text, const char *what, struct error *e)
{
	/* Each word takes at least one character and a blank. */
	size_t len = strlen(text), most = len / 2 + 2, count = 0;
	char **words = calloc(1, most * sizeof *words + len + 2);
	if (!words) {
		error_set(e, EXIT_USAGE, "out of memory");
		return NULL;
	}
	struct splitter s = { text, (char *)(words + most), what, e };
	for (;;) {
		s.at += strspn(s.at, " \t\r\n");
		if (!*s.at)
			break;
		words[count++] = s.out;
		if (!take_word(&s)) {
			free(words);
			return NULL;
		}
	}
	if (count > 0 && *words[0])
		return words;
	error_set(e, EXIT_USAGE, "%s names no command", what);
	free(words);
	return NULL;
}
