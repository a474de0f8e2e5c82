/* SPDX-License-Identifier: Apache-2.0 */

/* containerd's containers, and Docker's on containerd's snapshotter, from databases in tests/data
 */

#include "base/process.h"
#include "engine/docker.h"

#include "base/cleanup.h"
#include "base/file.h"
#include "engine/list.h"
#include "engine/runtime.h"

#include "bolt-fixture.h"
#include "fake-fs.h"
#include "walk-fixture.h"

#define META	"io.containerd.metadata.v1.bolt/meta.db"
#define STORE	"io.containerd.snapshotter.v1.devmapper/"
#define TASKS	"io.containerd.runtime.v2.task/"
#define POD	"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define IN_TASK "{\"root\":{\"path\":\"rootfs\"},\"annotations\":{}}"

static char *root, *other;
static struct walked walked;

static int setup(void **state)
{
	(void)state;
	root = new_directory();
	other = new_directory();
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	free_walked(&walked);
	remove_directory(root);
	remove_directory(other);
	return 0;
}

/* A copy of tests/data/bolt-@name at @path below @directory, without its last @less bytes. */
static void put_cut(const char *name, const char *directory, const char *path, size_t less)
{
	_cleanup_free_ char *from = path_in("tests/data", name), *to = path_in(directory, path),
			    *text = NULL;
	_cleanup_fclose_ FILE *file = NULL;
	size_t len;

	write_below(directory, path, "");
	assert_int_equal(file_read_at(AT_FDCWD, from, MIB, &text, &len), 0);
	file = fopen(to, "we");
	assert_non_null(file);
	assert_int_equal(fwrite(text, 1, len - less, file), len - less);
}

static void put_meta(const char *version, const char *directory)
{
	char name[64];

	snprintf(name, sizeof(name), "bolt-containerd-%s-meta", version);
	put_cut(name, directory, META, 0);
}

/* The snapshotter's files, "" or STORE below @directory */
static void put_store(const char *version, const char *directory, const char *below,
		      const char *pool)
{
	char name[64], path[128];

	snprintf(name, sizeof(name), "bolt-containerd-%s-snapshots", version);
	snprintf(path, sizeof(path), "%smetadata.db", below);
	put_cut(name, directory, path, 0);
	snprintf(name, sizeof(name), "bolt-containerd-%s-devices", version);
	snprintf(path, sizeof(path), "%s%s.db", below, pool);
	put_cut(name, directory, path, 0);
}

static void walk_containerd(size_t n)
{
	free_walked(&walked);
	assert_int_equal(walk_over(containerd_walk, root, other, &walked), 0);
	if (walked.n != n)
		print_error("%s", walked.complaints);
	assert_int_equal(walked.n, n);
}

static const struct engine_container *by_id(const char *id)
{
	for (size_t i = 0; i < walked.n; i++) {
		if (strcmp(walked.found[i].id, id) == 0)
			return &walked.found[i];
	}
	fail_msg("no container %s", id);
	return NULL;
}

static void finds_stopped_containers(void **state)
{
	const struct engine_container *container;
	const char *label = NULL;
	struct why why;

	(void)state;
	put_meta("1.6", root);
	put_store("1.6", root, STORE, "pool");
	walk_containerd(2);
	assert_string_equal(walked.complaints, "");
	container = by_id("one");
	assert_string_equal(container->engine, "containerd");
	assert_string_equal(container->namespace, "default");
	assert_string_equal(container->name, "web");
	assert_string_equal(container->image, "local/bb:latest");
	assert_string_equal(container->device, "pool-snap-2");
	assert_int_equal(container->remembered, 512 * MIB);
	assert_int_equal(container->pid, 0);
	assert_null(container->bundle);
	assert_int_equal(json_string(container->labels, "a.b", &label, &why), 1);
	assert_string_equal(label, "c");
	assert_contains(container->spec, "\"io.oci-thin-grow.size\":\"4G\"");
	container = by_id(POD);
	assert_null(container->name); /* it has a pod's labels, and is not in CRI's namespace */
	assert_string_equal(container->namespace, "default");
	assert_string_equal(container->device, "pool-snap-4");
}

static void finds_each_running_container_once(void **state)
{
	pid_t pid = new_process();
	uint64_t start;
	char number[16];

	(void)state;
	assert_true(process_start(pid, &start));
	write_task_state(other, "default", "one", pid, start);
	snprintf(number, sizeof(number), "%d", pid);
	put_meta("1.6", root);
	put_store("1.6", root, STORE, "pool");
	write_below(other, TASKS "default/one/config.json", IN_TASK);
	write_below(other, TASKS "default/one/init.pid", number);
	write_below(other, TASKS "default/two/config.json", IN_TASK); /* no longer in there */
	walk_containerd(3);
	assert_int_equal(by_id("one")->pid, pid);
	assert_null(by_id("one")->spec);
	assert_contains(by_id("one")->bundle, TASKS "default/one");
	assert_string_equal(by_id("one")->name, "web");
	assert_string_equal(by_id("one")->device, "pool-snap-2");
	assert_null(by_id("two")->name);
	assert_null(by_id("two")->device);
	end_process(pid);
	walk_containerd(3);
	assert_int_equal(by_id("one")->pid, 0);
}

static void finds_a_snapshotter_in_another_directory(void **state)
{
	(void)state;
	put_meta("1.6", root);
	put_store("1.6", other, "", "my-pool");
	walk_containerd(2);
	assert_null(by_id("one")->device); /* of another pool: the database has "pool-snap-2" */
	put_store("1.6", other, "", "pool");
	walk_containerd(2);
	assert_string_equal(by_id("one")->device, "pool-snap-2");
}

/*
 * Two containerds have a snapshot of that name: only the container's own root shows which one it
 * is.
 */
static void leaves_an_ambiguous_device_out(void **state)
{
	(void)state;
	put_meta("1.6", root);
	put_store("1.6", other, "", "pool");
	put_store("1.6", other, STORE, "pool");
	walk_containerd(2);
	assert_null(by_id("one")->device);
	assert_int_equal(by_id("one")->remembered, 0);
	put_store("1.6", root, STORE, "pool");
	walk_containerd(2);
	assert_string_equal(by_id("one")->device, "pool-snap-2");
}

/* Another snapshotter's metadata.db, without devices */
static void skips_other_snapshotters(void **state)
{
	(void)state;
	put_meta("1.6", root);
	put_cut("bolt-containerd-1.6-snapshots", other, "metadata.db", 0);
	put_store("1.6", other, STORE, "pool");
	walk_containerd(2);
	assert_string_equal(by_id("one")->device, "pool-snap-2");
}

static void reports_damage_and_continues(void **state)
{
	static const char *const names[] = {META, STORE "metadata.db", STORE "pool.db"};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(names); i++) {
		put_meta("1.6", root);
		put_store("1.6", root, STORE, "pool");
		write_below(other, TASKS "default/one/config.json", IN_TASK);
		write_below(root, names[i], "not a database");
		walk_containerd(i == 0 ? 1 : 2);
		assert_contains(walked.complaints, names[i]);
		assert_contains(walked.complaints, "not a bbolt database");
		assert_null(by_id("one")->device);
	}
	put_cut("bolt-containerd-1.6-meta", root, META, 100);
	walk_containerd(1);
	assert_contains(walked.complaints, "too few for its");
}

/* --- databases made by hand --------------------------------------------------------------------*/

static void write_db(const struct db *db)
{
	_cleanup_free_ char *path = path_in(root, META);
	_cleanup_close_ int fd = -EBADF;

	write_below(root, META, "");
	fd = open(path, O_WRONLY | O_CLOEXEC);
	assert_int_equal(write(fd, db->data, db->page_size * db->n_pages),
			 db->page_size * db->n_pages);
}

/* v1/@ns/containers/@id/labels, each bucket on a page of its own, from page 2 to 7 */
static struct db new_record(const char *ns, const char *id, const struct db_item *labels, size_t n)
{
	const char *const names[] = {"v1", ns, "containers", id, "labels"};
	struct db db = db_new(512, 9);

	for (uint64_t i = 0; i < COUNT_OF(names); i++) {
		char bytes[16];
		struct db_item item = {.key = names[i], .value_len = 16, .flags = 1};

		item.value = db_bucket(bytes, 3 + i);
		db_put_page(&db, 2 + i, DB_LEAF, 0, &item, 1);
	}
	db_put_page(&db, 7, DB_LEAF, 0, labels, n);
	return db;
}

static void put_record(const char *ns, const char *id, const struct db_item *labels, size_t n)
{
	struct db db = new_record(ns, id, labels, n);

	write_db(&db);
	free(db.data);
}

static void put_labels(const struct db_item *labels, size_t n)
{
	put_record("default", "c1", labels, n);
}

/* The namespace "default" with c1, and @damaged, of which nothing can be read. */
static void put_damaged(const char *damaged)
{
	struct db db = new_record("default", "c1", NULL, 0);
	char good[16], bad[16];
	struct db_item a = {
		.key = damaged, .value = db_bucket(bad, 8), .value_len = 16, .flags = 1};
	struct db_item b = {
		.key = "default", .value = db_bucket(good, 4), .value_len = 16, .flags = 1};
	struct db_item sorted[] = {strcmp(damaged, "default") < 0 ? a : b,
				   strcmp(damaged, "default") < 0 ? b : a};

	db_put_page(&db, 3, DB_LEAF, 0, sorted, 2);
	write_db(&db);
	free(db.data);
}

static size_t list_all(void)
{
	const char *dirs[] = {root, other};
	struct engine_roots roots = {dirs, 2};
	struct engine_list list;
	size_t n;

	assert_int_equal(engine_list_read(&roots, NULL, NULL, &list), 0);
	n = list.n;
	engine_list_free(&list);
	return n;
}

/* The tasks show what the database does not. */
static void a_damaged_tree_hides_no_task(void **state)
{
	(void)state;
	put_damaged("aaa");
	write_below(other, TASKS "default/c1/config.json", IN_TASK);
	walk_containerd(1);
	assert_contains(walked.complaints, "damaged; containers may be missing");
	assert_string_equal(by_id("c1")->namespace, "default");
	assert_int_equal(list_all(), 1);
}

/* What the database and the tasks show is listed once. */
static void a_damaged_tree_shows_nothing_twice(void **state)
{
	(void)state;
	put_damaged("zzz");
	walk_containerd(1);
	write_below(other, TASKS "default/c1/config.json", IN_TASK);
	walk_containerd(2);
	assert_int_equal(list_all(), 1);
}

/* dockerd was killed: containerd still has a record of a container that has stopped. */
static void shows_a_container_of_dockers_once(void **state)
{
	static const char config[] = "containers/" POD "/config.v2.json";

	(void)state;
	put_record("moby", POD, NULL, 0);
	walk_containerd(1);
	assert_string_equal(walked.found[0].engine, "docker");
	assert_null(walked.found[0].namespace);
	write_below(other, config, "{\"Name\":\"/web\"}");
	assert_int_equal(list_all(), 1);
}

static int changes;

/* Another transaction, on one meta page and the other in turn. */
static void change(void)
{
	struct db db = new_record("default", "c1", NULL, 0);

	if (changes == 0) {
		free(db.data);
		return;
	}
	db_put_meta(&db, 0, 2, 100 + (uint64_t)changes--);
	write_db(&db);
	free(db.data);
}

/* It is read until it stays the same, but not for ever. */
static void reads_a_database_again_that_changed_meanwhile(void **state)
{
	(void)state;
	put_record("default", "c1", NULL, 0);
	fake_fs_before_pread = change;
	changes = 3;
	walk_containerd(1);
	assert_string_equal(walked.complaints, "");
	assert_int_equal(changes, 0);
	changes = 100;
	walk_containerd(0);
	assert_contains(walked.complaints, "meta.db: it changes all the time");
	fake_fs_before_pread = NULL;
}

/* --- labels ------------------------------------------------------------------------------------*/

static void labels_are_text(void **state)
{
	struct db_item labels[] = {{.key = "a", .value = "quote \" and \\ and \n"},
				   {.key = "nerdctl/name", .value = "web"},
				   {.key = "nul", .value = "a\0b", .value_len = 3}};
	const char *text = NULL;
	struct why why;

	(void)state;
	put_labels(labels, COUNT_OF(labels));
	walk_containerd(1);
	assert_string_equal(walked.complaints, "");
	assert_string_equal(walked.found[0].name, "web");
	assert_int_equal(json_string(walked.found[0].labels, "a", &text, &why), 1);
	assert_string_equal(text, "quote \" and \\ and \n");
	assert_int_equal(json_string(walked.found[0].labels, "nul", &text, &why), 0);
}

/* Outside of CRI's namespace they may be the image's. */
static void only_cris_labels_make_a_pods_container(void **state)
{
	static const struct db_item labels[] = {
		{.key = "io.kubernetes.container.name", .value = "postgres"},
		{.key = "io.kubernetes.pod.name", .value = "db-0"},
		{.key = "io.kubernetes.pod.namespace", .value = "prod"}};

	(void)state;
	put_labels(labels, COUNT_OF(labels));
	walk_containerd(1);
	assert_false(walked.found[0].in_pod);
	assert_null(walked.found[0].name);
	assert_string_equal(walked.found[0].namespace, "default");
	put_record("k8s.io", "c1", labels, COUNT_OF(labels));
	walk_containerd(1);
	assert_true(walked.found[0].in_pod);
	assert_string_equal(walked.found[0].name, "db-0/postgres");
	assert_string_equal(walked.found[0].namespace, "prod");
}

/* Invalid UTF-8 is replaced. */
static void labels_become_text(void **state)
{
	struct db_item labels[] = {{.key = "a", .value = "\xff\xfe"},
				   {.key = "\xff", .value = "b"}};
	const char *text = "";
	struct why why;

	(void)state;
	put_labels(labels, COUNT_OF(labels));
	walk_containerd(1);
	assert_string_equal(walked.complaints, "");
	assert_int_equal(json_string(walked.found[0].labels, "a", &text, &why), 1);
	assert_null(strchr(text, '\xff'));
}

static void no_label_leads_outside_the_directory(void **state)
{
	struct db_item labels[] = {{.key = "nerdctl/name", .value = "../../etc"}};

	(void)state;
	put_labels(labels, 1);
	write_below(root, TASKS "default/c1/config.json", IN_TASK);
	walk_containerd(1);
	assert_string_equal(walked.found[0].name, "../../etc"); /* text of users, not a path */
	assert_contains(walked.found[0].bundle, TASKS "default/c1");
}

/* --- the spec ----------------------------------------------------------------------------------*/

/* c1 with @len bytes of "spec", a google.protobuf.Any */
static const char *spec_of(const char *bytes, size_t len)
{
	struct db db = new_record("default", "c1", NULL, 0);
	struct db_item spec = {.key = "spec", .value = bytes, .value_len = len};

	db_put_page(&db, 6, DB_LEAF, 0, &spec, 1);
	write_db(&db);
	free(db.data);
	walk_containerd(1);
	assert_string_equal(walked.complaints, "");
	return walked.found[0].spec;
}

static void finds_the_spec(void **state)
{
	(void)state;
	assert_string_equal(spec_of("\x0a\x03url\x12\x02{}", 9), "{}");
	assert_string_equal(spec_of("\x12\x02{}\x0a\x03url", 9), "{}");
	assert_string_equal(spec_of("\x12\x82\x00{}", 5),
			    "{}"); /* the largest length that may be written */
}

static void a_hostile_spec_is_not_used(void **state)
{
	static const struct {
		const char *bytes;
		size_t len;
	} specs[] = {
		{"\x12", 1},
		{"\x12\x03{}", 4}, /* longer than the value */
		{"\x12\xff\xff\xff\xff\x0f{}", 8},
		{"\x12\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 11},
		{"\x0a\x03url", 5}, /* only a type */
		{"\x0a\xff\xff\xff\xff\x0f\x12\x02{}", 10},
		{"\x10\x02\x12\x02{}", 6}, /* a number where bytes should be */
		{"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", 10},
		{"\x12\x03{\0}", 5},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(specs); i++)
		assert_null(spec_of(specs[i].bytes, specs[i].len));
}

/* --- Docker ------------------------------------------------------------------------------------*/

static char *docker_id(void)
{
	char *id = NULL;
	size_t len;

	assert_int_equal(
		file_read_at(AT_FDCWD, "tests/data/bolt-containerd-1.7-id", 128, &id, &len), 0);
	id[strcspn(id, "\n")] = '\0';
	return id;
}

static void put_docker(const char *id, const char *driver)
{
	_cleanup_free_ char *path = NULL, *text = NULL;

	assert_true(asprintf(&path, "containers/%s/config.v2.json", id) > 0);
	assert_true(asprintf(&text, "{\"Name\":\"/web\",\"Driver\":\"%s\",\"State\":{\"Pid\":0}}",
			     driver) > 0);
	write_below(root, path, text);
}

static void finds_the_devices_of_dockers_snapshots(void **state)
{
	_cleanup_free_ char *id = docker_id();

	(void)state;
	put_docker(id, "devmapper");
	put_meta("1.7", other);
	put_store("1.7", other, STORE, "pool");
	assert_int_equal(walk_over(docker_walk, root, other, &walked), 0);
	assert_int_equal(walked.n, 1);
	assert_string_equal(walked.found[0].name, "web");
	assert_contains(walked.found[0].device, "pool-snap-");
	assert_int_equal(walked.found[0].remembered, GIB);
	walk_containerd(0); /* it is stopped, and not among the namespace's containers */
}

static void recognises_dockers_other_drivers(void **state)
{
	_cleanup_free_ char *id = docker_id();

	(void)state;
	put_docker(id, "overlayfs");
	put_meta("1.7", other);
	put_store("1.7", other, STORE, "pool");
	assert_int_equal(walk_over(docker_walk, root, other, &walked), 0);
	assert_int_equal(walked.n, 1);
	assert_null(walked.found[0].device);
}

static void expect_containerds_pid(pid_t pid)
{
	walk_containerd(1);
	assert_int_equal(by_id("one")->pid, pid);
}

/* Neither the clock nor the time of a file shows whose a pid is. */
static void asks_the_runtimes_state_whose_a_pid_is(void **state)
{
	static const time_t mtimes[] = {1, 4000000000};
	pid_t pid = new_process();
	uint64_t start;
	char number[16];

	(void)state;
	assert_true(process_start(pid, &start));
	snprintf(number, sizeof(number), "%d", pid);
	write_below(other, TASKS "default/one/config.json", IN_TASK);
	write_below(other, TASKS "default/one/init.pid", number);
	expect_containerds_pid(0); /* no state, and no control group of that name */
	for (size_t i = 0; i < COUNT_OF(mtimes); i++) {
		set_mtime(other, TASKS "default/one/init.pid", mtimes[i]);
		write_task_state(other, "default", "one", pid, start);
		set_mtime(other, "runc/default/one/state.json", mtimes[i]);
		expect_containerds_pid(pid);
		write_task_state(other, "default", "one", pid, start + 1);
		expect_containerds_pid(0);
		write_task_state(other, "default", "one", pid - 1, start);
		expect_containerds_pid(0);
	}
	end_process(pid);
}

static void expect_dockers_pid(pid_t pid)
{
	free_walked(&walked);
	assert_int_equal(walk_over(docker_walk, root, other, &walked), 0);
	assert_int_equal(walked.n, 1);
	assert_int_equal(walked.found[0].pid, pid);
}

/* After a power cut config.v2.json still has it. */
static void a_reused_pid_is_not_running(void **state)
{
	static const char *const namespaces[] = {"moby", "moby-100000.100000"};
	static const char *const data_roots[] = {"", "100000.100000/"};
	_cleanup_free_ char *id = docker_id();
	pid_t pid = new_process();
	uint64_t start;

	(void)state;
	assert_true(process_start(pid, &start));
	for (size_t i = 0; i < COUNT_OF(namespaces); i++) {
		_cleanup_free_ char *path = NULL, *text = NULL, *spec = NULL;

		assert_true(asprintf(&path, "%scontainers/%s/config.v2.json", data_roots[i], id) >
			    0);
		assert_true(asprintf(&text, "{\"Name\":\"/web\",\"State\":{\"Pid\":%d}}", pid) > 0);
		assert_true(asprintf(&spec, TASKS "%s/%s/config.json", namespaces[i], id) > 0);
		write_below(root, path, text);
		set_mtime(root, path, 1000000000);
		expect_dockers_pid(0);
		write_below(other, spec, IN_TASK);
		write_task_state(other, namespaces[i], id, pid, start + 1);
		expect_dockers_pid(0);
		write_task_state(other, namespaces[i], id, pid, start);
		expect_dockers_pid(pid);
		teardown(state);
		setup(state);
	}
	end_process(pid);
}

static void finds_the_data_root_of_remapped_users(void **state)
{
	_cleanup_free_ char *id = docker_id(), *path = NULL;

	(void)state;
	assert_true(asprintf(&path, "100000.100000/containers/%s/config.v2.json", id) > 0);
	write_below(root, path, "{\"Name\":\"/web\",\"Driver\":\"devmapper\"}");
	write_below(root, "no.1/containers/damaged/config.v2.json", "{");
	expect_dockers_pid(0);
	assert_string_equal(walked.complaints, "");
	assert_string_equal(walked.found[0].name, "web");
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(finds_stopped_containers),
		TEST(finds_each_running_container_once),
		TEST(finds_a_snapshotter_in_another_directory),
		TEST(leaves_an_ambiguous_device_out),
		TEST(skips_other_snapshotters),
		TEST(reports_damage_and_continues),
		TEST(a_damaged_tree_hides_no_task),
		TEST(a_damaged_tree_shows_nothing_twice),
		TEST(shows_a_container_of_dockers_once),
		TEST(reads_a_database_again_that_changed_meanwhile),
		TEST(labels_are_text),
		TEST(only_cris_labels_make_a_pods_container),
		TEST(labels_become_text),
		TEST(no_label_leads_outside_the_directory),
		TEST(finds_the_spec),
		TEST(a_hostile_spec_is_not_used),
		TEST(finds_the_devices_of_dockers_snapshots),
		TEST(recognises_dockers_other_drivers),
		TEST(asks_the_runtimes_state_whose_a_pid_is),
		TEST(a_reused_pid_is_not_running),
		TEST(finds_the_data_root_of_remapped_users),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
