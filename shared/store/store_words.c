/* The words of the record: what states, ends of calls and cuts are called. */
#include "shared/store/store.h"

const char *store_state_name(enum delivery_state state)
{
	static const char *const names[] = { "waiting", "sending", "delivered", "failed", "held", "refused" };
	return (size_t)state < sizeof names / sizeof *names ? names[state] : "unknown";
}

const char *store_refusal_words(int status)
{
	return status == 413   ? "refused by the relay: too large"
	       : status == 408 ? "refused by the relay: its sender was too slow"
	       : status        ? "refused by the relay in the middle of the body"
			       : "cut short: the rest of its body never came";
}

const char *store_cut_words(enum answer_cut cut)
{
	static const char *const words[] = {
		"the record was cut",
		"its sender had gone, and the rest was not read (--record-max-abandoned)",
		"the record had no room for more (--max-size)",
		"it gave way to what came later (--max-size)",
		"creel was killed before it was on record",
	};
	return words[(size_t)cut < sizeof words / sizeof *words ? cut : ANSWER_CUT_NOT];
}

const char *store_cut_option(enum answer_cut cut)
{
	static const char *const options[] = { "", "record-max-abandoned", "max-size", "max-size", "" };
	return options[(size_t)cut < sizeof options / sizeof *options ? cut : ANSWER_CUT_NOT];
}

const char *store_origin_name(enum delivery_origin origin)
{
	static const char *const names[] = { "live", "spool", "replay", "import", "trigger" };
	return (size_t)origin < sizeof names / sizeof *names ? names[origin] : "unknown";
}

const char *store_result_name(enum attempt_result result)
{
	static const char *const names[] = { "ok", "unreachable", "timeout", "aborted", "tls", "cancelled" };
	return (size_t)result < sizeof names / sizeof *names ? names[result] : "unknown";
}
