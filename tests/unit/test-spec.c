/* SPDX-License-Identifier: Apache-2.0 */
#include "oci/spec.h"

#include "unit.h"

static char *directory, *path;
static struct oci_spec spec;
static struct why why;

static int setup(void **state)
{
	(void)state;
	directory = new_directory();
	path = path_in(directory, "config.json");
	spec = (struct oci_spec){0};
	why.text[0] = '\0';
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	oci_spec_free(&spec);
	free(path);
	remove_directory(directory);
	return 0;
}

static int read_spec(const char *text)
{
	oci_spec_free(&spec);
	spec = (struct oci_spec){0};
	write_file(path, text);
	return oci_spec_read(path, &spec, &why);
}

static void refuse(const char *text, const char *reason)
{
	assert_int_equal(read_spec(text), -EINVAL);
	assert_null(spec.doc);
	assert_contains(why.text, reason);
	assert_contains(why.text, path); /* which file it is */
}

static void reads_root_and_annotations(void **state)
{
	const char *value = NULL;

	(void)state;
	assert_int_equal(read_spec("{\"ociVersion\":\"1.0\",\"root\":{\"path\":\"rootfs\","
				   "\"readonly\":true},\"annotations\":{\"k\":\"v\"}}"),
			 0);
	assert_string_equal(spec.root_path, "rootfs");
	assert_int_equal(json_string(spec.annotations, "k", &value, &why), 1);
	assert_string_equal(value, "v");
}

/* The hook runs at each start of a container; nearly all of its spec is mounts and seccomp. */
static void keeps_no_list_of_system_calls(void **state)
{
	const struct json *platform, *seccomp;

	(void)state;
	assert_int_equal(read_spec("{\"linux\":{\"seccomp\":{\"syscalls\":[\"read\"]}}}"), 0);
	assert_int_equal(json_object(json_root(spec.doc), "linux", &platform, &why), 1);
	assert_int_equal(json_object(platform, "seccomp", &seccomp, &why), 1);
	assert_null(seccomp->first);
}

static void accepts_missing_members(void **state)
{
	(void)state;
	assert_int_equal(read_spec("{}"), 0);
	assert_null(spec.root_path);
	assert_null(spec.annotations);
	assert_int_equal(read_spec("{\"root\":{}}"), 0);
	assert_null(spec.root_path);
	assert_int_equal(read_spec("{\"root\":null,\"annotations\":null}"), 0);
	assert_null(spec.root_path);
	assert_null(spec.annotations);
	/* a spec of a Windows container, or with members that are not read */
	assert_int_equal(read_spec("{\"root\":{\"path\":\"r\",\"x\":1,\"x\":2},\"a\":\"\\u0000\"}"),
			 0);
}

static void refuses_errors_in_members_that_are_read(void **state)
{
	(void)state;
	refuse("", "empty at byte 0");
	refuse("{\"root\":", "ends in the middle at byte 8");
	refuse("[]", "expected an object, found an array");
	refuse("{\"root\":\"/r\"}", "\"root\": expected an object, found a string");
	refuse("{\"root\":{\"path\":1}}", "\"path\": expected a string, found a number");
	refuse("{\"root\":{\"path\":\"a\\u0000b\"}}", "\"path\": NUL in the string");
	refuse("{\"root\":{\"path\":\"a\",\"path\":\"a\"}}", "duplicate key \"path\"");
	refuse("{\"root\":{},\"root\":{}}", "duplicate key \"root\"");
	refuse("{\"annotations\":[]}", "\"annotations\": expected an object, found an array");
	refuse("{\"annotations\":{},\"annotations\":{}}", "duplicate key \"annotations\"");
}

static void bounds_the_size(void **state)
{
	FILE *file = fopen(path, "we");

	(void)state;
	assert_non_null(file);
	fputs("{}", file);
	for (size_t i = 2; i < SPEC_MAX_BYTES; i++)
		putc_unlocked(' ', file);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(oci_spec_read(path, &spec, &why), 0);
	oci_spec_free(&spec);
	file = fopen(path, "ae");
	assert_non_null(file);
	fputc(' ', file);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(oci_spec_read(path, &spec, &why), -EFBIG);
	assert_contains(why.text, path);
}

static void reports_why_a_file_cannot_be_read(void **state)
{
	(void)state;
	assert_int_equal(oci_spec_read(path, &spec, &why), -ENOENT);
	assert_contains(why.text, path);
	assert_contains(why.text, "No such file");
	assert_int_equal(oci_spec_read(directory, &spec, &why), -EISDIR);
	assert_int_equal(oci_spec_read("/dev/zero", &spec, &why), -EINVAL);
	assert_null(spec.doc);
}

#define SPEC_TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		SPEC_TEST(reads_root_and_annotations),
		SPEC_TEST(keeps_no_list_of_system_calls),
		SPEC_TEST(accepts_missing_members),
		SPEC_TEST(refuses_errors_in_members_that_are_read),
		SPEC_TEST(bounds_the_size),
		SPEC_TEST(reports_why_a_file_cannot_be_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
