/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/walk.h"

#include "base/cleanup.h"
#include "base/file.h"
#include "base/text.h"
#include "engine/engine.h"

#include <dirent.h>
#include <fcntl.h>
#include <string.h>

/* Large enough for an index of ten thousand containers. */
#define FILE_MAX_BYTES (32UL * 1024 * 1024)
#define LINE_MAX_BYTES 4096

bool walk_is_id(const char *id)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyz"
				      "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789_.-+";

	return *id && *id != '.' && id[strspn(id, allowed)] == '\0';
}

int walk_read_json(const char *path, enum json_type type, struct json_doc **ret, struct why *why)
{
	_cleanup_json_ struct json_doc *doc = NULL;
	int r = json_read_at(AT_FDCWD, path, FILE_MAX_BYTES, &doc, why);

	if (r > 0 && json_root(doc)->type != type)
		r = why_set(why, EINVAL, "not %s", json_type_name(type));
	if (r < 0)
		return why_prefix(why, r, path);
	if (r > 0)
		*ret = TAKE_PTR(doc);
	return r;
}

int walk_pass_over(const struct engine_walk *walk, int r, const struct why *why)
{
	if (r == -ENOMEM)
		return r;
	if (walk->complain)
		walk->complain(why, walk->context);
	return 0;
}

void walk_note_unread(const struct why *why, void *context)
{
	struct walk_unread *unread = context;

	if (!unread->any)
		unread->why = *why;
	unread->any = true;
}

int walk_entries(const char *path, int (*visit)(const char *name, void *context), void *context)
{
	DIR *directory = opendir(path);
	int r = 0;

	if (!directory)
		return errno == ENOMEM ? -ENOMEM : 0;
	while (r == 0) {
		const struct dirent *entry = readdir(directory); /* NOLINT(concurrency-mt-unsafe) */

		if (!entry)
			break;
		if (entry->d_name[0] != '.')
			r = visit(entry->d_name, context);
	}
	closedir(directory);
	return r;
}

char *walk_read_line(const char *path)
{
	_cleanup_free_ char *text = NULL;
	size_t len;

	if (file_read_at(AT_FDCWD, path, LINE_MAX_BYTES, &text, &len) < 0)
		return NULL;
	text[strcspn(text, "\n")] = '\0';
	return TAKE_PTR(text);
}

char *walk_dup_string(const struct json *object, const char *key)
{
	const char *text = NULL;
	struct why unused;

	return object && json_string(object, key, &text, &unused) > 0 ? strdup(text) : NULL;
}

char *walk_find_task(const struct engine_roots *roots, const char *ns, const char *id)
{
	for (size_t i = 0; i < roots->n; i++) {
		_cleanup_free_ char *bundle =
			text_new("%s" ENGINE_TASKS "%s/%s", roots->dirs[i], ns, id);
		_cleanup_free_ char *spec = bundle ? text_new("%s/config.json", bundle) : NULL;

		if (!spec)
			return NULL;
		if (access(spec, F_OK) == 0)
			return TAKE_PTR(bundle);
	}
	return NULL;
}
