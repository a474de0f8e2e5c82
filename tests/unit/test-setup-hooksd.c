/* SPDX-License-Identifier: Apache-2.0 */

/* podman and CRI-O. */

#include "setup-fixture.h"
#include "setup/hooksd.h"

#define SHIPPED	     HOOKSD_FOLDER "/" HOOKSD_NAME
#define CRIO_CONF    "/etc/crio/crio.conf"
#define CRIO_DROP_IN "/etc/crio/crio.conf.d/50-oci-thin-grow.conf"

static void writes_the_file_that_is_shipped(void **state)
{
	FILE *file = fopen("config/hooks.d/" HOOKSD_NAME, "re");
	char text[1000] = "";

	(void)state;
	assert_non_null(file); /* tests run in the project's folder */
	assert_true(fread(text, 1, sizeof(text) - 1, file) > 0);
	fclose(file);
	assert_string_equal(text, hooksd_text);
	assert_int_equal(enable("podman"), 0);
	assert_file(SHIPPED, text);
	assert_int_equal(disable("podman"), 0);
	assert_file(SHIPPED, NULL);
}

static void finds_the_folder_that_podman_reads(void **state)
{
	(void)state;
	put("/usr/share/containers/containers.conf", "[engine]\nhooks_dir = [\"/a\"]\n");
	put("/etc/containers/containers.conf", "[engine]\nhooks_dir = [\"/b\", \"/c\"]\n");
	put("/etc/containers/containers.conf.d/10-x.conf", "[engine]\n# hooks_dir = [\"/d\"]\n");
	put("/a/" HOOKSD_NAME, hooksd_text); /* where it does not look any more */
	assert_int_equal(enable("podman"), 0);
	assert_file("/c/" HOOKSD_NAME, hooksd_text);
	assert_int_equal(look("podman"), SETUP_ON);
	assert_int_equal(disable("podman"), 0);
	assert_file("/c/" HOOKSD_NAME, NULL);
	put("/etc/containers/containers.conf.d/20-x.conf",
	    "[engine]\nhooks_dir = [ \"" HOOKSD_FOLDER "\", \"/e\" ]\n");
	assert_int_equal(enable("podman"), 0);
	assert_file(SHIPPED, hooksd_text);
	/* one of the same name in a later folder counts instead */
	put("/e/" HOOKSD_NAME, "{\"hook\": {\"path\": \"/nowhere\"}}");
	assert_int_equal(look("podman"), SETUP_BROKEN);
	assert_contains(why.text, "/e/" HOOKSD_NAME);
	assert_int_equal(disable("podman"), 0);
	assert_file(SHIPPED, NULL);
	assert_file("/e/" HOOKSD_NAME, NULL);
}

static void the_last_file_by_name_counts(void **state)
{
	(void)state;
	for (char i = '9'; i >= '0'; i--) {
		char path[] = "/etc/containers/containers.conf.d/x?.conf";
		char text[] = "[engine]\nhooks_dir = [\"/h?\"]\n";

		*strchr(path, '?') = i;
		*strchr(text, '?') = i;
		put(path, text);
	}
	put("/etc/containers/containers.conf.d/y.txt", "no TOML");
	assert_int_equal(enable("podman"), 0);
	assert_file("/h9/" HOOKSD_NAME, hooksd_text);
}

static void one_that_was_changed_comes_back(void **state)
{
	static const char theirs[] = "{ \"version\": \"1.0.0\", \"hook\": { \"path\": "
				     "\"/usr/libexec/oci/hooks.d/oci-thin-grow\" }, \"when\": "
				     "{\"annotations\": {\"x\": \"y\"}}, \"stages\": [] }";

	(void)state;
	put(SHIPPED, theirs);
	assert_int_equal(enable("podman"), 0);
	assert_false(setup_plan_changes(&plan));
	assert_int_equal(disable("podman"), 0);
	assert_file(SHIPPED, NULL);
	assert_int_equal(disable("podman"), 0);
	assert_int_equal(enable("podman"), 0);
	assert_file(SHIPPED, theirs);
	assert_file(SHIPPED PLAN_BACKUP, NULL);
	/* not even if the package has put its own there meanwhile */
	assert_int_equal(disable("podman"), 0);
	put(SHIPPED, hooksd_text);
	assert_int_equal(enable("podman"), 0);
	assert_file(SHIPPED, hooksd_text);
	assert_file(SHIPPED PLAN_BACKUP, theirs);
}

static void crio_needs_no_drop_in_by_default(void **state)
{
	(void)state;
	put(CRIO_CONF, "[crio.runtime]\n# hooks_dir = [\n# ]\n");
	assert_int_equal(enable("crio"), 0);
	assert_file(CRIO_DROP_IN, NULL);
	assert_file(SHIPPED, hooksd_text);
	assert_contains(plan.then, "nothing");
	assert_int_equal(look("crio"), SETUP_ON);
}

static void crio_gets_our_folder_beside_theirs(void **state)
{
	(void)state;
	put(CRIO_CONF, "[crio.runtime]\nhooks_dir = [\n\t\"/opt/hooks\",\n]\n");
	assert_int_equal(enable("crio"), 0);
	assert_file(CRIO_DROP_IN,
		    "# Of oci-thin-grow: the folders of OCI hooks as they were, and its own.\n"
		    "[crio.runtime]\nhooks_dir = [\n\t\"/opt/hooks\",\n\t\"" HOOKSD_FOLDER
		    "\",\n]\n");
	assert_file(SHIPPED, hooksd_text);
	assert_contains(plan.then, "restart crio");
	assert_int_equal(look("crio"), SETUP_ON);
	assert_int_equal(disable("crio"), 0);
	assert_file(CRIO_DROP_IN, NULL);
	assert_file(SHIPPED, NULL);
}

static void a_later_word_of_theirs_is_not_overridden(void **state)
{
	(void)state;
	put("/etc/crio/crio.conf.d/10-x.conf", "[crio.runtime]\nhooks_dir = [\"/opt\"]\n");
	assert_int_equal(enable("crio"), 0);
	assert_int_equal(look("crio"), SETUP_ON);
	assert_int_equal(disable("crio"), 0);
	put("/etc/crio/crio.conf.d/60-x.conf", "[crio.runtime]\nhooks_dir = [\"/opt\"]\n");
	assert_int_equal(enable("crio"), -EEXIST);
	assert_contains(why.text, "/60-x.conf sets hooks_dir after ");
	assert_int_equal(disable("crio"), 0);
	put("/etc/crio/crio.conf.d/60-x.conf",
	    "[crio.runtime]\nhooks_dir = [\"/opt\", \"" HOOKSD_FOLDER "\"]\n");
	assert_int_equal(enable("crio"), 0);
	assert_file(CRIO_DROP_IN, NULL);
	put("/etc/crio/crio.conf.d/60-x.conf", "[crio.runtime\n");
	assert_int_equal(enable("crio"), -EINVAL);
	assert_contains(why.text, "/60-x.conf: a table's name without an end in line 1");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		HOST_TEST(writes_the_file_that_is_shipped),
		HOST_TEST(finds_the_folder_that_podman_reads),
		HOST_TEST(the_last_file_by_name_counts),
		HOST_TEST(one_that_was_changed_comes_back),
		HOST_TEST(crio_needs_no_drop_in_by_default),
		HOST_TEST(crio_gets_our_folder_beside_theirs),
		HOST_TEST(a_later_word_of_theirs_is_not_overridden),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
