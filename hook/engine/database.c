/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/database.h"

#include "base/cleanup.h"
#include "base/file.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#define FILE_MAX_BYTES (256UL * 1024 * 1024)
#define METAS_BYTES    (128UL * 1024)
#define ATTEMPTS       5
#define PAUSE_NS       (20L * 1000 * 1000)

static int open_file(const char *path, int *ret_fd)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EINVAL;
	*ret_fd = TAKE_FD(fd);
	return 0;
}

/* The file's present txid; 0 if a meta page is being written. */
static uint64_t txid_now(int fd)
{
	_cleanup_free_ char *metas = malloc(METAS_BYTES);
	ssize_t n = metas ? pread(fd, metas, METAS_BYTES, 0) : 0;

	return n > 0 ? bolt_txid(metas, (size_t)n) : 0;
}

/* -EAGAIN: the file changed meanwhile. */
static int read_once(int fd, struct database *database, struct why *why)
{
	_cleanup_free_ char *data = NULL;
	struct bolt bolt;
	size_t len;
	int r;

	if (lseek(fd, 0, SEEK_SET) < 0)
		return why_set(why, errno, "%s", strerror(errno));
	r = file_read(fd, FILE_MAX_BYTES, &data, &len);
	if (r < 0)
		return why_set(why, -r, "%s", strerror(-r));
	r = bolt_open(data, len, &database->budget, &bolt, why);
	if (txid_now(fd) != bolt_txid(data, len))
		return why_set(why, EAGAIN, "it changes all the time");
	if (r < 0)
		return r;
	database->bolt = bolt;
	database->data = TAKE_PTR(data);
	return 0;
}

static int read_settled(const char *path, struct database *database, struct why *why)
{
	_cleanup_close_ int fd = -EBADF;
	int r = open_file(path, &fd);

	if (r < 0)
		return why_set(why, -r, "%s", strerror(-r));
	for (int i = 0; i < ATTEMPTS; i++) {
		r = read_once(fd, database, why);
		if (r != -EAGAIN)
			return r;
		nanosleep(&(struct timespec){.tv_nsec = PAUSE_NS}, NULL);
	}
	return r;
}

int database_read(const char *path, struct database **ret, struct why *why)
{
	struct database *database = calloc(1, sizeof(*database));
	int r;

	if (database)
		database->path = strdup(path);
	if (!database || !database->path) {
		database_free(database);
		return why_no_memory(why);
	}
	r = read_settled(path, database, why);
	if (r < 0) {
		database_free(database);
		return r == -ENOENT || r == -ENOTDIR ? 0 : why_prefix(why, r, path);
	}
	*ret = database;
	return 1;
}

void database_free(struct database *database)
{
	if (!database)
		return;
	free(database->data);
	free(database->path);
	free(database);
}

int database_bucket(const struct database *database, const char *const keys[],
		    struct bolt_bucket *ret)
{
	struct bolt_bucket bucket;
	int r = 1;

	bolt_root(&database->bolt, &bucket);
	for (; *keys && r > 0; keys++) {
		struct bolt_bucket parent = bucket;

		r = bolt_bucket(&parent, bolt_key(*keys), &bucket);
	}
	if (r > 0)
		*ret = bucket;
	return r;
}

char *database_dup_text(const struct bolt_bucket *bucket, const char *key)
{
	struct bolt_bytes value;

	return bolt_value(bucket, bolt_key(key), &value) > 0 && value.len > 0 ? bolt_text(value)
									      : NULL;
}

/* Seven bits per byte, lowest first; nine bytes are always enough. */
size_t database_varint(struct bolt_bytes bytes, uint64_t *ret)
{
	uint64_t value = 0;

	for (size_t i = 0; i < bytes.len && i < 9; i++) {
		value |= (uint64_t)(bytes.data[i] & 0x7f) << (7 * i);
		if (!(bytes.data[i] & 0x80)) {
			*ret = value;
			return i + 1;
		}
	}
	return 0;
}
