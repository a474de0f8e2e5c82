/* SPDX-License-Identifier: Apache-2.0 */
#include "disk/lock.h"

#include "unit.h"

#include <sys/file.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>

static char *parent, *run_dir;
static struct deadline deadline;
static struct why why;

static int setup(void **state)
{
	(void)state;
	parent = new_directory();
	run_dir = path_in(parent, "run");
	why.text[0] = '\0';
	return deadline_start(&deadline, 50000);
}

static int teardown(void **state)
{
	(void)state;
	deadline_stop(&deadline);
	remove_directory(parent);
	free(run_dir);
	return 0;
}

static int take(unsigned int minor, int *ret_fd)
{
	return lock_device(run_dir, makedev(253, minor), &deadline, ret_fd, &why);
}

static void makes_directory_and_file(void **state)
{
	char *path = path_in(run_dir, "253:7.lock");
	struct stat st;
	int fd = -1;

	(void)state;
	assert_int_equal(take(7, &fd), 0);
	assert_int_equal(stat(run_dir, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	close(fd);
	assert_int_equal(take(7, &fd), 0); /* again: it was released with the fd */
	close(fd);
	free(path);
}

static void each_device_has_its_own_lock(void **state)
{
	int a, b;

	(void)state;
	assert_int_equal(take(7, &a), 0);
	assert_int_equal(take(8, &b), 0);
	close(a);
	close(b);
}

static void waits_until_the_deadline(void **state)
{
	uint64_t start = now_ms();
	int held, fd = -42;

	(void)state;
	assert_int_equal(take(7, &held), 0);
	assert_int_equal(deadline_start(&deadline, 60), 0);
	assert_int_equal(take(7, &fd), -ETIMEDOUT);
	assert_true(now_ms() - start >= 60);
	assert_contains(why.text, "253:7.lock");
	assert_int_equal(fd, -42);
	close(held);
}

/* Does process @pid wait for a lock? */
static bool waits_for_a_lock(pid_t pid)
{
	FILE *locks = fopen("/proc/locks", "re");
	char line[200], number[24];
	bool found = false;

	assert_non_null(locks);
	snprintf(number, sizeof(number), " %d ", pid);
	while (fgets(line, sizeof(line), locks))
		found |= strstr(line, "-> FLOCK") && strstr(line, number);
	fclose(locks);
	return found;
}

/* Neither a signal before the deadline nor a killed holder ends the wait. */
static void gets_the_lock_when_its_holder_ends(void **state)
{
	int ends[2], fd = -1;
	pid_t parent_pid = getpid(), child;
	char c;

	(void)state;
	assert_int_equal(pipe(ends), 0);
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		if (take(7, &fd) == 0 && write(ends[1], "x", 1) == 1)
			while (getppid() == parent_pid && !waits_for_a_lock(parent_pid))
				usleep(1000);
		_exit(0);
	}
	assert_int_equal(read(ends[0], &c, 1), 1);
	raise(SIGALRM);
	assert_int_equal(take(7, &fd), 0);
	assert_int_equal(waitpid(child, NULL, 0), child);
	close(fd);
	close(ends[0]);
	close(ends[1]);
}

static void revokes_the_write_permission_of_others(void **state)
{
	static const mode_t loose[] = {0720, 0702, 0777, 01777, 02775};
	struct stat st;
	int fd = -42;

	(void)state;
	assert_int_equal(mkdir(run_dir, 0700), 0);
	for (size_t i = 0; i < COUNT_OF(loose); i++) {
		assert_int_equal(chmod(run_dir, loose[i]), 0);
		assert_int_equal(take(7, &fd), 0);
		close(fd);
		assert_int_equal(stat(run_dir, &st), 0);
		assert_int_equal(st.st_mode & 07777, loose[i] & 0755);
	}
	assert_int_equal(chmod(run_dir, 0755), 0);
	assert_int_equal(take(7, &fd), 0);
	close(fd);
	assert_int_equal(stat(run_dir, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0755);
}

static void refuses_a_directory_of_another_user(void **state)
{
	char *path = path_in(run_dir, "253:7.lock");
	int fd = -42;

	(void)state;
	if (geteuid() != 0)
		return; /* only root can change the owner */
	assert_int_equal(mkdir(run_dir, 0755), 0);
	write_file(path, "");
	assert_int_equal(chown(path, 1000, 1000), 0);
	assert_int_equal(take(7, &fd), -EPERM);
	assert_contains(why.text, "253:7.lock: owned by user 1000, not by root; remove it");
	assert_int_equal(chown(run_dir, 1000, 1000), 0);
	assert_int_equal(take(7, &fd), -EPERM);
	assert_contains(why.text, "owned by user 1000, not by root. Fix: chown root:root ");
	assert_int_equal(fd, -42);
	free(path);
}

static void follows_no_links(void **state)
{
	char *path = path_in(run_dir, "253:7.lock"), *target = path_in(parent, "target");
	struct stat st;
	int fd = -42;

	(void)state;
	assert_int_equal(mkdir(run_dir, 0700), 0);
	assert_int_equal(symlink(target, path), 0);
	assert_int_equal(take(7, &fd), -ELOOP);
	assert_int_equal(stat(target, &st), -1);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(rename(run_dir, target), 0);
	assert_int_equal(symlink(target, run_dir), 0);
	assert_true(take(7, &fd) < 0);
	assert_contains(why.text, "253:7.lock");
	free(path);
	free(target);
}

static void fails_without_a_directory(void **state)
{
	int fd = -42;

	(void)state;
	assert_int_equal(lock_device("/nowhere/run", makedev(253, 7), &deadline, &fd, &why),
			 -ENOENT);
	assert_contains(why.text, "/nowhere/run/253:7.lock");
	write_file(run_dir, "");
	assert_int_equal(take(7, &fd), -ENOTDIR);
	assert_int_equal(fd, -42);
}

static uint64_t claimed(void)
{
	uint64_t blocks;
	int fd;

	assert_int_equal(take(1, &fd), 0);
	blocks = lock_claimed_blocks(fd);
	close(fd);
	return blocks;
}

static int claim(uint64_t blocks)
{
	int fd;

	assert_int_equal(take(1, &fd), 0);
	lock_claim(fd, blocks);
	lock_release(fd);
	return fd;
}

static void adds_up_claims_until_they_end(void **state)
{
	int a, b, c;

	(void)state;
	assert_int_equal(claimed(), 0);
	a = claim(100);
	assert_int_equal(lock_claimed_blocks(a), 0); /* of others */
	b = claim(UINT64_C(1) << 40);
	c = claim(7);
	assert_int_equal(claimed(), 107 + (UINT64_C(1) << 40));
	assert_int_equal(lock_claimed_blocks(b), 107);
	close(a);
	assert_int_equal(claimed(), 7 + (UINT64_C(1) << 40));
	a = claim(200); /* after a gap of 100 */
	assert_int_equal(claimed(), 207 + (UINT64_C(1) << 40));
	close(b);
	assert_int_equal(claimed(), 207);
	close(a);
	close(c);
	a = claim(0);
	assert_int_equal(claimed(), 0);
	close(a);
}

#define LOCK_TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		LOCK_TEST(makes_directory_and_file),
		LOCK_TEST(each_device_has_its_own_lock),
		LOCK_TEST(waits_until_the_deadline),
		LOCK_TEST(gets_the_lock_when_its_holder_ends),
		LOCK_TEST(revokes_the_write_permission_of_others),
		LOCK_TEST(refuses_a_directory_of_another_user),
		LOCK_TEST(follows_no_links),
		LOCK_TEST(fails_without_a_directory),
		LOCK_TEST(adds_up_claims_until_they_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
