/* SPDX-License-Identifier: Apache-2.0 */
#include "job/last-program.h"

#include "base/cleanup.h"
#include "base/file.h"
#include "base/text.h"

#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

int last_program_read(const char *state_dir, const char *link, char **ret)
{
	_cleanup_close_ int dir = open(state_dir, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	char target[PATH_MAX];
	struct stat st;
	ssize_t n;

	if (dir < 0 || fstat(dir, &st) < 0)
		return -errno;
	if (!file_is_ours_alone(&st))
		return -EPERM;
	n = readlinkat(dir, link, target, sizeof(target));
	if (n < 0)
		return -errno;
	if (n == sizeof(target) || target[0] != '/')
		return -EINVAL;
	*ret = strndup(target, (size_t)n);
	return *ret ? 0 : -ENOMEM;
}

static int replace_link(int dir, const char *link, const char *program)
{
	_cleanup_free_ char *temporary = text_new(".%s.new", link);

	if (!temporary)
		return -ENOMEM;
	/* Of two processes at once, the later one may fail; both write the same link. */
	if (unlinkat(dir, temporary, 0) < 0 && errno != ENOENT)
		return -errno;
	if (symlinkat(program, dir, temporary) < 0 || renameat(dir, temporary, dir, link) < 0 ||
	    fsync(dir) < 0)
		return -errno;
	return 0;
}

int last_program_note(const char *state_dir, const char *link, const char *program)
{
	_cleanup_free_ char *last = NULL;
	_cleanup_close_ int dir = -EBADF;
	struct why why;
	int r;

	if (last_program_read(state_dir, link, &last) == 0 && last && strcmp(last, program) == 0)
		return 0;
	if (access(program, X_OK) < 0)
		return -errno;
	r = file_make_directory(state_dir, 0700);
	if (r < 0)
		return r;
	dir = file_open_private(state_dir, &why);
	return dir < 0 ? dir : replace_link(dir, link, program);
}

/* Another program does not know the container, and its engine would conclude that it is deleted. */
const char *last_program_choose(const char *state_dir, const char *link,
				const struct program_choice *choice, char **ret_remembered)
{
	_cleanup_free_ char *last = NULL;

	if (!choice->broken) {
		if (choice->program)
			last_program_note(state_dir, link, choice->program);
		return choice->program;
	}
	if (last_program_read(state_dir, link, &last) < 0 || !last)
		return choice->program;
	if (choice->is_named && access(last, X_OK) < 0)
		return choice->program;
	return *ret_remembered = TAKE_PTR(last);
}
