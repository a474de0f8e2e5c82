/* SPDX-License-Identifier: Apache-2.0 */
#include "base/process.h"
#include "engine/runtime.h"

#include "walk-fixture.h"

#include <inttypes.h>
#include <time.h>

/* Of runc 1.1.5, shortened */
#define RUNC_STATE                                                                                 \
	"{\"id\":\"c1\",\"init_process_pid\":%d,\"init_process_start\":%" PRIu64 ","               \
	"\"created\":\"2026-11-24T01:42:48.024605884Z\",\"config\":{\"no_pivot_root\":false,"      \
	"\"rootfs\":\"/run/disk/disk-runc\",\"labels\":[\"io.oci-thin-grow.size=4G\","             \
	"\"bundle=/tenants/choice\",\"bundle=%s\"]},\"rootless\":false,"                           \
	"\"cgroup_paths\":{\"\":\"/sys/fs/cgroup/c1\"},\"external_descriptors\":[\"/dev/null\"]}"

/* Of crun 1.8.1 */
#define CRUN_STATUS                                                                                \
	"{\n    \"pid\": %d,\n    \"process-start-time\": %" PRIu64 ",\n"                          \
	"    \"cgroup-path\": \"/c1\",\n    \"scope\": \"\",\n"                                    \
	"    \"rootfs\": \"/run/disk/disk-crun\",\n    \"systemd-cgroup\": false,\n"               \
	"    \"bundle\": \"%s\",\n    \"created\": \"2026-11-24T01:43:36.657557Z\",\n"             \
	"    \"owner\": \"root\",\n    \"detached\": true,\n"                                      \
	"    \"external_descriptors\": \"[\\\"/dev/null\\\"]\"\n}"

#define ENGINES_BUNDLE "/var/lib/containers/storage/devicemapper-containers/c1/userdata"

static const struct runtime {
	const char *name, *file, *format;
} runtimes[] = {
	{"runc", "state.json", RUNC_STATE},
	{"crun", "status", CRUN_STATUS},
};

struct fixture {
	char *root;
	pid_t process;
	uint64_t start;
	struct walked walked;
};

static int set_up(void **state)
{
	static struct fixture fixture;

	fixture = (struct fixture){.root = new_directory(), .process = new_process()};
	assert_true(process_start(fixture.process, &fixture.start));
	*state = &fixture;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;

	free_walked(&fixture->walked);
	end_process(fixture->process);
	remove_directory(fixture->root);
	return 0;
}

#pragma GCC diagnostic ignored "-Wformat-nonliteral"
static void write_state(const struct fixture *fixture, const struct runtime *runtime,
			const char *id, pid_t pid, uint64_t start, const char *bundle)
{
	char name[64], text[1024];

	snprintf(name, sizeof(name), "%s/%s", id, runtime->file);
	snprintf(text, sizeof(text), runtime->format, pid, start, bundle);
	write_below(fixture->root, name, text);
}

static void finds_a_running_container(void **state)
{
	struct fixture *fixture = *state;
	struct walked *walked = &fixture->walked;

	for (size_t i = 0; i < COUNT_OF(runtimes); i++) {
		write_state(fixture, &runtimes[i], runtimes[i].name, fixture->process,
			    fixture->start, "/run/bundle/b");
		assert_int_equal(walk_over(runtime_walk, "/nowhere", fixture->root, walked), 0);
		assert_string_equal(walked->complaints, "");
		assert_int_equal(walked->n, i + 1);
		for (size_t k = 0; k < walked->n; k++) {
			const struct engine_container *container = &walked->found[k];

			assert_string_equal(container->engine, container->id);
			assert_string_equal(container->bundle, "/run/bundle/b");
			assert_int_equal(container->pid, fixture->process);
			assert_null(container->name);
			assert_null(container->device);
			assert_null(container->labels);
		}
		if (i == 0)
			free_walked(walked);
	}
}

static void detects_a_reused_pid(void **state)
{
	struct fixture *fixture = *state;
	struct walked *walked = &fixture->walked;
	const uint64_t starts[] = {fixture->start - 1, fixture->start + 1, fixture->start};

	for (size_t i = 0; i < COUNT_OF(starts); i++) {
		pid_t want = starts[i] == fixture->start ? fixture->process : 0;

		for (size_t k = 0; k < COUNT_OF(runtimes); k++)
			write_state(fixture, &runtimes[k], runtimes[k].name, fixture->process,
				    starts[i], "/b");
		assert_int_equal(walk_over(runtime_walk, fixture->root, NULL, walked), 0);
		assert_int_equal(walked->n, 2);
		assert_int_equal(walked->found[0].pid, want);
		assert_int_equal(walked->found[1].pid, want);
		free_walked(walked);
	}
}

/*
 * crun writes 0 if the process had ended before it looked: the pid now belongs to another process.
 */
static void ignores_a_pid_without_a_start_time(void **state)
{
	struct fixture *fixture = *state;
	struct walked *walked = &fixture->walked;

	write_state(fixture, &runtimes[1], "c1", fixture->process, 0, "/b");
	assert_int_equal(walk_over(runtime_walk, fixture->root, NULL, walked), 0);
	assert_int_equal(walked->n, 1);
	assert_int_equal(walked->found[0].pid, 0);
}

static void recognises_the_control_groups_of_a_container(void **state)
{
	static const struct {
		const char *text;
		bool is_of;
	} groups[] = {
		{"0::/system.slice/docker-abc.scope\n", true},
		{"0::/docker/abc\n", true},
		{"0::/docker/abc/init.scope", true},
		{"12:pids:/user.slice\n11:memory:/default/abc\n0::/\n", true},
		{"0::/kubepods.slice/kubepods-pod1.slice/cri-containerd-abc.scope\n", true},
		{"1:name=systemd:/kubepods-besteffort-pod1.slice:cri-containerd:abc\n", true},
		{"0::/../abc", true},
		{"0::/machine.slice/libpod-abc.scope/container", true},
		{"", false},
		{"0::/\n", false},
		{"0::/abcd\n", false},
		{"0::/xabc\n", false},
		{"0::/x_abc.scope\n", false},
		{"0::/abc.scope.d\n", false},
		{"0::/ab\n0::c\n", false},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(groups); i++) {
		if (runtime_is_cgroup_of(groups[i].text, "abc") != groups[i].is_of)
			fail_msg("%s", groups[i].text);
	}
	assert_false(runtime_is_process_of(0, "abc"));
	assert_false(runtime_is_process_of(getpid(), "no-such-container"));
}

static void detects_dead_processes(void **state)
{
	struct fixture *fixture = *state;
	struct walked *walked = &fixture->walked;
	siginfo_t info;
	uint64_t start;
	pid_t pid = new_process();

	assert_true(process_start(pid, &start));
	write_state(fixture, &runtimes[0], "c1", pid, start, "/b");
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), 0);
	assert_int_equal(walk_over(runtime_walk, fixture->root, NULL, walked), 0);
	assert_int_equal(walked->found[0].pid, 0); /* a zombie */
	free_walked(walked);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_int_equal(walk_over(runtime_walk, fixture->root, NULL, walked), 0);
	assert_int_equal(walked->found[0].pid, 0);
	assert_false(process_start(pid, &start));
	assert_false(process_start(0, &start));
}

static void reads_the_start_time_after_any_process_name(void **state)
{
	uint64_t start, hz = (uint64_t)sysconf(_SC_CLK_TCK);
	struct timespec before, after;
	pid_t pid;

	(void)state;
	clock_gettime(CLOCK_BOOTTIME, &before);
	pid = new_process_named("a) Z 1 (b) X 2");
	clock_gettime(CLOCK_BOOTTIME, &after);
	assert_true(process_start(pid, &start));
	assert_in_range(start / hz, before.tv_sec, after.tv_sec);
	end_process(pid);
}

static void does_not_list_containers_of_engines(void **state)
{
	struct fixture *fixture = *state;
	struct walked *walked = &fixture->walked;
	struct engine_roots roots = {(const char *[]){"/nowhere", fixture->root}, 2};
	pid_t pid = -1;

	for (size_t i = 0; i < COUNT_OF(runtimes); i++)
		write_state(fixture, &runtimes[i], runtimes[i].name, fixture->process,
			    fixture->start, ENGINES_BUNDLE);
	assert_int_equal(walk_over(runtime_walk, fixture->root, NULL, walked), 0);
	assert_int_equal(walked->n, 0);
	assert_string_equal(walked->complaints, "");

	assert_int_equal(runtime_pid(&roots, "runc", &pid), 1);
	assert_int_equal(pid, fixture->process);
	pid = -1;
	assert_int_equal(runtime_pid(&roots, "crun", &pid), 1);
	assert_int_equal(pid, fixture->process);
	assert_int_equal(runtime_pid(&roots, "nobody", &pid), 0);
	assert_int_equal(runtime_pid(&roots, "./runc", &pid), 0);
	assert_int_equal(runtime_pid(&roots, "../runc", &pid), 0);
}

static void ignores_a_relative_bundle(void **state)
{
	struct fixture *fixture = *state;
	struct walked *walked = &fixture->walked;

	write_state(fixture, &runtimes[1], "c1", 0, 0, "bundle");
	write_below(fixture->root, "c2/state.json", "{\"init_process_pid\":0,\"config\":{}}");
	assert_int_equal(walk_over(runtime_walk, fixture->root, NULL, walked), 0);
	assert_string_equal(walked->complaints, "");
	assert_int_equal(walked->n, 2);
	assert_null(walked->found[0].bundle);
	assert_null(walked->found[1].bundle);
	assert_int_equal(walked->found[0].pid, 0);
}

static void skips_what_it_cannot_understand(void **state)
{
	static const struct {
		const char *file, *text, *complaint;
	} damaged[] = {
		{"c1/state.json", "", "c1/state.json: "},
		{"c1/state.json", "{\"init_process_pid\":1,\"config\":", "c1/state.json: "},
		{"c1/state.json", "[]", "c1/state.json: not an object"},
		{"c1/state.json", "{\"init_process_pid\":1}", "no \"config\""},
		{"c1/state.json", "{\"config\":{}}", "no pid"},
		{"c1/state.json", "{\"init_process_pid\":-2,\"config\":{}}", "out of range: -2"},
		{"c1/state.json", "{\"init_process_pid\":2147483648,\"config\":{}}",
		 "out of range"},
		{"c1/state.json", "{\"init_process_pid\":\"1\",\"config\":{}}",
		 "expected a number"},
		{"c1/state.json", "{\"init_process_pid\":1,\"config\":{\"labels\":{}}}",
		 "expected an array"},
		{"c1/status", "{\"pid\":1}", "c1/status: no \"bundle\""},
		{"c1/status", "{\"bundle\":\"/b\"}", "c1/status: no pid"},
		{"c1/status", "{\"pid\":1,\"process-start-time\":1.5,\"bundle\":\"/b\"}",
		 "whole number"},
		{"c1/status", "{\"pid\":1,\"bundle\":\"/b\\u0000\"}", "NUL"},
		{"c1/status", "running\n", "c1/status: "},
	};

	for (size_t i = 0; i < COUNT_OF(damaged); i++) {
		struct fixture *fixture = *state;
		struct walked *walked = &fixture->walked;

		write_below(fixture->root, damaged[i].file, damaged[i].text);
		write_state(fixture, &runtimes[i % 2], "good", 0, 0, "/b");
		assert_int_equal(walk_over(runtime_walk, fixture->root, NULL, walked), 0);
		assert_contains(walked->complaints, damaged[i].complaint);
		assert_contains(walked->complaints, fixture->root);
		assert_int_equal(walked->n, 1);
		assert_string_equal(walked->found[0].id, "good");
		tear_down(state);
		set_up(state);
	}
}

static void skips_names_that_are_not_ids(void **state)
{
	struct fixture *fixture = *state;
	struct walked *walked = &fixture->walked;
	char *fifo = path_in(fixture->root, "fifo/status");

	write_state(fixture, &runtimes[0], ".hidden", 0, 0, "/b");
	write_state(fixture, &runtimes[0], "a b", 0, 0, "/b");
	write_state(fixture, &runtimes[0], "a\nb", 0, 0, "/b");
	write_state(fixture, &runtimes[0], "c+1_2.3-4", 0, 0, "/b");
	write_in(fixture->root, "file", "");
	mkdir_in(fixture->root, "empty");
	mkdir_in(fixture->root, "fifo");
	assert_int_equal(mkfifo(fifo, 0600), 0);
	free(fifo);
	assert_int_equal(walk_over(runtime_walk, fixture->root, NULL, walked), 0);
	assert_int_equal(walked->n, 1);
	assert_string_equal(walked->found[0].id, "c+1_2.3-4");
	assert_contains(walked->complaints, "fifo/status");
	assert_lacks(walked->complaints, "hidden");
}

static void stops_when_the_visitor_says_so(void **state)
{
	struct fixture *fixture = *state;
	struct walked *walked = &fixture->walked;

	write_state(fixture, &runtimes[0], "c1", 0, 0, "/b");
	write_state(fixture, &runtimes[0], "c2", 0, 0, "/b");
	walked->visit_returns = -EINTR;
	assert_int_equal(walk_over(runtime_walk, fixture->root, fixture->root, walked), -EINTR);
	assert_int_equal(walked->n, 1);
}

static void reads_pidfiles(void **state)
{
	static const char *const damaged[] = {"",    "\n",	    "0",   "-1",   "x",
					      "12x", "99999999999", "+12", "1\n2 "};
	struct fixture *fixture = *state;
	char *path = path_in(fixture->root, "pidfile"), text[16];
	struct why why;
	pid_t pid = -1;

	for (size_t i = 0; i < COUNT_OF(damaged); i++) {
		write_file(path, damaged[i]);
		assert_int_equal(runtime_read_pidfile(path, &pid, &why), -EINVAL);
		assert_contains(why.text, path);
	}
	write_file(path, "                                 1");
	assert_int_equal(runtime_read_pidfile(path, &pid, &why), -EFBIG);
	assert_int_equal(pid, -1);

	snprintf(text, sizeof(text), "%d\n", fixture->process);
	write_file(path, text);
	assert_int_equal(runtime_read_pidfile(path, &pid, &why), 0);
	assert_int_equal(pid, fixture->process);

	assert_int_equal(unlink(path), 0);
	assert_int_equal(runtime_read_pidfile(path, &pid, &why), -ENOENT);
	free(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(finds_a_running_container, set_up, tear_down),
		cmocka_unit_test_setup_teardown(detects_a_reused_pid, set_up, tear_down),
		cmocka_unit_test_setup_teardown(ignores_a_pid_without_a_start_time, set_up,
						tear_down),
		cmocka_unit_test(recognises_the_control_groups_of_a_container),
		cmocka_unit_test_setup_teardown(detects_dead_processes, set_up, tear_down),
		cmocka_unit_test(reads_the_start_time_after_any_process_name),
		cmocka_unit_test_setup_teardown(does_not_list_containers_of_engines, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(ignores_a_relative_bundle, set_up, tear_down),
		cmocka_unit_test_setup_teardown(skips_what_it_cannot_understand, set_up, tear_down),
		cmocka_unit_test_setup_teardown(skips_names_that_are_not_ids, set_up, tear_down),
		cmocka_unit_test_setup_teardown(stops_when_the_visitor_says_so, set_up, tear_down),
		cmocka_unit_test_setup_teardown(reads_pidfiles, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
