/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/roots.h"

#include "base/cleanup.h"

#include "walk-fixture.h"

static char *host, *proc;
static struct engine_root_set set;

/* "PROC/PID/@name" leads to @target. */
static void link_in(int pid, const char *name, const char *target)
{
	_cleanup_free_ char *relative = NULL, *path = NULL;

	assert_true(asprintf(&relative, "%d/%s", pid, name) > 0);
	path = path_in(proc, relative);
	assert_int_equal(symlink(target, path), 0);
}

static void write_pid(int pid, const char *name, const char *text)
{
	_cleanup_free_ char *relative = NULL;

	assert_true(asprintf(&relative, "%d/%s", pid, name) > 0);
	write_below(proc, relative, text);
}

/* A process of root, outside of containers. */
static void put_process(int pid, const char *comm)
{
	char line[64];

	snprintf(line, sizeof(line), "%s\n", comm);
	write_pid(pid, "comm", line);
	write_pid(pid, "status", "Name:\tx\nUid:\t0\t0\t0\t0\nGid:\t0\t0\t0\t0\n");
	write_pid(pid, "fd/note", "");
	write_pid(pid, "ns/note", "");
	link_in(pid, "ns/pid", "/proc/self/ns/pid");
	link_in(pid, "ns/user", "/proc/self/ns/user");
	link_in(pid, "root", "/");
}

/* "HOST/@name", created if it does not exist; to be freed. */
static char *directory(const char *name)
{
	_cleanup_free_ char *file = path_in(name, "is/here");

	write_below(host, file, "");
	return path_in(host, name);
}

/* @pid has "HOST/@root/@file" open. */
static void open_file(int pid, const char *fd, const char *root, const char *file)
{
	_cleanup_free_ char *path = directory(root), *name = path_in("fd", fd), *target = NULL;

	target = path_in(path, file);
	link_in(pid, name, target);
}

static void link_self(const char *name, const char *target)
{
	_cleanup_free_ char *path = path_in(proc, name);

	assert_int_equal(symlink(target, path), 0);
}

static int setup(void **state)
{
	(void)state;
	host = new_directory();
	proc = new_directory();
	write_below(proc, "self/ns/note", "");
	link_self("self/ns/pid", "/proc/self/ns/pid");
	link_self("self/ns/user", "/proc/self/ns/user");
	link_self("self/root", "/");
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	engine_roots_free(&set);
	remove_directory(host);
	remove_directory(proc);
	return 0;
}

static void add_running(size_t n)
{
	assert_int_equal(engine_roots_add_running(&set, proc), 0);
	assert_int_equal(set.roots.n, n);
}

static void expect_root(const char *name)
{
	_cleanup_free_ char *path = path_in(host, name);

	for (size_t i = 0; i < set.roots.n; i++) {
		if (strcmp(set.roots.dirs[i], path) == 0)
			return;
	}
	fail_msg("no root %s", path);
}

static void adds_a_directory_once(void **state)
{
	_cleanup_free_ char *path = directory("a"), *link = path_in(host, "link"),
			    *file = path_in(host, "a/is/here"), *none = path_in(host, "none"),
			    *again = path_in(host, "../");

	(void)state;
	assert_int_equal(symlink("a", link), 0);
	assert_int_equal(engine_roots_add(&set, path), 0);
	assert_int_equal(engine_roots_add(&set, path), 0);
	assert_int_equal(engine_roots_add(&set, link), 0);
	assert_int_equal(engine_roots_add(&set, file), 0);
	assert_int_equal(engine_roots_add(&set, none), 0);
	assert_int_equal(engine_roots_add(&set, "a"), 0);
	assert_int_equal(engine_roots_add(&set, ""), 0);
	assert_int_equal(set.roots.n, 1);
	assert_string_equal(set.roots.dirs[0], path);
	assert_int_equal(engine_roots_add(&set, again), 0);
	assert_int_equal(set.roots.n, 2);
}

static void finds_docker(void **state)
{
	(void)state;
	put_process(10, "dockerd");
	open_file(10, "3", "my docker", "volumes/metadata.db");
	open_file(10, "4", "my docker", "network/files/local-kv.db");
	open_file(10, "5", "other", "metadata.db");
	put_process(11, "dockerd");
	open_file(11, "7", "older", "network/files/local-kv.db");
	add_running(2);
	expect_root("my docker");
	expect_root("older");
}

static void finds_containerd(void **state)
{
	(void)state;
	put_process(10, "containerd");
	open_file(10, "3", "root", "io.containerd.metadata.v1.bolt/meta.db");
	open_file(10, "4", "mapper", "metadata.db");
	open_file(10, "5", "mapper", "pool.db");
	open_file(10, "6", "root/io.containerd.snapshotter.v1.overlayfs", "metadata.db");
	open_file(10, "7", "gone", "metadata.db (deleted)");
	add_running(2);
	expect_root("root");
	expect_root("mapper");
}

/* It activates devices before it opens the other two. */
static void finds_a_containerd_that_starts(void **state)
{
	(void)state;
	put_process(10, "containerd");
	open_file(10, "3", "root/io.containerd.snapshotter.v1.devmapper", "pool.db");
	write_below(host, "mapper/metadata.db", "");
	open_file(10, "4", "mapper", "pool.db");
	open_file(10, "5", "other", "pool.db");
	open_file(10, "6", "mapper", "pool.log");
	add_running(2);
	expect_root("root");
	expect_root("mapper");
}

static void finds_shims(void **state)
{
	_cleanup_free_ char *tasks = directory("state/io.containerd.runtime.v2.task/default/c1");

	(void)state;
	for (int pid = 10; pid < 20; pid++) {
		put_process(pid, "containerd-shim");
		link_in(pid, "cwd", tasks);
	}
	add_running(1);
	expect_root("state");
}

static void finds_conmon(void **state)
{
	static const char line[] = "conmon|-b|%1$s/st/devicemapper-containers/0123/userdata|"
				   "-p|%1$s/run/devicemapper-containers/0123/userdata/pidfile|"
				   "--root|devicemapper-containers/|/devicemapper-containers/x|";
	_cleanup_free_ char *st = directory("st"), *run = directory("run"), *text = NULL,
			    *path = NULL;
	_cleanup_fclose_ FILE *file = NULL;
	int len;

	(void)state;
	put_process(10, "conmon");
	write_pid(10, "cmdline", "");
	path = path_in(proc, "10/cmdline");
	file = fopen(path, "we");
	assert_non_null(file);
	len = asprintf(&text, line, host);
	for (int i = 0; i < len; i++)
		fputc(text[i] == '|' ? '\0' : text[i], file);
	assert_int_equal(fflush(file), 0);
	add_running(2);
	expect_root("st");
	expect_root("run");
}

/* It looks like an engine, but is in a container or does not belong to root. */
static void trusts_processes_of_the_host_only(void **state)
{
	static const char *const others[] = {"ns/pid", "ns/user", "root"};

	(void)state;
	for (int i = 0; i < 3; i++) {
		_cleanup_free_ char *relative = NULL, *path = NULL;

		put_process(10 + i, "dockerd");
		open_file(10 + i, "3", "hostile", "volumes/metadata.db");
		assert_true(asprintf(&relative, "%d/%s", 10 + i, others[i]) > 0);
		path = path_in(proc, relative);
		assert_int_equal(unlink(path), 0);
		assert_int_equal(symlink(host, path), 0);
	}
	put_process(20, "dockerd");
	open_file(20, "3", "hostile", "volumes/metadata.db");
	write_pid(20, "status", "Name:\tUid:\t0\t0\nUid:\t0\t1000\t0\t0\n");
	put_process(21, "dockerd-x");
	open_file(21, "3", "hostile", "volumes/metadata.db");
	add_running(0);
	write_pid(20, "status", "Name:\tx\nUid:\t0\t0\t0\t0\n");
	add_running(1);
}

/* It may end while it is read. */
static void survives_processes_that_end_meanwhile(void **state)
{
	(void)state;
	write_pid(10, "comm", "dockerd\n");
	put_process(11, "containerd-shim");
	put_process(12, "conmon");
	put_process(13, "containerd");
	write_below(proc, "14/x", "");
	write_below(proc, "no-number/comm", "dockerd\n");
	add_running(0);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(adds_a_directory_once),
		TEST(finds_docker),
		TEST(finds_containerd),
		TEST(finds_a_containerd_that_starts),
		TEST(finds_shims),
		TEST(finds_conmon),
		TEST(trusts_processes_of_the_host_only),
		TEST(survives_processes_that_end_meanwhile),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
