#include "relay/cluster/cluster_settings.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <string.h>

static bool check_ca(const char *path, struct error *e)
{
	FILE *f = fopen(path, "re");
	if (!f)
		return error_set(e, EXIT_USAGE, "--cluster-ca %s cannot be read: %s", path, strerror(errno));
	X509 *first = PEM_read_X509(f, NULL, NULL, NULL);
	ERR_clear_error();
	fclose(f);
	X509_free(first);
	return first || error_set(e, EXIT_USAGE, "--cluster-ca %s holds no certificate in PEM", path);
}

static bool check_replicas(int64_t replicas, struct error *e)
{
	return replicas == 0 || replicas == 1 || replicas == 3 || replicas == 5 ||
	       error_set(e, EXIT_USAGE, "--cluster-replicas %lld: NATS takes 1, 3 or 5, and 0 is for no copies",
			 (long long)replicas);
}

/* Without --cluster the others would be overlooked. */
static bool check_alone(const struct settings *set, struct error *e)
{
	const char *lone = set->cluster_credentials ? "credentials" : set->cluster_ca ? "ca" : NULL;
	return !lone || error_set(e, EXIT_USAGE, "--cluster-%s needs --cluster URLS", lone);
}

bool cluster_settings_read(const struct settings *set, struct cluster_settings *out, struct error *e)
{
	memset(out, 0, sizeof *out);
	if (!check_replicas(set->cluster_replicas, e))
		return false;
	if (!set->cluster)
		return check_alone(set, e);
	out->replicas = set->cluster_replicas > 0 ? (unsigned)set->cluster_replicas : 1;
	out->copies = set->cluster_replicas > 0;
	out->adopt_after = (uint64_t)set->cluster_adopt_after_ms;
	return bus_servers_read(set->cluster, &out->servers, e) &&
	       (!set->cluster_credentials || bus_credentials_read(set->cluster_credentials, &out->credentials, e)) &&
	       (!set->cluster_ca || check_ca(set->cluster_ca, e));
}

void cluster_settings_forget(struct cluster_settings *c)
{
	bus_credentials_forget(&c->credentials);
}
