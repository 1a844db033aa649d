#include "client/options/synonyms.h"

#include <stddef.h>
#include <strings.h>

static const struct {
	const char *word, *instead;
} synonyms[] = {
#define SYNONYM(word, instead) { word, instead },
#include "client/options/synonyms.def"
#undef SYNONYM
};

const char *synonyms_find(const char *word)
{
	for (size_t i = 0; i < sizeof synonyms / sizeof *synonyms; i++)
		if (strcasecmp(synonyms[i].word, word) == 0)
			return synonyms[i].instead;
	return NULL;
}
