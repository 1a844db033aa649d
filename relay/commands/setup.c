/* creel-relay setup: from a name to a relay that can be started, in one step. */
#include "relay/acme/acme.h"
#include "relay/commands/commands.h"
#include "relay/commands/data_owner.h"
#include "relay/commands/setup_check.h"
#include "relay/names/tokens.h"
#include "relay/senders/listener.h"
#include "shared/disk/file.h"
#include "shared/options/options.h"
#include "shared/text/text.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct setup_options {
	const char *name, *mail, *token, *config, *data, *listen, *acme_listen, *acme_url, *systemd;
	bool force, help;
};

#define SETUP struct setup_options
static const struct option_row rows[] = {
	{ "name", 'n', OPTION_TEXT_AT(SETUP, name), OPTION_BY_LINE, "HOST", "the relay's name: hooks.example.com",
	  .otherwise = "asked for" },
	{ "mail", 'm', OPTION_TEXT_AT(SETUP, mail), OPTION_BY_LINE, "ADDRESS",
	  "where the certificate authority may write; '' for none", .otherwise = "asked for" },
	{ "token", 't', OPTION_TEXT_AT(SETUP, token), OPTION_BY_LINE, "NAME", "what the first token is called",
	  .preset = "me" },
	{ "config", 'c', OPTION_TEXT_AT(SETUP, config), OPTION_BY_LINE, "FILE", "the options are written here",
	  .preset = "/etc/creel/relay.ini" },
	{ "data", 'd', OPTION_TEXT_AT(SETUP, data), OPTION_BY_LINE, "DIR", "the relay's data folder",
	  .preset = "/var/lib/creel-relay" },
	{ "listen", 'l', OPTION_TEXT_AT(SETUP, listen), OPTION_BY_LINE, "ADDR:PORT", "where the relay serves",
	  .preset = "[::]:443" },
	{ "acme-listen", 0, OPTION_TEXT_AT(SETUP, acme_listen), OPTION_BY_LINE, "ADDR:PORT",
	  "as for serve; off: without port 80", .otherwise = "[::]:80" },
	{ "acme-url", 0, OPTION_TEXT_AT(SETUP, acme_url), OPTION_BY_LINE, "URL",
	  "the certificate authority's directory", .otherwise = "Let's Encrypt's" },
	{ "systemd", 0, OPTION_TEXT_AT(SETUP, systemd), OPTION_BY_LINE, "DIR",
	  "the service gets its drop-in here, where the folder exists", .preset = "/etc/systemd/system" },
	{ "force", 'f', OPTION_FLAG_AT(SETUP, force), OPTION_BY_LINE, NULL, "overwrite the options that are there" },
	{ "help", 'h', OPTION_FLAG_AT(SETUP, help), OPTION_BY_LINE, NULL, "this text" },
};
static const struct option_group groups[] = { OPTION_GROUP(rows, 0) };
static const struct option_table table = { groups, 1 };

/* One line of standard input. */
static bool ask(const char *question, const char *option, char *line, size_t size, struct error *e)
{
	fprintf(stderr, "%s ", question);
	fflush(stderr);
	bool answered = fgets(line, (int)size, stdin);
	if (!answered || !isatty(STDIN_FILENO))
		fputc('\n', stderr); /* a terminal showed the one that was typed */
	if (!answered)
		return error_set(e, EXIT_USAGE, "nothing was answered; --%s says it as well", option);
	line[strcspn(line, "\r\n")] = 0;
	return true;
}

static bool is_fit(const char *text, const char *made_of, size_t most)
{
	size_t len = strlen(text);
	return len > 0 && len <= most && strspn(text, made_of) == len;
}

/* What is written into a file of options is one word of plain characters. */
static bool check_answers(const char *name, const char *mail, struct error *e)
{
#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
	if (!is_fit(name, LETTERS "-.", 180) || !strchr(name, '.') || *name == '.')
		return error_set(e, EXIT_USAGE, "'%.100s' is not a host name: write for example hooks.example.com",
				 name);
	if (*mail && (!is_fit(mail, LETTERS "-._+@", 200) || !strchr(mail, '@')))
		return error_set(e, EXIT_USAGE, "'%.100s' is not an address: write for example you@example.com", mail);
	return true;
}

static const char *port_of(const SETUP *o)
{
	const char *colon = strrchr(o->listen, ':');
	return colon && strcmp(colon, ":443") != 0 ? colon : "";
}

/* ---- files ---- */

static bool fail_to(const char *doing, const char *path, struct error *e)
{
	bool refused = errno == EACCES || errno == EPERM;
	return error_set(e, EXIT_STORE, "%s cannot be %s: %s%s", path, doing, strerror(errno),
			 refused ? "; run this as root, or name files of yours" : "");
}

static bool make_folder_of(const char *path, struct error *e)
{
	char folder[4096];
	const char *slash = strrchr(path, '/');
	if (!slash || slash == path)
		return true;
	snprintf(folder, sizeof folder, "%.*s", (int)(slash - path), path);
	return mkdir(folder, 0755) == 0 || errno == EEXIST || fail_to("made", folder, e);
}

static bool write_text(const char *path, const struct buffer *text, struct error *e)
{
	return file_replace(path, buffer_view(text), FILE_SYNCED) || fail_to("written", path, e);
}

static bool write_config(const SETUP *o, const char *name, const char *mail, struct error *e)
{
	struct buffer text = { 0 };
	if (!o->force && access(o->config, F_OK) == 0)
		return error_set(e, EXIT_USAGE, "%s is there already: edit it, or overwrite it with --force",
				 o->config);
	bool fine = make_folder_of(o->config, e);
	if (fine && !(buffer_printf(&text, "[serve]\nlisten = %s\npublic-url = https://%s%s\nacme = %s\n", o->listen,
				    name, port_of(o), name) &&
		      (!*mail || buffer_printf(&text, "acme-mail = %s\n", mail)) &&
		      (!o->acme_listen || buffer_printf(&text, "acme-listen = %s\n", o->acme_listen)) &&
		      (!o->acme_url || buffer_printf(&text, "acme-url = %s\n", o->acme_url))))
		fine = error_set(e, EXIT_STORE, "out of memory");
	fine = fine && write_text(o->config, &text, e);
	buffer_free(&text);
	return fine;
}

/* The service as it is shipped expects a certificate's files. *written: there is a systemd. */
static bool write_drop_in(const SETUP *o, bool *written, struct error *e)
{
	struct buffer path = { 0 }, text = { 0 };
	*written = access(o->systemd, F_OK) == 0;
	if (!*written)
		return true;
	bool fine =
	    buffer_printf(&path, "%s/creel-relay.service.d/acme.conf", o->systemd) && buffer_put_u8(&path, 0) &&
	    buffer_append_text(&text, "# Made by creel-relay setup: the certificate comes by itself.\n[Service]\n"
				      "LoadCredential=\nEnvironment=\n");
	fine = fine ? make_folder_of((const char *)path.at, e) && write_text((const char *)path.at, &text, e)
		    : error_set(e, EXIT_STORE, "out of memory");
	buffer_free(&path);
	buffer_free(&text);
	return fine;
}

static void on_row(void *user, const struct token_row *row)
{
	const char **wanted = user;
	if (*wanted && strcmp(row->name, *wanted) == 0)
		*wanted = NULL;
}

/* `secret` is "" where the token was there. */
static bool make_token(const SETUP *o, char secret[TOKEN_TEXT_LEN + 1], struct error *e)
{
	struct tokens *tokens = NULL;
	const char *wanted = o->token;
	*secret = 0;
	bool fine = data_owner_become(o->data, e) && tokens_open(&tokens, o->data, true, e) &&
		    tokens_list(tokens, on_row, &wanted, e) &&
		    (!wanted || tokens_add(tokens, o->token, "*", secret, e));
	tokens_close(tokens);
	return fine;
}

/* ---- checks ---- */

static int say(bool fine, const char *text)
{
	fprintf(stderr, "%s %s\n", fine ? "ok" : "!!", text);
	return fine ? 0 : 1;
}

static int check_dns(const char *name)
{
	struct buffer shown = { 0 };
	char text[500];
	enum setup_dns dns = setup_check_dns(name, &shown);
	int len = shown.len < 200 ? (int)shown.len : 200;
	if (dns == SETUP_DNS_NONE)
		snprintf(text, sizeof text,
			 "%s has no address yet: make an A record, and AAAA, that lead to this machine", name);
	else
		snprintf(text, sizeof text, "%s leads to %.*s%s", name, len, (const char *)shown.at,
			 dns == SETUP_DNS_HERE ? ", this machine"
					       : ", which is not an address of this machine: right only if a router "
						 "passes ports 80 and 443 on to it");
	buffer_free(&shown);
	return say(dns == SETUP_DNS_HERE, text);
}

static int check_port(const char *address)
{
	struct error e;
	char text[700];
	bool fine = listener_probe(address, &e);
	snprintf(text, sizeof text, fine ? "%.300s is free" : "%s", fine ? address : e.text);
	return say(fine, text);
}

static int check_all(const SETUP *o, const char *name)
{
	const char *acme = o->acme_listen ? o->acme_listen : "[::]:80";
	int faults = check_dns(name) + check_port(o->listen);
	if (strcmp(acme, "off") != 0)
		faults += check_port(acme);
	bool there = acme_is_installed();
	return faults + say(there, there ? "uacme is installed"
					 : "uacme, which gets the certificate, is missing: install the package uacme "
					   "(Debian: sudo apt-get install uacme)");
}

static bool set_up(const SETUP *o, const char *name, const char *mail, struct error *e)
{
	char secret[TOKEN_TEXT_LEN + 1];
	bool service;
	if (!check_answers(name, mail, e) || !listener_check_address(o->listen, e) || !write_config(o, name, mail, e) ||
	    !write_drop_in(o, &service, e))
		return false;
	/* Before root is given up, which a port below 1024 may need. */
	int faults = check_all(o, name);
	if (!make_token(o, secret, e))
		return false;
	fprintf(stderr, "\n%s is written. Start the relay:\n", o->config);
	if (service)
		fputs("  sudo systemctl daemon-reload && sudo systemctl enable --now creel-relay\n", stderr);
	else
		fprintf(stderr, "  creel-relay serve --config %s --data %s\n", o->config, o->data);
	fprintf(stderr, "On the laptop, %s:\n",
		*secret ? "with the token below it, which is shown this once" : "with the token that was made before");
	bool told = printf("creel login https://%s%s\n%s%s", name, port_of(o), secret, *secret ? "\n" : "") > 0 &&
		    fflush(stdout) == 0;
	OPENSSL_cleanse(secret, sizeof secret);
	if (!told)
		return error_set(e, EXIT_STORE,
				 "the token cannot be written: creel-relay token rotate %s makes another", o->token);
	return faults == 0 || error_set(e, EXIT_NO, "%d of the checks above failed: see to the lines with !!", faults);
}

int setup_run(int argc, char **argv, struct secret_gate *gate, struct error *e)
{
	SETUP o = { .help = false };
	const struct options_source source = { .program = "creel-relay setup" };
	struct options *parsed = options_new();
	char name[256], mail[256];
	int first, status = EXIT_USAGE;
	(void)gate;
	if (!parsed || !options_parse(parsed, &table, &o, &source, argc, argv, &first, e))
		goto out;
	if (o.help) {
		fputs(
		    "Usage: creel-relay setup [OPTIONS]\n\nMakes a relay that gets its certificate by itself: asks for "
		    "its name and a mail address, writes the\noptions of serve, makes the first token, checks DNS "
		    "and ports, and prints what to type on the laptop.\nExit status 1 when a check failed.\n\n",
		    stdout);
		options_print(stdout, &table);
		status = EXIT_DONE;
		goto out;
	}
	if (first < argc) {
		error_set(e, EXIT_USAGE, "setup takes no argument '%.60s'", argv[first]);
		goto out;
	}
	snprintf(name, sizeof name, "%s", o.name ? o.name : "");
	snprintf(mail, sizeof mail, "%s", o.mail ? o.mail : "");
	if ((o.name || ask("The relay's name, for example hooks.example.com:", "name", name, sizeof name, e)) &&
	    (o.mail ||
	     ask("A mail address for the certificate authority (may be empty):", "mail", mail, sizeof mail, e)) &&
	    set_up(&o, name, mail, e))
		status = EXIT_DONE;
	else
		status = (int)e->code;
out:
	options_free(parsed);
	return status;
}
