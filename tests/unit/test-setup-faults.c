/* SPDX-License-Identifier: Apache-2.0 */

/* Whichever call fails, and whenever it is killed, each file is the old one or the new one. */

#include "setup-fixture.h"

#include <dirent.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>

#define FILE_NAME "/etc/docker/daemon.json"
#define BACKUP	  CHANGE_BACKUPS FILE_NAME
#define OLD	  "{ \"mtu\": 1450 }\n"
#define NEW                                                                                        \
	"{ \"mtu\": 1450, \"runtimes\": { \"oci-thin-grow\": "                                     \
	"{ \"path\": \"" RUNTIME_PATH "\" } }, "                                                   \
	"\"default-runtime\": \"oci-thin-grow\" }\n"

/* --- the calls that change something: ours come before libc's -------------------------------- */

static struct {
	unsigned int count, stop_at; /* the nth call fails, or is the last one; 0: none */
	bool die;
	bool is_other_filesystem; /* where the old content is kept */
} calls;

static bool call_fails(void)
{
	if (!calls.stop_at || ++calls.count != calls.stop_at)
		return false;
	if (calls.die)
		_exit(9);
	errno = EIO;
	return true;
}

int fsync(int fd)
{
	return call_fails() ? -1 : fdatasync(fd);
}

int renameat(int old_fd, const char *old, int new_fd, const char *new)
{
	if (calls.is_other_filesystem && old[0] == '/') {
		errno = EXDEV;
		return -1;
	}
	return call_fails() ? -1 : renameat2(old_fd, old, new_fd, new, 0);
}

ssize_t write(int fd, const void *bytes, size_t len)
{
	struct iovec iov = {(void *)(uintptr_t)bytes, len};

	if (!call_fails())
		return writev(fd, &iov, 1);
	iov.iov_len = len / 2; /* writes half of it */
	return writev(fd, &iov, 1) < 0 ? -1 : (errno = EIO, -1);
}

int symlinkat(const char *target, int fd, const char *name)
{
	return call_fails() ? -1 : (int)syscall(SYS_symlinkat, target, fd, name);
}

/* --- */

static void assert_one_of(const char *path, const char *a, const char *b)
{
	char *text = get(path);

	assert_non_null(text);
	if (strcmp(text, a) != 0)
		assert_string_equal(text, b);
	free(text);
}

/* Some engines read each file of a directory: none that is not complete is ever there. */
static void assert_nothing_else(void)
{
	char *directory = whole_path("/etc/docker");
	struct dirent **entries = NULL;
	int n = scandir(directory, &entries, NULL, NULL);

	assert_int_equal(n, 3); /* with . and .. */
	while (n > 0)
		free(entries[--n]);
	free(entries);
	free(directory);
}

/* Lets each call fail in turn, until a run has no more calls. */
static void each_call_fails(bool disabling)
{
	for (unsigned int n = 1;; n++) {
		int r;

		put(FILE_NAME, OLD);
		if (disabling)
			assert_int_equal(enable("docker"), 0);
		calls.count = 0;
		calls.stop_at = n;
		r = disabling ? disable("docker") : enable("docker");
		calls.stop_at = 0;
		if (r == 0) {
			assert_true(n > 5);
			return;
		}
		assert_int_equal(r, -EIO);
		assert_contains(why.text, FILE_NAME ": Input/output error");
		assert_one_of(FILE_NAME, OLD, NEW);
		assert_nothing_else();
		/* and a second run finishes */
		assert_int_equal(disabling ? disable("docker") : enable("docker"), 0);
		assert_file(FILE_NAME, disabling ? OLD : NEW);
		assert_file(BACKUP, disabling ? NULL : OLD);
		assert_int_equal(disable("docker"), 0);
		assert_file(FILE_NAME, OLD);
	}
}

static void a_failed_enable_leaves_the_old_or_the_new_file(void **state)
{
	(void)state;
	each_call_fails(false);
}

static void a_failed_disable_leaves_the_old_or_the_new_file(void **state)
{
	(void)state;
	each_call_fails(true);
}

/* The exit status of a child that dies at its nth call. */
static int die_at(unsigned int n, bool disabling)
{
	pid_t child = fork();
	int status;

	assert_true(child >= 0);
	if (child == 0) {
		calls.count = 0;
		calls.stop_at = n;
		calls.die = true;
		_exit(disabling ? -disable("docker") : -enable("docker"));
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void killed_anywhere_the_next_run_finishes(void **state)
{
	(void)state;
	for (int disabling = 0; disabling < 2; disabling++) {
		for (unsigned int n = 1, status = 9; status == 9; n++) {
			put(FILE_NAME, OLD);
			if (disabling)
				assert_int_equal(enable("docker"), 0);
			status = (unsigned int)die_at(n, disabling);
			assert_one_of(FILE_NAME, OLD, NEW);
			assert_nothing_else();
			assert_int_equal(disabling ? disable("docker") : enable("docker"), 0);
			assert_file(FILE_NAME, disabling ? OLD : NEW);
			assert_int_equal(disable("docker"), 0);
			assert_file(FILE_NAME, OLD);
			assert_int_equal(access(text("%s" CHANGE_BACKUPS, root), F_OK), -1);
			assert_true(status == 9 || n > 5);
		}
	}
}

/* The link and what our shim becomes are there before containerd can call them. */
static void no_handler_calls_a_shim_that_is_not_there(void **state)
{
	static const char theirs[] =
		"version = 2\n[plugins.\"io.containerd.grpc.v1.cri\".containerd.runtimes.kata]\n"
		"runtime_type = 'io.containerd.kata.v2'\nruntime_path = '/opt/shim'\n";
	const struct setup_options options = {.shim = "kata", .in_place = true};

	(void)state;
	put_program("/usr/bin/containerd");
	put_program(PROGRAM_PATH);
	put_program("/opt/shim");
	for (unsigned int n = 1;; n++) {
		int r;

		put("/etc/containerd/config.toml", theirs);
		calls.count = 0;
		calls.stop_at = n;
		r = run("containerd", options);
		calls.stop_at = 0;
		assert_int_not_equal(look("containerd"), SETUP_BROKEN);
		if (r == 0) {
			assert_true(n > 8);
			return;
		}
		assert_int_equal(r, -EIO);
		assert_int_equal(run("containerd", options), 0);
		assert_int_equal(look("containerd"), SETUP_ON);
		assert_int_equal(disable("containerd"), 0);
		assert_file("/etc/containerd/config.toml", theirs);
		assert_int_equal(
			unlink(text("%s" SHIM_LINK_DIR "/containerd-shim-oci-thin-grow-kata-v2",
				    root)),
			0);
		assert_int_equal(unlink(text("%s" CONFIG_DIR "/config.d/60-shim-kata.json", root)),
				 0);
	}
}

static void a_file_may_be_on_another_filesystem(void **state)
{
	(void)state;
	put(FILE_NAME, OLD);
	calls.is_other_filesystem = true;
	assert_int_equal(enable("docker"), 0);
	assert_file(FILE_NAME, NEW);
	assert_file(BACKUP, OLD);
	assert_int_equal(disable("docker"), 0);
	assert_file(FILE_NAME, OLD);
	assert_file(BACKUP, NULL);
	assert_nothing_else();
	calls.is_other_filesystem = false;
}

static void what_another_program_wrote_meanwhile_stays(void **state)
{
	struct setup_options options = {.by_default = true};

	(void)state;
	put(FILE_NAME, OLD);
	assert_int_equal(setup_plan(&place, "docker", &options, &plan, &why), 0);
	put(FILE_NAME, "{ \"mtu\": 1451 }\n");
	assert_int_equal(setup_apply(&plan, &why), -EAGAIN);
	assert_contains(why.text, "run the same command again");
	assert_file(FILE_NAME, "{ \"mtu\": 1451 }\n");
	assert_file(BACKUP, NULL);
	put(FILE_NAME, "{ \"mtu\": 1450, \"debug\": true }\n");
	assert_int_equal(setup_apply(&plan, &why), -EAGAIN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		HOST_TEST(a_failed_enable_leaves_the_old_or_the_new_file),
		HOST_TEST(a_failed_disable_leaves_the_old_or_the_new_file),
		HOST_TEST(killed_anywhere_the_next_run_finishes),
		HOST_TEST(no_handler_calls_a_shim_that_is_not_there),
		HOST_TEST(a_file_may_be_on_another_filesystem),
		HOST_TEST(what_another_program_wrote_meanwhile_stays),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
