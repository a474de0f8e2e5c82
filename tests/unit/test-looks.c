/* SPDX-License-Identifier: Apache-2.0 */

/* Whose disk is it? When the daemon asks, and what it makes of the answer. */

#include "daemon/daemon.h"
#include "fake-log.h"
#include "unit.h"

#include <sys/wait.h>

#define NOW UINT64_C(100000000)

static struct watch web;
static struct watch *watches[] = {&web};
static struct daemon growd;
static int answers = -EBADF;

/* A known container, under the present configuration. */
static int set_up(void **state)
{
	int ends[2];

	(void)state;
	assert_int_equal(pipe(ends), 0);
	answers = ends[1];
	web = (struct watch){.mount.dev = 1,
			     .state = WATCH_KNOWN,
			     .generation = 2,
			     .owner = {.device = "web", .bytes = GIB}};
	growd = (struct daemon){.table = {.watches = watches, .n = 1},
				.generation = 2,
				.look = {.fd = ends[0], .since_ms = NOW}};
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	close(answers);
	if (growd.look.fd >= 0)
		close(growd.look.fd);
	return 0;
}

static void answer(const struct owner *owner)
{
	assert_int_equal(write(answers, owner, sizeof(*owner)), sizeof(*owner));
	looks_arrived(&growd, NOW);
}

static void a_size_is_taken_from_the_same_disk(void **state)
{
	(void)state;
	watch_ask_size(&web, NOW);
	assert_true(web.look_at_size);
	answer(&(struct owner){.dev = 1, .known = true, .device = "web", .bytes = 2 * GIB});
	assert_int_equal(web.owner.bytes, 2 * GIB);
	assert_int_equal(web.look_at_ms, 0);
}

/* A growth that ends while the configuration is read again asks for the size. */
static void a_size_does_not_replace_the_owner_of_a_changed_configuration(void **state)
{
	(void)state;
	growd.generation++;
	answer(&(struct owner){.dev = 1, .known = true, .device = "web", .bytes = 2 * GIB});
	assert_int_equal(web.look_at_ms, NOW);
	assert_false(web.look_at_size);
}

static void a_size_of_another_disk_asks_for_its_owner(void **state)
{
	(void)state;
	answer(&(struct owner){.dev = 1, .known = true, .device = "db", .bytes = 2 * GIB});
	assert_int_equal(web.owner.bytes, GIB);
	assert_int_equal(web.look_at_ms, NOW);
	assert_false(web.look_at_size);
}

static void an_owner_that_is_to_be_asked_for_stays_so(void **state)
{
	(void)state;
	looks_renew(&growd, NOW + 5000);
	watch_ask_size(&web, NOW);
	assert_int_equal(web.look_at_ms, NOW);
	assert_false(web.look_at_size);
}

/* Each look at a rootfs that hangs would leave one more process. */
static void a_search_that_hangs_is_the_only_one(void **state)
{
	int status;

	(void)state;
	fake_syslog.lines = 0;
	web.look_at_ms = NOW;
	growd.look.pid = fork();
	if (growd.look.pid == 0) {
		pause();
		_exit(0);
	}
	assert_int_equal(looks_due(&growd), NOW + 60000);
	looks_run(&growd, NOW + 60000);
	assert_true(growd.look.fd < 0);
	assert_int_equal(fake_syslog.lines, 1);
	assert_int_equal(looks_due(&growd), DAEMON_NEVER);
	assert_int_equal(waitpid(growd.look.pid, &status, 0), growd.look.pid);
	assert_int_equal(WTERMSIG(status), SIGKILL);
	growd.look.pid = 0; /* as the daemon does */
	assert_int_equal(looks_due(&growd), NOW);
}

#define LOOKS_TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		LOOKS_TEST(a_size_is_taken_from_the_same_disk),
		LOOKS_TEST(a_size_does_not_replace_the_owner_of_a_changed_configuration),
		LOOKS_TEST(a_size_of_another_disk_asks_for_its_owner),
		LOOKS_TEST(an_owner_that_is_to_be_asked_for_stays_so),
		LOOKS_TEST(a_search_that_hangs_is_the_only_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
