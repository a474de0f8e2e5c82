/* SPDX-License-Identifier: Apache-2.0 */
#include "base/beneath.h"

#include "base/cleanup.h"
#include "base/text.h"

#include <limits.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>

#define MAX_LINKS 40 /* as in the kernel */

struct walk {
	char *at;	 /* resolved so far, without links; "" is this process' root */
	size_t root_len; /* @at never gets shorter than this */
	char *rest;	 /* not resolved yet */
	size_t own_len;	 /* how much of its end came from the caller; the rest came from links */
	unsigned int links;
	bool missing; /* @at does not exist */
};

static int put_text(char **slot, char *text)
{
	if (!text)
		return -ENOMEM;
	free(*slot);
	*slot = text;
	return 0;
}

static int step_up(struct walk *walk)
{
	char *slash = strrchr(walk->at + walk->root_len, '/');

	if (walk->missing)
		return -ENOENT;
	if (slash)
		*slash = '\0';
	return 0;
}

/* Puts the target of the link @path before @after, the rest of the way. */
static int follow(struct walk *walk, const char *path, const char *after)
{
	char target[PATH_MAX];
	ssize_t len = readlink(path, target, sizeof(target) - 1);

	if (len < 0)
		return -errno;
	if (++walk->links > MAX_LINKS)
		return -ELOOP;
	target[len] = '\0';
	if (walk->own_len > strlen(after))
		walk->own_len = strlen(after);
	if (target[0] == '/')
		walk->at[walk->root_len] = '\0';
	return put_text(&walk->rest, text_new("%s/%s", target, after));
}

static int step_down(struct walk *walk, const char *name, const char *after, bool of_link)
{
	_cleanup_free_ char *path = text_new("%s/%s", walk->at, name);
	struct stat st;

	if (!path)
		return -ENOMEM;
	if (!walk->missing && lstat(path, &st) < 0) {
		if (errno != ENOENT || of_link)
			return -errno;
		walk->missing = true;
	}
	if (!walk->missing && S_ISLNK(st.st_mode))
		return follow(walk, path, after);
	put_text(&walk->at, TAKE_PTR(path));
	return put_text(&walk->rest, strdup(after));
}

static int take_component(struct walk *walk)
{
	size_t len = strcspn(walk->rest, "/");
	bool of_link = strlen(walk->rest) > walk->own_len;
	const char *after = walk->rest + len + (walk->rest[len] == '/');
	_cleanup_free_ char *name = strndup(walk->rest, len);
	int r = 0;

	if (!name)
		return -ENOMEM;
	if (len > 0 && strcmp(name, ".") != 0 && strcmp(name, "..") != 0)
		return step_down(walk, name, after, of_link);
	if (strcmp(name, "..") == 0)
		r = step_up(walk);
	return r < 0 ? r : put_text(&walk->rest, strdup(after));
}

static char *real_root(const char *root)
{
	char *real = realpath(*root ? root : "/", NULL);

	if (real && strcmp(real, "/") == 0)
		*real = '\0';
	return real;
}

static int walk_all(struct walk *walk)
{
	int r = 0;

	walk->root_len = strlen(walk->at);
	while (r == 0 && *walk->rest)
		r = take_component(walk);
	return r;
}

int beneath(const char *root, const char *path, char **ret)
{
	struct walk walk = {.at = real_root(root), .own_len = strlen(path)};
	int r;

	if (!walk.at)
		return -errno;
	walk.rest = strdup(path);
	r = walk.rest ? walk_all(&walk) : -ENOMEM;
	if (r == 0 && !*walk.at)
		r = put_text(&walk.at, strdup("/"));
	free(walk.rest);
	if (r == 0)
		*ret = walk.at;
	else
		free(walk.at);
	return r;
}
