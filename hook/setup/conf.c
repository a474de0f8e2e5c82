/* SPDX-License-Identifier: Apache-2.0 */
#include "setup/conf.h"

#include "base/cleanup.h"
#include "base/file.h"
#include "setup/toml.h"

#include <dirent.h>
#include <fcntl.h>
#include <string.h>

#define MAX_BYTES (1UL << 20)

int conf_add(struct conf_list *list, const char *string)
{
	char **strings = reallocarray(list->strings, list->n + 1, sizeof(*strings));

	if (!strings)
		return -ENOMEM;
	list->strings = strings;
	strings[list->n] = strdup(string);
	return strings[list->n++] ? 0 : -ENOMEM;
}

static int take(const struct toml *toml, const char *path, const char *key, struct conf_list *list)
{
	_cleanup_free_ char *element = NULL;
	int r = 0;

	if (!toml_find(toml, key))
		return 0;
	conf_free(list);
	list->file = strdup(path);
	if (!list->file || asprintf(&element, "%s" TOML_SEP TOML_ELEMENT, key) < 0) {
		element = NULL;
		return -ENOMEM;
	}
	for (size_t i = 0; r == 0 && i < toml->n; i++) {
		if (strcmp(toml->items[i].path, element) == 0 && toml->items[i].text)
			r = conf_add(list, toml->items[i].text);
	}
	return r;
}

int conf_read(const char *path, const char *key, struct conf_list *list, struct why *why)
{
	_cleanup_(toml_free) struct toml toml = {0};
	_cleanup_free_ char *text = NULL;
	size_t len = 0;
	int r = file_read_at(AT_FDCWD, path, MAX_BYTES, &text, &len);

	if (r == -ENOENT)
		return 0;
	if (r < 0)
		return why_set(why, -r, "%s: %s", path, strerror(-r));
	r = toml_parse(text, len, &toml, why);
	if (r < 0)
		return why_prefix(why, r, path);
	r = take(&toml, path, key, list);
	return r < 0 ? why_set(why, -r, "%s: %s", path, strerror(-r)) : 0;
}

static bool ends_in(const char *name, const char *suffix)
{
	size_t n = strlen(name), m = strlen(suffix);

	return n >= m && strcmp(name + n - m, suffix) == 0;
}

int conf_read_folder(const char *dir, const char *suffix, const char *but, const char *key,
		     struct conf_list *list, struct why *why)
{
	struct dirent **entries = NULL;
	int n = scandir(dir, &entries, NULL, alphasort), r = 0;

	if (n < 0)
		return errno == ENOENT ? 0 : why_set(why, errno, "%s: %s", dir, strerror(errno));
	for (int i = 0; i < n; i++) {
		const char *name = entries[i]->d_name;
		_cleanup_free_ char *path = NULL;

		if (r == 0 && name[0] != '.' && ends_in(name, suffix) &&
		    (!but || strcmp(name, but) != 0)) {
			if (asprintf(&path, "%s/%s", dir, name) < 0) {
				path = NULL;
				r = why_set(why, ENOMEM, "out of memory");
			} else {
				r = conf_read(path, key, list, why);
			}
		}
		free(entries[i]);
	}
	free(entries);
	return r;
}

bool conf_has(const struct conf_list *list, const char *string)
{
	for (size_t i = 0; i < list->n; i++) {
		if (strcmp(list->strings[i], string) == 0)
			return true;
	}
	return false;
}

void conf_free(struct conf_list *list)
{
	for (size_t i = 0; i < list->n; i++)
		free(list->strings[i]);
	free(list->strings);
	free(list->file);
	*list = (struct conf_list){0};
}
