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

static void sound(const char *text)
{
	accept(text);
	assert_string_equal(oci.flaw.text, "");
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

/* @reason is its only error, which does not matter to a container without a request. */
static void flawed(const char *text, const char *reason)
{
	accept(text);
	assert_contains(oci.flaw.text, reason);
	assert_non_null(oci.id);
	assert_non_null(oci.bundle);
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
	sound(VALID);
	assert_string_equal(oci.id, "c1");
	assert_string_equal(oci.bundle, "/b");
	assert_null(oci.root);
	assert_int_equal(oci.pid, 123);
	assert_int_equal(json_string(oci.annotations, "k", &value, &why), 1);
	assert_string_equal(value, "v");
}

static void accepts_members_that_runtimes_leave_out(void **state)
{
	(void)state;
	sound("{\"id\":\"c1\",\"bundle\":\"/b\"}");
	assert_int_equal(oci.pid, 0);
	assert_null(oci.annotations);
	sound("{\"id\":\"\",\"bundle\":\"\",\"status\":\"\",\"pid\":0}"); /* Kata */
	assert_string_equal(oci.id, "");
	sound("{\"id\":\"c1\",\"bundle\":\"/b\",\"annotations\":null}"); /* Go */
	assert_null(oci.annotations);
	sound(" \n" VALID "\n ");
	sound("{\"id\":\"c\",\"bundle\":\"/\",\"pid\":2147483647}");
	assert_int_equal(oci.pid, INT32_MAX);
}

static void reads_the_root_that_crun_adds(void **state)
{
	(void)state;
	sound("{\"ociVersion\":\"1.0\",\"id\":\"c1\",\"pid\":7,\"root\":\"rootfs\",\"bundle\":\"/"
	      "b\","
	      "\"status\":\"created\"}");
	assert_string_equal(oci.root, "rootfs");
}

/* As crun passes them on. */
static void accepts_bytes_that_are_not_utf8(void **state)
{
	(void)state;
	sound("{\"id\":\"c1\",\"bundle\":\"/caf\xe9\",\"annotations\":{\"\xff\":\"\xc0\x80\"}}");
	assert_string_equal(oci.bundle, "/caf\xe9");
}

static void needs_an_object(void **state)
{
	(void)state;
	refuse("[]", "expected an object, found an array");
	refuse("12", "expected an object, found a number");
	refuse("null", "expected an object, found null");
}

static void refuses_a_truncated_state(void **state)
{
	char reason[48];

	(void)state;
	assert_int_equal(read_n(VALID, 0), -ENODATA);
	for (size_t len = 1; len < sizeof(VALID) - 1; len++) {
		assert_int_equal(read_n(VALID, len), -EINVAL);
		snprintf(reason, sizeof(reason), "ends in the middle at byte %zu", len);
		assert_contains(why.text, reason);
	}
}

#define WITH(more) "{\"id\":\"c1\",\"bundle\":\"/b\"," more "}"

static void detects_wrong_types(void **state)
{
	(void)state;
	flawed("{\"id\":1,\"bundle\":\"/b\"}",
	       "\"id\": expected a string, found a number, at byte 7");
	flawed("{\"id\":null,\"bundle\":\"/b\"}", "\"id\": expected a string, found null");
	flawed("{\"id\":\"c\",\"bundle\":[]}", "\"bundle\": expected a string, found an array");
	flawed(WITH("\"pid\":\"1\""), "\"pid\": expected a number, found a string");
	flawed(WITH("\"annotations\":[]"), "\"annotations\": expected an object, found an array");
	flawed(WITH("\"root\":{}"), "\"root\": expected a string, found an object");
}

static void needs_id_and_bundle(void **state)
{
	(void)state;
	flawed("{}", "no \"id\"");
	flawed("{\"id\":\"c\"}", "no \"bundle\"");
	flawed("{\"bundle\":\"/b\"}", "no \"id\"");
	flawed("{\"ID\":\"c\",\"bundle\":\"/b\"}", "no \"id\"");
	flawed("{\"id\":\"c\",\"bundle\":\"b\"}", "not an absolute path: \"b\"");
	flawed("{\"id\":\"c\",\"bundle\":\"../b\"}", "not an absolute path");
}

static void detects_duplicates_of_members_that_are_read(void **state)
{
	(void)state;
	flawed(WITH("\"id\":\"c1\""), "duplicate key \"id\" at byte 34");
	flawed(WITH("\"bundle\":\"/c\""), "duplicate key \"bundle\" at byte 38");
	flawed(WITH("\"pid\":1,\"pid\":1"), "duplicate key \"pid\" at byte");
	flawed(WITH("\"annotations\":{},\"annotations\":{}"), "duplicate key \"annotations\"");
	flawed(WITH("\"\\u0069d\":\"c2\""), "duplicate key \"id\""); /* the same key, escaped */
}

static void accepts_duplicates_of_other_members(void **state)
{
	(void)state;
	sound(WITH("\"ociVersion\":\"1\",\"ociVersion\":\"2\",\"x\":1,\"x\":null"));
	sound(WITH("\"annotations\":{\"k\":\"v\",\"k\":\"w\"}"));
}

static void detects_a_nul_in_members_that_are_read(void **state)
{
	(void)state;
	flawed("{\"id\":\"c\\u00001\",\"bundle\":\"/b\"}", "\"id\": NUL in the string at byte 16");
	flawed("{\"id\":\"c\",\"bundle\":\"/b\\u0000\"}", "\"bundle\": NUL in the string at byte");
}

static void accepts_a_nul_in_other_members(void **state)
{
	(void)state;
	sound(WITH("\"x\":\"a\\u0000b\",\"annotations\":{\"y\":\"\\u0000\"}"));
	sound(WITH("\"id\\u0000\":\"c2\"")); /* another key */
	assert_string_equal(oci.id, "c1");
}

static void detects_pids_out_of_range(void **state)
{
	(void)state;
	flawed(WITH("\"pid\":-1"), "\"pid\" is out of range: -1");
	flawed(WITH("\"pid\":2147483648"), "\"pid\" is out of range: 2147483648");
	flawed(WITH("\"pid\":9223372036854775808"), "\"pid\": expected a whole number at byte 50");
	flawed(WITH("\"pid\":1.5"), "\"pid\": expected a whole number");
	flawed(WITH("\"pid\":1e3"), "\"pid\": expected a whole number");
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
	flawed(text, "\"id\" has 1025 characters, more than 1024");
	id[1024] = '\0';
	snprintf(text, sizeof(text), "{\"id\":\"%s\",\"bundle\":\"/b\"}", id);
	sound(text);
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
	assert_contains(why.text, "larger than 16777216 bytes");
	assert_contains(why.text, "at byte 16777216");
	free(text);
}

static void reports_a_failing_read(void **state)
{
	(void)state;
	assert_int_equal(oci_state_read(-1, &oci, &why), -EBADF);
	assert_contains(why.text, "cannot be read");
}

/* It is known whether there is a request, whatever else is wrong. */
static void a_flaw_hides_nothing_else(void **state)
{
	const char *value = NULL;

	(void)state;
	flawed("{\"id\":7,\"pid\":-1,\"bundle\":\"/b\",\"annotations\":{\"k\":\"v\"}}",
	       "\"id\": expected a string"); /* the first one */
	assert_string_equal(oci.id, "");
	assert_int_equal(oci.pid, 0);
	assert_string_equal(oci.bundle, "/b");
	assert_int_equal(json_string(oci.annotations, "k", &value, &why), 1);
	flawed("{\"id\":\"c1\",\"bundle\":\"b\",\"annotations\":[]}", "not an absolute path");
	assert_string_equal(oci.bundle, "");
	assert_null(oci.annotations);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(reads_a_state, teardown),
		cmocka_unit_test_teardown(accepts_members_that_runtimes_leave_out, teardown),
		cmocka_unit_test_teardown(reads_the_root_that_crun_adds, teardown),
		cmocka_unit_test_teardown(accepts_bytes_that_are_not_utf8, teardown),
		cmocka_unit_test_teardown(needs_an_object, teardown),
		cmocka_unit_test_teardown(a_flaw_hides_nothing_else, teardown),
		cmocka_unit_test_teardown(refuses_a_truncated_state, teardown),
		cmocka_unit_test_teardown(detects_wrong_types, teardown),
		cmocka_unit_test_teardown(needs_id_and_bundle, teardown),
		cmocka_unit_test_teardown(detects_duplicates_of_members_that_are_read, teardown),
		cmocka_unit_test_teardown(accepts_duplicates_of_other_members, teardown),
		cmocka_unit_test_teardown(detects_a_nul_in_members_that_are_read, teardown),
		cmocka_unit_test_teardown(accepts_a_nul_in_other_members, teardown),
		cmocka_unit_test_teardown(detects_pids_out_of_range, teardown),
		cmocka_unit_test_teardown(refuses_trailing_garbage, teardown),
		cmocka_unit_test_teardown(bounds_the_id, teardown),
		cmocka_unit_test_teardown(bounds_the_depth, teardown),
		cmocka_unit_test_teardown(bounds_the_size, teardown),
		cmocka_unit_test_teardown(reports_a_failing_read, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
