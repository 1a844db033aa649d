/* A shell script of plain commands, such as `curl …` lines that were copied or exported, taken apart without a shell:
 * quotes ('…', "…", $'…'), continued lines, comments, here-documents and our own "$(printf '…')". What a shell would
 * have to compute (variables, substitutions, background jobs) is refused. Pure; any thread. */
#pragma once

#include "shared/base/buffer.h"
#include "shared/base/error.h"

struct shell_command {
	struct buffer *words; /* each ends in a NUL that its length does not count */
	size_t count, cap;
	struct buffer input; /* what a here-document or here-string gives it */
	bool has_input;
	struct buffer input_file; /* "< FILE", or empty */
	size_t line;              /* where it begins, from 1 */
	bool piped;               /* the next command reads what it writes */
};

struct shell_script {
	struct bytes text;
	size_t at, line;
	struct bytes documents; /* where here-documents of the line that is read begin, or none */
};

struct shell_script shell_script_of(struct bytes text);
enum shell_result { SHELL_COMMAND, SHELL_END, SHELL_FAILED };
/* The next command. SHELL_FAILED and *e (EXIT_USAGE): it cannot be read without a shell; the script is then at the next
 * line that begins like a command of its own. shell_command_free in any case. */
enum shell_result shell_script_next(struct shell_script *s, struct shell_command *c, struct error *e);
void shell_command_free(struct shell_command *c);
