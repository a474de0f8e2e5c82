/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/storage-image.h"

#include "base/cleanup.h"
#include "base/count.h"
#include "base/text.h"
#include "engine/walk.h"

#include <string.h>

/* "metadata" is JSON in a string: podman's vendored libpod/storage.go, "image-name". */
static char *image_of(const struct json *entry)
{
	_cleanup_json_ struct json_doc *doc = NULL;
	const char *text;
	struct why unused;

	if (json_string(entry, "metadata", &text, &unused) <= 0 ||
	    json_parse(text, strlen(text), &doc, &unused) < 0)
		return NULL;
	return walk_dup_string(json_root(doc), "image-name");
}

static char *image_in_index(const char *path, const char *id)
{
	_cleanup_json_ struct json_doc *doc = NULL;
	struct why unused;

	if (walk_read_json(path, JSON_ARRAY, &doc, &unused) <= 0)
		return NULL;
	json_foreach (entry, json_root(doc)) {
		const char *text;

		if (json_string(entry, "id", &text, &unused) > 0 && strcmp(text, id) == 0)
			return image_of(entry);
	}
	return NULL;
}

char *storage_image(const char *bundle)
{
	static const char *const indexes[] = {"containers.json", "volatile-containers.json"};
	static const char userdata[] = "/userdata";
	size_t len = strlen(bundle), tail = sizeof(userdata) - 1;
	const char *end = len > tail ? bundle + len - tail : "", *slash;
	_cleanup_free_ char *folder = NULL, *id = NULL;
	char *image = NULL;

	if (strcmp(end, userdata) != 0)
		return NULL;
	slash = memrchr(bundle, '/', len - tail);
	if (!slash)
		return NULL;
	folder = strndup(bundle, (size_t)(slash - bundle));
	id = strndup(slash + 1, (size_t)(end - slash) - 1);
	if (!folder || !id || !walk_is_id(id))
		return NULL;
	for (size_t i = 0; i < COUNT(indexes) && !image; i++) {
		_cleanup_free_ char *path = text_new("%s/%s", folder, indexes[i]);

		if (path)
			image = image_in_index(path, id);
	}
	return image;
}
