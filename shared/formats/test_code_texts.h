/* The parts that generated tests are made of, for each framework of test_code.h. */
#pragma once

struct test_code_text {
	const char *begin, *one, *end; /* what \1 and the like stand for in them: test_code.c */
	const char *field_open, *field_close;
	const char *file_open, *file_close; /* a body in a file */
	const char *base64_open, *base64_between, *base64_close;
	const char *no_body, *no_status;
};

extern const struct test_code_text test_code_texts[];
