/* SPDX-License-Identifier: Apache-2.0 */

/* toml_add() and toml_cut(): an added key is found, and a removed one leaves nothing behind. */
#include "fuzz.h"

#include "setup/toml-edit.h"

#include <stdlib.h>
#include <string.h>

#define TABLE "a" TOML_SEP "b"
#define KEY   TABLE TOML_SEP "k"

static bool has(const struct edit_text *t, const char *path)
{
	struct why why;
	struct toml toml = {0};
	bool found;

	require(toml_parse(t->text, t->len, &toml, &why) == 0);
	found = toml_has(&toml, path);
	toml_free(&toml);
	return found;
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t len)
{
	struct edit_text t = {0};
	struct why why;
	struct toml toml = {0};
	const struct toml_item *table;
	bool is_table;

	/* setup/toml-edit.h: no actions of templates that span lines */
	if (memmem(input, len, "{{", 2) || toml_parse((const char *)input, len, &toml, &why) < 0)
		return 0;
	table = toml_find(&toml, TABLE);
	is_table = table && (table->kind == TOML_TABLE || table->kind == TOML_INLINE);
	require(edit_copy((const char *)input, len, &t) == 0);
	if (!toml_has(&toml, KEY) && toml_add(&t, TABLE, "k", "1", &why) == 0) {
		require(has(&t, KEY));
		require(toml_cut(&t, KEY, NULL, &why) == 0);
		require(!has(&t, KEY));
		if (is_table)
			require(t.len == len && memcmp(t.text, input, len) == 0);
	} else {
		require(toml_cut(&t, TABLE, NULL, &why) == 0);
		require(!has(&t, TABLE));
	}
	edit_free(&t);
	toml_free(&toml);
	return 0;
}
