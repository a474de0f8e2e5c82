/* SPDX-License-Identifier: Apache-2.0 */
#include "oci/namespace.h"

#include "unit.h"

static char *proc_dir;
static int64_t pid;
static struct why why;

static void process(const char *id, const char *status)
{
	char *directory = path_in(proc_dir, id), *ns;

	mkdir_in(proc_dir, id);
	mkdir_in(directory, "ns");
	ns = path_in(directory, "ns/mnt");
	write_file(ns, "");
	write_in(directory, "status", status);
	free(ns);
	free(directory);
}

/* Puts @id into the mount namespace of self. */
static void share(const char *id)
{
	char *self = path_in(proc_dir, "self/ns/mnt"), *other = NULL;

	assert_true(asprintf(&other, "%s/%s/ns/mnt", proc_dir, id) > 0);
	assert_int_equal(unlink(other), 0);
	assert_int_equal(link(self, other), 0);
	free(self);
	free(other);
}

static int proc_setup(void **state)
{
	(void)state;
	proc_dir = new_directory();
	process("self", "Name:\thook\nTgid:\t77\nPPid:\t50\nNStgid:\t77\nNSpid:\t77\t3\n");
	process("123", "Name:\tinit\nPPid:\t50\n");
	process("50", "Name:\trunc\nPPid:\t40\n");
	process("40", "Name:\tshim\nPPid:\t1\n");
	pid = 123;
	return 0;
}

static int proc_teardown(void **state)
{
	(void)state;
	remove_directory(proc_dir);
	return 0;
}

static void expect(enum namespace_relation expected)
{
	enum namespace_relation relation = (enum namespace_relation) - 1;

	why.text[0] = '\0';
	assert_int_equal(namespace_find(proc_dir, pid, &relation, &why), 0);
	assert_int_equal(relation, expected);
}

static void rewrite_status(const char *id, const char *status)
{
	char *directory = path_in(proc_dir, id);

	write_in(directory, "status", status);
	free(directory);
}

static void knows_the_hosts_namespace(void **state)
{
	(void)state;
	assert_false(namespace_is_hosts(proc_dir)); /* there is no process 1 */
	process("1", "Name:\tsystemd\nPPid:\t0\n");
	assert_false(namespace_is_hosts(proc_dir));
	share("1");
	assert_true(namespace_is_hosts(proc_dir));
	assert_false(namespace_is_hosts("/nowhere"));
}

static void outside_if_the_namespaces_differ(void **state)
{
	(void)state;
	expect(NAMESPACE_APART);
	share("50");
	share("40");
	expect(NAMESPACE_APART);
}

/* createContainer: the container's first process calls the hook, perhaps through a shell. */
static void inside_if_called_by_the_containers_process(void **state)
{
	(void)state;
	share("123");
	rewrite_status("self", "Name:\thook\nPPid:\t123\nNStgid:\t77\n");
	expect(NAMESPACE_INSIDE);
	process("60", "Name:\tsh\nPPid:\t123\n");
	share("60");
	rewrite_status("self", "Name:\thook\nPPid:\t60\nNStgid:\t77\n");
	expect(NAMESPACE_INSIDE);
}

/* startContainer: the hook sees the processes that the container sees. */
static void inside_if_beside_its_process_1(void **state)
{
	(void)state;
	process("1", "Name:\tinit\nPPid:\t0\n");
	rewrite_status("self", "Name:\thook\nPPid:\t1\nNStgid:\t7\n");
	pid = 1;
	share("1");
	expect(NAMESPACE_INSIDE);
}

static void outside_if_there_is_no_such_process(void **state)
{
	(void)state;
	pid = 124;
	expect(NAMESPACE_APART);
}

static void inside_if_in_a_pid_namespace_below(void **state)
{
	(void)state;
	rewrite_status("self", "Name:\thook\nPPid:\t50\nNStgid:\t77\t3\n");
	expect(NAMESPACE_INSIDE);
}

/* Kata: the hypervisor is our sibling, or the shim itself, and all are in the host's namespace. */
static void a_process_in_our_namespace_is_a_vm_monitor(void **state)
{
	(void)state;
	share("123");
	share("50");
	share("40");
	process("1", "Name:\tsystemd\nPPid:\t0\n");
	share("1");
	expect(NAMESPACE_SHARED);
	pid = 50;
	expect(NAMESPACE_SHARED);
}

/* The same if the engine has a mount namespace of its own, which process 1 does not share. */
static void a_vm_monitor_is_not_our_ancestor(void **state)
{
	(void)state;
	share("123");
	share("50");
	share("40");
	process("1", "Name:\tsystemd\nPPid:\t0\n");
	expect(NAMESPACE_SHARED);
}

static void without_a_pid_the_ancestors_decide(void **state)
{
	(void)state;
	pid = 0;
	share("50");
	expect(NAMESPACE_INSIDE);
	share("40");
	expect(NAMESPACE_APART);
}

static void outside_without_a_pid_and_other_ancestors(void **state)
{
	(void)state;
	pid = 0;
	share("50");
	rewrite_status("50", "Name:\trunc\nPPid:\t0\n");
	expect(NAMESPACE_APART);
	rewrite_status("self", "Name:\thook\nPPid:\t51\nNStgid:\t77\n");
	expect(NAMESPACE_APART);
	/* not for ever */
	rewrite_status("self", "Name:\thook\nPPid:\t50\nNStgid:\t77\n");
	rewrite_status("50", "Name:\trunc\nPPid:\t50\n");
	expect(NAMESPACE_APART);
}

/* A process may have any name, and the name is in the first line. */
static void a_process_name_is_not_a_field(void **state)
{
	(void)state;
	pid = 0;
	share("50");
	share("40");
	rewrite_status("50", "Name:\tPPid:\t123\nPPid:\t40\n");
	expect(NAMESPACE_APART);
	pid = 123;
	rewrite_status("self", "Name:\tNStgid:\t1\t2\nPPid:\t50\nNStgid:\t77\n");
	expect(NAMESPACE_APART);
}

static void fails_without_proc(void **state)
{
	enum namespace_relation relation;

	(void)state;
	rewrite_status("self", "Name:\thook\nPPid:\t50\n");
	assert_int_equal(namespace_find(proc_dir, pid, &relation, &why), -ENODATA);
	assert_contains(why.text, "self/status");
	assert_int_equal(namespace_find("/nowhere", pid, &relation, &why), -ENOENT);
	assert_contains(why.text, "/nowhere/self/ns/mnt");
}

static int rootless(const char *map)
{
	char *directory = path_in(proc_dir, "self");

	write_in(directory, "uid_map", map);
	free(directory);
	why.text[0] = '\0';
	return namespace_is_rootless(proc_dir, &why);
}

static void recognises_the_hosts_root(void **state)
{
	(void)state;
	if (geteuid() != 0) {
		assert_int_equal(rootless("0 0 4294967295\n"), 1);
		assert_contains(why.text, "only root");
		return;
	}
	assert_int_equal(namespace_is_rootless(proc_dir, &why), 0); /* no user namespaces */
	assert_int_equal(rootless("         0          0 4294967295\n"), 0);
	assert_int_equal(rootless("         0       1000          1\n"), 1);
	assert_contains(why.text, "user namespace");
	assert_int_equal(rootless("         0          0          1\n"), 1);
	assert_int_equal(rootless("         0          1 4294967294\n"), 1);
	assert_int_equal(rootless(""), 1);
}

#define PROC_TEST(test) cmocka_unit_test_setup_teardown(test, proc_setup, proc_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		PROC_TEST(knows_the_hosts_namespace),
		PROC_TEST(outside_if_the_namespaces_differ),
		PROC_TEST(inside_if_called_by_the_containers_process),
		PROC_TEST(inside_if_beside_its_process_1),
		PROC_TEST(outside_if_there_is_no_such_process),
		PROC_TEST(inside_if_in_a_pid_namespace_below),
		PROC_TEST(a_process_in_our_namespace_is_a_vm_monitor),
		PROC_TEST(a_vm_monitor_is_not_our_ancestor),
		PROC_TEST(without_a_pid_the_ancestors_decide),
		PROC_TEST(outside_without_a_pid_and_other_ancestors),
		PROC_TEST(a_process_name_is_not_a_field),
		PROC_TEST(fails_without_proc),
		PROC_TEST(recognises_the_hosts_root),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
