#include "relay/serve_options.h"

#include "relay/cluster/cluster_settings.h"
#include "relay/common/limits.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

#define SERVE struct serve_options

static const struct option_row place_rows[] = {
	{ "listen", 'l', OPTION_LIST_AT(SERVE, set.listen), OPTION_BY_USER, "ADDR:PORT",
	  "serve webhooks and tunnels here", .preset = "127.0.0.1:8080" },
	{ "tunnel-listen", 0, OPTION_LIST_AT(SERVE, set.tunnel_listen), OPTION_BY_USER, "ADDR:PORT",
	  "a port for tunnels alone, where a proxy strips ALPN" },
	{ "port-file", 0, OPTION_TEXT_AT(SERVE, set.port_file), OPTION_BY_USER, "FILE",
	  "write the first listener's actual address here" },
	{ "public-url", 0, OPTION_TEXT_AT(SERVE, set.public_url), OPTION_BY_USER, "URL", "how senders reach this relay",
	  .otherwise = "from --listen" },
	{ "domain", 0, OPTION_TEXT_AT(SERVE, set.domain), OPTION_BY_USER, "NAME",
	  "tunnels are hosts: https://TUNNEL.NAME/ instead of URL/TUNNEL" },
	{ "data", 'd', OPTION_TEXT_AT(SERVE, set.data), OPTION_BY_USER, "DIR", "tokens, tunnel names, the spool",
	  .preset = "./creel-relay-data" },
	{ "tls-cert", 0, OPTION_TEXT_AT(SERVE, set.tls_cert), OPTION_BY_USER, "FILE",
	  "certificate chain, PEM; read again on SIGHUP. FILE.ocsp beside it is stapled" },
	{ "tls-key", 0, OPTION_TEXT_AT(SERVE, set.tls_key), OPTION_BY_USER, "FILE", "its private key, PEM" },
	{ "acme", 0, OPTION_LIST_AT(SERVE, set.acme), OPTION_BY_USER, "NAME",
	  "get and renew a certificate for this name by ACME (needs uacme)" },
	{ "acme-mail", 0, OPTION_TEXT_AT(SERVE, set.acme_mail), OPTION_BY_USER, "ADDRESS",
	  "where the certificate authority may write" },
	{ "acme-url", 0, OPTION_TEXT_AT(SERVE, set.acme_url), OPTION_BY_USER, "URL",
	  "the certificate authority's directory", .otherwise = "Let's Encrypt's" },
	{ "acme-hook", 0, OPTION_TEXT_AT(SERVE, set.acme_hook), OPTION_BY_USER, "PROGRAM",
	  "sets DNS records for *.NAME (dns-01)" },
	{ "acme-listen", 0, OPTION_TEXT_AT(SERVE, set.acme_listen), OPTION_BY_USER, "ADDR:PORT",
	  "where the certificate authority looks, by port 80; off: by port 443 alone",
	  .otherwise = "[::]:80 with --acme" },
	{ "trusted-proxy", 0, OPTION_LIST_AT(SERVE, set.trusted_proxy), OPTION_BY_USER, "CIDR",
	  "believe X-Forwarded-… and PROXY headers from there" },
	{ "browser-warning", 0, OPTION_FLAG_AT(SERVE, set.browser_warning), OPTION_BY_USER, NULL,
	  "warn browsers before they see a tunnel, except those of tokens added with --no-browser-warning" },
};

#define OPTION_OF_BYTES(member) OPTION_SIZE_AT(struct settings, member), OPTION_BY_USER, "SIZE"
#define OPTION_OF_MS(member) OPTION_DURATION_AT(struct settings, member), OPTION_BY_USER, "TIME"
#define OPTION_OF_COUNT(member) OPTION_COUNT_AT(struct settings, member), OPTION_BY_USER, "N"

static const struct option_row limit_rows[] = {
#define SETTING(id, member, name_, unit, preset_, least_, most_, zero_, refusal, counting, file, about, then)          \
	{                                                                                                              \
		(name_),                                                                                               \
		0,                                                                                                     \
		OPTION_OF_##unit(member),                                                                              \
		(about),                                                                                               \
		.preset = (preset_),                                                                                   \
		.least = (least_),                                                                                     \
		.most = (most_),                                                                                       \
		.zero = (zero_)                                                                                        \
	},
#include "relay/common/limits.def"
};

static const struct option_row other_rows[] = {
	{ "admin", 0, OPTION_TEXT_AT(SERVE, set.admin), OPTION_BY_USER, "ADDR:PORT",
	  "/healthz, /readyz and /metrics here (loopback)" },
	{ "admin-port-file", 0, OPTION_TEXT_AT(SERVE, set.admin_port_file), OPTION_BY_USER, "FILE",
	  "write the admin listener's actual address here" },
	{ "log-level", 0, OPTION_CHOICE_AT(SERVE, set.log_level), OPTION_BY_USER, "debug|info|warn|error",
	  "lowest level that is logged", .preset = "info" },
	{ "log-format", 0, OPTION_CHOICE_AT(SERVE, set.log_format), OPTION_BY_USER, "logfmt|json",
	  "how lines of the log are written", .preset = "logfmt" },
	{ "config", 'c', OPTION_TEXT_AT(SERVE, config), OPTION_BY_CALLER, "FILE", "options as an INI file, [serve]" },
	{ "limits", 0, OPTION_FLAG_AT(SERVE, limits), OPTION_BY_LINE, NULL,
	  "print all limits, the fixed ones too, and what happens beyond them" },
	{ "help", 'h', OPTION_FLAG_AT(SERVE, help), OPTION_BY_LINE, NULL, "this text" },
};

static const struct option_row cluster_rows[] = {
	{ "cluster", 0, OPTION_TEXT_AT(SERVE, set.cluster), OPTION_BY_USER, "URLS",
	  "join other relays over these NATS servers: nats://a:4222,b:4222" },
	{ "cluster-credentials", 0, OPTION_TEXT_AT(SERVE, set.cluster_credentials), OPTION_BY_USER, "FILE",
	  "user:password for them, or a NATS .creds file; readable by its owner alone" },
	{ "cluster-ca", 0, OPTION_TEXT_AT(SERVE, set.cluster_ca), OPTION_BY_USER, "FILE",
	  "the CA of their certificates, PEM", .otherwise = "the system's" },
	{ "cluster-replicas", 0, OPTION_COUNT_AT(SERVE, set.cluster_replicas), OPTION_BY_USER, "0|1|3|5",
	  "how many NATS servers keep what is shared; 0: one keeps the directory, none copies of webhooks",
	  .preset = "3" },
	{ "cluster-adopt-after", 0, OPTION_DURATION_AT(SERVE, set.cluster_adopt_after_ms), OPTION_BY_USER, "TIME",
	  "how long a node is gone before another takes over the copies of what waits at it", .preset = "60s",
	  .least = 1, .zero = "never" },
};

static const struct option_group groups[] = { OPTION_GROUP(place_rows, 0),
					      OPTION_GROUP(limit_rows, offsetof(SERVE, set)),
					      OPTION_GROUP(other_rows, 0), OPTION_GROUP(cluster_rows, 0) };
static const struct option_table table = { groups, sizeof groups / sizeof *groups };

/* No option takes a token: one in the file is there by mistake, and a sentence about a line would repeat it. */
static void hide_tokens(struct secret_gate *gate, struct bytes text)
{
	char *copy = bytes_dup_text(text);
	secret_gate_add_tokens(gate, copy);
	secret_gate_add_urls(gate, copy);
	if (copy)
		OPENSSL_cleanse(copy, text.len);
	free(copy);
}

static bool read_config(const char *path, struct ini_file *file, struct secret_gate *gate, struct error *e)
{
	if (!ini_file_read(path, file, e))
		return false;
	if (!file->there)
		return error_set(e, EXIT_USAGE, "the config file %s cannot be read: %s", path, strerror(errno));
	hide_tokens(gate, buffer_view(&file->text));
	return true;
}

static bool is_host_name(const char *name)
{
	size_t len = strlen(name);
	return len > 0 && len <= LIMIT_DOMAIN && name[0] != '.' && name[len - 1] != '.' &&
	       strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-") == len;
}

/* Names of certificates: the first names the folder that uacme keeps it in. */
static bool is_acme_name(const char *name, size_t place, const char *hook, struct error *e)
{
	bool wild = strncmp(name, "*.", 2) == 0;
	if (!is_host_name(wild ? name + 2 : name) || !strchr(name, '.'))
		return error_set(e, EXIT_USAGE, "--acme %.200s is not a host name: write for example hooks.example.com",
				 name);
	if (wild && place == 0)
		return error_set(e, EXIT_USAGE, "--acme %.200s: write the name itself first, --acme %.200s", name,
				 name + 2);
	if (wild && !hook)
		return error_set(
		    e, EXIT_USAGE,
		    "--acme %.200s needs --acme-hook: a wildcard's certificate comes by a DNS record alone", name);
	return place < LIMIT_ACME_NAMES || error_set(e, EXIT_USAGE, "--acme takes at most %d names", LIMIT_ACME_NAMES);
}

static bool check(const struct settings *set, struct error *e)
{
	if ((set->tls_cert != NULL) != (set->tls_key != NULL))
		return error_set(e, EXIT_USAGE, "--tls-cert and --tls-key go together");
	if (set->acme.count > 0 && set->tls_cert)
		return error_set(e, EXIT_USAGE,
				 "--acme gets a certificate, and --tls-cert names one: give one of them");
	if (set->acme.count == 0 && (set->acme_mail || set->acme_url || set->acme_hook || set->acme_listen))
		return error_set(e, EXIT_USAGE, "the options --acme-… need --acme NAME");
	for (size_t i = 0; i < set->acme.count; i++)
		if (!is_acme_name(set->acme.at[i], i, set->acme_hook, e))
			return false;
	if (set->domain && !is_host_name(set->domain))
		return error_set(e, EXIT_USAGE,
				 "--domain %.200s is not a host name: write for example hooks.example.com",
				 set->domain);
	struct cluster_settings cluster;
	bool fine = cluster_settings_read(set, &cluster, e);
	cluster_settings_forget(&cluster);
	return fine;
}

/* The file is the relay's alone. */
static bool is_others(const char *section, const char *key)
{
	(void)section;
	(void)key;
	return false;
}

bool serve_options_read(struct serve_options *o, int argc, char **argv, struct secret_gate *gate, struct error *e)
{
	struct options_source source = { .program = "creel-relay serve",
					 .env_prefix = "CREEL_RELAY_",
					 .ini_section = "serve",
					 .is_others = is_others,
					 .sections = "options stand in [serve]" };
	int first;
	*o = (struct serve_options){ .parsed = options_new() };
	if (!o->parsed)
		return error_set(e, EXIT_USAGE, "out of memory");
	/* The file's name may come from the command line or the environment: a first pass finds it. */
	if (!options_parse(o->parsed, &table, o, &source, argc, argv, &first, e))
		return false;
	if (o->help)
		return true;
	if (o->config) {
		if (!read_config(o->config, &o->file, gate, e))
			return false;
		const struct options_file files[] = { { o->config, buffer_view(&o->file.text), NULL, NULL } };
		source.files = files;
		source.file_count = 1;
		if (!options_parse(o->parsed, &table, o, &source, argc, argv, &first, e))
			return false;
	}
	if (first < argc)
		return error_set(e, EXIT_USAGE, "serve takes no argument '%s'; see creel-relay serve --help",
				 argv[first]);
	return check(&o->set, e);
}

void serve_options_free(struct serve_options *o)
{
	ini_file_free(&o->file);
	options_free(o->parsed);
}

bool serve_options_print(FILE *out, const struct serve_options *o)
{
	if (o->help) {
		fputs("Usage: creel-relay serve [OPTIONS]\n\nTakes webhooks on a public port and carries them to creel "
		      "clients.\n\n",
		      out);
		options_print(out, &table);
		fputs("\nEvery option is also a key of the INI file and CREEL_RELAY_NAME in the environment.\n"
		      "Example: creel-relay serve --listen 0.0.0.0:443 --public-url https://hooks.example.com \\\n"
		      "           --tls-cert tls.crt --tls-key tls.key --data /var/lib/creel-relay\n",
		      out);
	} else if (o->limits) {
		limits_print(out, &o->set);
	}
	return o->help || o->limits;
}
