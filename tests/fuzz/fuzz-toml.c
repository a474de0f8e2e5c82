/* SPDX-License-Identifier: Apache-2.0 */

/* toml_parse(): each value that it finds is within the text, and is found again. */
#include "fuzz.h"

#include "setup/toml.h"

#include <string.h>

static void check_item(const struct toml *toml, const struct toml_item *item, size_t input_len)
{
	const struct toml_item *first = toml_find(toml, item->path);

	require(item->start < item->end && item->end <= input_len);
	require(first && strcmp(first->path, item->path) == 0 && first <= item);
	require((item->kind == TOML_TABLE) == (item->text == NULL));
	require(item->key <= item->start && item->base <= strlen(item->path));
	if (item->text)
		require(strlen(item->text) <= item->end - item->start);
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t len)
{
	struct why why = {.text = ""};
	struct toml toml;

	if (toml_parse((const char *)input, len, &toml, &why) < 0) {
		require(why.text[0] != '\0');
		return 0;
	}
	for (size_t i = 0; i < toml.n && i < 1000; i++)
		check_item(&toml, &toml.items[i], len);
	toml_free(&toml);
	return 0;
}
