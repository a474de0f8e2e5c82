/* SPDX-License-Identifier: Apache-2.0 */

/* podman and CRI-O. */

#include "setup-fixture.h"
#include "setup/hooksd.h"

#define SHIPPED	     HOOKSD_DIRECTORY "/" HOOKSD_NAME
#define CRIO_CONF    "/etc/crio/crio.conf"
#define CRIO_DROP_IN "/etc/crio/crio.conf.d/50-oci-thin-grow.conf"

static void writes_the_file_that_is_shipped(void **state)
{
	static const char hook[] = "/usr/libexec/oci/hooks.d/oci-thin-grow";
	FILE *file = fopen("config/hooks.d/" HOOKSD_NAME, "re");
	char source[1000] = "", text[2000], *path;

	(void)state;
	assert_non_null(file); /* tests run in the project's directory */
	assert_true(fread(source, 1, sizeof(source) - 1, file) > 0);
	fclose(file);
	path = strstr(source, hook); /* `make install` replaces it */
	assert_non_null(path);
	*path = '\0';
	snprintf(text, sizeof(text), "%s%s%s", source, HOOK_PATH, path + strlen(hook));
	assert_string_equal(text, hooksd_text);
	assert_int_equal(enable("podman"), 0);
	assert_file(SHIPPED, text);
	assert_int_equal(disable("podman"), 0);
	assert_file(SHIPPED, NULL);
}

/* --- access(2) of a file that somebody else removes right after it */

static bool goes_away;

int access(const char *path, int mode)
{
	if (goes_away && strstr(path, HOOKSD_NAME) && !strstr(path, CHANGE_BACKUPS))
		return 0;
	return faccessat(AT_FDCWD, path, mode, AT_EACCESS);
}

static void a_file_may_go_away_while_it_is_removed(void **state)
{
	(void)state;
	goes_away = true;
	assert_int_equal(disable("podman"), 0);
	assert_false(setup_plan_changes(&plan));
	goes_away = false;
}

/* --- */

static void finds_the_directory_that_podman_reads(void **state)
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
	    "[engine]\nhooks_dir = [ \"" HOOKSD_DIRECTORY "\", \"/e\" ]\n");
	assert_int_equal(enable("podman"), 0);
	assert_file(SHIPPED, hooksd_text);
	/* one of the same name in a later directory takes precedence */
	put("/e/" HOOKSD_NAME, "{\"hook\": {\"path\": \"/nowhere\"}}");
	assert_int_equal(look("podman"), SETUP_BROKEN);
	assert_contains(why.text, "/e/" HOOKSD_NAME);
	assert_int_equal(disable("podman"), 0);
	assert_file(SHIPPED, NULL);
	assert_file("/e/" HOOKSD_NAME, NULL);
}

static void the_last_file_by_name_wins(void **state)
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

static void a_changed_file_is_restored(void **state)
{
	static const char theirs[] =
		"{ \"version\": \"1.0.0\", \"hook\": { \"path\": "
		"\"" HOOK_PATH "\", \"args\": "
		"[\"x\", \"hook\"] }, \"when\": "
		"{\"annotations\": {\"x\": \"y\"}}, \"stages\": [\"prestart\"] }";

	(void)state;
	put(SHIPPED, theirs);
	assert_int_equal(enable("podman"), 0);
	assert_false(setup_plan_changes(&plan));
	assert_int_equal(disable("podman"), 0);
	assert_file(SHIPPED, NULL);
	assert_int_equal(disable("podman"), 0);
	assert_int_equal(enable("podman"), 0);
	assert_file(SHIPPED, theirs);
	assert_file(CHANGE_BACKUPS SHIPPED, NULL);
	/* not even if the package has installed its own in between */
	assert_int_equal(disable("podman"), 0);
	put(SHIPPED, hooksd_text);
	assert_int_equal(enable("podman"), 0);
	assert_file(SHIPPED, hooksd_text);
	assert_file(CHANGE_BACKUPS SHIPPED, theirs);
}

#define PROGRAM "\"path\": \"" HOOK_PATH "\""
#define HOOK	"\"hook\": {" PROGRAM ", \"args\": [\"oci-thin-grow\", \"hook\"]}"
#define ALWAYS	"\"when\": {\"always\": true}"
#define STAGES	"\"stages\": [\"createRuntime\"]"
#define V1	"\"version\": \"1.0.0\", "

static void a_file_that_does_not_call_the_hook_is_broken(void **state)
{
	static const struct {
		const char *text, *reason;
	} cases[] = {
		{"", "byte"},
		{"not JSON", "byte"},
		{"[]", "not an object"},
		{"{" HOOK "," ALWAYS "," STAGES "}", "its version is \"\""},
		{"{\"version\": \"0.1.0\", " HOOK "," ALWAYS "," STAGES "}", "\"0.1.0\""},
		{"{" V1 ALWAYS "," STAGES "}", "no hook"},
		{"{" V1 "\"hook\": {}," ALWAYS "," STAGES "}", "no hook"},
		{"{" V1 "\"hook\": {" PROGRAM "}," ALWAYS "," STAGES "}", "its args"},
		{"{" V1 "\"hook\": {" PROGRAM ", \"args\": [\"hook\"]}," ALWAYS "," STAGES "}",
		 "its args"},
		{"{" V1 "\"hook\": {" PROGRAM ", \"args\": [\"oci-thin-grow-runtime\", "
		 "\"hook\"]}," ALWAYS "," STAGES "}",
		 "its args"},
		{"{" V1 "\"hook\": {\"path\": \"/bin/other\", \"args\": [\"x\", \"hook\"]}," ALWAYS
		 "," STAGES "}",
		 "\"/bin/other\", is another program"},
		{"{" V1 "\"hook\": {\"path\": \"/nowhere\", \"args\": [\"x\", \"hook\"]}," ALWAYS
		 "," STAGES "}",
		 "\"/nowhere\", does not exist"},
		{"{" V1 HOOK "," STAGES "}", "it has no \"when\""},
		{"{" V1 HOOK ", \"when\": {}," STAGES "}", "never true"},
		{"{" V1 HOOK ", \"when\": {\"always\": false}," STAGES "}", "never true"},
		{"{" V1 HOOK
		 ", \"when\": {\"always\": false, \"annotations\": {\"a\": \"b\"}}," STAGES "}",
		 "never true"},
		{"{" V1 HOOK ", \"when\": {\"always\": true, \"hasBindMounts\": false}," STAGES "}",
		 "never true"},
		{"{" V1 HOOK ", \"when\": {\"always\": \"yes\"}," STAGES "}", "expected"},
		{"{" V1 HOOK "," ALWAYS "}", "its stages"},
		{"{" V1 HOOK "," ALWAYS ", \"stages\": []}", "its stages"},
		{"{" V1 HOOK "," ALWAYS ", \"stages\": [\"poststop\"]}", "its stages"},
		{"{" V1 HOOK "," ALWAYS ", \"stages\": [\"createContainer\"]}",
		 "its stage \"createContainer\""},
		{"{" V1 HOOK "," ALWAYS ", \"stages\": [\"createRuntime\", \"startContainer\"]}",
		 "its stage \"startContainer\""},
		{"{" V1 HOOK "," ALWAYS ", \"stages\": [\"createRuntimes\"]}",
		 "\"createRuntimes\""},
	};

	(void)state;
	put_program("/bin/other");
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		put(SHIPPED, cases[i].text);
		assert_int_equal(look("podman"), SETUP_BROKEN);
		assert_contains(why.text, SHIPPED ": ");
		assert_contains(why.text, cases[i].reason);
		assert_int_equal(look("crio"), SETUP_BROKEN);
		/* enable writes a valid one, and keeps theirs */
		assert_int_equal(enable("podman"), 0);
		assert_file(SHIPPED, hooksd_text);
		assert_file(CHANGE_BACKUPS SHIPPED, cases[i].text);
		assert_int_equal(look("podman"), SETUP_ON);
		/* which does not come back */
		assert_int_equal(disable("podman"), 0);
		assert_int_equal(enable("podman"), 0);
		assert_file(SHIPPED, hooksd_text);
	}
}

static const char *who(const char *text)
{
	struct setup_view view;

	put(SHIPPED, text);
	assert_int_equal(setup_look(&place, "podman", &view, &why), 0);
	assert_int_equal(view.state, SETUP_ON);
	setup_view_free(&view);
	return view.who ? view.who : "all";
}

static void a_file_with_conditions_does_not_cover_all_containers(void **state)
{
	(void)state;
	assert_string_equal(who(hooksd_text), "all");
	assert_string_equal(
		who("{" V1 HOOK "," ALWAYS ", \"stages\": [\"prestart\", \"poststop\"]}"), "all");
	assert_string_equal(
		who("{" V1 HOOK ", \"when\": {\"annotations\": {\"a\": \"b\"}}," STAGES "}"),
		"that its conditions are for");
	assert_string_equal(who("{" V1 HOOK ", \"when\": {\"always\": true, \"commands\": "
				"[\"sh\"]}," STAGES "}"),
			    "that its conditions are for");
	assert_string_equal(who("{" V1 HOOK ", \"when\": {\"hasBindMounts\": true}," STAGES "}"),
			    "that its conditions are for");
}

/* containers.conf(5): where append is true, also in later files, a list adds to the one before. */
static void podman_appends_to_the_list(void **state)
{
	(void)state;
	put("/etc/containers/containers.conf", "[engine]\nhooks_dir = [\"/x\", {append=true}]\n");
	assert_int_equal(enable("podman"), 0);
	assert_file(SHIPPED, hooksd_text);
	assert_file("/x/" HOOKSD_NAME, NULL);
	assert_int_equal(look("podman"), SETUP_ON);
	put("/etc/containers/containers.conf.d/1.conf", "[engine]\nhooks_dir = [\"/y\"]\n");
	assert_int_equal(look("podman"), SETUP_ON);
	put("/y/" HOOKSD_NAME, "{}");
	assert_int_equal(look("podman"), SETUP_BROKEN);
	put("/etc/containers/containers.conf.d/2.conf",
	    "[engine]\nhooks_dir = [ { append = false }, \"/z\" ]\n");
	assert_int_equal(enable("podman"), 0);
	assert_file("/z/" HOOKSD_NAME, hooksd_text);
}

static void podmans_files_are_only_read(void **state)
{
	(void)state;
	put_data("/etc/containers/containers.conf", "podman/containers.conf");
	put_data("/etc/containers/containers.conf.d/20-hooks.conf",
		 "podman/containers.conf.d/20-hooks.conf");
	put_data("/etc/containers/containers.conf.d/30-network.conf",
		 "podman/containers.conf.d/30-network.conf");
	assert_int_equal(enable("podman"), 0);
	assert_int_equal(plan.n_files, 1);
	assert_file(SHIPPED, hooksd_text);
	assert_int_equal(look("podman"), SETUP_ON);
	/* the one that was appended is read, too, and last */
	put("/etc/site/hooks.d/" HOOKSD_NAME, "{}");
	assert_int_equal(look("podman"), SETUP_BROKEN);
	put("/etc/site/hooks.d/" HOOKSD_NAME, hooksd_text);
	assert_int_equal(look("podman"), SETUP_ON);
	assert_int_equal(disable("podman"), 0);
	assert_file(SHIPPED, NULL);
	assert_file("/etc/site/hooks.d/" HOOKSD_NAME, NULL);
	assert_data("/etc/containers/containers.conf", "podman/containers.conf");
}

static void one_directory_of_two_names_is_one(void **state)
{
	(void)state;
	put("/etc/containers/containers.conf", "[engine]\nhooks_dir = [\"/a\", \"/b\"]\n");
	put("/a/other.json", "{}");
	put_link("/b", "a");
	assert_int_equal(enable("podman"), 0);
	assert_file("/a/" HOOKSD_NAME, hooksd_text);
	assert_int_equal(disable("podman"), 0);
	assert_file("/a/" HOOKSD_NAME, NULL);
}

static void podman_reads_two_directories_if_the_list_is_empty(void **state)
{
	(void)state;
	put("/etc/containers/containers.conf", "[engine]\nhooks_dir = []\n");
	put("/etc/containers/containers.conf.d/sub.conf/x.conf", "[engine]\nhooks_dir = ['/x']\n");
	assert_int_equal(enable("podman"), 0);
	assert_file(SHIPPED, hooksd_text);
	put("/etc/containers/oci/hooks.d/" HOOKSD_NAME, "{}");
	assert_int_equal(look("podman"), SETUP_BROKEN);
}

static void crio_reads_its_drop_ins_recursively(void **state)
{
	(void)state;
	put("/etc/crio/crio.conf.d/10-dir/x", "[crio.runtime]\nhooks_dir = [\"/opt/x\"]\n");
	put("/etc/crio/crio.conf.d/10-dir/.hidden", "[crio.runtime]\nhooks_dir = [\"/opt/y\"]\n");
	put("/etc/crio/crio.conf.d/05", "[crio.runtime]\nhooks_dir = [\"/opt/z\"]\n");
	assert_int_equal(enable("crio"), 0);
	assert_file(
		CRIO_DROP_IN,
		"# Made by oci-thin-grow: the directories of OCI hooks as they were, and its own.\n"
		"[crio.runtime]\nhooks_dir = [\n\t\"/opt/x\",\n\t\"" HOOKSD_DIRECTORY "\",\n]\n");
	assert_int_equal(look("crio"), SETUP_ON);
	/* "50-oci-thin-grow.conf-d/x" is read after "50-oci-thin-grow.conf" */
	put("/etc/crio/crio.conf.d/50-oci-thin-grow.conf-d/x",
	    "[crio.runtime]\nhooks_dir = [\"/opt/x\"]\n");
	assert_int_equal(enable("crio"), -EEXIST);
	assert_contains(why.text, "-d/x is read after ");
}

static void crios_files_are_only_read(void **state)
{
	(void)state;
	put_data(CRIO_CONF, "crio/crio.conf");
	put_data("/etc/crio/crio.conf.d/00-default", "crio/crio.conf.d/00-default");
	put_data("/etc/crio/crio.conf.d/10-site/hooks.conf", "crio/crio.conf.d/10-site/hooks.conf");
	put_data("/etc/crio/crio.conf.d/10-site/network.conf",
		 "crio/crio.conf.d/10-site/network.conf");
	assert_int_equal(enable("crio"), 0);
	assert_int_equal(look("crio"), SETUP_ON);
	assert_file(
		CRIO_DROP_IN,
		"# Made by oci-thin-grow: the directories of OCI hooks as they were, and its own.\n"
		"[crio.runtime]\nhooks_dir = [\n\t\"/etc/site/hooks.d\",\n\t\"" HOOKSD_DIRECTORY
		"\",\n]\n");
	assert_int_equal(disable("crio"), 0);
	assert_file(CRIO_DROP_IN, NULL);
	assert_file(SHIPPED, NULL);
	assert_data("/etc/crio/crio.conf.d/10-site/hooks.conf",
		    "crio/crio.conf.d/10-site/hooks.conf");
}

static void crio_without_a_directory_has_no_hooks(void **state)
{
	(void)state;
	put_program("/usr/bin/crio");
	put(SHIPPED, hooksd_text);
	put(CRIO_CONF, "[crio.runtime]\nhooks_dir = []\n");
	assert_int_equal(look("crio"), SETUP_OFF);
	assert_int_equal(enable("crio"), 0);
	assert_int_equal(look("crio"), SETUP_ON);
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

static void crio_gets_our_directory_beside_theirs(void **state)
{
	(void)state;
	put(CRIO_CONF, "[crio.runtime]\nhooks_dir = [\n\t\"/opt/hooks\",\n]\n");
	assert_int_equal(enable("crio"), 0);
	assert_file(
		CRIO_DROP_IN,
		"# Made by oci-thin-grow: the directories of OCI hooks as they were, and its own.\n"
		"[crio.runtime]\nhooks_dir = [\n\t\"/opt/hooks\",\n\t\"" HOOKSD_DIRECTORY
		"\",\n]\n");
	assert_file(SHIPPED, hooksd_text);
	assert_contains(plan.then, "restart crio");
	assert_int_equal(look("crio"), SETUP_ON);
	assert_int_equal(disable("crio"), 0);
	assert_file(CRIO_DROP_IN, NULL);
	assert_file(SHIPPED, NULL);
}

static void a_later_setting_of_the_operator_is_not_overridden(void **state)
{
	(void)state;
	put("/etc/crio/crio.conf.d/10-x.conf", "[crio.runtime]\nhooks_dir = [\"/opt\"]\n");
	assert_int_equal(enable("crio"), 0);
	assert_int_equal(look("crio"), SETUP_ON);
	assert_int_equal(disable("crio"), 0);
	put("/etc/crio/crio.conf.d/60-x.conf", "[crio.runtime]\nhooks_dir = [\"/opt\"]\n");
	assert_int_equal(enable("crio"), -EEXIST);
	assert_contains(why.text, "/60-x.conf is read after ");
	assert_int_equal(disable("crio"), 0);
	put("/etc/crio/crio.conf.d/60-x.conf",
	    "[crio.runtime]\nhooks_dir = [\"/opt\", \"" HOOKSD_DIRECTORY "\"]\n");
	assert_int_equal(enable("crio"), 0);
	assert_file(CRIO_DROP_IN, NULL);
	put("/etc/crio/crio.conf.d/60-x.conf", "[crio.runtime\n");
	assert_int_equal(enable("crio"), -EINVAL);
	assert_contains(why.text, "/60-x.conf: an unterminated table name in line 1");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		HOST_TEST(writes_the_file_that_is_shipped),
		HOST_TEST(a_file_may_go_away_while_it_is_removed),
		HOST_TEST(finds_the_directory_that_podman_reads),
		HOST_TEST(the_last_file_by_name_wins),
		HOST_TEST(a_changed_file_is_restored),
		HOST_TEST(a_file_that_does_not_call_the_hook_is_broken),
		HOST_TEST(a_file_with_conditions_does_not_cover_all_containers),
		HOST_TEST(podman_appends_to_the_list),
		HOST_TEST(podmans_files_are_only_read),
		HOST_TEST(one_directory_of_two_names_is_one),
		HOST_TEST(podman_reads_two_directories_if_the_list_is_empty),
		HOST_TEST(crio_reads_its_drop_ins_recursively),
		HOST_TEST(crios_files_are_only_read),
		HOST_TEST(crio_without_a_directory_has_no_hooks),
		HOST_TEST(crio_needs_no_drop_in_by_default),
		HOST_TEST(crio_gets_our_directory_beside_theirs),
		HOST_TEST(a_later_setting_of_the_operator_is_not_overridden),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
