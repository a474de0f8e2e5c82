/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/docker.h"

#include "base/text.h"

#include "unit.h"

#define ID     "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define LABELS "{\"Config\":{\"Labels\":{\"io.oci-thin-grow.size\":\"4G\"}}}"

/* hook/engine/docker.c's CONFIG_MAX_BYTES */
#define MAX_BYTES (16 * MIB)

static char *data_root, *root_path;
static struct docker_labels found;
static struct why why;

static int setup(void **state)
{
	(void)state;
	data_root = new_directory();
	root_path = path_in(data_root, "devicemapper/mnt/5678/rootfs");
	mkdir_in(data_root, "containers");
	mkdir_in(data_root, "containers/" ID);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	free(root_path);
	remove_directory(data_root);
	return 0;
}

static int ask(const char *id)
{
	found = (struct docker_labels){0};
	why.text[0] = '\0';
	return docker_labels(root_path, id, &found, &why);
}

static void expect_size(const char *id)
{
	const char *size = NULL;
	int r = ask(id);

	if (r < 0)
		print_error("%s\n", why.text);
	assert_int_equal(r, 1);
	assert_int_equal(json_string(found.labels, "io.oci-thin-grow.size", &size, &why), 1);
	assert_string_equal(size, "4G");
	json_free(found.doc);
}

static void expect_nothing(const char *id)
{
	assert_int_equal(ask(id), 0);
	assert_null(found.doc);
	assert_null(found.labels);
	assert_string_equal(why.text, "");
}

/* ... and a reason that names the file */
static void expect_failure(int r, const char *reason)
{
	assert_int_equal(ask(ID), r);
	assert_null(found.doc);
	assert_null(found.labels);
	assert_contains(why.text, "containers/" ID "/config.v2.json\": ");
	assert_contains(why.text, reason);
}

static void write_config(const char *text)
{
	write_in(data_root, "containers/" ID "/config.v2.json", text);
}

static void finds_the_data_root_in_the_root_path(void **state)
{
	static const struct {
		const char *root_path, *data_root;
	} paths[] = {
		{"/var/lib/docker/devicemapper/mnt/5678/rootfs", "/var/lib/docker"},
		{"/var/lib/docker/rootfs/devmapper/" ID, "/var/lib/docker"},
		{"/d/rootfs/devmapper/" ID, "/d"},
		/* the same names in the data root's own path */
		{"/srv/devicemapper/mnt/x/devicemapper/mnt/5678/rootfs", "/srv/devicemapper/mnt/x"},
		{"/devicemapper/mnt/devicemapper/mnt/5678/rootfs", "/devicemapper/mnt"},
		{"/srv/rootfs/devmapper/x/rootfs/devmapper/" ID, "/srv/rootfs/devmapper/x"},
		{"/srv/rootfs/devmapper/x/devicemapper/mnt/5678/rootfs", "/srv/rootfs/devmapper/x"},
		{"/srv/devicemapper/mnt/x/rootfs/devmapper/" ID, "/srv/devicemapper/mnt/x"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(paths); i++) {
		size_t len = docker_data_root(paths[i].root_path);

		assert_int_equal(len, strlen(paths[i].data_root));
		assert_memory_equal(paths[i].root_path, paths[i].data_root, len);
	}
}

static void recognises_paths_that_are_not_dockers(void **state)
{
	static const char *const paths[] = {
		"",
		"/",
		"rootfs",
		"/srv/bundle/rootfs",
		"/run/containerd/io.containerd.runtime.v2.task/default/c1/rootfs",
		"/var/lib/containers/storage/devicemapper/mnt",
		"/var/lib/docker/devicemapper/metadata/5678",
		"/var/lib/docker/my-devicemapper/mnt/5678/rootfs",
		"/var/lib/docker/rootfs/devmapper",
		"/var/lib/docker/overlay2/5678/merged",
		/* relative: to what? */
		"devicemapper/mnt/5678/rootfs",
		"docker/devicemapper/mnt/5678/rootfs",
		"../docker/rootfs/devmapper/" ID,
		/* nothing is left for the data root */
		"/devicemapper/mnt/5678/rootfs",
		"/rootfs/devmapper/" ID,
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(paths); i++) {
		if (docker_data_root(paths[i]) != 0)
			print_error("%s\n", paths[i]);
		assert_int_equal(docker_data_root(paths[i]), 0);
		assert_int_equal(docker_labels(paths[i], ID, &found, &why), 0);
	}
}

static void reads_labels(void **state)
{
	(void)state;
	write_config(LABELS);
	expect_size(ID);
	free(root_path);
	root_path = path_in(data_root, "rootfs/devmapper/" ID);
	expect_size(ID);
}

/* Other members of the file are ignored, whatever their values. */
static void reads_labels_among_other_things(void **state)
{
	(void)state;
	write_config("{\"State\":{\"Labels\":7},\"Labels\":[],\"ID\":1,\"ID\":2,\n"
		     " \"Config\":{\"Env\":null,\"Labels\":{\"n\":3,\"n\":null,"
		     "\"io.oci-thin-grow.size\":\"4G\"}},\"Config2\":{}}\n");
	expect_size(ID);
}

/* An image can have the labels of a pod's container, but not the name that cri-dockerd gives it. */
static void knows_a_pods_container_by_name_and_label(void **state)
{
	static const char format[] = "{\"Name\":\"%s\",\"Config\":{\"Labels\":{\"%s\":\"db-0\"}}}";
	static const struct {
		const char *name, *label;
		bool in_pod;
	} cases[] = {
		{"/k8s_postgres_db-0_prod_5c2e8f0a_0", "io.kubernetes.pod.name", true},
		{"/db", "io.kubernetes.pod.name", false},
		{"/k8s_tools", "a", false},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		write_config(text(format, cases[i].name, cases[i].label));
		assert_int_equal(ask(ID), 1);
		assert_int_equal(found.in_pod, cases[i].in_pod);
		json_free(found.doc);
	}
}

static void a_missing_file_is_not_an_error(void **state)
{
	char *directory = path_in(data_root, "containers/" ID), *parent;

	(void)state;
	expect_nothing(ID);
	assert_int_equal(rmdir(directory), 0);
	expect_nothing(ID);
	write_file(directory, "");
	expect_nothing(ID);
	assert_int_equal(remove(directory), 0);
	parent = path_in(data_root, "containers");
	assert_int_equal(rmdir(parent), 0);
	expect_nothing(ID);
	free(parent);
	free(directory);
}

static void a_container_without_labels_is_not_an_error(void **state)
{
	static const char *const texts[] = {
		"{}",
		"{\"Labels\":{\"io.oci-thin-grow.size\":\"4G\"}}",
		"{\"config\":{\"labels\":{}}}",
		"{\"Config\":{}}",
		"{\"Config\":{\"Config\":{\"Labels\":{}},\"labels\":{}}}",
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(texts); i++) {
		write_config(texts[i]);
		expect_nothing(ID);
	}
	write_config("{\"Config\":{\"Labels\":{}}}");
	assert_int_equal(ask(ID), 1);
	assert_null(found.labels->first);
	json_free(found.doc);
}

/* Go writes a nil map as null. */
static void null_gives_no_labels(void **state)
{
	(void)state;
	write_config("{\"Config\":{\"Labels\":null}}");
	assert_int_equal(ask(ID), 0);
	write_config("{\"Config\":null}");
	assert_int_equal(ask(ID), 0);
	assert_null(found.doc);
	assert_null(found.labels);
}

static void refuses_wrong_types(void **state)
{
	static const struct {
		const char *text, *reason;
	} wrong[] = {
		{"[]", "expected an object"},
		{"\"Config\"", "expected an object"},
		{"{\"Config\":\"Labels\"}", "Config"},
		{"{\"Config\":[{\"Labels\":{}}]}", "Config"},
		{"{\"Config\":{\"Labels\":\"io.oci-thin-grow.size=4G\"}}", "Labels"},
		{"{\"Config\":{\"Labels\":[\"io.oci-thin-grow.size\"]}}", "Labels"},
		{"{\"Config\":{\"Labels\":4}}", "Labels"},
		{"{\"Config\":{\"Labels\":true}}", "Labels"},
		{"{\"Config\":{\"Labels\":{},\"Labels\":{\"x\":\"y\"}}}",
		 "duplicate key \"Labels\""},
		{"{\"Config\":{},\"Config\":{\"Labels\":{}}}", "duplicate key \"Config\""},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(wrong); i++) {
		write_config(wrong[i].text);
		expect_failure(-EINVAL, wrong[i].reason);
	}
}

/* Truncated anywhere, as by a full disk or a crash. */
static void refuses_damaged_files(void **state)
{
	static const char *const damaged[] = {
		LABELS "}",	 LABELS LABELS,
		"{'Config':{}}", "{\"Config\":{\"Labels\":{\"\xff\":\"4G\"}}}",
		"\x7f\x45LF",
	};
	char text[] = LABELS;

	(void)state;
	for (size_t len = sizeof(text) - 2; len < sizeof(text); len--) {
		text[len] = '\0';
		write_config(text);
		expect_failure(-EINVAL, "");
	}
	for (size_t i = 0; i < COUNT_OF(damaged); i++) {
		write_config(damaged[i]);
		expect_failure(-EINVAL, "");
	}
}

/* Creates "@directory/@way" with all directories in it. */
static void mkdirs_in(const char *directory, const char *way)
{
	char *path = path_in(directory, way);

	for (char *end = path + strlen(directory) + 1; (end = strchr(end, '/')); end++) {
		*end = '\0';
		mkdir(path, 0755);
		*end = '/';
	}
	mkdir(path, 0755);
	free(path);
}

/* There is a file to be read under each of these names; it is not read. */
static void refuses_hostile_ids(void **state)
{
	static const char *const ids[] = {
		"",
		".",
		"..",
		"../x",
		"x",
		"/",
		ID "/.",
		ID "/../../x",
		ID "0",
		"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcde",
		"0123456789ABCDEF0123456789abcdef0123456789abcdef0123456789abcdef",
		"0123456789abcdeg0123456789abcdef0123456789abcdef0123456789abcdef",
		"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcde ",
		"0123456789abcdef0123456789abcdef\n123456789abcdef0123456789abcdef",
		/* as long as an id */
		"../././././././././././././././././././././././././././././././x",
		"0123456789abcdef0123456789abcdef/../0123456789abcdef0123456789ab",
	};

	(void)state;
	write_config(LABELS);
	for (size_t i = 0; i < COUNT_OF(ids); i++) {
		char *directory = path_in("containers", ids[i]);

		mkdirs_in(data_root, directory);
		free(directory);
		directory = NULL;
		assert_true(asprintf(&directory, "containers/%s/config.v2.json", ids[i]) > 0);
		write_in(data_root, directory, LABELS);
		expect_nothing(ids[i]);
		free(directory);
	}
	expect_size(ID);
}

/* /var/lib/docker is a link on many hosts. */
static void follows_links_of_the_host(void **state)
{
	char *link = path_in(data_root, "link"), *way = path_in(data_root, "config");
	char *config = path_in(data_root, "containers/" ID "/config.v2.json");

	(void)state;
	write_config(LABELS);
	assert_int_equal(symlink(".", link), 0);
	free(root_path);
	root_path = path_in(link, "devicemapper/mnt/5678/rootfs");
	expect_size(ID);
	assert_int_equal(rename(config, way), 0);
	assert_int_equal(symlink(way, config), 0);
	expect_size(ID);
	assert_int_equal(remove(way), 0);
	expect_nothing(ID);
	assert_int_equal(symlink(config, way), 0);
	expect_failure(-ELOOP, strerror(ELOOP));
	free(config);
	free(way);
	free(link);
}

/* The container is being started: it must not wait for a writer, nor read a device. */
static void reads_regular_files_only(void **state)
{
	char *config = path_in(data_root, "containers/" ID "/config.v2.json");

	(void)state;
	assert_int_equal(mkfifo(config, 0600), 0);
	expect_failure(-EINVAL, strerror(EINVAL));
	assert_int_equal(remove(config), 0);
	assert_int_equal(symlink("/dev/zero", config), 0);
	expect_failure(-EINVAL, strerror(EINVAL));
	assert_int_equal(remove(config), 0);
	assert_int_equal(mkdir(config, 0755), 0);
	expect_failure(-EISDIR, strerror(EISDIR));
	free(config);
}

static void write_padded(size_t bytes)
{
	char *text = malloc(bytes + 1);

	assert_non_null(text);
	memset(text, ' ', bytes);
	text[bytes] = '\0';
	memcpy(text, LABELS, sizeof(LABELS) - 1);
	write_config(text);
	free(text);
}

static void reads_no_more_than_its_limit(void **state)
{
	char *config = path_in(data_root, "containers/" ID "/config.v2.json");

	(void)state;
	write_padded(MAX_BYTES);
	expect_size(ID);
	write_padded(MAX_BYTES + 1);
	expect_failure(-EFBIG, strerror(EFBIG));
	assert_int_equal(truncate(config, (off_t)TIB), 0);
	expect_failure(-EFBIG, strerror(EFBIG));
	free(config);
}

static void an_endless_path_is_an_error(void **state)
{
	char name[8192] = {0};

	(void)state;
	memset(name, 'x', sizeof(name) - 1);
	memcpy(name + sizeof(name) - 64, "/devicemapper/mnt/5678/rootfs", 30);
	name[0] = '/';
	free(root_path);
	root_path = strdup(name);
	assert_int_equal(ask(ID), -ENAMETOOLONG);
	assert_null(found.doc);
	assert_contains(why.text, strerror(ENAMETOOLONG));
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

static int ask_size(const char *directory, const char *host_config, char **ret)
{
	char *path = path_in(data_root, directory);
	int r;

	write_in(data_root, "containers/" ID "/hostconfig.json", host_config);
	*ret = NULL;
	r = docker_size_option(path, ID, ret, &why);
	free(path);
	return r;
}

static void reads_the_size_option_where_docker_ignores_it(void **state)
{
	static const char asks[] = "{\"Binds\":null,\"StorageOpt\":{\"size\":\"4G\"},\"Memory\":0}";
	char *size;

	(void)state;
	assert_int_equal(ask_size("rootfs/devmapper/" ID, asks, &size), 1);
	assert_string_equal(size, "4G");
	free(size);
	assert_int_equal(
		ask_size("rootfs/devmapper/" ID, "{\"StorageOpt\":{\"SIZE\":\"4 GB\"}}", &size), 1);
	assert_string_equal(size, "4 GB");
	free(size);
	/* Docker's own driver has already created the disk with this size. */
	assert_int_equal(ask_size("devicemapper/mnt/5678/rootfs", asks, &size), 0);
	assert_int_equal(ask_size("rootfs/devmapper/x/devicemapper/mnt/5678/rootfs", asks, &size),
			 0);
	assert_int_equal(docker_size_option("/srv/bundle/rootfs", ID, &size, &why), 0);
	assert_int_equal(docker_size_option("/rootfs/devmapper/" ID, ID, &size, &why), 0);
	assert_int_equal(docker_size_option("", ID, &size, &why), 0);
	assert_null(size);
}

static void no_size_option_is_no_failure(void **state)
{
	static const char *const texts[] = {
		"{}",
		"{\"StorageOpt\":null}",
		"{\"StorageOpt\":{}}",
		"{\"StorageOpt\":{\"sizes\":\"4G\"},\"size\":\"4G\"}",
	};
	char *size;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(texts); i++)
		assert_int_equal(ask_size("rootfs/devmapper/" ID, texts[i], &size), 0);
	assert_null(size);
}

static void a_size_option_that_cannot_be_read_names_the_file(void **state)
{
	static const char *const texts[] = {
		"",
		"{\"StorageOpt\":{\"size\":4}}",
		"{\"StorageOpt\":[]}",
		"{\"StorageOpt\":{\"size\":\"4G\",\"size\":\"5G\"}}",
		"{\"StorageOpt\":{\"size\":\"4\\u0000G\"}}",
	};
	char *size;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(texts); i++) {
		assert_int_equal(ask_size("rootfs/devmapper/" ID, texts[i], &size), -EINVAL);
		assert_contains(why.text, "containers/" ID "/hostconfig.json\": ");
	}
	assert_null(size);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_the_data_root_in_the_root_path),
		cmocka_unit_test(recognises_paths_that_are_not_dockers),
		TEST(reads_labels),
		TEST(reads_labels_among_other_things),
		TEST(knows_a_pods_container_by_name_and_label),
		TEST(a_missing_file_is_not_an_error),
		TEST(a_container_without_labels_is_not_an_error),
		TEST(null_gives_no_labels),
		TEST(reads_the_size_option_where_docker_ignores_it),
		TEST(no_size_option_is_no_failure),
		TEST(a_size_option_that_cannot_be_read_names_the_file),
		TEST(refuses_wrong_types),
		TEST(refuses_damaged_files),
		TEST(refuses_hostile_ids),
		TEST(follows_links_of_the_host),
		TEST(reads_regular_files_only),
		TEST(reads_no_more_than_its_limit),
		TEST(an_endless_path_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
