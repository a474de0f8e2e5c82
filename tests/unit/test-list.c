/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/list.h"

#include "unit.h"

#define ID_A "aaaa567890123456789012345678901234567890123456789012345678901234"
#define ID_B "aaab567890123456789012345678901234567890123456789012345678901234"

static char *root;
static struct engine_list list;
static struct why why;
static int complaints;

static void put_docker(const char *id, const char *config)
{
	char *containers = path_in(root, "containers"), *directory = path_in(containers, id);

	mkdir(containers, 0755);
	assert_int_equal(mkdir(directory, 0755), 0);
	write_in(directory, "config.v2.json", config);
	free(containers);
	free(directory);
}

static void put_task(const char *ns, const char *id, const char *annotations)
{
	char *tasks = path_in(root, "io.containerd.runtime.v2.task"), *space = path_in(tasks, ns),
	     *bundle = path_in(space, id), *spec = NULL;

	mkdir(tasks, 0755);
	mkdir(space, 0755);
	assert_int_equal(mkdir(bundle, 0755), 0);
	assert_true(asprintf(&spec, "{\"root\":{\"path\":\"rootfs\"},\"annotations\":%s}",
			     annotations) > 0);
	write_in(bundle, "config.json", spec);
	write_in(bundle, "init.pid", "1");
	free(tasks);
	free(space);
	free(bundle);
	free(spec);
}

static int setup(void **state)
{
	(void)state;
	root = new_directory();
	complaints = 0;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	engine_list_free(&list);
	remove_directory(root);
	return 0;
}

static void complain(const struct why *of, void *context)
{
	assert_contains(of->text, root);
	assert_null(context);
	complaints++;
}

static void read_list(size_t n)
{
	const char *const dirs[] = {"/nowhere", root};
	const struct engine_roots roots = {dirs, COUNT_OF(dirs)};

	engine_list_free(&list);
	assert_int_equal(engine_list_read(&roots, complain, NULL, &list), 0);
	assert_int_equal(list.n, n);
}

static bool is_found(const char *text)
{
	const struct engine_container *found = NULL;

	return engine_list_find(&list, text, &found, &why) == 0 && found;
}

static struct engine_container find(const char *text)
{
	const struct engine_container *found = NULL;

	assert_int_equal(engine_list_find(&list, text, &found, &why), 0);
	assert_non_null(found);
	return *found;
}

static void finds_dockers_containers(void **state)
{
	struct engine_container web;

	(void)state;
	put_docker(ID_A, "{\"Name\":\"/web\",\"Driver\":\"overlay2\","
			 "\"Config\":{\"Image\":\"bb\",\"Labels\":{\"a\":\"b\"}}}");
	put_docker(ID_B, "{}");
	put_docker("not-an-id", "{}");
	put_docker("cccc567890123456789012345678901234567890123456789012345678901234", "{damaged");
	read_list(2);
	assert_int_equal(complaints, 1);
	web = find("web");
	assert_string_equal(web.engine, "docker");
	assert_string_equal(web.id, ID_A);
	assert_string_equal(web.image, "bb");
	assert_non_null(web.labels);
	assert_null(web.device);
	assert_null(find(ID_B).name);
	assert_int_equal(find(ID_B).pid, 0);
}

/* The files of the driver of Docker 20.10. */
static void knows_the_device_of_dockers_own_driver(void **state)
{
	char *path = NULL, *expected = NULL;
	struct stat st;

	(void)state;
	put_docker(ID_A, "{\"Name\":\"/web\",\"Driver\":\"devicemapper\"}");
	assert_true(asprintf(&path,
			     "mkdir -p %s/devicemapper/metadata %s/image/devicemapper/layerdb/"
			     "mounts/" ID_A,
			     root, root) > 0);
	assert_int_equal(system(path), 0);
	free(path);
	path = path_in(root, "image/devicemapper/layerdb/mounts/" ID_A "/mount-id");
	write_file(path, "f00");
	free(path);
	path = path_in(root, "devicemapper");
	assert_int_equal(stat(path, &st), 0);
	free(path);
	write_in(root, "devicemapper/metadata/f00",
		 "{\"device_id\":6,\"size\":1073741824,\"transaction_id\":9,"
		 "\"initialized\":false,\"deleted\":false}");
	read_list(1);
	assert_int_equal(list.containers[0].remembered, GIB);
	assert_true(asprintf(&expected, "-%ju-f00", (uintmax_t)st.st_ino) > 0);
	assert_contains(list.containers[0].device, "docker-");
	assert_contains(list.containers[0].device, expected);
	free(expected);
}

static void finds_the_tasks_of_containerd(void **state)
{
	(void)state;
	put_task("default", "one", "{}");
	put_task("k8s.io", ID_A,
		 "{\"io.kubernetes.cri.sandbox-name\":\"db-0\","
		 "\"io.kubernetes.cri.sandbox-namespace\":\"prod\","
		 "\"io.kubernetes.cri.container-name\":\"postgres\","
		 "\"io.kubernetes.cri.image-name\":\"postgres:16\"}");
	put_task("default", "two", "{\"nerdctl/name\":\"web\"}");
	put_task("default", "hostile", "\"text\"");
	read_list(4);
	assert_int_equal(complaints, 1);
	assert_string_equal(find("hostile").namespace, "default");
	assert_string_equal(find("one").engine, "containerd");
	assert_string_equal(find("one").namespace, "default");
	assert_string_equal(find("db-0/postgres").namespace, "prod");
	assert_string_equal(find("db-0/postgres").image, "postgres:16");
	assert_string_equal(find("web").id, "two");
}

static void shows_dockers_task_once(void **state)
{
	(void)state;
	put_docker(ID_A, "{\"Name\":\"/web\"}");
	put_task("moby", ID_A, "{}");
	read_list(1);
	assert_string_equal(list.containers[0].name, "web");
	assert_contains(list.containers[0].bundle, "moby");
}

/* With userns-remap, since Docker 26 */
static void shows_a_remapped_dockers_task_once(void **state)
{
	char *top = root;

	(void)state;
	root = path_in(top, "100000.200000");
	assert_int_equal(mkdir(root, 0755), 0);
	put_docker(ID_A, "{\"Name\":\"/web\"}");
	free(root);
	root = top;
	put_task("moby-100000.200000", ID_A, "{}");
	read_list(1);
	assert_string_equal(find("web").engine, "docker");
	assert_null(find("web").namespace);
	assert_contains(find("web").bundle, "moby-100000.200000/" ID_A);
}

#define POD(namespace)                                                                             \
	"{\"io.kubernetes.cri.sandbox-name\":\"web-0\",\"io.kubernetes.cri.container-name\":"      \
	"\"app\","                                                                                 \
	"\"io.kubernetes.cri.sandbox-namespace\":\"" namespace "\"}"

static struct engine_container *by_id(const char *id)
{
	for (size_t i = 0; i < list.n; i++) {
		if (strcmp(list.containers[i].id, id) == 0)
			return &list.containers[i];
	}
	fail_msg("no %s", id);
	return NULL;
}

static void prefers_the_running_attempt(void **state)
{
	const struct engine_container *found = NULL;

	(void)state;
	put_task("k8s.io", ID_A, POD("prod"));
	put_task("k8s.io", ID_B, POD("prod"));
	read_list(2);
	by_id(ID_A)->pid = 0;
	by_id(ID_B)->pid = 1;
	assert_string_equal(find("web-0/app").id, ID_B);
	assert_string_equal(find("containerd:web-0/app").id, ID_B);
	assert_string_equal(find("prod/web-0/app").id, ID_B);
	assert_string_equal(find("aaaa").id, ID_A);
	/* The beginning of an id may mean any of them. */
	assert_int_equal(engine_list_find(&list, "aaa", &found, &why), -EEXIST);

	by_id(ID_A)->pid = 2;
	assert_int_equal(engine_list_find(&list, "web-0/app", &found, &why), -EEXIST);
	by_id(ID_A)->pid = by_id(ID_B)->pid = 0;
	assert_int_equal(engine_list_find(&list, "web-0/app", &found, &why), -EEXIST);
	assert_null(found);
}

static void distinguishes_namespaces(void **state)
{
	const struct engine_container *found = NULL;

	(void)state;
	put_task("k8s.io", ID_A, POD("prod"));
	put_task("k8s.io", ID_B, POD("test"));
	put_task("default", "one", "{}");
	put_task("other", "one", "{}");
	read_list(4);
	by_id(ID_A)->pid = 1;
	by_id(ID_B)->pid = 0;
	assert_int_equal(engine_list_find(&list, "web-0/app", &found, &why), -EEXIST);
	assert_contains(why.text, "containerd:aaaa56789012 \"prod/web-0/app\"");
	assert_contains(why.text, "containerd:aaab56789012 \"test/web-0/app\"");
	assert_string_equal(find("prod/web-0/app").id, ID_A);
	assert_string_equal(find("containerd:test/web-0/app").id, ID_B);
	assert_string_equal(find("default/one").namespace, "default");
	assert_string_equal(find("containerd:other/one").namespace, "other");
	assert_false(is_found("prod/web-0"));
	assert_false(is_found("prod/"));
	assert_false(is_found("/one"));
}

static void sorts_by_engine_namespace_and_name(void **state)
{
	(void)state;
	put_task("default", "b", "{}");
	put_task("default", "a", "{}");
	put_task("another", "c", "{}");
	put_docker(ID_A, "{\"Name\":\"/web\"}");
	put_docker(ID_B, "{\"Name\":\"/db\"}");
	read_list(5);
	assert_string_equal(list.containers[0].id, "c");
	assert_string_equal(list.containers[1].id, "a");
	assert_string_equal(list.containers[2].id, "b");
	assert_string_equal(list.containers[3].name, "db");
	assert_string_equal(list.containers[4].name, "web");
}

static void finds_the_container_that_is_meant(void **state)
{
	const struct engine_container *found = NULL;

	(void)state;
	put_docker(ID_A, "{\"Name\":\"/web\"}");
	put_docker(ID_B, "{\"Name\":\"/aaaa\"}");
	put_task("default", "web", "{}");
	put_task("other", "web", "{}");
	read_list(4);
	assert_string_equal(find("aaab5").id, ID_B);
	assert_string_equal(find("aaab").id, ID_B);
	assert_string_equal(find(ID_A).id, ID_A);
	assert_string_equal(find("aaaa").id,
			    ID_B); /* a name takes precedence over the beginning of an id */
	assert_string_equal(find("docker:web").id, ID_A);
	assert_false(is_found("containerd:" ID_A));
	assert_false(is_found(""));
	assert_false(is_found("docker:"));
	assert_false(is_found("doc:web"));
	assert_int_equal(engine_list_find(&list, "dokcer:web", &found, &why), -ENOENT);
	assert_string_equal(why.text,
			    "unknown engine \"dokcer\" (docker, containerd, podman, crio, "
			    "runc, crun)");
	assert_int_equal(engine_list_find(&list, "crun:web", &found, &why), -ENOENT);
	assert_string_equal(why.text, "no such container: \"crun:web\"");
	assert_int_equal(engine_list_find(&list, "we\nb", &found, &why), -ENOENT);
	assert_null(strchr(why.text, '\n'));
	assert_int_equal(engine_list_find(&list, "aaa", &found, &why), -EEXIST);
	assert_contains(why.text, "any of 2 containers: docker:aaab56789012 \"aaaa\", "
				  "docker:aaaa56789012 \"web\"");
	assert_int_equal(engine_list_find(&list, "web", &found, &why), -EEXIST);
	assert_contains(why.text, "any of 3 containers");
	assert_int_equal(engine_list_find(&list, "containerd:web", &found, &why), -EEXIST);
	assert_null(found);
}

static void labels_for_people(void **state)
{
	char *label;

	(void)state;
	put_docker(ID_A, "{\"Name\":\"/web\"}");
	put_docker(ID_B, "{}");
	read_list(2);
	label = engine_container_label(&list.containers[1]);
	assert_string_equal(label, "docker:web");
	free(label);
	label = engine_container_label(&list.containers[0]);
	assert_string_equal(label, "docker:aaab56789012");
	free(label);
}

/* What only list sees must not take precedence over what the hook sees. */
static void only_dockers_labels_can_request_a_size(void **state)
{
	(void)state;
	put_docker(ID_A, "{\"Name\":\"/web\",\"Config\":{\"Labels\":{\"a\":\"b\"}}}");
	read_list(1);
	assert_non_null(list.containers[0].labels);
	assert_ptr_equal(engine_container_asking_labels(&list.containers[0]),
			 list.containers[0].labels);
	list.containers[0].engine = "containerd";
	assert_null(engine_container_asking_labels(&list.containers[0]));
}

#define LIST_TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		LIST_TEST(finds_dockers_containers),
		LIST_TEST(knows_the_device_of_dockers_own_driver),
		LIST_TEST(finds_the_tasks_of_containerd),
		LIST_TEST(shows_dockers_task_once),
		LIST_TEST(shows_a_remapped_dockers_task_once),
		LIST_TEST(prefers_the_running_attempt),
		LIST_TEST(distinguishes_namespaces),
		LIST_TEST(sorts_by_engine_namespace_and_name),
		LIST_TEST(finds_the_container_that_is_meant),
		LIST_TEST(labels_for_people),
		LIST_TEST(only_dockers_labels_can_request_a_size),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
