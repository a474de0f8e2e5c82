/* SPDX-License-Identifier: Apache-2.0 */
#include "base/process.h"
#include "engine/runtime.h"

#include "walk-fixture.h"

#include <inttypes.h>
#include <sys/sysmacros.h>
#include <time.h>

#define WEB_ID	   "317e68ee3f146c3c14f681390cfe07147523d1a494f5d91e899dc2510aacd1e8"
#define WEB_LAYER  "9cdc0830bb7a251005df8f06c91a6e4a2b35255e96ebffd6cc5a7702af8b0c0c"
#define POD_ID	   "8068bc5b8077d86952185339ffedb8963d304f5bf6679389ad2a24cbb65db01d"
#define POD_LAYER  "cf20a52528756b65130d3bc8872e19f4012ee9ebd2b849fd64d8d0de9265b8b6"
#define CONTAINERS "devicemapper-containers/"
#define INDEX	   CONTAINERS "containers.json"
#define VOLATILE   CONTAINERS "volatile-containers.json"
#define WEB	   CONTAINERS WEB_ID "/userdata/"
#define POD	   CONTAINERS POD_ID "/userdata/"
#define METADATA   "devicemapper/metadata/"

/* Of podman 4.3.1, shortened */
static const char podman_index[] =
	"[{\"id\":\"" WEB_ID
	"\",\"names\":[\"web\"],\"image\":\"d34933eb1b45\",\"layer\":\"" WEB_LAYER
	"\",\"metadata\":\"{\\\"image-name\\\":\\\"localhost/bb:latest\\\",\\\"image-id\\\":"
	"\\\"d34933eb1b45\\\",\\\"name\\\":\\\"web\\\",\\\"created-at\\\":1795484047}\","
	"\"created\":\"2026-11-24T01:34:07.048087466Z\","
	"\"flags\":{\"MountLabel\":\"\",\"ProcessLabel\":\"\"}}]";
static const char podman_size[] = "{\"device_id\":3,\"size\":1073741824,\"transaction_id\":3,"
				  "\"initialized\":false,\"deleted\":false}\n";
static const char podman_config[] = "{\"ociVersion\":\"1.0.2-dev\",\"annotations\":{"
				    "\"io.kubernetes.cri-o.Created\":\"2026-11-24T01:34:07.048Z\","
				    "\"io.kubernetes.cri-o.Labels\":\"{\\\"a\\\":\\\"b\\\"}\"}}";

/* As CRI-O's internal/storage/runtime.go and server/container_create.go write it */
#define POD_NAME "k8s_nginx_web-0_shop_5c2e8f0a-55a1_2"
#define CRIO_INDEX(name)                                                                           \
	"[{\"id\":\"" POD_ID "\",\"names\":[\"" name                                               \
	"\"],\"image\":\"d34933eb1b45\",\"layer\":\"" POD_LAYER                                    \
	"\",\"metadata\":\"{\\\"pod-name\\\":\\\"k8s_web-0_shop_5c2e8f0a-55a1_0\\\","              \
	"\\\"pod-id\\\":\\\"0123\\\",\\\"image-name\\\":\\\"docker.io/library/nginx:1\\\","        \
	"\\\"image-id\\\":\\\"d34933eb1b45\\\",\\\"name\\\":\\\"" name "\\\","                     \
	"\\\"metadata-name\\\":\\\"nginx\\\",\\\"created-at\\\":1795484059,"                       \
	"\\\"attempt\\\":2}\",\"flags\":{\"Volatile\":true}}]"
#define CRIO_CONFIG(labels)                                                                        \
	"{\"ociVersion\":\"1.0.2-dev\",\"annotations\":{"                                          \
	"\"io.kubernetes.cri-o.ContainerType\":\"container\","                                     \
	"\"io.kubernetes.cri-o.Labels\":\"" labels "\"}}"

struct fixture {
	char *root, *run; /* directories */
	struct walked walked;
};

static int set_up(void **state)
{
	static struct fixture fixture;

	fixture = (struct fixture){.root = new_directory(), .run = new_directory()};
	*state = &fixture;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;

	free_walked(&fixture->walked);
	remove_directory(fixture->root);
	remove_directory(fixture->run);
	return 0;
}

static void write_podman(const struct fixture *fixture)
{
	write_below(fixture->root, INDEX, podman_index);
	write_below(fixture->root, METADATA WEB_LAYER, podman_size);
}

static struct engine_container *walk_to_one(struct fixture *fixture)
{
	struct walked *walked = &fixture->walked;

	free_walked(walked);
	assert_int_equal(walk_over(storage_walk, fixture->root, fixture->run, walked), 0);
	assert_int_equal(walked->n, 1);
	return &walked->found[0];
}

static char *expected_device(const char *root, const char *layer)
{
	char *directory = path_in(root, "devicemapper"), *name = NULL;
	struct stat st;

	assert_int_equal(stat(directory, &st), 0);
	assert_true(asprintf(&name, "container-%u:%u-%ju-%s", major(st.st_dev), minor(st.st_dev),
			     (uintmax_t)st.st_ino, layer) > 0);
	free(directory);
	return name;
}

static void assert_path(const char *path, const char *directory, const char *name)
{
	char *want = path_in(directory, name);

	assert_string_equal(path, want);
	free(want);
}

static void finds_containers_of_podman(void **state)
{
	struct fixture *fixture = *state;
	struct engine_container *container;
	char *device;

	write_podman(fixture);
	write_below(fixture->root, WEB "config.json", podman_config);
	container = walk_to_one(fixture);
	device = expected_device(fixture->root, WEB_LAYER);
	assert_string_equal(container->engine, "podman");
	assert_string_equal(container->id, WEB_ID);
	assert_string_equal(container->name, "web");
	assert_string_equal(container->image, "localhost/bb:latest");
	assert_string_equal(container->device, device);
	assert_path(container->bundle, fixture->root, CONTAINERS WEB_ID "/userdata");
	assert_true(container->remembered == GIB);
	assert_int_equal(container->pid, 0);
	assert_null(container->namespace);
	assert_null(container->labels); /* these are annotations, whatever their names are */
	assert_string_equal(fixture->walked.complaints, "");
	free(device);
}

static void finds_containers_of_crio(void **state)
{
	struct fixture *fixture = *state;
	struct engine_container *container;
	const char *app = NULL;
	struct why why;

	write_below(fixture->root, VOLATILE, CRIO_INDEX(POD_NAME));
	write_below(fixture->root, METADATA POD_LAYER, "{\"device_id\":4,\"size\":4294967296}");
	write_below(fixture->run, POD "config.json", CRIO_CONFIG("{\\\"app\\\":\\\"shop\\\"}"));
	container = walk_to_one(fixture);
	assert_string_equal(container->engine, "crio");
	assert_string_equal(container->name, "web-0/nginx");
	assert_string_equal(container->namespace, "shop");
	assert_string_equal(container->image, "docker.io/library/nginx:1");
	assert_path(container->bundle, fixture->run, CONTAINERS POD_ID "/userdata");
	assert_non_null(strstr(container->device, "-" POD_LAYER));
	assert_true(container->remembered == 4 * GIB);
	assert_non_null(container->labels);
	assert_int_equal(json_string(container->labels, "app", &app, &why), 1);
	assert_string_equal(app, "shop");
	assert_string_equal(fixture->walked.complaints, "");
}

static void does_not_split_other_names(void **state)
{
	static const char *const indices[] = {CRIO_INDEX("k8s_a_b_c_d"),
					      CRIO_INDEX("k8s_a_b_c_d_e_f"),
					      CRIO_INDEX("x_a_b_c_d_e"), CRIO_INDEX("web")};
	static const char *const names[] = {"k8s_a_b_c_d", "k8s_a_b_c_d_e_f", "x_a_b_c_d_e", "web"};
	struct fixture *fixture = *state;

	for (size_t i = 0; i < COUNT_OF(names); i++) {
		struct engine_container *container;

		write_below(fixture->root, VOLATILE, indices[i]);
		container = walk_to_one(fixture);
		assert_string_equal(container->engine, "crio");
		assert_string_equal(container->name, names[i]);
		assert_null(container->namespace);
	}
}

static void leaves_unknown_fields_empty(void **state)
{
	struct fixture *fixture = *state;
	struct engine_container *container;

	write_below(fixture->root, INDEX, "[{\"id\":\"c1\",\"layer\":\"l1\",\"names\":[]}]");
	container = walk_to_one(fixture);
	assert_string_equal(container->engine, "podman");
	assert_null(container->name);
	assert_null(container->image);
	assert_null(container->bundle);
	assert_null(container->device);
	assert_true(container->remembered == 0);
	assert_int_equal(container->pid, 0);
	assert_string_equal(fixture->walked.complaints, "");
}

/* A transient store has its index in the run root. */
static void finds_the_device_below_another_root(void **state)
{
	struct fixture *fixture = *state;
	char *device;

	write_below(fixture->run, VOLATILE, podman_index);
	write_below(fixture->root, METADATA WEB_LAYER, podman_size);
	device = expected_device(fixture->root, WEB_LAYER);
	assert_string_equal(walk_to_one(fixture)->device, device);
	free(device);
}

static void write_runtime(const struct fixture *fixture, pid_t pid, uint64_t start)
{
	char text[256];

	snprintf(text, sizeof(text),
		 "{\"pid\":%d,\"process-start-time\":%" PRIu64 ",\"bundle\":\"/b\"}", pid, start);
	write_below(fixture->run, WEB_ID "/status", text);
}

static void uses_the_runtimes_pid(void **state)
{
	struct fixture *fixture = *state;
	pid_t pid = new_process();
	uint64_t start;
	char text[16];

	assert_true(process_start(pid, &start));
	snprintf(text, sizeof(text), "%d", pid);
	write_podman(fixture);
	write_below(fixture->run, WEB "pidfile", text);
	write_runtime(fixture, pid, start + 1);
	assert_int_equal(walk_to_one(fixture)->pid, 0);
	write_runtime(fixture, pid, start);
	write_below(fixture->run, WEB "pidfile", "1");
	assert_int_equal(walk_to_one(fixture)->pid, pid);
	end_process(pid);
	assert_int_equal(walk_to_one(fixture)->pid, 0);
	assert_string_equal(fixture->walked.complaints, "");
}

/* Whatever its time, the process is in no control group of the container. */
static void does_not_trust_a_pidfile_alone(void **state)
{
	struct fixture *fixture = *state;
	pid_t pid = new_process();
	char text[16];

	snprintf(text, sizeof(text), "%d", pid);
	write_podman(fixture);
	write_below(fixture->run, WEB "pidfile", text);
	assert_int_equal(walk_to_one(fixture)->pid, 0);
	end_process(pid);
}

/* The files around the container are damaged; it is reported nevertheless. */
static void reports_what_is_damaged_and_continues(void **state)
{
	static const struct {
		const char *file, *text, *complaint;
	} damaged[] = {
		{METADATA POD_LAYER, "{\"size\":\"big\"}", POD_LAYER ": \"size\""},
		{METADATA POD_LAYER, "{\"size\":-1}", "negative"},
		{METADATA POD_LAYER, "", POD_LAYER ": "},
		{METADATA POD_LAYER, "[1]", "not an object"},
		{POD "config.json", "{\"annotations\":[]}", "config.json: \"annotations\""},
		{POD "config.json", CRIO_CONFIG("{"), "Labels"},
		{POD "config.json", "{\"annotations\":", "config.json: "},
		{POD "pidfile", "soon", "pidfile: no pid: \"soon\""},
		{POD "pidfile", "", "no pid"},
	};

	for (size_t i = 0; i < COUNT_OF(damaged); i++) {
		struct fixture *fixture = *state;
		struct engine_container *container;

		write_below(fixture->root, VOLATILE, CRIO_INDEX(POD_NAME));
		write_below(fixture->root, METADATA POD_LAYER, "{\"size\":1}");
		write_below(fixture->root, POD "config.json", CRIO_CONFIG("null"));
		container = walk_to_one(fixture);
		assert_string_equal(fixture->walked.complaints, "");
		assert_null(container->labels);
		assert_true(container->remembered == 1);

		write_below(fixture->root, damaged[i].file, damaged[i].text);
		container = walk_to_one(fixture);
		assert_contains(fixture->walked.complaints, damaged[i].complaint);
		assert_contains(fixture->walked.complaints, fixture->root);
		assert_true(container->remembered == (i < 4 ? 0 : 1));
		assert_non_null(container->device);
		assert_non_null(container->bundle);
		assert_null(container->labels_doc);
		assert_int_equal(container->pid, 0);
		tear_down(state);
		set_up(state);
	}
}

static void skips_what_it_cannot_understand(void **state)
{
	static const struct {
		const char *entry, *complaint;
	} damaged[] = {
		{"1", "expected an object"},
		{"{}", "no \"id\""},
		{"{\"id\":1}", "\"id\": expected a string"},
		{"{\"id\":\"\"}", "no \"id\""},
		{"{\"id\":\"../c1\"}", "an invalid one: \"../c1\""},
		{"{\"id\":\"..\"}", "invalid"},
		{"{\"id\":\"a/b\"}", "invalid"},
		{"{\"id\":\"a\\nb\"}", "\"a\\nb\""},
		{"{\"id\":\"a\\u0000b\"}", "NUL"},
		{"{\"id\":\"a\",\"id\":\"b\"}", "duplicate"},
		{"{\"id\":\"c1\",\"layer\":\"../../x\"}", "c1: an invalid \"layer\""},
		{"{\"id\":\"c1\",\"layer\":\"\"}", "invalid"},
		{"{\"id\":\"c1\",\"layer\":{}}", "\"layer\": expected a string"},
		{"{\"id\":\"c1\",\"names\":[1]}", "does not begin with a name"},
		{"{\"id\":\"c1\",\"names\":[\"a\\u0000\"]}", "does not begin with a name"},
		{"{\"id\":\"c1\",\"names\":\"c\"}", "expected an array"},
		{"{\"id\":\"c1\",\"metadata\":\"{\"}", "c1: \"metadata\": "},
		{"{\"id\":\"c1\",\"metadata\":\"[]\"}", "expected an object"},
		{"{\"id\":\"c1\",\"metadata\":\"{\\\"pod-name\\\":1}\"}", "\"pod-name\""},
	};

	for (size_t i = 0; i < COUNT_OF(damaged); i++) {
		struct fixture *fixture = *state;
		char text[512];

		snprintf(text, sizeof(text), "[%s,{\"id\":\"good\"}]", damaged[i].entry);
		write_below(fixture->root, INDEX, text);
		assert_string_equal(walk_to_one(fixture)->id, "good");
		assert_contains(fixture->walked.complaints, damaged[i].complaint);
		assert_contains(fixture->walked.complaints, "containers.json: ");
	}
}

static void skips_a_damaged_index(void **state)
{
	static const char *const damaged[] = {"", "[{\"id\":\"c1\"}", "{}", "null", "\xff"};
	struct fixture *fixture = *state;

	write_below(fixture->root, VOLATILE, "[{\"id\":\"good\"}]");
	for (size_t i = 0; i < COUNT_OF(damaged); i++) {
		write_below(fixture->root, INDEX, damaged[i]);
		assert_string_equal(walk_to_one(fixture)->id, "good");
		assert_contains(fixture->walked.complaints, "/containers.json: ");
	}
}

static void works_without_a_listener(void **state)
{
	struct fixture *fixture = *state;
	const char *dirs[] = {fixture->root};
	struct engine_roots roots = {dirs, 1};
	struct engine_walk walk = {&roots, keep_container, &fixture->walked, NULL};

	write_below(fixture->root, INDEX, "[1,{\"id\":\"good\"}]");
	assert_int_equal(storage_walk(&walk), 0);
	assert_int_equal(fixture->walked.n, 1);
}

static void finds_nothing_in_other_directories(void **state)
{
	struct fixture *fixture = *state;

	write_below(fixture->root, "overlay-containers/containers.json", podman_index);
	assert_int_equal(walk_over(storage_walk, "/nowhere", fixture->root, &fixture->walked), 0);
	assert_int_equal(fixture->walked.n, 0);
	assert_string_equal(fixture->walked.complaints, "");
}

static void stops_when_the_visitor_says_so(void **state)
{
	struct fixture *fixture = *state;
	struct walked *walked = &fixture->walked;

	write_below(fixture->root, INDEX, "[{\"id\":\"c1\"},{\"id\":\"c2\"}]");
	write_below(fixture->root, VOLATILE, "[{\"id\":\"c3\"}]");
	walked->visit_returns = 7;
	assert_int_equal(walk_over(storage_walk, fixture->root, fixture->root, walked), 7);
	assert_int_equal(walked->n, 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(finds_containers_of_podman),
		TEST(finds_containers_of_crio),
		TEST(does_not_split_other_names),
		TEST(leaves_unknown_fields_empty),
		TEST(finds_the_device_below_another_root),
		TEST(uses_the_runtimes_pid),
		TEST(does_not_trust_a_pidfile_alone),
		TEST(reports_what_is_damaged_and_continues),
		TEST(skips_what_it_cannot_understand),
		TEST(skips_a_damaged_index),
		TEST(works_without_a_listener),
		TEST(finds_nothing_in_other_directories),
		TEST(stops_when_the_visitor_says_so),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
