/* Shared by markup.c (elements and lines) and markup_tokens.c (tokens). Pure. */
#pragma once

#include "shared/syntax/markup.h"

enum markup_kind {
	MARKUP_TEXT,
	MARKUP_BLANK, /* a text of nothing but blanks and line breaks */
	MARKUP_OPEN,
	MARKUP_EMPTY, /* <br/> */
	MARKUP_CLOSE,
	MARKUP_CDATA, /* as a text */
	MARKUP_OTHER, /* comment, declaration, instruction */
};

struct markup_token {
	enum markup_kind kind;
	struct bytes bytes, name; /* views; the name of a tag */
};

struct markup_reader {
	struct bytes in;
	size_t at;
	bool html;
	struct bytes raw;   /* HTML: the element whose contents are taken as they are, up to its end tag */
	const char *broken; /* what is wrong at `at`, and why next gave false */
};

/* The next token; all of them in a row are the input. False at the end, or when broken. */
bool markup_next(struct markup_reader *r, struct markup_token *t);
