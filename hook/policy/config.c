/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/config.h"

#include "base/cleanup.h"
#include "base/file.h"
#include "base/quote.h"
#include "base/text.h"
#include "policy/config-check.h"
#include "policy/config-keys.h"
#include "policy/config-value.h"

#include <dirent.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <string.h>

#define OPEN_FILE (O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK)

/* Is the file missing? A dangling link is not: that is reported. */
static bool is_missing(struct config_reader *reader, const char *path)
{
	struct stat st;

	if (lstat(path, &st) < 0 && errno == ENOENT)
		return true;
	config_complain(reader, 0, "a symbolic link that leads nowhere");
	return false;
}

/* 1 and the text; 0: no such file; -EINVAL: reported. */
static int read_text(struct config_reader *reader, char **ret_text, size_t *ret_len)
{
	_cleanup_close_ int fd = open(reader->file, OPEN_FILE);
	struct stat st;
	int r;

	if (fd < 0 && errno == ENOENT)
		return is_missing(reader, reader->file) ? 0 : -EINVAL;
	if (fd < 0 || fstat(fd, &st) < 0) {
		config_complain(reader, 0, "cannot be read: %s", strerror(errno));
		return -EINVAL;
	}
	if (!S_ISREG(st.st_mode)) {
		config_complain(reader, 0, "expected a regular file");
		return -EINVAL;
	}
	if (!file_is_ours_alone(&st)) {
		config_complain(reader, 0,
				"expected a file of root's that nobody else can "
				"write: chown root and chmod go-w it");
		return -EINVAL;
	}
	r = file_read(fd, CONFIG_MAX_BYTES, ret_text, ret_len);
	if (r < 0) {
		config_complain(reader, 0, "cannot be read: %s",
				r == -EFBIG ? "larger than 1 MiB" : strerror(-r));
		return -EINVAL;
	}
	return 1;
}

static void complain_of_json(struct config_reader *reader, size_t offset, const struct why *why)
{
	size_t column;
	unsigned int line = json_line(reader->text, offset, &column);

	if (offset)
		config_complain(reader, line, "%s at column %zu", why->text, column);
	else
		config_complain(reader, line, "%s", why->text);
}

/* 1; 0: there is no such file. */
static int read_file(struct config_reader *reader, const char *file)
{
	_cleanup_free_ char *text = NULL;
	_cleanup_json_ struct json_doc *doc = NULL;
	size_t len = 0, offset = 0;
	struct why why;
	int r;

	reader->file = config_strdup(reader, file);
	if (!reader->file)
		return 1;
	r = read_text(reader, &text, &len);
	if (r <= 0)
		return r < 0;
	config_note_file(reader, file, false);
	reader->text = text;
	r = json_parse_commented(text, len, &doc, &offset, &why);
	if (r < 0)
		complain_of_json(reader, offset, &why);
	else
		config_read_file(reader, json_root(doc));
	return 1;
}

/* true if it may be read; a directory that does not exist has nothing to read. */
static bool check_directory(struct config_reader *reader, const char *dir)
{
	struct stat st;

	reader->file = dir;
	if (stat(dir, &st) < 0) {
		if (errno != ENOENT)
			config_complain(reader, 0, "cannot be read: %s", strerror(errno));
		else
			is_missing(reader, dir);
		return false;
	}
	if (S_ISDIR(st.st_mode) && file_is_ours_alone(&st))
		return true;
	config_complain(reader, 0,
			"expected a directory of root's that nobody else can write: chown root and "
			"chmod go-w it");
	return false;
}

/* Hidden files are editors' and Kubernetes' own. */
static int is_visible(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

static bool is_drop_in(const struct dirent *entry)
{
	return fnmatch("*.json", entry->d_name, 0) == 0;
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static void read_drop_ins(struct config_reader *reader, const char *dir)
{
	struct dirent **entries = NULL;
	int n;

	if (!check_directory(reader, dir))
		return;
	n = scandir(dir, &entries, is_visible, by_name);
	if (n < 0)
		config_complain(reader, 0, "cannot be read: %s", strerror(errno));
	for (int i = 0; i < n; i++) {
		_cleanup_free_ char *file = text_new("%s/%s", dir, entries[i]->d_name);

		if (!file)
			config_no_memory(reader);
		else if (is_drop_in(entries[i]))
			read_file(reader, file);
		else
			config_note_file(reader, file, true);
		free(entries[i]);
	}
	free(entries);
}

static void read_directory(struct config_reader *reader, const char *dir)
{
	_cleanup_free_ char *file = NULL, *drop_ins = NULL;

	if (!check_directory(reader, dir))
		return;
	file = text_new("%s/%s", dir, CONFIG_FILE);
	drop_ins = text_new("%s/%s", dir, CONFIG_DROP_INS);
	if (!file || !drop_ins) {
		config_no_memory(reader);
		return;
	}
	read_file(reader, file);
	read_drop_ins(reader, drop_ins);
}

static void fall_back(struct policy *policy)
{
	struct policy built_in = policy_builtin;

	for (int i = 0; i < CONFIG_KEYS_MAX; i++) {
		if (i != config_key_index("runtime") && i != config_key_index("shims"))
			policy->memory->origins[i] = (struct config_origin){0};
	}
	built_in.broken = policy->broken ? policy->broken : "out of memory";
	built_in.memory = policy->memory;
	/* Existing containers depend on it, whatever else is wrong. */
	built_in.runtime = policy->runtime;
	built_in.shims = policy->shims;
	built_in.n_shims = policy->n_shims;
	*policy = built_in;
}

int config_load(const char *dir, const char *file, const struct config_listener *listener,
		struct policy *ret)
{
	struct config_reader reader = {.policy = ret, .listener = listener};

	*ret = policy_builtin;
	ret->memory = calloc(1, sizeof(*ret->memory));
	if (!ret->memory) {
		ret->broken = "out of memory";
		return -EINVAL;
	}
	if (!file)
		read_directory(&reader, dir);
	else if (strcmp(file, "/dev/null") == 0)
		; /* nothing is set there */
	else if (!read_file(&reader, file))
		config_complain(&reader, 0, "%s", strerror(ENOENT));
	if (reader.errors == 0)
		config_check_limits(&reader);
	if (reader.errors == 0)
		return 0;
	fall_back(ret);
	return -EINVAL;
}

void config_free(struct policy *policy)
{
	config_memory_free(policy->memory);
	*policy = policy_builtin;
}

struct config_origin config_origin(const struct policy *policy, const char *path)
{
	int key = config_key_index(path);

	return policy->memory && key >= 0 ? policy->memory->origins[key]
					  : (struct config_origin){0};
}
