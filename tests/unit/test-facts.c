/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/facts.h"

#include "engine/docker.h"
#include "unit.h"

#define ID    "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define TASKS "/run/containerd/io.containerd.runtime.v2.task/"

static struct json_doc *doc;
static const struct json *annotations[2];
static struct facts_source of;
static char *directory;

static void annotate(const char *text)
{
	struct why why;

	json_free(doc);
	assert_int_equal(json_parse(text, strlen(text), &doc, &why), 0);
	annotations[1] = json_root(doc);
}

static int setup(void **state)
{
	(void)state;
	annotate("{}");
	directory = new_directory();
	of = (struct facts_source){.id = ID,
				   .bundle = TASKS "k8s.io/c1",
				   .annotations = annotations,
				   .n_annotations = 2};
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	json_free(doc);
	doc = NULL;
	remove_directory(directory);
	return 0;
}

/* Frees @got; @want may be NULL. */
static void expect(char *got, const char *want)
{
	if (want && got)
		assert_string_equal(got, want);
	else
		assert_ptr_equal(got, want);
	free(got);
}

static void distinguishes_podman_and_crio(void **state)
{
	(void)state;
	assert_string_equal(facts_engine(&of), "containerd");
	of.bundle = "/var/lib/containers/storage/overlay-containers/x/userdata";
	assert_string_equal(facts_engine(&of), "storage");
	annotate("{\"io.container.manager\":\"libpod\"}");
	assert_string_equal(facts_engine(&of), "podman");
	annotate("{\"io.container.manager\":\"cri-o\"}");
	assert_string_equal(facts_engine(&of), "crio");
	/*
	 * A container outside of storage's directories belongs to neither, whatever its annotations
	 * are.
	 */
	of.bundle = "/run/bundle";
	assert_string_equal(facts_engine(&of), "runtime");
}

static void finds_the_namespace(void **state)
{
	(void)state;
	expect(facts_namespace(&of), "k8s.io");
	annotate("{\"io.kubernetes.cri.sandbox-namespace\":\"prod\"}");
	expect(facts_namespace(&of), "prod");
	annotate("{\"io.kubernetes.cri-o.Namespace\":\"test\"}");
	expect(facts_namespace(&of), "test");
	annotate("{\"io.kubernetes.pod.namespace\":\"by-label\"}");
	of.labels = annotations[1];
	annotations[1] = NULL;
	of.bundle = TASKS "moby/" ID;
	expect(facts_namespace(&of), "by-label");
	of.labels = NULL;
	expect(facts_namespace(&of), NULL); /* Docker's own option is ignored */
}

static void finds_the_image_in_annotations(void **state)
{
	(void)state;
	expect(facts_image(&of), NULL);
	annotate("{\"io.kubernetes.cri.image-name\":\"a\"}");
	expect(facts_image(&of), "a");
	annotate("{\"io.kubernetes.cri-o.ImageName\":\"b\"}");
	expect(facts_image(&of), "b");
	annotate("{\"io.kubernetes.cri.image-name\":[]}");
	expect(facts_image(&of), NULL);
}

static void finds_the_image_in_dockers_file(void **state)
{
	char *root_path = path_in(directory, "devicemapper/mnt/x/rootfs"),
	     *containers = path_in(directory, "containers"), *container = path_in(containers, ID);

	(void)state;
	mkdir_in(directory, "containers");
	mkdir_in(containers, ID);
	write_in(container, "config.v2.json", "{\"Config\":{\"Image\":\"postgres:16\"}}");
	of.root_path = root_path;
	expect(facts_image(&of), "postgres:16");
	write_in(container, "config.v2.json", "{\"Config\":null}");
	expect(facts_image(&of), NULL);
	expect(docker_image(root_path, "../x"), NULL);
	free(root_path);
	free(containers);
	free(container);
}

static void finds_the_image_in_podmans_index(void **state)
{
	char *bundle = path_in(directory, "c1/userdata");

	(void)state;
	of.bundle = bundle;
	expect(facts_image(&of), NULL);
	write_in(directory, "containers.json",
		 "[{\"id\":\"c0\",\"metadata\":\"{\\\"image-name\\\":\\\"other\\\"}\"},\n"
		 "{\"id\":\"c1\",\"metadata\":\"{\\\"image-name\\\":\\\"pg:16\\\"}\"}]");
	expect(facts_image(&of), "pg:16");
	write_in(directory, "containers.json", "[{\"id\":\"c1\",\"metadata\":\"broken\"}]");
	expect(facts_image(&of), NULL);
	write_in(directory, "volatile-containers.json",
		 "[{\"id\":\"c1\",\"metadata\":\"{\\\"image-name\\\":\\\"rm\\\"}\"}]");
	expect(facts_image(&of), "rm");
	of.bundle = "userdata";
	expect(facts_image(&of), NULL);
	of.bundle = "/userdata";
	expect(facts_image(&of), NULL);
	free(bundle);
}

#define FACTS_TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		FACTS_TEST(distinguishes_podman_and_crio),
		FACTS_TEST(finds_the_namespace),
		FACTS_TEST(finds_the_image_in_annotations),
		FACTS_TEST(finds_the_image_in_dockers_file),
		FACTS_TEST(finds_the_image_in_podmans_index),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
