/* SPDX-License-Identifier: Apache-2.0 */

/* Handlers of VMs' shims, as kata-deploy writes them: copied, or changed in place. */

#include "setup-fixture.h"
#include "setup/containerd-edit.h"

#include <limits.h>

#define CONFIG	"/etc/containerd/config.toml"
#define DROP_IN "/etc/containerd/conf.d/50-oci-thin-grow.toml"
#define KATA	"/opt/kata/containerd/config.d/kata-deploy.toml"
#define KATA_2	"../../containerd/fixtures/kata-deploy-v2/config.toml"
#define KATA_3	"../../containerd/fixtures/kata-deploy-v3/conf.d/kata-deploy.toml"
#define SHIM	"/opt/kata/bin/containerd-shim-kata-v2"
#define LINK	"/usr/local/bin/containerd-shim-oci-thin-grow-kata-qemu-v2"
#define SHIMS	CONFIG_DIR "/config.d/60-shim-kata-qemu.json"
#define COMMENT CONTAINERD_COMMENT "\n"
#define MADE	"# made by \"oci-thin-grow enable containerd\"\n"
#define CRI_2	"plugins.\"io.containerd.grpc.v1.cri\".containerd"
#define CRI_3	"plugins.\"io.containerd.cri.v1.runtime\".containerd"
#define MAIN_3	"version = 3\nimports = [\"" KATA "\"]\n"
#define PATHS	"runtime_path = \"" SHIM "\"\n"

#define COPY(cri)                                                                                  \
	COMMENT "[" cri ".runtimes.oci-thin-grow-kata-qemu]\n"                                     \
		"  runtime_type = \"io.containerd.oci-thin-grow-kata-qemu.v2\"\n"                  \
		"  pod_annotations = [\"io.oci-thin-grow.*\", "                                    \
		"\"containerd.io/snapshot/max-size\", \"io.katacontainers.*\"]\n"                  \
		"  privileged_without_host_devices = true\n"                                       \
		"  container_annotations = "                                                       \
		"[\"io.kubernetes.container.terminationMessage*\"]\n"                              \
		"  snapshotter = \"devmapper\"\n"                                                  \
		"[" cri ".runtimes.oci-thin-grow-kata-qemu.options]\n"                             \
		"  ConfigPath = \"/opt/kata/share/defaults/kata-containers/runtimes/qemu/"         \
		"configuration-qemu.toml\"\n"

static const struct setup_options kata = {.shim = "kata-qemu"},
				  in_place = {.shim = "kata-qemu", .in_place = true},
				  no_kata = {.shim = "kata-qemu", .disable = true};

static int kata_setup(void **state)
{
	host_setup(state);
	put_program(PROGRAM_PATH);
	put_program(SHIM);
	put_program("/usr/bin/containerd");
	return 0;
}

#define KATA_TEST(test) cmocka_unit_test_setup_teardown(test, kata_setup, host_teardown)

static void put_version(int version)
{
	if (version == 2) {
		put_data(CONFIG, KATA_2);
		return;
	}
	put(CONFIG, MAIN_3);
	put_data(KATA, KATA_3);
}

static void assert_version(int version)
{
	if (version == 2) {
		assert_data(CONFIG, KATA_2);
	} else {
		assert_file(CONFIG, MAIN_3);
		assert_data(KATA, KATA_3);
	}
	assert_file(DROP_IN, NULL);
	assert_file(CHANGE_BACKUPS CONFIG, NULL);
	assert_file(CHANGE_BACKUPS KATA, NULL);
}

static void assert_link(const char *path, const char *target)
{
	char *whole = whole_path(path), got[PATH_MAX] = "";

	assert_int_equal(readlink(whole, got, sizeof(got) - 1) < 0, target == NULL);
	assert_string_equal(got, target ? target : "");
	free(whole);
}

static void assert_in(const char *path, const char *part)
{
	char *text = get(path);

	assert_non_null(text);
	assert_contains(text, part);
	free(text);
}

static bool has_note(const char *part)
{
	bool found = false;

	for (size_t i = 0; i < plan.n_notes; i++)
		found |= strstr(plan.notes[i].s, part) != NULL;
	return found;
}

static void assert_note(const char *part)
{
	if (!has_note(part))
		fail_msg("no note has \"%s\"", part);
}

/* @text with the first @from replaced, to be freed. */
static char *with(const char *text, const char *from, const char *to)
{
	const char *at = strstr(text, from);
	char *made = NULL;

	assert_non_null(at);
	assert_true(asprintf(&made, "%.*s%s%s", (int)(at - text), text, to, at + strlen(from)) > 0);
	return made;
}

/* --- a copy ---------------------------------------------------------------------------------- */

static void copies_the_handler(void **state)
{
	char *theirs = data_of(KATA_2), *expected = NULL;

	(void)state;
	put_version(2);
	assert_int_equal(run("containerd", kata), 0);
	assert_true(asprintf(&expected, "%s%s", theirs, COPY(CRI_2)) > 0);
	assert_file(CONFIG, expected);
	assert_int_equal(look("containerd"), SETUP_ON);
	assert_int_equal(run("containerd", kata), 0);
	assert_false(setup_plan_changes(&plan));
	free(theirs);
	free(expected);
}

static void copies_the_handler_into_the_drop_in(void **state)
{
	(void)state;
	put_version(3);
	assert_int_equal(run("containerd", kata), 0);
	assert_file(DROP_IN,
		    MADE "version = 3\n" COPY(CRI_3) "[plugins.\"io.containerd.cri.v1.images\"."
						     "runtime_platforms.oci-thin-grow-kata-qemu]\n"
						     "  snapshotter = \"devmapper\"\n");
	assert_file(CONFIG, "version = 3\nimports = [\"" KATA "\", \"" DROP_IN "\"]\n");
	assert_data(KATA, KATA_3);
	assert_int_equal(look("containerd"), SETUP_ON);
	assert_int_equal(run("containerd", kata), 0);
	assert_false(setup_plan_changes(&plan));
}

static void makes_what_containerd_calls(void **state)
{
	(void)state;
	put_version(2);
	assert_int_equal(run("containerd", kata), 0);
	assert_link(LINK, PROGRAM_PATH);
	assert_in(SHIMS, "{ \"shims\": { \"kata-qemu\": \"" SHIM "\" } }\n");
	assert_note("our shim becomes " SHIM);
	assert_string_equal(plan.manifest.s,
			    "apiVersion: node.k8s.io/v1\n"
			    "kind: RuntimeClass\n"
			    "metadata:\n"
			    "  name: oci-thin-grow-kata-qemu\n"
			    "handler: oci-thin-grow-kata-qemu\n"
			    "# overhead and scheduling: as \"kubectl get runtimeclass kata-qemu -o "
			    "yaml\" shows them\n");
}

static void needs_no_configuration_for_a_shim_that_is_found_by_name(void **state)
{
	(void)state;
	put(CONFIG,
	    "version = 2\n[" CRI_2 ".runtimes.vm]\nruntime_type = 'io.containerd.kata.v2'\n");
	assert_int_equal(run("containerd", (struct setup_options){.shim = "kata"}), 0);
	assert_in(CONFIG, "[" CRI_2 ".runtimes.oci-thin-grow-vm]\n  runtime_type = "
			  "\"io.containerd.oci-thin-grow-kata.v2\"\n");
	assert_file(CONFIG_DIR "/config.d/60-shim-kata.json", NULL);
	assert_link("/usr/local/bin/containerd-shim-oci-thin-grow-kata-v2", PROGRAM_PATH);
	/* The PATH of containerd leads to another one. */
	put_program("/usr/local/bin/containerd-shim-kata-v2");
	assert_int_equal(run("containerd", (struct setup_options){.like = "vm"}), 0);
	assert_in(CONFIG_DIR "/config.d/60-shim-kata.json",
		  "\"/usr/local/bin/containerd-shim-kata-v2\"");
}

static void what_the_configuration_says_already_is_left(void **state)
{
	struct setup_options options = kata;

	(void)state;
	put_version(2);
	options.shim_now = SHIM;
	options.shim_file = CONFIG_DIR "/config.json";
	assert_int_equal(run("containerd", options), 0);
	assert_file(SHIMS, NULL);
	put_program("/opt/other");
	options.shim_now = "/opt/other";
	assert_int_equal(run("containerd", options), -EEXIST);
	assert_contains(why.text, "our shim becomes \"/opt/other\" (\"shims\" in " CONFIG_DIR);
	/* an earlier file of ours is corrected */
	options.shim_file = SHIMS;
	assert_int_equal(run("containerd", options), 0);
	assert_in(SHIMS, SHIM);
}

/* --- undone ---------------------------------------------------------------------------------- */

static void is_undone_byte_for_byte(void **state)
{
	static const struct setup_options off = {.disable = true};
	const struct setup_options *ways[] = {&kata, &in_place}, *ends[] = {&no_kata, &off};

	(void)state;
	for (int i = 0; i < 8; i++) {
		int version = i & 4 ? 3 : 2;

		put_version(version);
		assert_int_equal(run("containerd", *ways[i & 1]), 0);
		assert_true(setup_plan_changes(&plan));
		assert_int_equal(look("containerd"), SETUP_ON);
		assert_int_equal(run("containerd", *ends[i >> 1 & 1]), 0);
		assert_version(version);
		/* containers need these until they are gone */
		assert_link(LINK, PROGRAM_PATH);
		assert_in(SHIMS, SHIM);
		assert_note("left: " LINK);
		assert_note(SHIMS);
		assert_int_equal(look("containerd"), SETUP_OFF);
	}
}

static void assert_backup(int version)
{
	if (version == 2)
		assert_data(CHANGE_BACKUPS CONFIG, KATA_2);
	else
		assert_data(CHANGE_BACKUPS KATA, KATA_3);
}

/* Each order of coming and going of three. */
static void handlers_come_and_go_on_their_own(void **state)
{
	static const struct setup_options runc = {0}, clh = {.shim = "kata-clh", .in_place = true},
					  no_clh = {.shim = "kata-clh", .disable = true};
	const struct setup_options *orders[][3] = {
		{&runc, &kata, &clh}, {&kata, &runc, &clh}, {&clh, &kata, &runc},
		{&kata, &clh, &runc}, {&runc, &clh, &kata},
	};

	(void)state;
	put_program(RUNC_PATH);
	for (size_t i = 0; i < 2 * COUNT_OF(orders); i++) {
		int version = i % 2 ? 3 : 2;

		put_version(version);
		for (size_t k = 0; k < 3; k++)
			assert_int_equal(run("containerd", *orders[i / 2][k]), 0);
		assert_int_equal(run("containerd", no_kata), 0);
		assert_note("containerd-shim-oci-thin-grow-kata-qemu-v2");
		assert_false(has_note("kata-clh"));
		assert_int_equal(look("containerd"), SETUP_ON);
		assert_in(version == 2 ? CONFIG : DROP_IN, "runtimes.oci-thin-grow]");
		assert_in(version == 2 ? CONFIG : KATA,
			  "containerd-shim-oci-thin-grow-kata-clh-v2");
		/* The others need it to be undone. */
		assert_backup(version);
		assert_int_equal(run("containerd", no_clh), 0);
		assert_int_equal(run("containerd", no_clh), 0);
		assert_false(setup_plan_changes(&plan));
		assert_int_equal(disable("containerd"), 0);
		assert_version(version);
	}
}

/* --- in place -------------------------------------------------------------------------------- */

static void in_place_theirs_calls_us(void **state)
{
	char *theirs = data_of(KATA_2);
	char *path = with(theirs, PATHS, "runtime_path = \"" LINK "\"\n");
	char *expected = with(path, "[\"io.katacontainers.*\"]",
			      "[\"io.katacontainers.*\", \"io.oci-thin-grow.*\", "
			      "\"containerd.io/snapshot/max-size\"]");

	(void)state;
	put_version(2);
	assert_int_equal(run("containerd", in_place), 0);
	assert_file(CONFIG, expected);
	assert_string_equal(plan.manifest.s, "");
	assert_link(LINK, PROGRAM_PATH);
	assert_in(SHIMS, SHIM);
	assert_int_equal(run("containerd", in_place), 0);
	assert_false(setup_plan_changes(&plan));
	/* a copy of it would be called twice */
	assert_int_equal(run("containerd", kata), -EEXIST);
	assert_contains(why.text, "calls the program already");
	free(theirs);
	free(path);
	free(expected);
}

/* The backup is from before Kata was there, or is lost; what else has come since stays. */
static void in_place_is_undone_without_a_backup(void **state)
{
	char *whole = whole_path(CHANGE_BACKUPS CONFIG);

	(void)state;
	put_version(2);
	assert_int_equal(run("containerd", in_place), 0);
	assert_int_equal(unlink(whole), 0);
	free(whole);
	assert_int_equal(disable("containerd"), 0);
	assert_data(CONFIG, KATA_2);
	put(CHANGE_BACKUPS CONFIG, "version = 2\n");
	assert_int_equal(run("containerd", in_place), 0);
	put(CHANGE_BACKUPS CONFIG, "version = 2\n");
	assert_int_equal(disable("containerd"), 0);
	assert_data(CONFIG, KATA_2);
}

static void in_place_adds_what_was_not_there(void **state)
{
	static const char *const configs[] = {
		"version = 2\n[" CRI_2 ".runtimes.kata]\nruntime_type = 'io.containerd.kata.v2'\n",
		"version = 2\n[" CRI_2 ".runtimes]\nkata = { runtime_type = "
		"'io.containerd.kata.v2', pod_annotations = [ 'a', ] } # x\n",
		"version = 2\n[" CRI_2 ".runtimes.kata]\nruntime_type = 'io.containerd.kata.v2'\n"
		"runtime_path = '" SHIM "' # theirs\npod_annotations = []\n",
		"version = 3\n[" CRI_3 ".runtimes.kata]\nruntime_type = 'io.containerd.kata.v2'\n"
		"pod_annotations = [\n  'io.oci-thin-grow.*',\n  'a/*'\n]",
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(configs); i++) {
		put(CONFIG, configs[i]);
		assert_int_equal(
			run("containerd", (struct setup_options){.like = "kata", .in_place = true}),
			0);
		assert_int_equal(look("containerd"), SETUP_ON);
		assert_int_equal(disable("containerd"), 0);
		assert_file(CONFIG, configs[i]);
	}
}

/* --- what is refused, what is found ---------------------------------------------------------- */

static void refuses_what_it_cannot_wrap(void **state)
{
	static const struct {
		struct setup_options options;
		int r;
		const char *reason;
	} cases[] = {
		{{.shim = "nope"}, -EEXIST, "no handler of the type io.containerd.nope.v2"},
		{{.like = "runsc"}, -EEXIST, "\"io.containerd.runsc.v1\", which cannot be wrapped"},
		{{.like = "odd"}, -EEXIST, "cannot be wrapped"},
		{{.like = "runc", .shim = "kata"}, -EEXIST, "cannot be wrapped"},
		{{.like = "kata", .shim = "other"}, -EEXIST, "runs the shim \"kata\", not"},
		{{.like = "kata"}, -EEXIST, "runs \"/gone\", which is not on this host"},
		{{.like = "kata", .by_default = true}, -EINVAL, "--default is for"},
		{{.like = "kata", .runtime = SHIM}, -EINVAL, "--runtime is for"},
		{{.like = "kata", .in_place = true, .snapshotter = "x"}, -EINVAL, "no snapshotter"},
		{{.in_place = true}, -EINVAL, "--in-place is for"},
		{{.like = "oci-thin-grow-own"}, -EEXIST, "calls the program already"},
	};

	(void)state;
	put_program(RUNC_PATH);
	put(CONFIG, "version = 2\n"
		    "[" CRI_2 ".runtimes.runc]\nruntime_type = 'io.containerd.runc.v2'\n"
		    "[" CRI_2 ".runtimes.runsc]\nruntime_type = 'io.containerd.runsc.v1'\n"
		    "[" CRI_2 ".runtimes.odd]\nruntime_type = 'io.containerd.o/d.v2'\n"
		    "[" CRI_2 ".runtimes.oci-thin-grow-own]\nruntime_type = "
		    "'io.containerd.oci-thin-grow-own.v2'\n"
		    "[" CRI_2 ".runtimes.kata]\nruntime_type = 'io.containerd.kata.v2'\n"
		    "runtime_path = '/gone'\n");
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		assert_int_equal(run("containerd", cases[i].options), cases[i].r);
		assert_contains(why.text, cases[i].reason);
	}
	assert_file(CHANGE_BACKUPS CONFIG, NULL);
}

static void does_not_replace_a_program_by_its_link(void **state)
{
	(void)state;
	put_version(2);
	put_program(LINK);
	assert_int_equal(run("containerd", kata), -EEXIST);
	assert_contains(why.text, "exists and is not a link");
	assert_version(2);
	/* but a link that leads elsewhere */
	put_link(LINK, "/usr/bin/gone");
	assert_int_equal(run("containerd", kata), 0);
	assert_link(LINK, PROGRAM_PATH);
}

static void a_link_that_changed_meanwhile_stays(void **state)
{
	(void)state;
	put_version(2);
	put_link(LINK, "/usr/bin/gone");
	assert_int_equal(setup_plan(&place, "containerd", &kata, &plan, &why), 0);
	put_link(LINK, "/usr/bin/elsewhere");
	assert_int_equal(setup_apply(&plan, &why), -EAGAIN);
	assert_link(LINK, "/usr/bin/elsewhere");
	assert_version(2);
}

/* Where there are only handlers of VMs it may be one of these that is meant. */
static void names_a_shim_that_can_be_wrapped(void **state)
{
	(void)state;
	put_version(2);
	assert_int_equal(look("containerd"), SETUP_OFF);
	assert_contains(why.text, "\"oci-thin-grow enable --shim kata-qemu containerd\"");
}

static void finds_a_handler_whose_link_is_gone(void **state)
{
	char *whole = whole_path(LINK);
	struct setup_view view;

	(void)state;
	for (int i = 0; i < 2; i++) {
		put_version(2);
		assert_int_equal(run("containerd", i ? in_place : kata), 0);
		assert_int_equal(unlink(whole), 0);
		assert_int_equal(setup_look(&place, "containerd", &view, &why), 0);
		assert_int_equal(view.state, SETUP_BROKEN);
		assert_contains(view.missing.text, i ? "the runtime kata-qemu in "
						     : "the runtime oci-thin-grow-kata-qemu in ");
		assert_contains(view.missing.text, "does not exist");
		assert_string_equal(view.like, "kata-qemu");
		assert_int_equal(view.in_place, i);
		assert_int_equal(
			run("containerd", (struct setup_options){.like = view.like, .in_place = i}),
			0);
		assert_int_equal(look("containerd"), SETUP_ON);
		setup_view_free(&view);
		assert_int_equal(disable("containerd"), 0);
	}
	free(whole);
}

/* kata-deploy lets only its own annotations through. */
static void finds_annotations_that_do_not_come_through(void **state)
{
	char *text, *less;

	(void)state;
	put_version(2);
	assert_int_equal(run("containerd", kata), 0);
	text = get(CONFIG);
	less = with(text, "\"io.oci-thin-grow.*\", ", "");
	put(CONFIG, less);
	assert_int_equal(look("containerd"), SETUP_BROKEN);
	assert_contains(why.text, "pod_annotations");
	assert_int_equal(run("containerd", kata), 0);
	assert_file(CONFIG, text);
	free(text);
	free(less);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		KATA_TEST(copies_the_handler),
		KATA_TEST(copies_the_handler_into_the_drop_in),
		KATA_TEST(makes_what_containerd_calls),
		KATA_TEST(needs_no_configuration_for_a_shim_that_is_found_by_name),
		KATA_TEST(what_the_configuration_says_already_is_left),
		KATA_TEST(is_undone_byte_for_byte),
		KATA_TEST(handlers_come_and_go_on_their_own),
		KATA_TEST(in_place_theirs_calls_us),
		KATA_TEST(in_place_is_undone_without_a_backup),
		KATA_TEST(in_place_adds_what_was_not_there),
		KATA_TEST(refuses_what_it_cannot_wrap),
		KATA_TEST(does_not_replace_a_program_by_its_link),
		KATA_TEST(a_link_that_changed_meanwhile_stays),
		KATA_TEST(names_a_shim_that_can_be_wrapped),
		KATA_TEST(finds_a_handler_whose_link_is_gone),
		KATA_TEST(finds_annotations_that_do_not_come_through),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
