#include "shared/program/interrupt.h"

#include <stddef.h>

static volatile sig_atomic_t came;

static void on_signal(int number)
{
	(void)number;
	came = 1;
}

void interrupt_begin(struct interrupt *before)
{
	struct sigaction set = { .sa_handler = on_signal };
	sigemptyset(&set.sa_mask);
	sigaction(SIGINT, NULL, &before->on_int);
	if (before->on_int.sa_handler != on_signal)
		came = 0;
	sigaction(SIGINT, &set, &before->on_int);
	sigaction(SIGTERM, &set, &before->on_term);
}

void interrupt_end(const struct interrupt *before)
{
	sigaction(SIGINT, &before->on_int, NULL);
	sigaction(SIGTERM, &before->on_term, NULL);
}

bool interrupt_came(void)
{
	return came != 0;
}
