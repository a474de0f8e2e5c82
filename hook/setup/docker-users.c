/* SPDX-License-Identifier: Apache-2.0 */
#include "setup/docker-users.h"

#include "base/cleanup.h"
#include "base/file.h"
#include "base/text.h"
#include "oci/json.h"

#include <dirent.h>
#include <string.h>

#define MAX_HOST_CONFIG (1UL << 20)
#define SHORT_ID	12

struct users {
	const struct setup_place *place;
	char first[SHORT_ID + 1];
	unsigned int n;
};

/* Was the container created with our runtime? */
static bool remembers_runtime(int dir_fd, const char *id)
{
	_cleanup_free_ char *path = text_new("%s/hostconfig.json", id), *text = NULL;
	struct json_doc *doc = NULL;
	const char *runtime = NULL;
	struct why unused;
	size_t len = 0;
	bool ours;

	if (!path)
		return false;
	if (file_read_at(dir_fd, path, MAX_HOST_CONFIG, &text, &len) < 0 ||
	    json_parse(text, len, &doc, &unused) < 0)
		return false;
	ours = json_string(json_root(doc), "Runtime", &runtime, &unused) == 1 &&
	       strcmp(runtime, SETUP_RUNTIME_NAME) == 0;
	json_free(doc);
	return ours;
}

/* NULL: there is none. */
static DIR *open_dir(const struct setup_place *place, const char *name)
{
	_cleanup_free_ char *path = NULL;

	return place_resolve(place, name, &path) == 0 ? opendir(path) : NULL;
}

static void count_users(const char *data_root, struct users *users)
{
	_cleanup_free_ char *name = text_new("%s/containers", data_root);
	DIR *dir = name ? open_dir(users->place, name) : NULL;

	for (const struct dirent *e; dir && (e = readdir(dir));) {
		if (e->d_name[0] == '.' || !remembers_runtime(dirfd(dir), e->d_name))
			continue;
		if (users->n++ == 0)
			snprintf(users->first, sizeof(users->first), "%.*s", SHORT_ID, e->d_name);
	}
	if (dir)
		closedir(dir);
}

/* With userns-remap, the data root is UID.GID in there. */
static bool is_remapped_root(const char *name)
{
	return name[0] != '.' && strchr(name, '.') && !name[strspn(name, "0123456789.")];
}

static void count_remapped_users(const char *data_root, struct users *users)
{
	DIR *dir = open_dir(users->place, data_root);

	for (const struct dirent *e; dir && (e = readdir(dir));) {
		_cleanup_free_ char *name = text_new("%s/%s", data_root, e->d_name);

		if (name && is_remapped_root(e->d_name))
			count_users(name, users);
	}
	if (dir)
		closedir(dir);
}

void docker_users_note(const struct setup_place *place, const char *data_root,
		       struct setup_plan *plan)
{
	_cleanup_free_ char *root = place_name(place, data_root);
	struct users users = {.place = place};

	if (!root)
		return;
	count_users(root, &users);
	count_remapped_users(root, &users);
	if (users.n)
		change_note(
			plan,
			"%u container%s created with this runtime (%s%s) cannot start without it: "
			"re-create %s, or run \"oci-thin-grow enable --no-default docker\", which "
			"keeps the runtime",
			users.n, users.n == 1 ? "" : "s", users.first, users.n == 1 ? "" : ", ...",
			users.n == 1 ? "it" : "them");
}
