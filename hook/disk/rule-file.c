/* SPDX-License-Identifier: Apache-2.0 */
#include "disk/rule-file.h"

#include "base/cleanup.h"
#include "base/count.h"
#include "base/file.h"
#include "base/text.h"

#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#define RULE_MAX_BYTES (64UL * 1024)

static int connect_as(int type, const char *path)
{
	_cleanup_close_ int fd = socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	if (fd < 0)
		return -errno;
	if (snprintf(address.sun_path, sizeof(address.sun_path), "%s", path) >=
	    (int)sizeof(address.sun_path))
		return -ENAMETOOLONG;
	/*
	 * The socket of a killed udevd remains and refuses connections. EAGAIN means a full queue,
	 * so somebody listens.
	 */
	if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0 && errno != EAGAIN)
		return -errno;
	return 0;
}

int udevd_check(const char *control)
{
	int r = connect_as(SOCK_SEQPACKET, control);

	/* a stream socket since systemd 258 */
	return r == -EPROTOTYPE ? connect_as(SOCK_STREAM, control) : r;
}

/* Does @text have a line, not a comment, with RUN and our call? */
static bool runs_heal(const char *text)
{
	static const char call[] = "\"" PROGRAM_PATH " heal";
	size_t len;

	for (const char *line = text; *line; line += len + (line[len] == '\n')) {
		const char *run = strstr(line, "RUN");
		const char *heal = run ? strstr(run, call) : NULL;

		len = strcspn(line, "\n");
		if (heal && heal < line + len && line[strspn(line, " \t")] != '#')
			return true;
	}
	return false;
}

/* State of the file @path; RULE_FILE_MISSING: there is none. */
static int look_at_rule(const char *path, enum rule_file_state *ret)
{
	_cleanup_free_ char *text = NULL;
	size_t len = 0;
	struct stat st;
	int r;

	if (stat(path, &st) < 0) {
		*ret = RULE_FILE_MISSING;
		return errno == ENOENT || errno == ENOTDIR ? 0 : -errno;
	}
	*ret = RULE_FILE_MASKED;
	if (S_ISCHR(st.st_mode) || st.st_size == 0)
		return 0;
	r = file_read_at(AT_FDCWD, path, RULE_MAX_BYTES, &text, &len);
	if (r < 0 && r != -EFBIG)
		return r;
	*ret = r == 0 && runs_heal(text) ? RULE_FILE_GOOD : RULE_FILE_OTHER;
	return 0;
}

int rule_file_find(const char *root, struct rule_file *ret)
{
	static const char *const directories[] = {
		"/etc/udev/rules.d",	 "/run/udev/rules.d", "/usr/local/lib/udev/rules.d",
		"/usr/lib/udev/rules.d", "/lib/udev/rules.d",
	};
	enum rule_file_state state;

	for (size_t i = 0; i < COUNT(directories); i++) {
		_cleanup_free_ char *path = text_new("%s%s/" RULE_NAME, root, directories[i]);
		int r;

		if (!path)
			return -ENOMEM;
		r = look_at_rule(path, &state);
		if (r < 0)
			return r;
		if (state == RULE_FILE_MISSING)
			continue;
		*ret = (struct rule_file){.state = state, .path = TAKE_PTR(path)};
		return 0;
	}
	*ret = (struct rule_file){.state = RULE_FILE_MISSING};
	return 0;
}
