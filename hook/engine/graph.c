/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/graph.h"

#include "base/cleanup.h"
#include "base/text.h"
#include "engine/walk.h"

#include <inttypes.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

static int name_device(const char *directory, const char *prefix, const char *layer, char **ret)
{
	struct stat st;

	if (stat(directory, &st) < 0)
		return 0;
	*ret = text_new("%s-%u:%u-%" PRIu64 "-%s", prefix, major(st.st_dev), minor(st.st_dev),
			(uint64_t)st.st_ino, layer);
	return *ret ? 0 : -ENOMEM;
}

/* 1, 0 or -errno with a reason that names the file. */
static int read_layer_size(const char *directory, const char *layer, uint64_t *ret, struct why *why)
{
	_cleanup_free_ char *path = text_new("%s/metadata/%s", directory, layer);
	_cleanup_json_ struct json_doc *doc = NULL;
	int64_t size = 0;
	int r;

	if (!path)
		return -ENOMEM;
	r = walk_read_json(path, JSON_OBJECT, &doc, why);
	if (r <= 0)
		return r;
	r = json_integer(json_root(doc), "size", &size, why);
	if (r >= 0 && size < 0)
		r = why_set(why, EINVAL, "\"size\" is negative");
	if (r < 0)
		return why_prefix(why, r, path);
	*ret = (uint64_t)size;
	return 1;
}

int graph_fill(const char *directory, const char *prefix, const char *layer,
	       struct engine_container *container, struct why *why)
{
	int r = name_device(directory, prefix, layer, &container->device);

	return r < 0 ? r : read_layer_size(directory, layer, &container->remembered, why);
}
