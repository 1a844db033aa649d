/* The inspector over deliveries in memory: tui-fake [COUNT] [--filter F] [--color C] [--theme T] [--ascii] [--mouse]
 * [--listening] [--state-dir D] [--store NAME] [--keys F] [--log FILE] [--offline] [--slow] [--plain] [--walk]
 * [--hostile] [--clipboard COMMAND] [--target T] [--crash]. SIGUSR1 makes three more arrive, SIGUSR2
 * takes the five oldest away; --crash dies of a signal on the first SIGUSR1. What was done is written to the log when
 * it ends. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/tools/fake_source.h"
#include "tui/inspector/tui.h"

struct program {
	struct fake_source source;
	struct tui *tui;
	uv_signal_t more, fewer;
	enum tui_end how;
	const char *log;
	bool crash;
};

static void on_more(uv_signal_t *handle, int number)
{
	struct program *p = handle->data;
	(void)number;
	if (p->crash)
		abort();
	fake_source_add(&p->source, 3);
}

static void on_fewer(uv_signal_t *handle, int number)
{
	struct program *p = handle->data;
	(void)number;
	fake_source_remove(&p->source, p->source.items[0].row.id, p->source.items[0].row.id + 4);
}

static void on_closed(void *user)
{
	struct program *p = user;
	fake_source_close(&p->source);
	uv_close((uv_handle_t *)&p->more, NULL);
	uv_close((uv_handle_t *)&p->fewer, NULL);
}

static void on_end(void *user, enum tui_end how)
{
	struct program *p = user;
	p->how = how;
	tui_close(p->tui, on_closed, p);
}

static const char *value(int *i, int argc, char **argv)
{
	return ++*i < argc ? argv[*i] : "";
}

static int parse(struct program *p, struct tui_options *o, int argc, char **argv)
{
	int count = 100;
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--filter") == 0)
			o->filter = value(&i, argc, argv);
		else if (strcmp(argv[i], "--theme") == 0)
			o->theme = value(&i, argc, argv);
		else if (strcmp(argv[i], "--color") == 0)
			o->color = value(&i, argc, argv);
		else if (strcmp(argv[i], "--state-dir") == 0)
			o->state_dir = value(&i, argc, argv);
		else if (strcmp(argv[i], "--store") == 0)
			o->store = value(&i, argc, argv);
		else if (strcmp(argv[i], "--keys") == 0)
			o->keys_path = value(&i, argc, argv);
		else if (strcmp(argv[i], "--log") == 0)
			p->log = value(&i, argc, argv);
		else if (strcmp(argv[i], "--ascii") == 0)
			o->ascii = true;
		else if (strcmp(argv[i], "--mouse") == 0)
			o->mouse = true;
		else if (strcmp(argv[i], "--listening") == 0)
			o->listening = true;
		else if (strcmp(argv[i], "--offline") == 0)
			p->source.client = (struct client_state){ 0 };
		else if (strcmp(argv[i], "--slow") == 0)
			p->source.slow = true;
		else if (strcmp(argv[i], "--plain") == 0)
			p->source.plain = true;
		else if (strcmp(argv[i], "--walk") == 0)
			p->source.walk = true;
		else if (strcmp(argv[i], "--hostile") == 0)
			p->source.hostile = true;
		else if (strcmp(argv[i], "--clipboard") == 0)
			o->clipboard = value(&i, argc, argv);
		else if (strcmp(argv[i], "--target") == 0)
			snprintf(p->source.client.target, sizeof p->source.client.target, "%s", value(&i, argc, argv));
		else if (strcmp(argv[i], "--crash") == 0)
			p->crash = true;
		else
			count = atoi(argv[i]);
	}
	return count;
}

static void write_log(const struct program *p)
{
	FILE *f = p->log ? fopen(p->log, "w") : NULL;
	if (f) {
		fputs(p->source.log, f);
		fclose(f);
	}
}

int main(int argc, char **argv)
{
	static struct program p;
	struct tui_options options = { 0 };
	struct error e = { 0 };
	uv_loop_t *loop = uv_default_loop();
	fake_source_init(&p.source);
	fake_source_add(&p.source, parse(&p, &options, argc, argv));
	if (!fake_source_open(&p.source, loop))
		return 4;
	uv_signal_init(loop, &p.more);
	uv_signal_init(loop, &p.fewer);
	p.more.data = p.fewer.data = &p;
	uv_signal_start(&p.more, on_more, SIGUSR1);
	uv_signal_start(&p.fewer, on_fewer, SIGUSR2);
	struct tui_deps deps = { loop, &fake_source_ops, &p.source, &fake_deed_ops, &p.source, NULL };
	p.tui = tui_start(&deps, &options, on_end, &p, &e);
	if (!p.tui)
		on_closed(&p);
	uv_run(loop, UV_RUN_DEFAULT);
	uv_loop_close(loop);
	if (!p.tui)
		fprintf(stderr, "tui-fake: %s\n", e.text);
	else if (p.how == TUI_TO_LINES)
		puts("tui-fake: going on in lines");
	write_log(&p);
	fake_source_free(&p.source);
	return p.tui ? 0 : (int)e.code;
}
