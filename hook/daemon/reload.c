/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/reload.h"

#include "base/cleanup.h"
#include "base/text.h"
#include "job/settings.h"

#include <dirent.h>
#include <sys/stat.h>

#define FNV_OFFSET UINT64_C(0xcbf29ce484222325)
#define FNV_PRIME  UINT64_C(0x100000001b3)

static uint64_t mix(uint64_t hash, const void *bytes, size_t len)
{
	const unsigned char *byte = bytes;

	while (len--)
		hash = (hash ^ *byte++) * FNV_PRIME;
	return hash;
}

/* Of a link the file is meant: what it points to may have been replaced. */
static uint64_t mix_file(uint64_t hash, const char *path)
{
	struct stat st;

	hash = mix(hash, path, strlen(path));
	if (stat(path, &st) < 0)
		return hash;
	hash = mix(hash, &st.st_dev, sizeof(st.st_dev));
	hash = mix(hash, &st.st_ino, sizeof(st.st_ino));
	hash = mix(hash, &st.st_size, sizeof(st.st_size));
	hash = mix(hash, &st.st_ctim, sizeof(st.st_ctim));
	return mix(hash, &st.st_mtim, sizeof(st.st_mtim));
}

/* The sum does not depend on the order in which the directory lists them. */
static uint64_t sum_of_directory(const char *dir)
{
	DIR *stream = opendir(dir);
	const struct dirent *entry;
	uint64_t sum = 0;

	while (stream && (entry = readdir(stream))) {
		_cleanup_free_ char *path = text_new("%s/%s", dir, entry->d_name);

		if (path && entry->d_name[0] != '.')
			sum += mix_file(FNV_OFFSET, path);
	}
	if (stream)
		closedir(stream);
	return sum;
}

static uint64_t signature_of(const char *file)
{
	if (file)
		return mix_file(FNV_OFFSET, file);
	return mix_file(FNV_OFFSET, CONFIG_DIR "/" CONFIG_FILE) +
	       sum_of_directory(CONFIG_DIR "/" CONFIG_DROP_INS);
}

int reload_first(struct live_policy *live, const char *file, struct why *why)
{
	*live = (struct live_policy){.file = file, .policy = policy_builtin};
	live->policy.broken = "it has not been read yet";
	return reload(live, why);
}

bool reload_is_due(const struct live_policy *live)
{
	return signature_of(live->file) != live->signature;
}

static void exchange(struct policy *a, struct policy *b)
{
	struct policy old = *a;

	*a = *b;
	*b = old;
}

int reload(struct live_policy *live, struct why *why)
{
	struct policy policy = policy_builtin;
	int r = 0;

	/* Before they are read: what changes meanwhile is read again. */
	live->signature = signature_of(live->file);
	settings_load_anyway(live->file, &policy);
	if (policy.broken)
		r = why_set(why, EINVAL, "%s", policy.broken);
	if (r == 0 || live->policy.broken)
		exchange(&live->policy, &policy);
	config_free(&policy);
	return r;
}

bool reload_switched_off(const struct live_policy *live, const char *run_dir, struct why *why)
{
	if (!live->policy.broken)
		return settings_switched_off(&live->policy, run_dir, why);
	why_set(why, 0, "the configuration is broken: %s", live->policy.broken);
	return true;
}

void reload_free(struct live_policy *live)
{
	config_free(&live->policy);
}
