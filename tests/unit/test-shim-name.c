/* SPDX-License-Identifier: Apache-2.0 */
#include "base/shim-name.h"

#include "unit.h"

static void expect(const char *program, const char *name)
{
	char found[SHIM_NAME_SIZE] = "unchanged";

	assert_int_equal(shim_name_wrapped(program, found), name != NULL);
	assert_string_equal(found, name ? name : "unchanged");
}

static void our_wrapper_is_known_by_its_name(void **state)
{
	(void)state;
	expect("containerd-shim-oci-thin-grow-kata-v2", "kata");
	expect("/usr/local/bin/containerd-shim-oci-thin-grow-kata-v2", "kata");
	expect("containerd-shim-oci-thin-grow-kata-clh_2-v2", "kata-clh_2");
	expect("containerd-shim-oci-thin-grow-v2-v2", "v2");
}

static void another_program_is_none(void **state)
{
	static const char *const others[] = {
		"",
		"oci-thin-grow",
		"containerd-shim-kata-v2",
		"containerd-shim-oci-thin-grow-v2",
		"containerd-shim-oci-thin-grow--v2",
		"containerd-shim-oci-thin-grow-kata",
		"containerd-shim-oci-thin-grow-kata-v1",
		"containerd-shim-oci-thin-grow-kata-v2-",
		"xcontainerd-shim-oci-thin-grow-kata-v2",
		"containerd-shim-oci-thin-grow-kata-v2/",
		"containerd-shim-oci-thin-grow-ka.ta-v2",
		"containerd-shim-oci-thin-grow-ka ta-v2",
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(others); i++)
		expect(others[i], NULL);
}

static void a_name_has_64_characters_at_most(void **state)
{
	char program[200], longest[SHIM_NAME_SIZE], name[SHIM_NAME_SIZE + 1];

	(void)state;
	memset(longest, 'x', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	snprintf(program, sizeof(program), "containerd-shim-oci-thin-grow-%s-v2", longest);
	expect(program, longest);
	assert_true(shim_name_is_valid(longest));
	snprintf(name, sizeof(name), "%sx", longest);
	assert_false(shim_name_is_valid(name));
	snprintf(program, sizeof(program), "containerd-shim-oci-thin-grow-%s-v2", name);
	expect(program, NULL);
}

static void a_name_leads_to_no_other_directory(void **state)
{
	(void)state;
	assert_false(shim_name_is_valid(""));
	assert_false(shim_name_is_valid("."));
	assert_false(shim_name_is_valid("a/b"));
	assert_false(shim_name_is_valid("a\nb"));
	assert_true(shim_name_is_valid("kata-qemu"));
}

/* As a container's record in containerd has it */
static void our_runtime_is_known_by_type_or_path(void **state)
{
	(void)state;
	assert_true(shim_type_is_ours("io.containerd.oci-thin-grow-kata.v2"));
	assert_true(shim_type_is_ours("/usr/bin/containerd-shim-oci-thin-grow-kata-v2"));
	assert_false(shim_type_is_ours("containerd-shim-oci-thin-grow-kata-v2"));
	assert_false(shim_type_is_ours("io.containerd.oci-thin-grow-kata.v1"));
	assert_false(shim_type_is_ours("io.containerd.oci-thin-grow-.v2"));
	assert_false(shim_type_is_ours("io.containerd.oci-thin-grow-a.b.v2"));
	assert_false(shim_type_is_ours("io.containerd.kata.v2"));
	assert_false(shim_type_is_ours("/usr/bin/containerd-shim-kata-v2"));
	assert_false(shim_type_is_ours(""));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(our_wrapper_is_known_by_its_name),
		cmocka_unit_test(another_program_is_none),
		cmocka_unit_test(a_name_has_64_characters_at_most),
		cmocka_unit_test(our_runtime_is_known_by_type_or_path),
		cmocka_unit_test(a_name_leads_to_no_other_directory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
