/* SPDX-License-Identifier: Apache-2.0 */

/*
 * containerd's configuration on real hosts: imports, other runtimes, generators, tools that rewrite
 * it.
 */

#include "setup-fixture.h"
#include "setup/change.h"
#include "setup/containerd-edit.h"
#include "setup/containerd-runtime.h"

#define CONFIG	     "/etc/containerd/config.toml"
#define DROP_IN	     "/etc/containerd/conf.d/50-oci-thin-grow.toml"
#define COMMENT	     CONTAINERD_COMMENT "\n"
#define CRI_1	     "plugins.cri.containerd"
#define CRI_2	     "plugins.\"io.containerd.grpc.v1.cri\".containerd"
#define CRI_3	     "plugins.'io.containerd.cri.v1.runtime'.containerd"
#define OURS_3	     "plugins.\"io.containerd.cri.v1.runtime\".containerd.runtimes.oci-thin-grow"
#define RUNTIME_FILE CONFIG_DIR "/config.d/60-containerd.json"
#define K3S	     "/var/lib/rancher/k3s/agent/etc/containerd/"

static int set_up(struct setup_options options)
{
	if (!options.runtime_now)
		options.runtime_now = RUNC_PATH;
	return run("containerd", options);
}

static int enable_it(void)
{
	put_program(RUNC_PATH);
	return set_up((struct setup_options){0});
}

static void assert_in(const char *path, const char *what)
{
	char *text = get(path);

	assert_non_null(text);
	assert_contains(text, what);
	free(text);
}

static void assert_not_in(const char *path, const char *what)
{
	char *text = get(path);

	assert_non_null(text);
	assert_null(strstr(text, what));
	free(text);
}

static void assert_note(const char *what)
{
	for (size_t i = 0; i < plan.n_notes; i++) {
		if (strstr(plan.notes[i].s, what))
			return;
	}
	fail_msg("no note says %s", what);
}

/* --- imports --------------------------------------------------------------------------------- */

static void copies_what_an_import_sets(void **state)
{
	(void)state;
	put(CONFIG, "version = 3\nimports = ['conf.d/*.toml']\n[" CRI_3
		    ".runtimes.runc]\nruntime_type = 'io.containerd.runc.v2'\n");
	put("/etc/containerd/conf.d/10.toml",
	    "version = 3\n[" CRI_3 ".runtimes.runc.options]\nSystemdCgroup = true\n");
	assert_int_equal(enable_it(), 0);
	assert_in(DROP_IN, "  SystemdCgroup = true\n");
	/* the pattern matches our file, too */
	assert_int_equal(plan.n_files, 1);
	assert_int_equal(disable("containerd"), 0);
	assert_file(DROP_IN, NULL);
}

/* 1.x uses the plugin's table of the last file that has it. */
static void goes_into_the_file_that_takes_effect(void **state)
{
	static const char theirs[] = "version = 2\n[" CRI_2 ".runtimes.runc]\n"
				     "runtime_type = 'io.containerd.runc.v2'\n"
				     "[" CRI_2 ".runtimes.runc.options]\nSystemdCgroup = true\n";
	static const char main_file[] = "version = 2\nimports = ['conf.d/*.toml']\n[" CRI_2
					"]\ndefault_runtime_name = 'runc'\n";

	(void)state;
	put(CONFIG, main_file);
	put("/etc/containerd/conf.d/10.toml", theirs);
	put("/etc/containerd/conf.d/20.toml", "version = 2\n[grpc]\nuid = 0\n");
	assert_int_equal(enable_it(), 0);
	assert_file(CONFIG, main_file);
	assert_in("/etc/containerd/conf.d/10.toml", "  SystemdCgroup = true\n");
	assert_int_equal(look("containerd"), SETUP_ON);
	assert_int_equal(disable("containerd"), 0);
	assert_file("/etc/containerd/conf.d/10.toml", theirs);
}

/* A header would define the table twice. */
static void a_table_in_braces_gets_ours_within_them(void **state)
{
	static const char *const theirs[] = {
		"version = 2\nplugins = {\"io.containerd.grpc.v1.cri\" = {containerd = {runtimes = "
		"{runc = {runtime_type = 'io.containerd.runc.v2'}}}}}\n",
		"version = 2\n[" CRI_2 "]\n  runtimes = {} # none\n",
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(theirs); i++) {
		put(CONFIG, theirs[i]);
		assert_int_equal(enable_it(), 0);
		assert_in(CONFIG, "oci-thin-grow = { runtime_type = ");
		assert_not_in(CONFIG, "runtimes.oci-thin-grow");
		assert_int_equal(disable("containerd"), 0);
		assert_file(CONFIG, theirs[i]);
	}
}

static void a_drop_in_for_any_later_version(void **state)
{
	(void)state;
	put(CONFIG, "version = 4\n[grpc]\n");
	assert_int_equal(enable_it(), 0);
	assert_in(DROP_IN, "\nversion = 4\n");
	assert_in(DROP_IN, "[" OURS_3 "]\n");
}

static void becomes_the_default_in_the_last_file_that_sets_one(void **state)
{
	static const char last[] = "version = 3\n[" CRI_3 "]\ndefault_runtime_name = 'runc'\n";
	static const char file[] = "/etc/containerd/conf.d/99.toml";

	(void)state;
	put_program(RUNC_PATH);
	put(CONFIG, "version = 3\nimports = ['conf.d/*.toml']\n");
	put(file, last);
	assert_int_equal(set_up((struct setup_options){.by_default = true}), 0);
	assert_in(file, "default_runtime_name = \"oci-thin-grow\"");
	assert_int_equal(disable("containerd"), 0);
	assert_file(file, last);
	assert_file(DROP_IN, NULL);
}

static void an_import_that_was_lost_comes_back(void **state)
{
	(void)state;
	put_program("/usr/bin/containerd");
	put(CONFIG, "version = 3\n");
	assert_int_equal(enable_it(), 0);
	put(CONFIG, "version = 3\n[grpc]\n");
	assert_int_equal(look("containerd"), SETUP_OFF);
	assert_int_equal(enable_it(), 0);
	assert_int_equal(look("containerd"), SETUP_ON);
	assert_int_equal(disable("containerd"), 0);
	assert_file(CONFIG, "version = 3\n[grpc]\n");
	assert_file(DROP_IN, NULL);
}

/* --- another default ------------------------------------------------------------------------- */

static void another_default_stays_unless_forced(void **state)
{
	static const char theirs[] =
		"version = 3\n[" CRI_3 "]\ndefault_runtime_name = \"nvidia\"\n[" CRI_3
		".runtimes.nvidia]\nruntime_type = 'io.containerd.runc.v2'\n";
	struct setup_options options = {.by_default = true};

	(void)state;
	put_program(RUNC_PATH);
	put(CONFIG, "version = 3\nimports = ['nvidia.toml']\n");
	put("/etc/containerd/nvidia.toml", theirs);
	assert_int_equal(set_up(options), -EEXIST);
	assert_contains(why.text, "its default runtime is \"nvidia\"");
	options.force = true;
	assert_int_equal(set_up(options), 0);
	assert_in(DROP_IN, "default_runtime_name = \"oci-thin-grow\"");
	assert_int_equal(disable("containerd"), 0);
	put(CONFIG, "version = 1\n[" CRI_1 ".default_runtime]\nruntime_type = 'x'\n");
	assert_int_equal(set_up(options), -EEXIST);
	assert_contains(why.text, "default_runtime");
}

static void never_loses_a_default_that_was_set_after_enable(void **state)
{
	static const char theirs[] =
		"version = 2\n[" CRI_2 "]\n  default_runtime_name = 'runc'\n"
		"[" CRI_2 ".runtimes.nvidia]\n  runtime_type = 'io.containerd.runc.v2'\n";
	const struct setup_options forced = {.by_default = true, .force = true};
	const char *enabled, *at;
	char *kept;

	(void)state;
	put_program(RUNC_PATH);
	put(CONFIG, theirs);
	assert_int_equal(enable_it(), 0);
	enabled = get(CONFIG);
	at = strstr(enabled, "'runc'");
	assert_non_null(at);
	put(CONFIG, text("%.*s'nvidia'%s", (int)(at - enabled), enabled, at + strlen("'runc'")));
	assert_int_equal(set_up(forced), -EEXIST);
	assert_contains(why.text, "run \"oci-thin-grow disable containerd\" first");
	assert_int_equal(disable("containerd"), 0);
	kept = strdup(get(CONFIG));
	assert_contains(kept, "default_runtime_name = 'nvidia'");
	assert_int_equal(set_up(forced), 0);
	assert_int_equal(disable("containerd"), 0);
	assert_string_equal(get(CONFIG), kept);
	free(kept);
}

/* Ours stays the default in our file; that of another file is replaced, and comes back. */
static void replaces_a_default_that_a_later_file_sets_after_enable(void **state)
{
	static const char later[] =
		"version = 3\n[plugins.'io.containerd.cri.v1.runtime'.containerd]\n"
		"  default_runtime_name = 'nvidia'\n";
	const struct setup_options forced = {.by_default = true, .force = true};

	(void)state;
	put_program(RUNC_PATH);
	put(CONFIG, "version = 3\nimports = ['/etc/containerd/conf.d/*.toml']\n");
	assert_int_equal(set_up(forced), 0);
	put("/etc/containerd/conf.d/99-nvidia.toml", later);
	assert_int_equal(set_up(forced), 0);
	assert_contains(get("/etc/containerd/conf.d/99-nvidia.toml"), "\"oci-thin-grow\"");
	assert_int_equal(disable("containerd"), 0);
	assert_string_equal(get("/etc/containerd/conf.d/99-nvidia.toml"), later);
}

/* The wrap of kata's shim in it makes it a file with something of ours. */
static void never_loses_a_default_of_a_file_with_a_wrapped_handler(void **state)
{
	static const char file[] = "/etc/containerd/conf.d/99-kata.toml";
	static const char theirs[] =
		"version = 3\n[" CRI_3 "]\n  default_runtime_name = 'runc'\n"
		"[" CRI_3 ".runtimes.kata]\n  runtime_type = 'io.containerd.kata.v2'\n"
		"[" CRI_3 ".runtimes.nvidia]\n  runtime_type = 'io.containerd.runc.v2'\n";
	const char *wrapped, *at;

	(void)state;
	put_program(RUNC_PATH);
	put_program("/usr/sbin/oci-thin-grow");
	put_program("/usr/bin/containerd-shim-kata-v2");
	put(CONFIG, "version = 3\nimports = ['conf.d/*.toml']\n");
	put(file, theirs);
	assert_int_equal(set_up((struct setup_options){.shim = "kata", .in_place = true}), 0);
	wrapped = get(file);
	at = strstr(wrapped, "'runc'");
	assert_non_null(at);
	put(file, text("%.*s'nvidia'%s", (int)(at - wrapped), wrapped, at + strlen("'runc'")));
	assert_int_equal(set_up((struct setup_options){.by_default = true, .force = true}),
			 -EEXIST);
	assert_contains(why.text, file);
	assert_int_equal(disable("containerd"), 0);
	assert_contains(get(file), "default_runtime_name = 'nvidia'");
}

static void the_old_default_comes_back_with_its_quotes(void **state)
{
	static const char theirs[] =
		"version = 2\n[" CRI_2 "]\ndefault_runtime_name = 'runc' # theirs\n";

	(void)state;
	put_program(RUNC_PATH);
	put(CONFIG, theirs);
	assert_int_equal(enable_it(), 0);
	assert_int_equal(set_up((struct setup_options){.by_default = true}), 0);
	assert_in(CONFIG, "default_runtime_name = \"oci-thin-grow\" # theirs");
	assert_int_equal(disable("containerd"), 0);
	assert_file(CONFIG, theirs);
}

/* With such a pattern containerd reads all files of that directory, so a backup cannot be there. */
static void a_replaced_default_comes_back_whatever_is_imported(void **state)
{
	static const char file[] = "/etc/containerd/conf.d/99.toml";
	static const char *const patterns[] = {"conf.d/*", "/etc/containerd/conf.d/*"};
	const struct setup_options options = {.by_default = true, .force = true};

	(void)state;
	put_program(RUNC_PATH);
	for (int version = 2; version <= 3; version++) {
		const char *cri = version == 2 ? CRI_2 : CRI_3;

		for (size_t i = 0; i < COUNT_OF(patterns); i++) {
			struct text main_text, theirs;

			text_into(&main_text, "version = %d\nimports = ['%s']\n", version,
				  patterns[i]);
			text_into(&theirs,
				  "version = %d\n[%s]\n  default_runtime_name = 'nvidia' # theirs\n"
				  "[%s.runtimes.nvidia]\n  runtime_type = 'io.containerd.runc.v2'",
				  version, cri, cri);
			put(CONFIG, main_text.s);
			put(file, theirs.s);
			assert_int_equal(set_up(options), 0);
			assert_int_equal(look("containerd"), SETUP_ON);
			assert_in(file, "default_runtime_name = \"oci-thin-grow\" # theirs");
			assert_int_equal(disable("containerd"), 0);
			assert_file(CONFIG, main_text.s);
			assert_file(file, theirs.s);
			assert_file(DROP_IN, NULL);
			assert_file(CHANGE_BACKUPS "/etc/containerd/conf.d/99.toml", NULL);
		}
	}
}

static void a_drop_in_that_was_there_before_comes_back(void **state)
{
	static const char main_text[] = "version = 3\nimports = ['conf.d/*']\n";
	static const char theirs[] =
		"version = 3\n[grpc]\nuid = 1\n[" CRI_3 "]\n  default_runtime_name = 'nvidia'\n"
		"[" CRI_3 ".runtimes.nvidia]\n  runtime_type = 'io.containerd.runc.v2'\n";

	(void)state;
	put_program(RUNC_PATH);
	put(CONFIG, main_text);
	put(DROP_IN, theirs);
	assert_int_equal(set_up((struct setup_options){.by_default = true, .force = true}), 0);
	assert_in(DROP_IN, "default_runtime_name = \"oci-thin-grow\"");
	assert_int_equal(disable("containerd"), 0);
	assert_file(CONFIG, main_text);
	assert_file(DROP_IN, theirs);
	assert_file(CHANGE_BACKUPS DROP_IN, NULL);
}

/* What an earlier version has enabled */
static void a_backup_beside_the_file_is_used_and_removed(void **state)
{
	static const char theirs[] = "version = 2\n[" CRI_2 "]\ndefault_runtime_name = 'nvidia'\n";

	(void)state;
	put_program(RUNC_PATH);
	put(CONFIG, theirs);
	assert_int_equal(set_up((struct setup_options){.by_default = true, .force = true}), 0);
	assert_int_equal(unlink(text("%s" CHANGE_BACKUPS CONFIG, root)), 0);
	put(CONFIG CHANGE_BESIDE, theirs);
	assert_int_equal(disable("containerd"), 0);
	assert_file(CONFIG, theirs);
	assert_file(CONFIG CHANGE_BESIDE, NULL);
}

static void a_backup_of_a_file_that_is_gone_is_not_used(void **state)
{
	static const char theirs[] = "version = 2\n[" CRI_2 "]\ndefault_runtime_name = 'nvidia'\n";

	(void)state;
	put_program(RUNC_PATH);
	put(CHANGE_BACKUPS CONFIG, theirs);
	put(CONFIG CHANGE_BESIDE, theirs);
	assert_int_equal(set_up((struct setup_options){.by_default = true}), 0);
	assert_file(CHANGE_BACKUPS CONFIG, NULL);
	assert_file(CONFIG CHANGE_BESIDE, NULL);
	assert_int_equal(disable("containerd"), 0);
	assert_file(CONFIG, NULL);
}

/* --- the program that is run ----------------------------------------------------------------- */

static const char sbin_runc[] = "version = 2\n[" CRI_2 ".runtimes.runc]\n"
				"runtime_type = 'io.containerd.runc.v2'\n"
				"[" CRI_2 ".runtimes.runc.options]\n"
				"BinaryName = '/usr/local/sbin/runc'\n";

static void takes_the_runtime_over(void **state)
{
	(void)state;
	put_program("/usr/local/sbin/runc");
	put(CONFIG, sbin_runc);
	assert_int_equal(set_up((struct setup_options){0}), 0);
	assert_in(RUNTIME_FILE, "{ \"runtime\": \"/usr/local/sbin/runc\" }\n");
	assert_note("our runtime becomes /usr/local/sbin/runc");
	assert_int_equal(set_up((struct setup_options){.runtime_now = "/usr/local/sbin/runc"}), 0);
	assert_false(setup_plan_changes(&plan));
	assert_int_equal(disable("containerd"), 0);
	assert_file(CONFIG, sbin_runc);
	assert_note("left: ");
	assert_in(RUNTIME_FILE, "/usr/local/sbin/runc");
}

static void finds_runc_where_containerd_does(void **state)
{
	(void)state;
	put_program("/usr/sbin/runc");
	assert_int_equal(set_up((struct setup_options){0}), 0);
	assert_in(RUNTIME_FILE, "{ \"runtime\": \"/usr/sbin/runc\" }\n");
	assert_int_equal(disable("containerd"), 0);
	/* containerd's own packages bring this one, and it comes before a distribution's */
	put_program(RUNC_PATH);
	put_program("/usr/local/sbin/runc");
	assert_int_equal(set_up((struct setup_options){0}), 0);
	assert_in(RUNTIME_FILE, "{ \"runtime\": \"/usr/local/sbin/runc\" }\n");
}

static void refuses_a_host_without_its_runtime(void **state)
{
	(void)state;
	put(CONFIG, sbin_runc);
	assert_int_equal(set_up((struct setup_options){0}), -EEXIST);
	assert_contains(why.text, "runs \"/usr/local/sbin/runc\", which is not on this host");
	assert_contains(why.text, "--runtime");
	assert_file(CONFIG, sbin_runc);
	assert_int_equal(set_up((struct setup_options){.runtime = "/opt/runc"}), -EEXIST);
	assert_contains(why.text, "no such program");
	put_program("/opt/runc");
	assert_int_equal(set_up((struct setup_options){.runtime = "/opt/runc"}), 0);
	assert_in(RUNTIME_FILE, "/opt/runc");
}

/* Other runtimes are run by the one that the configuration names. */
static void asks_before_it_takes_a_runtime_away(void **state)
{
	struct setup_options options = {.runtime_now = "/usr/bin/crun"};

	(void)state;
	put_program("/usr/bin/crun");
	put_program("/usr/local/sbin/runc");
	put(CONFIG, sbin_runc);
	assert_int_equal(set_up(options), -EEXIST);
	assert_contains(why.text, "choose one of them with --runtime");
	options.runtime = "/usr/bin/crun";
	assert_int_equal(set_up(options), 0);
	assert_file(RUNTIME_FILE, NULL);
	assert_int_equal(disable("containerd"), 0);
	options.runtime = "/usr/local/sbin/runc";
	options.runtime_file = CONFIG_DIR "/config.d/99-x.json";
	assert_int_equal(set_up(options), -EEXIST);
	assert_contains(why.text, "99-x.json: overrides");
	/* Docker calls us, too */
	put_program(RUNC_PATH);
	assert_int_equal(enable("docker"), 0);
	assert_int_equal(set_up((struct setup_options){0}), -EEXIST);
}

/* --- another handler, another snapshotter ---------------------------------------------------- */

static void copies_another_handler_on_request(void **state)
{
	struct setup_options options = {.like = "nvidia", .snapshotter = "devmapper"};

	(void)state;
	put_program(RUNC_PATH);
	put_program("/usr/bin/nvidia-container-runtime");
	put(CONFIG,
	    "version = 3\n[" CRI_3 ".runtimes]\nnvidia = { runtime_type = 'io.containerd.runc.v2', "
	    "privileged_without_host_devices = false, options = { BinaryName = "
	    "'/usr/bin/nvidia-container-runtime', SystemdCgroup = true } }\n");
	assert_int_equal(set_up(options), 0);
	assert_file(DROP_IN, "# made by \"oci-thin-grow enable containerd\"\nversion = 3\n" COMMENT
			     "[" OURS_3 "]\n"
			     "  runtime_type = \"io.containerd.runc.v2\"\n"
			     "  pod_annotations = [\"io.oci-thin-grow.*\", "
			     "\"containerd.io/snapshot/max-size\"]\n"
			     "  snapshotter = \"devmapper\"\n"
			     "  privileged_without_host_devices = false\n"
			     "[" OURS_3 ".options]\n"
			     "  BinaryName = \"" RUNTIME_PATH "\"\n"
			     "  SystemdCgroup = true\n");
	assert_in(RUNTIME_FILE, "/usr/bin/nvidia-container-runtime");
	/* and later like runc after all */
	options = (struct setup_options){.like = "runc",
					 .runtime = RUNC_PATH,
					 .runtime_now = "/usr/bin/nvidia-container-runtime"};
	assert_int_equal(set_up(options), 0);
	assert_not_in(DROP_IN, "SystemdCgroup");
	assert_not_in(DROP_IN, "snapshotter");
	assert_in(RUNTIME_FILE, RUNC_PATH);
	options.like = "nope";
	assert_int_equal(set_up(options), -EEXIST);
	assert_contains(why.text, "has no handler \"nope\"");
}

/* --- what generates it ----------------------------------------------------------------------- */

#define GENERATED(program, version)                                                                \
	"# File generated by " program ". DO NOT EDIT. Use config.toml.tmpl instead.\n"            \
	"version = " #version "\nimports = [\"" K3S "config-v3.toml.d/*.toml\"]\n"

static int enable_in(const char *path)
{
	char *whole = whole_path(path);
	int r;

	place.file = whole;
	r = enable_it();
	place.file = NULL;
	free(whole);
	return r;
}

static int disable_in(const char *path)
{
	char *whole = whole_path(path);
	int r;

	place.file = whole;
	r = disable("containerd");
	place.file = NULL;
	free(whole);
	return r;
}

static void names_the_template_of_what_is_generated(void **state)
{
	(void)state;
	put(K3S "config.toml", GENERATED("k3s", 3));
	assert_int_equal(enable_in(K3S "config.toml"), -EEXIST);
	assert_contains(why.text, "is generated by k3s");
	assert_contains(why.text, K3S "config-v3.toml.d/50-oci-thin-grow.toml");
	assert_contains(why.text, K3S "config-v3.toml.tmpl");
	put(K3S "config.toml", GENERATED("rke2", 2));
	assert_int_equal(enable_in(K3S "config.toml"), -EEXIST);
	assert_contains(why.text, "is generated by rke2");
	assert_contains(why.text, K3S "config.toml.tmpl");
	put(CONFIG, "# generated by puppet, DO NOT EDIT\nversion = 2\n");
	assert_int_equal(enable_it(), -EEXIST);
	assert_contains(why.text, "--force");
	assert_int_equal(set_up((struct setup_options){.force = true}), 0);
	/* a comment after the first key is about something else */
	put(CONFIG, "version = 2\n# DO NOT EDIT the next line\n");
	assert_int_equal(enable_it(), 0);
}

static void goes_into_a_directory_of_drop_ins(void **state)
{
	static const char file[] = K3S "config-v3.toml.d/50-oci-thin-grow.toml";

	(void)state;
	put(K3S "config.toml",
	    GENERATED("k3s", 3) "[" CRI_3 ".runtimes.runc.options]\nSystemdCgroup = true\n");
	assert_int_equal(enable_in(file), 0);
	assert_in(file, "version = 3\n");
	assert_in(file, "  SystemdCgroup = true\n");
	assert_int_equal(enable_in(file), 0);
	assert_false(setup_plan_changes(&plan));
	assert_int_equal(disable_in(file), 0);
	assert_file(file, NULL);
}

/* k3s has a runc that its containerd finds before the host's. */
static void takes_the_runc_that_comes_with_k3s(void **state)
{
	static const char file[] = K3S "config-v3.toml.d/50-oci-thin-grow.toml";

	(void)state;
	put(K3S "config.toml", GENERATED("k3s", 3));
	put_program("/var/lib/rancher/k3s/data/0123/bin/runc");
	put_link("/var/lib/rancher/k3s/data/current", "0123");
	assert_int_equal(enable_in(file), 0);
	assert_in(RUNTIME_FILE, "\"/var/lib/rancher/k3s/data/current/bin/runc\"");
	assert_contains(plan.then, "k3s");
}

static void goes_into_a_template(void **state)
{
	static const char file[] = K3S "config-v3.toml.tmpl", old[] = K3S "config.toml.tmpl";
	static const char theirs[] =
		"{{ template \"base\" . }}\n\n[" CRI_2 ".runtimes.x]\n"
		"  runtime_type = \"io.containerd.runc.v2\"\n"
		"{{- if .y }}\n  snapshotter = {{ printf \"%q\" .y }}\n{{ end }}\n";

	(void)state;
	put(K3S "config.toml",
	    GENERATED("k3s", 3) "[" CRI_3 ".runtimes.runc.options]\nSystemdCgroup = true\n");
	assert_int_equal(enable_in(file), 0);
	assert_in(file, "\n{{ template \"base\" . }}\n");
	assert_in(file, "[" OURS_3 ".options]\n");
	assert_in(file, "  SystemdCgroup = true\n");
	assert_not_in(file, "version");
	assert_int_equal(enable_in(file), 0);
	assert_false(setup_plan_changes(&plan));
	assert_int_equal(disable_in(file), 0);
	assert_file(file, NULL);
	put(old, theirs);
	put(K3S "config.toml", GENERATED("k3s", 2));
	assert_int_equal(enable_in(old), 0);
	assert_in(old, "{{ end }}\n" COMMENT "[" CRI_2 ".runtimes.oci-thin-grow]\n");
	assert_int_equal(disable_in(old), 0);
	assert_file(old, theirs);
}

/* --- what others make of it ------------------------------------------------------------------ */

/* As `containerd config migrate` writes it: imports merged, and still imported. */
static void nothing_is_left_after_a_migration(void **state)
{
	(void)state;
	put(CONFIG, "version = 3\n[" CRI_3 "]\ndefault_runtime_name = 'runc'\n");
	put_program(RUNC_PATH);
	assert_int_equal(set_up((struct setup_options){.by_default = true}), 0);
	put(CONFIG, "imports = ['" DROP_IN "']\nversion = 3\n\n[plugins]\n"
		    "  [plugins.'io.containerd.cri.v1.runtime']\n"
		    "    [" CRI_3 "]\n      default_runtime_name = 'oci-thin-grow'\n\n"
		    "      [" CRI_3 ".runtimes]\n"
		    "        [" CRI_3 ".runtimes.oci-thin-grow]\n"
		    "          pod_annotations = ['io.oci-thin-grow.*']\n"
		    "          runtime_type = 'io.containerd.runc.v2'\n\n"
		    "          [" CRI_3 ".runtimes.oci-thin-grow.options]\n"
		    "            BinaryName = '" RUNTIME_PATH "'\n");
	assert_int_equal(look("containerd"), SETUP_ON);
	assert_int_equal(disable("containerd"), 0);
	assert_file(DROP_IN, NULL);
	assert_not_in(CONFIG, "oci-thin-grow");
	assert_in(CONFIG, "default_runtime_name = 'runc'");
	assert_int_equal(disable("containerd"), 0);
	assert_false(setup_plan_changes(&plan));
}

/* From version 2 to 3, by a tool that keeps neither comments nor order. */
static void nothing_is_left_after_another_version(void **state)
{
	(void)state;
	put_program(RUNC_PATH);
	put(CONFIG, "version = 2\n[" CRI_2 "]\ndefault_runtime_name = 'runc'\n");
	assert_int_equal(set_up((struct setup_options){.by_default = true}), 0);
	put(CONFIG,
	    "plugins = {'io.containerd.cri.v1.runtime' = {containerd = {default_runtime_name = "
	    "'oci-thin-grow', runtimes = {oci-thin-grow = {options = {BinaryName = "
	    "'" RUNTIME_PATH "'}}, runc = {x = 1}}}}}\nversion = 3\n");
	assert_int_equal(disable("containerd"), 0);
	assert_file(CONFIG, "plugins = {'io.containerd.cri.v1.runtime' = {containerd = "
			    "{default_runtime_name = 'runc', runtimes = {runc = {x = 1}}}}}\n"
			    "version = 3\n");
}

/* CRLF, no newline at the end, other quotes, and lines of another program in between. */
static void finds_its_additions_however_they_are_written(void **state)
{
	static const struct {
		const char *from, *to;
	} changes[] = {
		{"\n", "\r\n"}, {"\"", "'"}, {"\n", "\n# theirs\n"}, {"plugins", " plugins "}};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(changes); i++) {
		char *text, *out = NULL;
		size_t size = 0;
		FILE *changed = open_memstream(&out, &size);

		put(CONFIG, "version = 2\n[grpc]\nuid = 0\n");
		assert_int_equal(enable_it(), 0);
		text = get(CONFIG);
		for (const char *c = text; c && *c; c++) {
			if (strncmp(c, changes[i].from, strlen(changes[i].from)) == 0) {
				fputs(changes[i].to, changed);
				c += strlen(changes[i].from) - 1;
			} else {
				fputc(*c, changed);
			}
		}
		assert_int_equal(fclose(changed), 0);
		put_bytes(CONFIG, out, size - (out[size - 2] == '\r' ? 2 : 1));
		assert_int_equal(disable("containerd"), 0);
		assert_not_in(CONFIG, "runtimes");
		assert_not_in(CONFIG, "oci-thin-grow-runtime");
		assert_in(CONFIG, "uid = 0");
		if (strstr(changes[i].to, "theirs"))
			assert_in(CONFIG, "# theirs\n# theirs\n# theirs\n");
		free(text);
		free(out);
	}
}

static void a_drop_in_of_others_stays_with_its_import(void **state)
{
	char *text, *more = NULL;

	(void)state;
	put(CONFIG, "version = 3\n");
	assert_int_equal(enable_it(), 0);
	text = get(DROP_IN);
	assert_true(asprintf(&more, "%s[grpc]\n  uid = 1\n", text) > 0);
	put(DROP_IN, more);
	assert_int_equal(disable("containerd"), 0);
	assert_in(CONFIG, DROP_IN);
	assert_in(DROP_IN, "[grpc]\n  uid = 1\n");
	assert_not_in(DROP_IN, "runtimes");
	assert_note("because the file has other settings");
	free(text);
	free(more);
}

static void says_which_handlers_of_others_call_us(void **state)
{
	(void)state;
	put(CONFIG,
	    "version = 2\n[" CRI_2 ".runtimes.mine.options]\nBinaryName = '" RUNTIME_PATH "'\n");
	assert_int_equal(enable_it(), 0);
	assert_int_equal(disable("containerd"), 0);
	assert_note("left: the handler \"mine\"");
	assert_in(CONFIG, "mine");
}

/* --- as they are found ----------------------------------------------------------------------- */

static const struct {
	const char *what, *text, *has; /* what our handler or its runtime's file has from theirs */
} fixtures[] = {
	{"kata, version 1",
	 "root = \"/var/lib/containerd\"\nstate = \"/run/containerd\"\noom_score = -999\n\n"
	 "[plugins]\n  [plugins.cri]\n    sandbox_image = \"registry.example/pause:3.2\"\n"
	 "    [plugins.cri.containerd]\n      snapshotter = \"devmapper\"\n"
	 "      [plugins.cri.containerd.runtimes]\n"
	 "        [plugins.cri.containerd.runtimes.kata]\n"
	 "          runtime_type = \"io.containerd.kata.v2\"\n"
	 "          privileged_without_host_devices = true\n"
	 "          [plugins.cri.containerd.runtimes.kata.options]\n"
	 "            ConfigPath = \"/opt/kata/share/x.toml\"\n",
	 "[plugins.\"cri\".containerd.runtimes.oci-thin-grow]\n"},
	{"a default without handlers, version 2",
	 "version = 2\nrequired_plugins = [\"io.containerd.grpc.v1.cri\"]\noom_score = -999\n"
	 "[debug]\n  level = \"info\"\n"
	 "[plugins.\"io.containerd.grpc.v1.cri\"]\n  stream_server_address = \"127.0.0.1\"\n"
	 "  max_container_log_line_size = 262144\n"
	 "[plugins.\"io.containerd.grpc.v1.cri\".cni]\n  bin_dir = \"/home/x/bin\"\n"
	 "[plugins.\"io.containerd.grpc.v1.cri\".containerd]\n"
	 "  default_runtime_name = \"runc\"\n  discard_unpacked_layers = true\n",
	 "[" CRI_2 ".runtimes.runc]\n"},
	{"runc elsewhere, version 2",
	 "version = 2\nroot = \"/var/lib/containerd\"\nstate = \"/run/containerd\"\n\n"
	 "[grpc]\naddress = \"/run/containerd/containerd.sock\"\n\n"
	 "[plugins.\"io.containerd.grpc.v1.cri\".containerd]\n"
	 "default_runtime_name = \"runc\"\ndiscard_unpacked_layers = true\n\n"
	 "[" CRI_2 ".runtimes.runc]\nruntime_type = \"io.containerd.runc.v2\"\n"
	 "base_runtime_spec = \"/etc/containerd/base-runtime-spec.json\"\n\n"
	 "[" CRI_2 ".runtimes.runc.options]\nBinaryName = \"/usr/sbin/runc\"\n"
	 "SystemdCgroup = true\n",
	 "  base_runtime_spec = \"/etc/containerd/base-runtime-spec.json\"\n"},
};

static void hosts_as_they_are_found(void **state)
{
	(void)state;
	put_program("/usr/sbin/runc");
	for (size_t i = 0; i < COUNT_OF(fixtures); i++) {
		put(CONFIG, fixtures[i].text);
		assert_int_equal(set_up((struct setup_options){0}), 0);
		assert_in(CONFIG, fixtures[i].has);
		assert_in(RUNTIME_FILE, "/usr/sbin/runc");
		assert_int_equal(look("containerd"), SETUP_ON);
		assert_int_equal(disable("containerd"), 0);
		assert_file(CONFIG, fixtures[i].text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		HOST_TEST(copies_what_an_import_sets),
		HOST_TEST(goes_into_the_file_that_takes_effect),
		HOST_TEST(a_table_in_braces_gets_ours_within_them),
		HOST_TEST(a_drop_in_for_any_later_version),
		HOST_TEST(becomes_the_default_in_the_last_file_that_sets_one),
		HOST_TEST(an_import_that_was_lost_comes_back),
		HOST_TEST(another_default_stays_unless_forced),
		HOST_TEST(never_loses_a_default_that_was_set_after_enable),
		HOST_TEST(replaces_a_default_that_a_later_file_sets_after_enable),
		HOST_TEST(never_loses_a_default_of_a_file_with_a_wrapped_handler),
		HOST_TEST(the_old_default_comes_back_with_its_quotes),
		HOST_TEST(a_replaced_default_comes_back_whatever_is_imported),
		HOST_TEST(a_drop_in_that_was_there_before_comes_back),
		HOST_TEST(a_backup_beside_the_file_is_used_and_removed),
		HOST_TEST(a_backup_of_a_file_that_is_gone_is_not_used),
		HOST_TEST(takes_the_runtime_over),
		HOST_TEST(finds_runc_where_containerd_does),
		HOST_TEST(refuses_a_host_without_its_runtime),
		HOST_TEST(asks_before_it_takes_a_runtime_away),
		HOST_TEST(copies_another_handler_on_request),
		HOST_TEST(names_the_template_of_what_is_generated),
		HOST_TEST(goes_into_a_directory_of_drop_ins),
		HOST_TEST(takes_the_runc_that_comes_with_k3s),
		HOST_TEST(goes_into_a_template),
		HOST_TEST(nothing_is_left_after_a_migration),
		HOST_TEST(nothing_is_left_after_another_version),
		HOST_TEST(finds_its_additions_however_they_are_written),
		HOST_TEST(a_drop_in_of_others_stays_with_its_import),
		HOST_TEST(says_which_handlers_of_others_call_us),
		HOST_TEST(hosts_as_they_are_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
