/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/docker.h"

#include "base/cleanup.h"
#include "base/file.h"
#include "base/quote.h"

#include <fcntl.h>
#include <string.h>

#define CONFIG_MAX_BYTES (16UL * 1024 * 1024)
#define ID_LEN		 64

static bool is_id(const char *id)
{
	return strspn(id, "0123456789abcdef") == ID_LEN && id[ID_LEN] == '\0';
}

/* The last occurrence: a data root may have such a name in it, too. */
static const char *find_last(const char *text, const char *part)
{
	const char *found = NULL;

	for (const char *at = text; (at = strstr(at, part)); at++)
		found = at;
	return found;
}

size_t docker_data_root(const char *root_path)
{
	static const char *const marks[] = {"/devicemapper/mnt/", "/rootfs/devmapper/"};

	for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++) {
		const char *found = find_last(root_path, marks[i]);

		if (found && *root_path == '/')
			return (size_t)(found - root_path);
	}
	return 0;
}

static int find_labels(const struct json *root, const struct json **ret, struct why *why)
{
	const struct json *config;
	int r = json_member(root, "Config", JSON_OBJECT, &config, why);

	return r <= 0 ? r : json_member(config, "Labels", JSON_OBJECT, ret, why);
}

static int read_labels(const char *path, struct json_doc **ret_doc, const struct json **ret_labels,
		       struct why *why)
{
	_cleanup_free_ char *text = NULL;
	struct json_doc *doc = NULL;
	size_t len;
	int r = file_read_at(AT_FDCWD, path, CONFIG_MAX_BYTES, &text, &len);

	if (r == -ENOENT || r == -ENOTDIR)
		return 0;
	if (r < 0)
		return why_set(why, -r, "%s", strerror(-r));
	r = json_parse(text, len, &doc, why);
	if (r == 0)
		r = find_labels(json_root(doc), ret_labels, why);
	if (r <= 0) {
		json_free(doc);
		return r;
	}
	*ret_doc = doc;
	return 1;
}

int docker_labels(const char *root_path, const char *id, struct json_doc **ret_doc,
		  const struct json **ret_labels, struct why *why)
{
	_cleanup_free_ char *path = NULL;
	size_t root_len = docker_data_root(root_path);
	int r;

	if (root_len == 0 || !is_id(id))
		return 0;
	if (asprintf(&path, "%.*s/containers/%s/config.v2.json", (int)root_len, root_path, id) < 0)
		return why_set(why, ENOMEM, "out of memory");
	r = read_labels(path, ret_doc, ret_labels, why);
	return r < 0 ? why_prefix(why, r, quote(path)) : r;
}
