/* SPDX-License-Identifier: Apache-2.0 */
#include "setup-fixture.h"
#include "setup/containerd-edit.h"

#define CONFIG	"/etc/containerd/config.toml"
#define DROP_IN "/etc/containerd/conf.d/50-oci-thin-grow.toml"
#define COMMENT CONTAINERD_COMMENT "\n"
#define MADE	"# made by \"oci-thin-grow enable containerd\"\n"
#define BACKUP	CHANGE_BACKUPS CONFIG
#define CRI_2	"plugins.\"io.containerd.grpc.v1.cri\".containerd"
#define CRI_3	"plugins.\"io.containerd.cri.v1.runtime\".containerd"

static const char *const configs[] = {
	"version = 2\n",
	"version = 2",
	"# only this\nversion = 2 # two\n\n\n",
	"version = 2\r\n\r\n[grpc]\r\n  uid = 0\r\n",
	"disabled_plugins = [\"cri\"]\nversion = 2\n",
	"disabled_plugins = [\"io.containerd.grpc.v1.cri\"]\nversion = 2\n",
	"disabled_plugins = [\"io.containerd.cri.v1.runtime\"]\nversion = 3\n",
	"disabled_plugins = ['io.containerd.cri.v1.images']\nversion = 3\n",
	"version = 2\n[" CRI_2 "]\n  snapshotter = \"devmapper\"\n",
	"version = 2\n[" CRI_2 "] # x\n  default_runtime_name = \"runc\" # y\n  a = 1",
	"version = 2\n[plugins]\n  [plugins.'io.containerd.grpc.v1.cri']\n    x = '''\n[" CRI_2
	"]\n'''\n",
	"version = 2\n[plugins.\"io.containerd.grpc.v1.cri\"]\ncontainerd.default_runtime_name = "
	"'kata'\n",
	"version = 2\n[" CRI_2 ".runtimes.runc]\n  runtime_type = \"io.containerd.runc.v2\"\n"
	"  [" CRI_2 ".runtimes.runc.options]\n    SystemdCgroup = true\n",
	"version = 2\n[" CRI_2 "]",
	"version = 2\n[" CRI_2 ".runtimes.runc-fc]\n",
	"version = 2\n[" CRI_2 ".runtimes]\n",
	"version = 3\n",
	"version = 3",
	"imports = []\nversion = 3\n",
	"version = 3\nimports = [ \"/etc/other.toml\" , \"x/*.toml\", ]\n",
	"version = 3\nimports = [\n  \"/etc/containerd/conf.d/*.toml\",\n]\n",
	"version = 3\n[" CRI_3 "]\n  default_runtime_name = 'runc'\n",
	"version = 4\n",
	"root = '/x'\n[plugins.cri]\n  sandbox_image = 'x'\n",
	"version = 1\n",
	"# nothing\n",
	"",
	"\n",
	TOML_BOM "version = 2\r\n[" CRI_2 "]\r\n",
	/* inline tables at each depth, dotted keys, unusual quoting */
	"version = 2\nplugins = {}\n",
	"version = 2\nplugins = { 'io.containerd.grpc.v1.cri' = { x = 1 } }\n",
	"version = 2\n[plugins.'io.containerd.grpc.v1.cri']\ncontainerd = { }\n",
	"version = 2\n[" CRI_2
	"]\nruntimes = { runc = { runtime_type = 'io.containerd.runc.v2' } }",
	"version = 2\n[" CRI_2 "]\ndefault_runtime_name = 'runc'\n[" CRI_2
	".runtimes]\nrunc = { runtime_type = 'io.containerd.runc.v2', options = {} } # x\n",
	"version = 2\n[plugins]\n'io.containerd.grpc.v1.cri'.containerd.snapshotter = 'native'\n",
	"version = 2\n" CRI_2 ".runtimes.runc.runtime_type = 'io.containerd.runc.v2'\n[grpc]\n",
	"version = 2\n[ plugins . 'io.containerd.grpc.v1.cri' . \"containerd\" ]\n\tx = 1\n",
	/* looks like ours, but is not */
	"version = 2\n" COMMENT "# theirs\n" COMMENT "[grpc]\n",
	"version = 3\n# '" DROP_IN "'\nx = [\"" DROP_IN "\"]\ny = '''\n" COMMENT "'''\n",
};

static int set_up(bool by_default)
{
	return run("containerd",
		   (struct setup_options){.by_default = by_default, .force = by_default});
}

static void gives_the_file_back_byte_for_byte(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(configs); i++) {
		for (int by_default = 0; by_default < 2; by_default++) {
			put(CONFIG, configs[i]);
			assert_int_equal(set_up(by_default), 0);
			assert_int_equal(look("containerd"), strstr(configs[i], "disabled_plugins")
								     ? SETUP_NO_ENGINE
								     : SETUP_ON);
			assert_int_equal(set_up(by_default), 0);
			assert_false(setup_plan_changes(&plan));
			assert_int_equal(disable("containerd"), 0);
			assert_file(CONFIG, configs[i]);
			assert_file(DROP_IN, NULL);
			assert_file(BACKUP, NULL);
		}
	}
}

/* In two steps, with a line of another program in between: only that line differs. */
static void removes_only_what_is_ours(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(configs); i++) {
		size_t len = strlen(configs[i]);
		bool ends = len > 0 && configs[i][len - 1] == '\n';
		bool blank = strspn(configs[i], "\n") == len || configs[i][0] == '#';
		char *text, *more = NULL, *expected = NULL;

		put(CONFIG, configs[i]);
		assert_int_equal(set_up(false), 0);
		assert_int_equal(set_up(true), 0);
		text = get(CONFIG);
		assert_true(asprintf(&more, "%s\n[theirs]\n", text) > 0);
		put(CONFIG, more);
		assert_int_equal(disable("containerd"), 0);
		/* A version that was added to an empty file now applies to what was added since. */
		assert_true(asprintf(&expected, "%s%s%s\n[theirs]\n",
				     blank && !strstr(configs[i], "version") ? "version = 2\n" : "",
				     configs[i],
				     ends || !len || text[strlen(text) - 1] != '\n' ? "" : "\n") >
			    0);
		assert_file(CONFIG, expected);
		free(text);
		free(more);
		free(expected);
	}
}

static void gives_it_back_after_two_steps(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(configs); i++) {
		put(CONFIG, configs[i]);
		assert_int_equal(set_up(false), 0);
		assert_int_equal(set_up(true), 0);
		assert_int_equal(disable("containerd"), 0);
		assert_file(CONFIG, configs[i]);
		assert_file(DROP_IN, NULL);
		assert_int_equal(disable("containerd"), 0);
		assert_false(setup_plan_changes(&plan));
	}
}

static void changes_nothing_where_it_was_never_enabled(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(configs); i++) {
		put(CONFIG, configs[i]);
		assert_int_equal(disable("containerd"), 0);
		assert_false(setup_plan_changes(&plan));
		assert_file(CONFIG, configs[i]);
	}
}

static void our_handler_is_like_theirs(void **state)
{
	(void)state;
	put(CONFIG, "version = 2\n"
		    "[" CRI_2 ".runtimes.runc]\n"
		    "  runtime_type = \"io.containerd.runc.v2\"\n"
		    "  pod_annotations = [ 'a/*', \"b\" ]\n"
		    "  base_runtime_spec = \"/etc/spec.json\"\n"
		    "[" CRI_2 ".runtimes.runc.options]\n"
		    "  SystemdCgroup = true\n"
		    "  BinaryName = \"crun\"\n");
	assert_int_equal(set_up(false), 0);
	assert_file(CONFIG,
		    "version = 2\n"
		    "[" CRI_2 ".runtimes.runc]\n"
		    "  runtime_type = \"io.containerd.runc.v2\"\n"
		    "  pod_annotations = [ 'a/*', \"b\" ]\n"
		    "  base_runtime_spec = \"/etc/spec.json\"\n"
		    "[" CRI_2 ".runtimes.runc.options]\n"
		    "  SystemdCgroup = true\n"
		    "  BinaryName = \"crun\"\n" COMMENT "[" CRI_2 ".runtimes.oci-thin-grow]\n"
		    "  runtime_type = \"io.containerd.runc.v2\"\n"
		    "  pod_annotations = [\"io.oci-thin-grow.*\", "
		    "\"containerd.io/snapshot/max-size\", \"a/*\", \"b\"]\n"
		    "  base_runtime_spec = \"/etc/spec.json\"\n"
		    "[" CRI_2 ".runtimes.oci-thin-grow.options]\n"
		    "  BinaryName = \"" RUNTIME_PATH "\"\n"
		    "  SystemdCgroup = true\n");
}

/* A table of runtimes replaces containerd's built-in one, and with it runc's. */
static void runc_stays_known(void **state)
{
	(void)state;
	assert_int_equal(set_up(true), 0);
	assert_file(CONFIG, MADE "version = 2\n" COMMENT "[" CRI_2 "]\n"
				 "  default_runtime_name = \"oci-thin-grow\"\n" COMMENT "[" CRI_2
				 ".runtimes.runc]\n"
				 "  runtime_type = \"io.containerd.runc.v2\"\n"
				 "[" CRI_2 ".runtimes.oci-thin-grow]\n"
				 "  runtime_type = \"io.containerd.runc.v2\"\n"
				 "  pod_annotations = [\"io.oci-thin-grow.*\", "
				 "\"containerd.io/snapshot/max-size\"]\n"
				 "[" CRI_2 ".runtimes.oci-thin-grow.options]\n"
				 "  BinaryName = \"" RUNTIME_PATH "\"\n");
	assert_int_equal(disable("containerd"), 0);
	assert_file(CONFIG, NULL);
}

static void version_3_gets_a_file_of_its_own(void **state)
{
	char *text;

	(void)state;
	put(CONFIG, "version = 3\nimports = [\"/a.toml\"]\n[grpc]\n");
	assert_int_equal(set_up(true), 0);
	assert_file(CONFIG, "version = 3\nimports = [\"/a.toml\", \"" DROP_IN "\"]\n[grpc]\n");
	text = get(DROP_IN);
	assert_contains(text, "version = 3\n");
	assert_contains(text, "[" CRI_3 ".runtimes.oci-thin-grow.options]\n"
			      "  BinaryName = \"" RUNTIME_PATH "\"\n");
	assert_contains(text, "[" CRI_3 "]\n  default_runtime_name = \"oci-thin-grow\"\n");
	free(text);
	/* the drop-in before the import, so that no import is dangling */
	assert_string_equal(strrchr(plan.files[0].path, '/'), "/50-oci-thin-grow.toml");
	assert_int_equal(disable("containerd"), 0);
	assert_string_equal(strrchr(plan.files[1].path, '/'), "/50-oci-thin-grow.toml");
}

/* What enable added to the file, and how another program has changed it since. */
static void keeps_what_was_added_to_its_lines(void **state)
{
	static const struct {
		const char *before, *edited, *after;
	} cases[] = {
		{"version = 3\n",
		 "version = 3\nimports = [\"" DROP_IN "\", \"/a.toml\"] # oci-thin-grow\n",
		 "version = 3\nimports = [\"/a.toml\"] # oci-thin-grow\n"},
		{"version = 3\n",
		 "version = 3\nimports = [\"/a.toml\", \"" DROP_IN "\"] # oci-thin-grow\n",
		 "version = 3\nimports = [\"/a.toml\"] # oci-thin-grow\n"},
		{"imports = []\nversion = 3\n",
		 "imports = [\"" DROP_IN "\" , \"/a.toml\"]\nversion = 3\n",
		 "imports = [\"/a.toml\"]\nversion = 3\n"},
		{"imports = []\nversion = 3\n",
		 "imports = [\n  \"" DROP_IN "\",\n  \"/a.toml\",\n]\nversion = 3\n",
		 "imports = [\n  \"/a.toml\",\n]\nversion = 3\n"},
		{"version = 2\n[" CRI_2 "]\n",
		 "version = 2\n[" CRI_2 "]\ndefault_runtime_name = \"kata\" # oci-thin-grow\n",
		 "version = 2\n[" CRI_2 "]\ndefault_runtime_name = \"kata\" # oci-thin-grow\n"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		put(CONFIG, cases[i].before);
		assert_int_equal(set_up(true), 0);
		put(CONFIG, cases[i].edited);
		assert_int_equal(disable("containerd"), 0);
		assert_file(CONFIG, cases[i].after);
	}
}

/* Without a version it would have version 1, in which our table has no meaning. */
static void a_file_of_comments_gets_a_version(void **state)
{
	static const char theirs[] = "# nothing\n\n", with[] = "version = 2\n# nothing\n\n";
	char *text;

	(void)state;
	put(CONFIG, theirs);
	assert_int_equal(set_up(false), 0);
	text = get(CONFIG);
	assert_int_equal(strncmp(text, with, strlen(with)), 0);
	free(text);
	assert_int_equal(disable("containerd"), 0);
	assert_file(CONFIG, theirs);
}

static void disable_leaves_alone_what_it_does_not_understand(void **state)
{
	static const char theirs[] = "disabled_plugins = [\"cri\"]\n";

	(void)state;
	put(CONFIG, theirs);
	assert_int_equal(disable("containerd"), 0);
	assert_false(setup_plan_changes(&plan));
	assert_file(CONFIG, theirs);
}

static void leaves_what_is_there_by_hand(void **state)
{
	static const char theirs[] = "version = 3\n[" CRI_3 ".runtimes.oci-thin-grow.options]\n"
				     "  BinaryName = '" RUNTIME_PATH "'\n"
				     "[" CRI_3 ".runtimes.oci-thin-grow]\n"
				     "  pod_annotations = ['*']\n";

	(void)state;
	put(CONFIG, theirs);
	assert_int_equal(look("containerd"), SETUP_ON);
	assert_int_equal(set_up(false), 0);
	assert_false(setup_plan_changes(&plan));
	assert_file(CONFIG, theirs);
	assert_file(DROP_IN, NULL);
}

static void gives_a_replaced_default_back(void **state)
{
	(void)state;
	put(CONFIG, "version = 2\n[" CRI_2 "]\n  default_runtime_name = 'kata'\n");
	assert_int_equal(set_up(true), 0);
	put(CONFIG, "version = 2\n[" CRI_2 "]\n  default_runtime_name = \"oci-thin-grow\"\n");
	assert_int_equal(disable("containerd"), 0);
	assert_file(CONFIG, "version = 2\n[" CRI_2 "]\n  default_runtime_name = 'kata'\n");
}

static void refuses_what_it_does_not_understand(void **state)
{
	static const struct {
		const char *text, *reason;
	} cases[] = {
		{"version = \"2\"\n", "has the invalid version \"2\""},
		{"version = 0\n", "has the invalid version \"0\""},
		{"version = 7\n[plugins.'io.containerd.cri.v2.runtime']\n",
		 "has a table of \"io.containerd.cri.v2.runtime\""},
		{"version = 2\n[x\n", "in line 2"},
		{"version = 3\nimports = 'x'\n", "imports"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		put(CONFIG, cases[i].text);
		assert_int_equal(set_up(false), -EINVAL);
		assert_contains(why.text, CONFIG ": ");
		assert_contains(why.text, cases[i].reason);
		assert_file(CONFIG, cases[i].text);
	}
}

static void says_what_is_missing(void **state)
{
	(void)state;
	put_program("/usr/bin/containerd");
	put(CONFIG, "version = 2\n");
	assert_int_equal(look("containerd"), SETUP_OFF);
	assert_contains(why.text, "enable containerd");
	put(CONFIG, "version = 2\n[" CRI_2 ".runtimes.oci-thin-grow.options]\n"
		    "BinaryName = '/nowhere'\n");
	assert_int_equal(look("containerd"), SETUP_BROKEN);
	assert_contains(why.text, "\"/nowhere\", does not exist");
	put(CONFIG, "version = 2\ndisabled_plugins = [\"cri\"]\n");
	assert_int_equal(set_up(false), 0);
	assert_contains(plan.notes[0].s, "its CRI plugin is disabled");
}

#define HANDLER                                                                                    \
	"[" CRI_2 ".runtimes.oci-thin-grow]\nruntime_type = \"io.containerd.runc.v2\"\n"           \
	"pod_annotations = [\"io.oci-thin-grow.*\"]\n"
#define OPTIONS "[" CRI_2 ".runtimes.oci-thin-grow.options]\n"

/* Replaces @old in config.toml. */
static void edit(const char *old, const char *new)
{
	char *text = get(CONFIG), *at = text ? strstr(text, old) : NULL, *edited = NULL;

	assert_non_null(at);
	assert_true(asprintf(&edited, "%.*s%s%s", (int)(at - text), text, new, at + strlen(old)) >
		    0);
	put(CONFIG, edited);
	free(edited);
	free(text);
}

static void repairs_what_is_ours(void **state)
{
	static const char *const damages[][2] = {
		{"  BinaryName = \"" RUNTIME_PATH "\"\n", ""},
		{"  BinaryName = \"" RUNTIME_PATH "\"\n", "  BinaryName = \"/nowhere\"\n"},
		{"  BinaryName = \"" RUNTIME_PATH "\"\n", "  BinaryName = \"/usr/bin/crun\"\n"},
		{"[" CRI_2 ".runtimes.oci-thin-grow.options]\n  BinaryName = \"" RUNTIME_PATH
		 "\"\n",
		 ""},
		{"\n  pod_annotations = [\"io.oci-thin-grow.*\", "
		 "\"containerd.io/snapshot/max-size\"]",
		 ""},
		{"\"io.oci-thin-grow.*\", ", ""},
		{"io.oci-thin-grow.*", "io.oci-thin-grow.size"}, /* not for a container in a pod */
	};

	(void)state;
	put_program("/usr/bin/crun");
	put(CONFIG, "version = 2\n[grpc]\n");
	assert_int_equal(set_up(true), 0);
	for (size_t i = 0; i < COUNT_OF(damages); i++) {
		char *text;

		edit(damages[i][0], damages[i][1]);
		assert_int_equal(look("containerd"), SETUP_BROKEN);
		assert_int_equal(set_up(false), 0);
		assert_true(setup_plan_changes(&plan));
		assert_int_equal(look("containerd"), SETUP_ON);
		text = get(CONFIG);
		assert_contains(text, "default_runtime_name = \"oci-thin-grow\"");
		free(text);
		assert_int_equal(disable("containerd"), 0);
		assert_file(CONFIG, "version = 2\n[grpc]\n");
		assert_int_equal(set_up(true), 0);
	}
}

static void repairs_a_handler_by_hand_or_says_what_is_wrong(void **state)
{
	(void)state;
	put(CONFIG, "version = 2\n" HANDLER OPTIONS "BinaryName = '/usr/bin/other' # x\n");
	assert_int_equal(look("containerd"), SETUP_BROKEN);
	assert_int_equal(set_up(false), 0);
	assert_file(CONFIG,
		    "version = 2\n" HANDLER OPTIONS "BinaryName = \"" RUNTIME_PATH "\" # x\n");
	assert_int_equal(look("containerd"), SETUP_ON);
	/* a second table of the same name would prevent containerd from starting */
	put(CONFIG, "version = 2\n" HANDLER);
	assert_int_equal(look("containerd"), SETUP_BROKEN);
	assert_contains(why.text, "no BinaryName");
	assert_int_equal(set_up(false), 0);
	assert_file(CONFIG, "version = 2\n" HANDLER COMMENT OPTIONS "  BinaryName = \"" RUNTIME_PATH
			    "\"\n");
	put(CONFIG, "version = 2\n" CRI_2 ".runtimes.oci-thin-grow = { options = { x = 1 } }\n");
	assert_int_equal(set_up(false), 0);
	assert_file(CONFIG, "version = 2\n" CRI_2
			    ".runtimes.oci-thin-grow = { options = { x = 1, BinaryName = "
			    "\"" RUNTIME_PATH "\" }, runtime_type = \"io.containerd.runc.v2\", "
			    "pod_annotations = [\"io.oci-thin-grow.*\", "
			    "\"containerd.io/snapshot/max-size\"] }\n");
	assert_int_equal(look("containerd"), SETUP_ON);
	put(CONFIG,
	    "version = 2\n[" CRI_2 ".runtimes.oci-thin-grow]\n"
	    "runtime_type = 'io.containerd.kata.v2'\n" OPTIONS "BinaryName = '" RUNTIME_PATH "'\n");
	assert_int_equal(look("containerd"), SETUP_BROKEN);
	assert_contains(why.text, "\"io.containerd.kata.v2\", which has no BinaryName");
	assert_int_equal(set_up(false), -EINVAL);
}

static void looks_at_what_is_imported(void **state)
{
	(void)state;
	put_program("/usr/bin/containerd");
	put(CONFIG, "version = 2\nimports = [\"conf.d/*.toml\"]\n");
	put("/etc/containerd/conf.d/10.toml",
	    "version = 2\n" HANDLER OPTIONS "BinaryName = '" RUNTIME_PATH "'\n");
	assert_int_equal(look("containerd"), SETUP_ON);
	put("/etc/containerd/conf.d/20.toml", "version = 2\n[debug]\nlevel = 'info'\n");
	put("/etc/containerd/conf.d/30.toml", "root = '/x'\n"); /* without a version */
	put("/etc/containerd/conf.d/40.txt", "no TOML");
	assert_int_equal(look("containerd"), SETUP_ON);
	put("/etc/containerd/conf.d/20.toml", "version = 2\n[" CRI_2 "]\nsnapshotter = 'x'\n");
	assert_int_equal(look("containerd"), SETUP_OFF);
	assert_contains(why.text, "conf.d/20.toml replaces the section");
	put("/etc/containerd/conf.d/20.toml", "imports = ['../config.toml']\nversion = 2\n");
	assert_int_equal(look("containerd"), SETUP_ON);
	/* version 3 merges */
	put(CONFIG, "version = 3\nimports = [\"/etc/containerd/conf.d/*.toml\"]\n[" CRI_3
		    ".runtimes.oci-thin-grow.options]\nBinaryName = '" RUNTIME_PATH "'\n");
	put("/etc/containerd/conf.d/10.toml", "version = 3\n[" CRI_3 ".runtimes.oci-thin-grow]\n"
					      "pod_annotations = ['io.oci-thin-grow.*']\n");
	assert_int_equal(look("containerd"), SETUP_ON);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		HOST_TEST(gives_the_file_back_byte_for_byte),
		HOST_TEST(removes_only_what_is_ours),
		HOST_TEST(our_handler_is_like_theirs),
		HOST_TEST(runc_stays_known),
		HOST_TEST(version_3_gets_a_file_of_its_own),
		HOST_TEST(keeps_what_was_added_to_its_lines),
		HOST_TEST(a_file_of_comments_gets_a_version),
		HOST_TEST(disable_leaves_alone_what_it_does_not_understand),
		HOST_TEST(leaves_what_is_there_by_hand),
		HOST_TEST(gives_a_replaced_default_back),
		HOST_TEST(refuses_what_it_does_not_understand),
		HOST_TEST(says_what_is_missing),
		HOST_TEST(repairs_what_is_ours),
		HOST_TEST(gives_it_back_after_two_steps),
		HOST_TEST(changes_nothing_where_it_was_never_enabled),
		HOST_TEST(repairs_a_handler_by_hand_or_says_what_is_wrong),
		HOST_TEST(looks_at_what_is_imported),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
