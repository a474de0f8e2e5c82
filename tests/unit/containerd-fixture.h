/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * containerd 1.6's databases from tests/data: in the namespace "default" the container "one" on
 * pool-snap-2, the snapshot "two", of no container, on pool-snap-3, and one more on pool-snap-4,
 * all made from an image's layer on pool-snap-1.
 */

#include "base/cleanup.h"
#include "base/file.h"

#include "walk-fixture.h"

#include <fcntl.h>

#define META	  "io.containerd.metadata.v1.bolt/meta.db"
#define STORE	  "io.containerd.snapshotter.v1.devmapper/"
#define INDEX	  STORE "metadata.db"
#define POOL	  STORE "pool.db"
#define META_DATA "bolt-containerd-1.6-meta"

/* tests/data/@name as @root/@path, with @to, which is as long, for each @from. NULL: as it is. */
static inline void put_with(const char *root, const char *name, const char *path, const char *from,
			    const char *to)
{
	_cleanup_free_ char *source = path_in("tests/data", name), *target = path_in(root, path),
			    *data = NULL;
	_cleanup_fclose_ FILE *file = NULL;
	char *at;
	size_t len;

	write_below(root, path, "");
	assert_int_equal(file_read_at(AT_FDCWD, source, MIB, &data, &len), 0);
	for (at = data; from && (at = memmem(at, len - (size_t)(at - data), from, strlen(from)));)
		memcpy(at, to, strlen(to));
	file = fopen(target, "we");
	assert_non_null(file);
	assert_int_equal(fwrite(data, 1, len, file), len);
}

static inline void put_containerd(const char *root)
{
	put_with(root, META_DATA, META, NULL, NULL);
	put_with(root, "bolt-containerd-1.6-snapshots", INDEX, NULL, NULL);
	put_with(root, "bolt-containerd-1.6-devices", POOL, NULL, NULL);
}

/* A new directory with them, the only one of *@ret_roots. */
static inline char *new_containerd(struct engine_roots *ret_roots)
{
	static const char *dirs[1];
	char *root = new_directory();

	dirs[0] = root;
	*ret_roots = (struct engine_roots){dirs, 1};
	put_containerd(root);
	return root;
}
