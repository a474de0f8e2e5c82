/* SPDX-License-Identifier: Apache-2.0 */

/* What the daemon makes of the answers of its sampler, and of one that hangs. */

#include "daemon/daemon.h"
#include "fake-log.h"
#include "unit.h"

#include <poll.h>
#include <sys/wait.h>

#define NOW UINT64_C(100000000)

static char *dir;
static struct watch web;
static struct watch *watches[] = {&web};
static struct daemon growd;

static int set_up(void **state)
{
	struct stat st;

	(void)state;
	dir = new_directory();
	assert_int_equal(stat(dir, &st), 0);
	web = (struct watch){.mount = {.dev = st.st_dev, .path = dir}};
	growd = (struct daemon){.table = {.watches = watches, .n = 1}};
	assert_int_equal(sampler_start(&growd.sampler), 0);
	fake_syslog.lines = 0;
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	sampler_stop(&growd.sampler);
	while (waitpid(-1, NULL, 0) > 0)
		;
	remove_directory(dir);
	return 0;
}

static void wait_for_answers(void)
{
	struct pollfd fd = {.fd = growd.sampler.fd, .events = POLLIN};

	assert_int_equal(poll(&fd, 1, 10000), 1);
}

static void an_answer_is_taken(void **state)
{
	(void)state;
	samples_run(&growd, NOW);
	assert_true(web.asked);
	wait_for_answers();
	samples_arrived(&growd, NOW);
	assert_true(web.pace.last.total_bytes > 0);
	assert_true(web.sample_at_ms > NOW);
	assert_false(web.asked);
}

static void an_answer_about_what_was_mounted_before_is_not(void **state)
{
	(void)state;
	samples_run(&growd, NOW);
	wait_for_answers();
	web.mount.path = (char[]){"/other"};
	samples_arrived(&growd, NOW);
	assert_int_equal(web.pace.last.total_bytes, 0);
}

static void nor_one_that_a_new_mount_at_the_path_did_not_ask_for(void **state)
{
	(void)state;
	samples_run(&growd, NOW);
	wait_for_answers();
	web.asked = false;
	samples_arrived(&growd, NOW);
	assert_int_equal(web.pace.last.total_bytes, 0);
}

static void what_hangs_is_reported_once_and_not_asked_again(void **state)
{
	pid_t hangs = growd.sampler.pid;

	(void)state;
	kill(hangs, SIGSTOP);
	samples_run(&growd, NOW);
	assert_int_equal(samples_due(&growd), NOW + SAMPLER_PATIENCE_MS);
	samples_run(&growd, NOW + SAMPLER_PATIENCE_MS);
	assert_int_equal(web.hung, hangs);
	assert_int_not_equal(growd.sampler.pid, hangs);
	assert_int_equal(samples_due(&growd), DAEMON_NEVER);
	assert_int_equal(fake_syslog.lines, 1);
}

#define SAMPLES_TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		SAMPLES_TEST(an_answer_is_taken),
		SAMPLES_TEST(an_answer_about_what_was_mounted_before_is_not),
		SAMPLES_TEST(nor_one_that_a_new_mount_at_the_path_did_not_ask_for),
		SAMPLES_TEST(what_hangs_is_reported_once_and_not_asked_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
