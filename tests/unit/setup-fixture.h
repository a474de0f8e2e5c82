/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* A fake host in a temporary directory, with enable and disable on it. */

#include "setup/change.h"
#include "setup/setup.h"
#include "unit.h"

#include <sys/stat.h>

static char *root;
static struct setup_place place;
static struct why why;
static struct setup_plan plan;

static inline char *whole_path(const char *path)
{
	return path_in(root, path + 1);
}

/* The directories of @path, a path below the root. */
static inline void make_directories(char *path)
{
	for (size_t i = strlen(root) + 1; path[i]; i++) {
		if (path[i] != '/')
			continue;
		path[i] = '\0';
		mkdir(path, 0755);
		path[i] = '/';
	}
}

static inline void put_bytes(const char *path, const char *bytes, size_t len)
{
	char *whole = whole_path(path);
	FILE *file;

	make_directories(whole);
	file = fopen(whole, "we");
	assert_non_null(file);
	assert_int_equal(fwrite(bytes, 1, len, file), len);
	assert_int_equal(fclose(file), 0);
	free(whole);
}

static inline void put(const char *path, const char *text)
{
	put_bytes(path, text, strlen(text));
}

static inline void put_program(const char *path)
{
	char *whole = whole_path(path);

	put(path, "");
	assert_int_equal(chmod(whole, 0755), 0);
	free(whole);
}

static inline void put_link(const char *path, const char *target)
{
	char *whole = whole_path(path);

	make_directories(whole);
	unlink(whole);
	assert_int_equal(symlink(target, whole), 0);
	free(whole);
}

/* To be freed; NULL: no such file. */
static inline char *get(const char *path)
{
	char *whole = whole_path(path), *text = calloc(1, 1 << 16);
	FILE *file = fopen(whole, "re");

	free(whole);
	assert_non_null(text);
	if (!file) {
		free(text);
		return NULL;
	}
	assert_true(fread(text, 1, (1 << 16) - 1, file) < (1 << 16) - 1);
	fclose(file);
	return text;
}

/*
 * A file as users have it: tests/data/engines/@name, to be freed. Tests run in the project's
 * directory.
 */
static inline char *data_of(const char *name)
{
	char path[200], *text = calloc(1, 1 << 14);
	FILE *file;

	assert_non_null(text);
	snprintf(path, sizeof(path), "tests/data/engines/%s", name);
	file = fopen(path, "re");
	assert_non_null(file);
	assert_true(fread(text, 1, (1 << 14) - 1, file) > 0);
	fclose(file);
	return text;
}

static inline void put_data(const char *path, const char *name)
{
	char *text = data_of(name);

	put(path, text);
	free(text);
}

#define assert_data(path, name)                                                                    \
	do {                                                                                       \
		char *data_text = data_of(name);                                                   \
		assert_file(path, data_text);                                                      \
		free(data_text);                                                                   \
	} while (0)

#define assert_file(path, text) assert_file_at((path), (text), __FILE__, __LINE__)

/* @text NULL: no such file. */
static inline void assert_file_at(const char *path, const char *text, const char *file, int line)
{
	char *got = get(path);

	if ((text != NULL) != (got != NULL) || (text && strcmp(got, text) != 0)) {
		print_error("%s is:\n%s\nnot:\n%s\n", path, got ? got : "(nothing)",
			    text ? text : "(nothing)");
		_fail(file, line);
	}
	free(got);
}

/* Plans and carries out the change. */
static inline int run(const char *engine, struct setup_options options)
{
	int r;

	setup_plan_free(&plan);
	r = setup_plan(&place, engine, &options, &plan, &why);
	return r < 0 ? r : setup_apply(&plan, &why);
}

static inline int enable(const char *engine)
{
	return run(engine, (struct setup_options){.by_default = strcmp(engine, "docker") == 0});
}

static inline int disable(const char *engine)
{
	return run(engine, (struct setup_options){.disable = true});
}

static inline enum setup_state look(const char *engine)
{
	struct setup_view view;
	enum setup_state state;

	assert_int_equal(setup_look(&place, engine, &view, &why), 0);
	assert_non_null(view.file);
	assert_int_equal(view.missing.text[0] != '\0',
			 view.state == SETUP_OFF || view.state == SETUP_BROKEN);
	why = view.missing;
	state = view.state;
	setup_view_free(&view);
	return state;
}

static inline int host_setup(void **state)
{
	(void)state;
	root = new_directory();
	place = (struct setup_place){.root = root};
	put_program(RUNTIME_PATH);
	put_program(HOOK_PATH);
	return 0;
}

static inline int host_teardown(void **state)
{
	(void)state;
	setup_plan_free(&plan);
	remove_directory(root);
	return 0;
}

#define HOST_TEST(test) cmocka_unit_test_setup_teardown(test, host_setup, host_teardown)
