/* SPDX-License-Identifier: Apache-2.0 */

/* containerd checks its files before they are changed. Here it is a shell script. */

#include "setup-fixture.h"
#include "setup/ask.h"

#include <dirent.h>

#define CONFIG	"/etc/containerd/config.toml"
#define DROP_IN "/etc/containerd/conf.d/50-oci-thin-grow.toml"
#define CRI_3	"plugins.'io.containerd.cri.v1.runtime'"
#define THEIRS	"version = 3\n[" CRI_3 "]\n  x = 1\n"

/* --- the root: what is called in it is below it, but runs in this one, where a shell is ------ */

int chroot(const char *path)
{
	assert_true(strncmp(path, "/", 1) == 0);
	return 0;
}

int execve(const char *path, char *const arguments[], char *const environment[])
{
	char *whole = whole_path(path);

	(void)environment;
	return execv(whole, arguments);
}

/*
 * Its dump is its file, followed by the imported ones without their versions, with the plugin's
 * name in version 3, and the lines of $root/more: those that begin with "OURS" if our handler is
 * there, with "THEIRS" if it is not.
 */
static const char script[] =
	"#!/bin/sh\n"
	"[ \"$1 $3 $4\" = '--config config dump' ] || exit 9\n"
	"root=${0%/usr/bin/containerd}\n"
	"echo \"$2\" >>$root/asked\n"
	"out=$(cat \"$root$2\" && for file in $(sed -n "
	"'/^imports/s/[^/]*\\(\\/[^\"]*\\)\"[^/]*/\\1 /gp' \"$root$2\")\n"
	"do grep -v ^version \"$root$file\" || exit 1; done) || exit 1\n"
	"! echo \"$out\" | grep -q BROKEN || { echo first >&2; echo 'containerd: no such key' >&2; "
	"exit 1; }\n"
	"echo \"$out\" | sed s/io.containerd.grpc.v1.cri/io.containerd.cri.v1.runtime/\n"
	"if [ -e $root/more ]; then\n"
	"  if echo \"$out\" | grep -q 'runtimes.oci-thin-grow'; then with=OURS not=THEIRS\n"
	"  else with=THEIRS not=OURS; fi\n"
	"  sed \"s/^$with//; /^$not/d\" $root/more\n"
	"fi\n"
	"exit 0\n";

static void put_script(const char *path, const char *text)
{
	char *whole = whole_path(path);

	put(path, text);
	assert_int_equal(chmod(whole, 0755), 0);
	free(whole);
}

static void put_containerd(void)
{
	char *whole = whole_path("/tmp");

	put_script("/usr/bin/containerd", script);
	mkdir(whole, 0755);
	free(whole);
}

static int set_up(bool check)
{
	return run("containerd", (struct setup_options){.check = check});
}

/* Only their files, and nothing in /tmp. */
static void assert_untouched(void)
{
	char *whole = whole_path("/tmp");
	DIR *dir = opendir(whole);
	int n = 0;

	assert_non_null(dir);
	while (readdir(dir))
		n++;
	closedir(dir);
	free(whole);
	assert_int_equal(n, 2);
	assert_file(CONFIG, THEIRS);
	assert_file(DROP_IN, NULL);
}

static void containerd_reads_it_before_it_is_there(void **state)
{
	char *asked;

	(void)state;
	put_containerd();
	put(CONFIG, THEIRS);
	assert_int_equal(set_up(true), 0);
	asked = get("/asked");
	assert_int_equal(strncmp(asked, CONFIG "\n/tmp/oci-thin-grow-", strlen(CONFIG) + 20), 0);
	free(asked);
	assert_int_equal(look("containerd"), SETUP_ON);
	assert_int_equal(run("containerd", (struct setup_options){.check = true, .disable = true}),
			 0);
	assert_untouched();
}

static void what_containerd_does_not_read_is_not_written(void **state)
{
	(void)state;
	put_containerd();
	put(CONFIG, THEIRS);
	put("/more", "OURS = \n"); /* not TOML */
	assert_int_equal(set_up(true), -EINVAL);
	assert_contains(why.text, "containerd would not read it");
	assert_untouched();
	assert_int_equal(set_up(false), 0);
}

static void what_else_would_change_is_refused(void **state)
{
	static const struct {
		const char *more, *reason;
	} cases[] = {
		{"OURS[z]\nOURSkey = 1\n", "read z/key as \"1\", not nothing"},
		{"[z]\nOURSkey = 1\nOURSkey2 = 2\n", "also read z/key"},
		{"[" CRI_3 ".containerd]\nOURSdefault_runtime_name = 'x'\n", ""},
		{"[" CRI_3 ".containerd]\nTHEIRSdefault_runtime_name = 'runc'\n"
		 "OURSdefault_runtime_name = 'x'\n",
		 "default_runtime_name as \"x\", not \"runc\""},
		{"OURS[" CRI_3 ".containerd.runtimes.other]\nOURSsnapshotter = 'x'\n",
		 "runtimes/other/snapshotter"},
	};

	(void)state;
	put_containerd();
	put(CONFIG, THEIRS);
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		put("/more", cases[i].more);
		if (!*cases[i].reason) {
			assert_int_equal(set_up(true), 0);
			assert_int_equal(disable("containerd"), 0);
			continue;
		}
		assert_int_equal(set_up(true), -EEXIST);
		assert_contains(why.text, cases[i].reason);
		assert_contains(why.text, "--no-check");
		assert_untouched();
	}
}

static void keys_that_are_changed_in_place_may_change(void **state)
{
	static const char theirs[] = "version = 3\n[" CRI_3 ".containerd.runtimes.kata]\n"
				     "  runtime_type = 'io.containerd.kata.v2'\n"
				     "  runtime_path = '/opt/kata/bin/containerd-shim-kata-v2'\n"
				     "  pod_annotations = ['io.katacontainers.*']\n";
	const struct setup_options options = {.check = true, .shim = "kata", .in_place = true};
	char *text;

	(void)state;
	put_containerd();
	put_program(PROGRAM_PATH);
	put_program("/opt/kata/bin/containerd-shim-kata-v2");
	put(CONFIG, theirs);
	put("/more", "");
	assert_int_equal(run("containerd", options), 0);
	text = get(CONFIG);
	assert_contains(text,
			"runtime_path = \"/usr/local/bin/containerd-shim-oci-thin-grow-kata-");
	free(text);
	assert_int_equal(run("containerd", (struct setup_options){.check = true, .disable = true}),
			 0);
	assert_file(CONFIG, theirs);
}

/* 2.x reads handlers of version 2 where 1.x would not, and keeps the built-in one. */
static void runc_is_not_added_for_a_shim(void **state)
{
	static const char theirs[] = "version = 2\n[plugins.'io.containerd.grpc.v1.cri']\n"
				     "  sandbox_image = 'x'\n";
	char *text;

	(void)state;
	put_containerd();
	put_program(PROGRAM_PATH);
	put_program("/usr/bin/containerd-shim-kata-v2");
	put(CONFIG, theirs);
	put("/more", "[" CRI_3 ".containerd.runtimes.kata]\n"
		     "runtime_type = 'io.containerd.kata.v2'\n");
	assert_int_equal(run("containerd", (struct setup_options){.check = true, .shim = "kata"}),
			 0);
	text = get(CONFIG);
	assert_contains(text, ".runtimes.oci-thin-grow-kata]\n");
	assert_null(strstr(text, "runtimes.runc]"));
	free(text);
	assert_int_equal(disable("containerd"), 0);
	assert_file(CONFIG, theirs);
}

/* 2.x merges files of version 2; 1.x would not see what is changed. */
static void names_the_file_that_hides_a_handler(void **state)
{
	const struct setup_options options = {.check = true, .shim = "kata", .in_place = true};

	(void)state;
	put_containerd();
	put_program(PROGRAM_PATH);
	put_program("/usr/bin/containerd-shim-kata-v2");
	put(CONFIG, "version = 2\nimports = [\"/etc/containerd/last.toml\"]\n"
		    "[plugins.'io.containerd.grpc.v1.cri'.containerd.runtimes.kata]\n"
		    "  runtime_type = 'io.containerd.kata.v2'\n");
	put("/etc/containerd/last.toml", "version = 2\n[plugins.'io.containerd.grpc.v1.cri']\n");
	assert_int_equal(run("containerd", options), -EEXIST);
	assert_contains(why.text, "/etc/containerd/last.toml: is read last, and hides");
}

/* From 2.0 on a handler's snapshotter is also in the table of the plugin that unpacks images. */
static void the_platform_of_our_handler_is_ours(void **state)
{
	static const char theirs[] = "version = 3\n[" CRI_3 ".containerd.runtimes.x]\n"
				     "  runtime_type = 'io.containerd.runc.v2'\n"
				     "[plugins.'io.containerd.cri.v1.images'.runtime_platforms.x]\n"
				     "  snapshotter = 'devmapper'\n";
	const struct setup_options options = {.check = true, .like = "x"};
	char *text;

	(void)state;
	put_containerd();
	put(CONFIG, theirs);
	assert_int_equal(run("containerd", options), 0);
	text = get(DROP_IN);
	assert_contains(text, ".runtime_platforms.oci-thin-grow]\n  snapshotter = \"devmapper\"\n");
	free(text);
	assert_int_equal(run("containerd", (struct setup_options){.check = true, .disable = true}),
			 0);
	assert_file(CONFIG, theirs);
	assert_file(DROP_IN, NULL);
}

/* The default values of a handler are in the dump, but not in ours. */
static void empty_keys_of_handlers_are_the_same_as_none(void **state)
{
	(void)state;
	put_containerd();
	put(CONFIG, THEIRS);
	put("/more", "[" CRI_3 ".containerd.runtimes.runc]\nOURSsnapshotter = ''\n"
		     "OURSsandboxer = 'podsandbox'\nOURSpod_annotations = []\n");
	assert_int_equal(set_up(true), 0);
}

/* The handler is copied as containerd reads it, with default values. */
static void a_default_of_containerds_is_copied(void **state)
{
	char *text;

	(void)state;
	put_containerd();
	put(CONFIG, THEIRS);
	put("/more", "[" CRI_3 ".containerd.runtimes.runc.options]\nSystemdCgroup = true\n"
		     "Root = ''\n");
	assert_int_equal(set_up(true), 0);
	text = get(DROP_IN);
	assert_contains(text, "  SystemdCgroup = true\n");
	assert_null(strstr(text, "Root"));
	free(text);
}

static void what_a_file_has_is_copied_once(void **state)
{
	char *text, *found;

	(void)state;
	put_containerd();
	put(CONFIG,
	    THEIRS "[" CRI_3 ".containerd.runtimes.runc.options]\n  SystemdCgroup = true\n");
	assert_int_equal(set_up(true), 0);
	text = get(DROP_IN);
	found = strstr(text, "SystemdCgroup");
	assert_non_null(found);
	assert_null(strstr(found + 1, "SystemdCgroup"));
	free(text);
}

static void a_broken_configuration_is_left_alone_or_made_less(void **state)
{
	(void)state;
	put_containerd();
	put(CONFIG, THEIRS "# BROKEN\n");
	assert_int_equal(set_up(true), -EINVAL);
	assert_contains(why.text, "as it is now");
	assert_contains(why.text, "containerd: no such key");
	assert_int_equal(set_up(false), 0);
	/* it cannot be read, before or after: that is reported, and our additions are removed */
	assert_int_equal(run("containerd", (struct setup_options){.check = true, .disable = true}),
			 0);
	assert_contains(plan.notes[0].s, "cannot read");
	assert_file(CONFIG, THEIRS "# BROKEN\n");
}

static void disable_repairs_what_only_we_have_broken(void **state)
{
	(void)state;
	put_containerd();
	put(CONFIG, THEIRS);
	assert_int_equal(set_up(true), 0);
	put(DROP_IN, "version = 3\n# BROKEN\n");
	assert_int_equal(run("containerd", (struct setup_options){.check = true, .disable = true}),
			 0);
	assert_contains(plan.notes[0].s, "cannot read");
	assert_untouched();
}

static void a_disabled_plugin_is_only_read(void **state)
{
	static const char theirs[] =
		"version = 3\ndisabled_plugins = ['io.containerd.cri.v1.runtime']\n";

	(void)state;
	put_containerd();
	put(CONFIG, theirs);
	assert_int_equal(set_up(true), 0);
	assert_int_equal(run("containerd", (struct setup_options){.check = true, .disable = true}),
			 0);
	assert_file(CONFIG, theirs);
	put(CONFIG, "version = 3\n");
	assert_int_equal(set_up(true), -EINVAL);
	assert_contains(why.text, "no supported CRI plugin");
}

/* --- relative patterns, which it resolves beside the file, but earlier below "/" -------------- */

#define PART	  "/etc/containerd/conf.d/10.toml"
#define RELATIVE  "version = 2\nimports = ['conf.d/*.toml']\n"
#define TABLE_2	  "[plugins.'io.containerd.grpc.v1.cri'.containerd]\n"
#define READ_MORE "version = 2\nimports = ['" CONFIG "', '" PART "']\n" TABLE_2

/* containerd 1.x lists all files that it has read. */
static void put_dump(const char *dump)
{
	put_script("/usr/bin/containerd", "#!/bin/sh\ncat \"${0%/*}/dump\"\n");
	put("/usr/bin/dump", dump);
}

static void names_a_pattern_that_containerd_resolves_elsewhere(void **state)
{
	static const char *const dumps[] = {
		"version = 2\nimports = ['" CONFIG "']\n" TABLE_2,
		"version = 2\nimports = ['" CONFIG "', '" PART "', 'conf.d/x.toml']\n" TABLE_2,
	};

	(void)state;
	put(CONFIG, RELATIVE TABLE_2);
	put(PART, "version = 2\n");
	for (size_t i = 0; i < COUNT_OF(dumps); i++) {
		put_containerd();
		put_dump(dumps[i]);
		assert_int_equal(set_up(true), -EEXIST);
		assert_contains(why.text, CONFIG ": imports \"conf.d/*.toml\"");
		assert_contains(why.text, "make the pattern absolute, or remove it");
		assert_file(CONFIG, RELATIVE TABLE_2);
		/* disable removes ours nevertheless */
		assert_int_equal(set_up(false), 0);
		assert_int_equal(
			run("containerd", (struct setup_options){.check = true, .disable = true}),
			0);
		assert_contains(plan.notes[0].s, CONFIG ": imports \"conf.d/*.toml\"");
		assert_file(CONFIG, RELATIVE TABLE_2);
	}
}

static void a_pattern_that_it_resolves_beside_the_file_is_good(void **state)
{
	(void)state;
	put_containerd();
	put(CONFIG, RELATIVE TABLE_2);
	put(PART, "version = 2\n");
	put_dump(READ_MORE);
	assert_int_equal(set_up(true), -EEXIST); /* its dump never has our handler */
	assert_null(strstr(why.text, "pattern"));
}

/* --- setup_ask() ----------------------------------------------------------------------------- */

static int ask(const char *path, struct answer *answer)
{
	char name[] = "x", *const arguments[] = {name, NULL};
	char *program = place_find_program(&place, path);
	int r;

	assert_non_null(program);
	r = setup_ask(&place, program, arguments, answer, &why);
	free(program);
	return r;
}

static void reads_all_output_of_containerd(void **state)
{
	struct answer answer;

	(void)state;
	put_script("/bin/x", "#!/bin/sh\nseq 20000\necho one >&2\nprintf 'two\\033[\\n' >&2\nread "
			     "line\nexit 3\n");
	assert_int_equal(ask("/bin/x", &answer), 0);
	assert_int_equal(answer.status, 3);
	assert_int_equal(answer.len, 108894);
	assert_string_equal(answer.out + answer.len - 6, "20000\n");
	assert_string_equal(answer.said.s, "two?[");
	free(answer.out);
	put_script("/bin/x", "#!/bin/sh\nexec >&-\nsleep 0.1\nexit 5\n");
	assert_int_equal(ask("/bin/x", &answer), 0);
	assert_int_equal(answer.status, 5);
	free(answer.out);
	put_script("/bin/x", "#!/bin/sh\nkill -9 $$\n");
	assert_int_equal(ask("/bin/x", &answer), 0);
	assert_int_equal(answer.status, -1);
	free(answer.out);
	put_script("/bin/x", "#!/nowhere\n");
	assert_int_equal(ask("/bin/x", &answer), -ENOEXEC);
	assert_contains(why.text, "cannot be run");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		HOST_TEST(containerd_reads_it_before_it_is_there),
		HOST_TEST(what_containerd_does_not_read_is_not_written),
		HOST_TEST(what_else_would_change_is_refused),
		HOST_TEST(keys_that_are_changed_in_place_may_change),
		HOST_TEST(the_platform_of_our_handler_is_ours),
		HOST_TEST(runc_is_not_added_for_a_shim),
		HOST_TEST(names_the_file_that_hides_a_handler),
		HOST_TEST(empty_keys_of_handlers_are_the_same_as_none),
		HOST_TEST(a_default_of_containerds_is_copied),
		HOST_TEST(what_a_file_has_is_copied_once),
		HOST_TEST(a_broken_configuration_is_left_alone_or_made_less),
		HOST_TEST(disable_repairs_what_only_we_have_broken),
		HOST_TEST(a_disabled_plugin_is_only_read),
		HOST_TEST(names_a_pattern_that_containerd_resolves_elsewhere),
		HOST_TEST(a_pattern_that_it_resolves_beside_the_file_is_good),
		HOST_TEST(reads_all_output_of_containerd),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
