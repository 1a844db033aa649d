/* Apart from term.c: <term.h>'s macros (lines, columns, tab…) would take half its names. Asked first because newterm
 * leaks what it began when the terminal is not known (ncurses 6.4). */
#include <stdbool.h>
#include <curses.h>
#include <term.h>
#include <unistd.h>

#include "tui/term_known.h"

const char *term_unfit(void)
{
	int problem;
	if (setupterm(NULL, STDOUT_FILENO, &problem) != OK)
		return "TERM names no terminal that is known here";
	bool fit = tigetstr("cup") && tigetstr("clear");
	del_curterm(cur_term);
	return fit ? NULL : "the terminal that TERM names cannot move its cursor";
}
