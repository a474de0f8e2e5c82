/* SPDX-License-Identifier: Apache-2.0 */
#include "oci/state.h"

#include "unit.h"

#define VALID                                                                                      \
	"{\"ociVersion\":\"1.0.2\",\"id\":\"c1\",\"status\":\"creating\",\"pid\":123,"             \
	"\"bundle\":\"/b\",\"annotations\":{\"k\":\"v\"}}"

static struct oci_state oci;
static struct why why;

static int read_n(const char *text, size_t len)
{
	int fd = fd_with(text, len), r;

	oci_state_free(&oci);
	oci = (struct oci_state){0};
	why.text[0] = '\0';
	r = oci_state_read(fd, &oci, &why);
	close(fd);
	return r;
}

static void accept(const char *text)
{
	int r = read_n(text, strlen(text));

	if (r < 0)
		print_error("%s: %s\n", text, why.text);
	assert_int_equal(r, 0);
}

static void refuse(const char *text, const char *reason)
{
	int r = read_n(text, strlen(text));

	if (r >= 0)
		print_error("accepted: %s\n", text);
	assert_true(r < 0);
	assert_null(oci.doc);
	assert_contains(why.text, reason);
}

static int teardown(void **state)
{
	(void)state;
	oci_state_free(&oci);
	oci = (struct oci_state){0};
	return 0;
}

static void reads_a_state(void **state)
{
	const char *value = NULL;

	(void)state;
	accept(VALID);
	assert_string_equal(oci.id, "c1");
	assert_string_equal(oci.bundle, "/b");
	assert_string_equal(oci.status, "creating");
	assert_int_equal(oci.pid, 123);
	assert_int_equal(json_string(oci.annotations, "k", &value, &why), 1);
	assert_string_equal(value, "v");
}

static void accepts_what_runtimes_leave_out(void **state)
{
	(void)state;
	accept("{\"id\":\"c1\",\"bundle\":\"/b\"}");
	assert_string_equal(oci.status, "");
	assert_int_equal(oci.pid, 0);
	assert_null(oci.annotations);
	accept("{\"id\":\"\",\"bundle\":\"\",\"status\":\"\",\"pid\":0}"); /* Kata */
	assert_string_equal(oci.id, "");
	accept(" \n" VALID "\n ");
	accept("{\"id\":\"c\",\"bundle\":\"/\",\"pid\":2147483647}");
	assert_int_equal(oci.pid, INT32_MAX);
}

static void refuses_half_a_state(void **state)
{
	char reason[48];

	(void)state;
	for (size_t len = 0; len < sizeof(VALID) - 1; len++) {
		assert_int_equal(read_n(VALID, len), -EINVAL);
		snprintf(reason, sizeof(reason), "%s at byte %zu",
			 len ? "ends in the middle" : "empty", len);
		assert_contains(why.text, reason);
	}
}

#define WITH(more) "{\"id\":\"c1\",\"bundle\":\"/b\"," more "}"

static void refuses_wrong_types(void **state)
{
	(void)state;
	refuse("[]", "expected an object, found an array, at byte 1");
	refuse("12", "expected an object, found a number");
	refuse("null", "expected an object, found null");
	refuse("{\"id\":1,\"bundle\":\"/b\"}",
	       "\"id\": expected a string, found a number, at byte 7");
	refuse("{\"id\":null,\"bundle\":\"/b\"}", "\"id\": expected a string, found null");
	refuse("{\"id\":\"c\",\"bundle\":[]}", "\"bundle\": expected a string, found an array");
	refuse(WITH("\"status\":true"), "\"status\": expected a string, found a boolean");
	refuse(WITH("\"pid\":\"1\""), "\"pid\": expected a number, found a string");
	refuse(WITH("\"annotations\":[]"), "\"annotations\": expected an object, found an array");
	refuse(WITH("\"annotations\":null"), "\"annotations\": expected an object, found null");
}

static void needs_id_and_bundle(void **state)
{
	(void)state;
	refuse("{}", "no \"id\"");
	refuse("{\"id\":\"c\"}", "no \"bundle\"");
	refuse("{\"bundle\":\"/b\"}", "no \"id\"");
	refuse("{\"ID\":\"c\",\"bundle\":\"/b\"}", "no \"id\"");
	refuse("{\"id\":\"c\",\"bundle\":\"b\"}", "no absolute path: \"b\"");
	refuse("{\"id\":\"c\",\"bundle\":\"../b\"}", "no absolute path");
}

static void refuses_duplicates_that_matter(void **state)
{
	(void)state;
	refuse(WITH("\"id\":\"c1\""), "duplicate key \"id\" at byte 34");
	refuse(WITH("\"bundle\":\"/c\""), "duplicate key \"bundle\" at byte 38");
	refuse(WITH("\"pid\":1,\"pid\":1"), "duplicate key \"pid\" at byte");
	refuse(WITH("\"status\":\"a\",\"status\":\"b\""), "duplicate key \"status\" at byte");
	refuse(WITH("\"annotations\":{},\"annotations\":{}"), "duplicate key \"annotations\"");
	refuse(WITH("\"\\u0069d\":\"c2\""), "duplicate key \"id\""); /* written otherwise */
}

static void accepts_duplicates_that_do_not_matter(void **state)
{
	(void)state;
	accept(WITH("\"ociVersion\":\"1\",\"ociVersion\":\"2\",\"x\":1,\"x\":null"));
	accept(WITH("\"annotations\":{\"k\":\"v\",\"k\":\"w\"}"));
}

static void refuses_a_nul_that_matters(void **state)
{
	(void)state;
	refuse("{\"id\":\"c\\u00001\",\"bundle\":\"/b\"}", "\"id\": NUL in the string at byte 16");
	refuse("{\"id\":\"c\",\"bundle\":\"/b\\u0000\"}", "\"bundle\": NUL in the string at byte");
	refuse(WITH("\"status\":\"\\u0000\""), "\"status\": NUL in the string at byte");
}

static void accepts_a_nul_that_does_not_matter(void **state)
{
	(void)state;
	accept(WITH("\"x\":\"a\\u0000b\",\"annotations\":{\"y\":\"\\u0000\"}"));
	accept(WITH("\"id\\u0000\":\"c2\"")); /* another key */
	assert_string_equal(oci.id, "c1");
}

static void refuses_pids_out_of_range(void **state)
{
	(void)state;
	refuse(WITH("\"pid\":-1"), "\"pid\" is out of range: -1");
	refuse(WITH("\"pid\":2147483648"), "\"pid\" is out of range: 2147483648");
	refuse(WITH("\"pid\":9223372036854775808"), "\"pid\": expected a whole number at byte 50");
	refuse(WITH("\"pid\":1.5"), "\"pid\": expected a whole number");
	refuse(WITH("\"pid\":1e3"), "\"pid\": expected a whole number");
}

static void refuses_trailing_garbage(void **state)
{
	(void)state;
	refuse(VALID "x", "trailing garbage at byte 101");
	refuse(VALID VALID, "trailing garbage at byte 101");
	assert_int_equal(read_n(VALID "\0", sizeof(VALID)), -EINVAL);
}

static void bounds_the_id(void **state)
{
	char text[1200], id[1026];

	(void)state;
	memset(id, 'x', 1025);
	id[1025] = '\0';
	snprintf(text, sizeof(text), "{\"id\":\"%s\",\"bundle\":\"/b\"}", id);
	refuse(text, "\"id\" has 1025 characters, more than 1024");
	id[1024] = '\0';
	snprintf(text, sizeof(text), "{\"id\":\"%s\",\"bundle\":\"/b\"}", id);
	accept(text);
}

static void bounds_the_depth(void **state)
{
	static const size_t arrays[] = {63, 64, 9999};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(arrays); i++) {
		char *text = malloc(sizeof(VALID) + 2 * arrays[i] + 16), *at = text;

		assert_non_null(text);
		at = stpcpy(at, "{\"id\":\"c\",\"bundle\":\"/b\",\"x\":");
		at = memset(at, '[', arrays[i]);
		at = memset(at + arrays[i], ']', arrays[i]);
		strcpy(at + arrays[i], "}");
		if (i == 0)
			accept(text);
		else
			refuse(text, "nested too deeply at byte 92");
		free(text);
	}
}

static void bounds_the_size(void **state)
{
	char *text = malloc(STATE_MAX_BYTES + 1);

	(void)state;
	assert_non_null(text);
	memset(text, ' ', STATE_MAX_BYTES + 1);
	memcpy(text, VALID, sizeof(VALID) - 1);
	assert_int_equal(read_n(text, STATE_MAX_BYTES), 0);
	assert_int_equal(read_n(text, STATE_MAX_BYTES + 1), -EFBIG);
	assert_contains(why.text, "larger than 1048576 bytes");
	assert_contains(why.text, "at byte 1048576");
	free(text);
}

static void tells_of_a_failing_read(void **state)
{
	(void)state;
	assert_int_equal(oci_state_read(-1, &oci, &why), -EBADF);
	assert_contains(why.text, "cannot be read");
}

/* --- in whose namespaces are we? ---------------------------------------------------------------
 */

static char *proc_dir;

static void process(const char *pid, const char *status)
{
	char *folder = path_in(proc_dir, pid), *ns;

	mkdir_in(proc_dir, pid);
	mkdir_in(folder, "ns");
	ns = path_in(folder, "ns/mnt");
	write_file(ns, "");
	write_in(folder, "status", status);
	free(ns);
	free(folder);
}

/* Puts @pid into the mount namespace of self. */
static void share(const char *pid)
{
	char *self = path_in(proc_dir, "self/ns/mnt"), *other = NULL;

	assert_true(asprintf(&other, "%s/%s/ns/mnt", proc_dir, pid) > 0);
	assert_int_equal(unlink(other), 0);
	assert_int_equal(link(self, other), 0);
	free(self);
	free(other);
}

static int proc_setup(void **state)
{
	(void)state;
	proc_dir = new_folder();
	process("self", "Name:\thook\nTgid:\t77\nPPid:\t50\nNStgid:\t77\nNSpid:\t77\t3\n");
	process("123", "Name:\tinit\nPPid:\t50\n");
	process("50", "Name:\trunc\nPPid:\t40\n");
	process("40", "Name:\tshim\nPPid:\t1\n");
	accept(VALID);
	return 0;
}

static int proc_teardown(void **state)
{
	remove_folder(proc_dir);
	return teardown(state);
}

static int in_container(void)
{
	why.text[0] = '\0';
	return oci_state_in_container(&oci, proc_dir, &why);
}

static void rewrite_status(const char *pid, const char *status)
{
	char *folder = path_in(proc_dir, pid);

	write_in(folder, "status", status);
	free(folder);
}

static void outside_if_the_namespaces_differ(void **state)
{
	(void)state;
	assert_int_equal(in_container(), 0);
}

static void inside_if_the_namespace_is_the_containers(void **state)
{
	(void)state;
	share("123");
	assert_int_equal(in_container(), 1);
}

static void outside_if_there_is_no_such_process(void **state)
{
	(void)state;
	oci.pid = 124;
	assert_int_equal(in_container(), 0);
}

static void inside_if_in_a_pid_namespace_below(void **state)
{
	(void)state;
	rewrite_status("self", "Name:\thook\nPPid:\t50\nNStgid:\t77\t3\n");
	assert_int_equal(in_container(), 1);
}

static void without_a_pid_the_grandparent_tells(void **state)
{
	(void)state;
	oci.pid = 0;
	share("50");
	assert_int_equal(in_container(), 1);
	share("40");
	assert_int_equal(in_container(), 0);
}

static void without_a_pid_and_grandparent_outside(void **state)
{
	(void)state;
	oci.pid = 0;
	rewrite_status("50", "Name:\trunc\nPPid:\t0\n");
	assert_int_equal(in_container(), 0);
	rewrite_status("self", "Name:\thook\nPPid:\t51\nNStgid:\t77\n");
	assert_int_equal(in_container(), 0);
}

/* A process may be called anything, and its name is the first line. */
static void a_process_name_is_no_field(void **state)
{
	(void)state;
	oci.pid = 0;
	share("40");
	rewrite_status("50", "Name:\tPPid:\t123\nPPid:\t40\n");
	assert_int_equal(in_container(), 0);
	oci.pid = 123;
	rewrite_status("self", "Name:\tNStgid:\t1\t2\nPPid:\t50\nNStgid:\t77\n");
	assert_int_equal(in_container(), 0);
}

static void has_an_error_without_proc(void **state)
{
	(void)state;
	rewrite_status("self", "Name:\thook\nPPid:\t50\n");
	assert_int_equal(in_container(), -ENODATA);
	assert_contains(why.text, "self/status");
	assert_int_equal(oci_state_in_container(&oci, "/nowhere", &why), -ENOENT);
	assert_contains(why.text, "/nowhere/self/ns/mnt");
}

#define PROC_TEST(test) cmocka_unit_test_setup_teardown(test, proc_setup, proc_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(reads_a_state, teardown),
		cmocka_unit_test_teardown(accepts_what_runtimes_leave_out, teardown),
		cmocka_unit_test_teardown(refuses_half_a_state, teardown),
		cmocka_unit_test_teardown(refuses_wrong_types, teardown),
		cmocka_unit_test_teardown(needs_id_and_bundle, teardown),
		cmocka_unit_test_teardown(refuses_duplicates_that_matter, teardown),
		cmocka_unit_test_teardown(accepts_duplicates_that_do_not_matter, teardown),
		cmocka_unit_test_teardown(refuses_a_nul_that_matters, teardown),
		cmocka_unit_test_teardown(accepts_a_nul_that_does_not_matter, teardown),
		cmocka_unit_test_teardown(refuses_pids_out_of_range, teardown),
		cmocka_unit_test_teardown(refuses_trailing_garbage, teardown),
		cmocka_unit_test_teardown(bounds_the_id, teardown),
		cmocka_unit_test_teardown(bounds_the_depth, teardown),
		cmocka_unit_test_teardown(bounds_the_size, teardown),
		cmocka_unit_test_teardown(tells_of_a_failing_read, teardown),
		PROC_TEST(outside_if_the_namespaces_differ),
		PROC_TEST(inside_if_the_namespace_is_the_containers),
		PROC_TEST(outside_if_there_is_no_such_process),
		PROC_TEST(inside_if_in_a_pid_namespace_below),
		PROC_TEST(without_a_pid_the_grandparent_tells),
		PROC_TEST(without_a_pid_and_grandparent_outside),
		PROC_TEST(a_process_name_is_no_field),
		PROC_TEST(has_an_error_without_proc),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
