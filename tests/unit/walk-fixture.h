/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Creates directories like those of engines, and walks over them, keeping what it finds. */

#include "engine/container.h"

#include "unit.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>

struct walked {
	struct engine_container found[8];
	size_t n;
	char complaints[4096];
	int visit_returns;
};

static inline int keep_container(struct engine_container *container, void *context)
{
	struct walked *walked = context;

	assert_true(walked->n < COUNT_OF(walked->found));
	walked->found[walked->n++] = *container;
	return walked->visit_returns;
}

static inline void keep_complaint(const struct why *why, void *context)
{
	struct walked *walked = context;
	size_t len = strlen(walked->complaints);

	snprintf(walked->complaints + len, sizeof(walked->complaints) - len, "%s\n", why->text);
}

/* Over @first and, if not NULL, @second. */
static inline int walk_over(int (*walk_engine)(const struct engine_walk *walk), const char *first,
			    const char *second, struct walked *walked)
{
	const char *dirs[] = {first, second};
	struct engine_roots roots = {dirs, second ? 2 : 1};
	struct engine_walk walk = {&roots, keep_container, walked, keep_complaint};

	return walk_engine(&walk);
}

static inline void free_walked(struct walked *walked)
{
	for (size_t i = 0; i < walked->n; i++)
		engine_container_free(&walked->found[i]);
	*walked = (struct walked){0};
}

/* Like write_in(), creating the directories. */
static inline void write_below(const char *directory, const char *name, const char *text)
{
	char *path = path_in(directory, name);

	for (char *at = path + strlen(directory) + 1; (at = strchr(at, '/')); at++) {
		*at = '\0';
		assert_true(mkdir(path, 0755) == 0 || errno == EEXIST);
		*at = '/';
	}
	write_file(path, text);
	free(path);
}

/*
 * Creates the files of a shim and runc for a containerd task, with its runtime's state in
 * @directory.
 */
static inline void write_task_state(const char *directory, const char *ns, const char *id,
				    pid_t pid, uint64_t start)
{
	char *name = NULL, *text = NULL;

	assert_true(asprintf(&name, "io.containerd.runtime.v2.task/%s/%s/options.json", ns, id) >
		    0);
	assert_true(asprintf(&text, "{\"binary_name\":\"runc\",\"root\":\"%s/runc\"}", directory) >
		    0);
	write_below(directory, name, text);
	free(name);
	free(text);
	assert_true(asprintf(&name, "runc/%s/%s/state.json", ns, id) > 0);
	assert_true(asprintf(&text,
			     "{\"init_process_pid\":%d,\"init_process_start\":%ju,\"config\":{}}",
			     pid, (uintmax_t)start) > 0);
	write_below(directory, name, text);
	free(name);
	free(text);
}

/* As if the clock had been set after the file was written. */
static inline void set_mtime(const char *directory, const char *name, time_t mtime)
{
	const struct timespec times[2] = {{.tv_sec = mtime}, {.tv_sec = mtime}};
	char *path = path_in(directory, name);

	assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
	free(path);
}

/* Starts a process with that name, which waits for end_process(); a failing test ends it, too. */
static inline pid_t new_process_named(const char *name)
{
	int ready[2];
	char byte;
	pid_t pid;

	assert_int_equal(pipe(ready), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		prctl(PR_SET_NAME, name);
		while (write(ready[1], "", 1) == 1)
			pause();
		_exit(1);
	}
	assert_int_equal(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	close(ready[1]);
	return pid;
}

static inline pid_t new_process(void)
{
	return new_process_named("container");
}

static inline void end_process(pid_t pid)
{
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}
