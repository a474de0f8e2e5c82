/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* For every unit test: cmocka, and a few helpers. */

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define KIB UINT64_C(1024)
#define MIB (UINT64_C(1024) * KIB)
#define GIB (UINT64_C(1024) * MIB)
#define TIB (UINT64_C(1024) * GIB)

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

#define assert_contains(text, part) assert_contains_at((text), (part), __FILE__, __LINE__)
#define assert_lacks(text, part)    assert_null(strstr((text), (part)))

static inline void assert_contains_at(const char *text, const char *part, const char *file,
				      int line)
{
	if (strstr(text, part))
		return;
	print_error("\"%s\" does not contain \"%s\"\n", text, part);
	_fail(file, line);
}

/* A stream; fclose() completes its text, to be freed. */
static inline FILE *text_stream(char **ret_text)
{
	static size_t unused;
	FILE *stream = open_memstream(ret_text, &unused);

	assert_non_null(stream);
	return stream;
}

/* An fd from which @len bytes can be read. */
static inline int fd_with(const void *bytes, size_t len)
{
	int fd = memfd_create("unit", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, len), len);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	return fd;
}

static inline void write_file(const char *path, const char *text)
{
	FILE *file = fopen(path, "we");

	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

/* "@directory/@name", to be freed. */
static inline char *path_in(const char *directory, const char *name)
{
	char *path = NULL;

	assert_true(asprintf(&path, "%s/%s", directory, name) > 0);
	return path;
}

static inline void write_in(const char *directory, const char *name, const char *text)
{
	char *path = path_in(directory, name);

	write_file(path, text);
	free(path);
}

static inline void mkdir_in(const char *directory, const char *name)
{
	char *path = path_in(directory, name);

	assert_int_equal(mkdir(path, 0755), 0);
	free(path);
}

/*
 * A new, empty directory; remove_directory() removes it with all that is in it, and frees the path.
 * A failed test leaves it; tests/unit/run removes it then.
 */
static inline char *new_directory(void)
{
	const char *tmp = getenv("TMPDIR");
	char *path = path_in(tmp ? tmp : "/tmp", "unit-XXXXXX");

	assert_non_null(mkdtemp(path));
	return path;
}

static inline int remove_entry(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static inline void remove_directory(char *path)
{
	nftw(path, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
	free(path);
}
