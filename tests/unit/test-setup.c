/* SPDX-License-Identifier: Apache-2.0 */
#include "setup/setup.h"

#include "unit.h"

#include <sys/stat.h>

static char *root;
static struct setup_place place;
static struct setup_view view;
static struct why why;

static int setup(void **state)
{
	(void)state;
	root = new_folder();
	place = (struct setup_place){.root = root};
	view = (struct setup_view){0};
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	setup_view_free(&view);
	remove_folder(root);
	return 0;
}

/* A file below the root, with the folders that it takes. */
static void put(const char *path, const char *text)
{
	char *whole = path_in(root, path + 1);

	for (char *slash = strchr(whole + strlen(root) + 1, '/'); slash;
	     slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		mkdir(whole, 0755);
		*slash = '/';
	}
	write_file(whole, text);
	assert_int_equal(chmod(whole, 0755), 0);
	free(whole);
}

static enum setup_state look(const char *engine)
{
	setup_view_free(&view);
	assert_int_equal(setup_look(&place, engine, &view, &why), 0);
	assert_non_null(view.file);
	return view.state;
}

static void knows_its_engines(void **state)
{
	(void)state;
	for (size_t i = 0; setup_engines[i]; i++) {
		assert_int_equal(look(setup_engines[i]), SETUP_NO_ENGINE);
		assert_string_equal(view.missing.text, "");
	}
	assert_int_equal(setup_look(&place, "lxc", &view, &why), -ENOENT);
	assert_contains(why.text, "\"lxc\"");
}

static void looks_at_docker(void **state)
{
	(void)state;
	put("/usr/sbin/dockerd", "");
	assert_int_equal(look("docker"), SETUP_OFF);
	assert_contains(view.missing.text, "there is no ");
	put("/etc/docker/daemon.json", "{\"default-runtime\": \"oci-thin-grow\"}");
	assert_int_equal(look("docker"), SETUP_BROKEN);
	assert_contains(view.missing.text, "not among its runtimes");
	put("/etc/docker/daemon.json",
	    "{\"runtimes\": {\"oci-thin-grow\": {\"path\": \"/usr/sbin/oci-thin-grow-runtime\"}}}");
	assert_int_equal(look("docker"), SETUP_BROKEN);
	assert_contains(view.missing.text, "is no program");
	put("/usr/sbin/oci-thin-grow-runtime", "");
	assert_int_equal(look("docker"), SETUP_ON);
	assert_false(view.by_default);
	put("/etc/docker/daemon.json",
	    "{\"runtimes\": {\"oci-thin-grow\": {\"path\": \"/usr/sbin/oci-thin-grow-runtime\"}},"
	    "\"default-runtime\": \"oci-thin-grow\"}");
	assert_int_equal(look("docker"), SETUP_ON);
	assert_true(view.by_default);
	put("/etc/docker/daemon.json", "{\"runtimes\": []}");
	assert_int_equal(setup_look(&place, "docker", &view, &why), -EINVAL);
	assert_contains(why.text, "/etc/docker/daemon.json: \"runtimes\"");
}

static void looks_at_podman(void **state)
{
	(void)state;
	put("/usr/bin/podman", "");
	assert_int_equal(look("podman"), SETUP_OFF);
	put("/usr/share/containers/oci/hooks.d/50-oci-thin-grow.json",
	    "{\"version\": \"1.0.0\", \"hook\": {\"path\": "
	    "\"/usr/libexec/oci/hooks.d/oci-thin-grow\"}}");
	assert_int_equal(look("podman"), SETUP_BROKEN);
	put("/usr/libexec/oci/hooks.d/oci-thin-grow", "");
	assert_int_equal(look("podman"), SETUP_ON);
	assert_true(view.by_default);
}

#define SETUP_TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		SETUP_TEST(knows_its_engines),
		SETUP_TEST(looks_at_docker),
		SETUP_TEST(looks_at_podman),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
