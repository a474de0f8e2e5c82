/* SPDX-License-Identifier: Apache-2.0 */
#include "oci/spec.h"

#include "base/cleanup.h"
#include "base/file.h"
#include "base/quote.h"

#include <fcntl.h>
#include <string.h>

/* Annotations are members of a member. Most of a spec is deeper, and not kept. */
#define LEVELS 2

static int spec_fill(struct oci_spec *spec, struct why *why)
{
	const struct json *json = json_root(spec->doc), *root;
	int r;

	r = json_object(json, "annotations", &spec->annotations, why);
	if (r < 0)
		return r;
	r = json_object(json, "root", &root, why);
	if (r > 0)
		r = json_string(root, "path", &spec->root_path, why);
	return r < 0 ? r : 0;
}

int oci_spec_parse(const char *text, size_t len, struct oci_spec *ret, struct why *why)
{
	_cleanup_(oci_spec_free) struct oci_spec spec = {0};
	int r = json_parse_levels(text, len, LEVELS, &spec.doc, why);

	if (r == 0)
		r = spec_fill(&spec, why);
	if (r < 0)
		return r;
	*ret = spec;
	spec.doc = NULL;
	return 0;
}

int oci_spec_read(const char *path, struct oci_spec *ret, struct why *why)
{
	_cleanup_free_ char *text = NULL;
	size_t len;
	int r;

	r = file_read_at(AT_FDCWD, path, SPEC_MAX_BYTES, &text, &len);
	if (r < 0)
		return why_set(why, -r, "%s: %s", quote(path), strerror(-r));
	r = oci_spec_parse(text, len, ret, why);
	return r < 0 ? why_prefix(why, r, quote(path)) : 0;
}

void oci_spec_free(struct oci_spec *spec)
{
	json_free(TAKE_PTR(spec->doc));
}
