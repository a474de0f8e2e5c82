/* SPDX-License-Identifier: Apache-2.0 */

/* json_parse(), and every accessor on its result. */
#include "fuzz.h"

#include "oci/json.h"

#include <string.h>

static void check_reason(const struct why *why)
{
	size_t len = strnlen(why->text, sizeof(why->text));

	require(len > 0 && len < sizeof(why->text));
}

static void ask(const struct json *parent, const char *key)
{
	struct why why = {.text = ""};
	const struct json *value;
	const char *text;
	int64_t number;
	int r;

	for (int type = JSON_NULL; type <= JSON_OBJECT; type++) {
		r = json_member(parent, key, (enum json_type)type, &value, &why);
		if (r < 0)
			check_reason(&why);
		else
			require(r == 0 || value->type == (enum json_type)type);
	}
	if (json_string(parent, key, &text, &why) == 1)
		require(text != NULL && strlen(text) < SIZE_MAX);
	if (json_integer(parent, key, &number, &why) < 0)
		check_reason(&why);
}

/* NOLINTNEXTLINE(misc-no-recursion) */
static void walk(const struct json *value, size_t input_len, int depth)
{
	require(depth <= JSON_MAX_DEPTH && value->offset <= input_len);
	if (value->type == JSON_STRING || value->type == JSON_NUMBER)
		require(value->text[value->len] == '\0' && strlen(value->text) <= value->len);
	if (value->type == JSON_OBJECT)
		ask(value, "ociVersion");
	if (value->type != JSON_OBJECT && value->type != JSON_ARRAY)
		return;
	json_foreach (member, value) {
		require((value->type == JSON_OBJECT) == (member->key != NULL));
		if (member->key) {
			require(member->key[member->key_len] == '\0');
			ask(value, member->key);
		}
		walk(member, input_len, depth + 1);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t len)
{
	struct why why = {.text = ""};
	struct json_doc *doc;

	if (json_parse((const char *)input, len, &doc, &why) < 0) {
		check_reason(&why);
		return 0;
	}
	walk(json_root(doc), len, 0);
	json_free(doc);
	return 0;
}
