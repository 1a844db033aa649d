#include "client/signing/secrets.h"

#include "shared/secrets/secret_read.h"
#include "shared/secrets/secret_shape.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>

#define FORMS "PROVIDER=@FILE, PROVIDER=@- or PROVIDER=env:NAME"

/* CREEL_SECRET holds the secret itself, for other users cannot see a program's environment. */
static bool is_environments(const char *spec)
{
	const char *value = getenv("CREEL_SECRET");
	return value && strcmp(value, spec) == 0;
}

/* Whether the value says where a secret is. Any other value may be a secret, and is not repeated in a sentence. */
static bool is_place(const char *text)
{
	return text[0] == '@' || strncmp(text, "env:", 4) == 0;
}

static void say_taken(const char *place, const char *taken)
{
	if (taken)
		fprintf(stderr, "creel: the secret of %.200s is taken without %s\n", place, taken);
}

/* Whether it fits when layers are taken away that a secret may have, too: they are only where it does not fit with
 * them. */
static bool fits_peeled(struct secret *s, const char *place)
{
	struct error ignored;
	char *copy = strdup(s->text);
	bool fits = false;
	const char *taken = NULL, *one;
	while (copy && !fits && (one = secret_shape_peel(copy))) {
		taken = one;
		fits = signature_secret_fits(s->provider, bytes_of(copy), &ignored);
	}
	if (fits) {
		say_taken(place, taken);
		memcpy(s->text, copy, strlen(copy) + 1); /* it is shorter */
	}
	if (copy)
		OPENSSL_cleanse(copy, strlen(copy));
	free(copy);
	return fits;
}

static bool read_secret(const char *place, struct secret *s, struct error *e)
{
	s->text = secret_read(place, e);
	if (!s->text)
		return false;
	if (!*s->text)
		return error_set(e, EXIT_USAGE, "the secret of %.200s is empty", place);
	say_taken(place, secret_shape_unname(s->text));
	if (!s->provider || signature_secret_fits(s->provider, bytes_of(s->text), e) || fits_peeled(s, place))
		return true;
	return error_prefix(e, place);
}

static bool read_spec(const char *spec, bool need_provider, struct secret *s, struct error *e)
{
	char name[64];
	const char *equals = strchr(spec, '=');
	if (is_place(spec)) {
		if (need_provider)
			return error_set(e, EXIT_USAGE, "--secret needs the provider's name: " FORMS);
		return read_secret(spec, s, e);
	}
	if (equals && is_place(equals + 1) && (size_t)(equals - spec) < sizeof name) {
		memcpy(name, spec, (size_t)(equals - spec));
		name[equals - spec] = 0;
		s->provider = signature_find(name);
		return s->provider ? read_secret(equals + 1, s, e) : signature_unknown(name, e);
	}
	if (is_environments(spec)) { /* its provider is not known */
		if (need_provider)
			return true;
		if (!(s->text = strdup(spec)))
			return error_set(e, EXIT_STORE, "out of memory");
		secret_shape_clean(s->text, strlen(s->text));
		say_taken("CREEL_SECRET", secret_shape_unname(s->text));
		return true;
	}
	return error_set(e, EXIT_USAGE, "--secret takes %s; a secret is never an argument, where others can see it",
			 need_provider ? FORMS : "@FILE, @-, env:NAME or " FORMS);
}

bool secrets_read(const struct option_values *specs, bool need_provider, struct secrets *out, struct error *e)
{
	out->count = 0;
	out->at = calloc(specs->count + 1, sizeof *out->at);
	if (!out->at)
		return error_set(e, EXIT_STORE, "out of memory");
	for (size_t i = 0; i < specs->count; i++) {
		struct secret *s = &out->at[out->count++];
		if (!read_spec(specs->at[i], need_provider, s, e))
			return false;
		out->count -= s->text == NULL;
	}
	return true;
}

void secrets_hide(const struct secrets *s, struct secret_gate *gate)
{
	for (size_t i = 0; i < s->count; i++)
		secret_gate_add(gate, s->at[i].text);
}

void secrets_free(struct secrets *s)
{
	for (size_t i = 0; i < s->count; i++) {
		if (s->at[i].text)
			OPENSSL_cleanse(s->at[i].text, strlen(s->at[i].text));
		free(s->at[i].text);
	}
	free(s->at);
	s->at = NULL;
	s->count = 0;
}

void secrets_drop_environment(struct secrets *s)
{
	size_t kept = 0;
	for (size_t i = 0; i < s->count; i++) {
		struct secret *one = &s->at[i];
		if (one->provider || !one->text || !is_environments(one->text)) {
			s->at[kept++] = *one;
			continue;
		}
		OPENSSL_cleanse(one->text, strlen(one->text));
		free(one->text);
	}
	s->count = kept;
}

const struct secret *secrets_next(const struct secrets *s, const struct signature_provider *p, size_t *at)
{
	while (*at < 2 * s->count) {
		size_t i = (*at)++;
		const struct secret *found = &s->at[i % s->count];
		bool own = found->provider && signature_kin(p, found->provider);
		if (i < s->count ? own : !found->provider)
			return found;
	}
	return NULL;
}

bool secrets_names(const struct secrets *s, struct buffer *out)
{
	for (size_t i = 0; i < s->count; i++) {
		const struct signature_provider *p = s->at[i].provider;
		bool known = !p;
		for (size_t k = 0; k < i && !known; k++)
			known = s->at[k].provider == p;
		if (!known && ((out->len && !buffer_put_u8(out, ' ')) || !buffer_append_text(out, signature_name(p))))
			return false;
	}
	return true;
}
