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
static struct pool thins, *pools[] = {&thins};
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
	assert_int_equal(kill(hangs, SIGSTOP), 0);
	assert_int_equal(waitpid(hangs, NULL, WUNTRACED), hangs);
	samples_run(&growd, NOW);
	assert_int_equal(samples_due(&growd), NOW + SAMPLER_PATIENCE_MS);
	samples_run(&growd, NOW + SAMPLER_PATIENCE_MS);
	assert_int_equal(web.hung, hangs);
	assert_int_not_equal(growd.sampler.pid, hangs);
	assert_int_equal(samples_due(&growd), DAEMON_NEVER);
	assert_int_equal(fake_syslog.lines, 1);
}

/* What the sampler has answered to the only question, to be changed. */
static struct question *answer(void)
{
	size_t n, answered;
	const struct question *questions;

	samples_run(&growd, NOW);
	wait_for_answers();
	questions = sampler_answers(&growd.sampler, &n, &answered);
	assert_int_equal(answered, 1);
	return (struct question *)(uintptr_t)questions;
}

static void a_look_that_failed_says_nothing(void **state)
{
	const struct sample full = {.at_ms = NOW, .total_bytes = GIB, .used_bytes = GIB};
	struct question *question;

	(void)state;
	web.pace.last = (struct sample){.at_ms = 1, .total_bytes = GIB, .available_bytes = GIB};
	question = answer();
	question->error = -EIO;
	question->sample = full;
	samples_arrived(&growd, NOW);
	assert_int_equal(web.pace.last.used_bytes, 0);
	assert_int_equal(web.sample_at_ms, NOW + 5000);
}

static void a_path_that_is_too_long_is_not_watched(void **state)
{
	char path[SAMPLER_PATH_BYTES + 1];

	(void)state;
	memset(path, 'x', SAMPLER_PATH_BYTES);
	path[SAMPLER_PATH_BYTES] = '\0';
	web.mount.path = path;
	samples_run(&growd, NOW);
	assert_int_equal(web.state, WATCH_OTHER);
	assert_int_equal(samples_due(&growd), DAEMON_NEVER);
}

/* Its figures are now these; they were 1,000 blocks, 900 in use, and as many of metadata. */
static void pool_has(uint64_t blocks, uint64_t used_blocks, uint64_t metadata_blocks)
{
	struct question *question;

	web.state = WATCH_OTHER;
	web.owner.pool = thins.dev = 2;
	web.backoff_ms = web.backoff_until_ms = 1;
	thins.sample_at_ms = 0;
	thins.last = (struct pool_sample){
		.data_blocks = 1000, .data_used_blocks = 900, .metadata_blocks = 1000};
	growd.table.pools = pools;
	growd.table.n_pools = 1;
	question = answer();
	question->error = 0;
	question->pool = thins.last;
	question->pool.data_blocks = blocks;
	question->pool.data_used_blocks = used_blocks;
	question->pool.metadata_blocks = metadata_blocks;
	samples_arrived(&growd, NOW);
}

static void a_pool_with_more_room_ends_the_back_off(void **state)
{
	(void)state;
	pool_has(1000, 895, 1000);
	assert_int_equal(web.backoff_ms, 1);
	pool_has(1000, 880, 1000);
	assert_int_equal(web.backoff_ms, 0);
	pool_has(2000, 900, 1000);
	assert_int_equal(web.backoff_ms, 0);
	pool_has(1000, 900, 2000);
	assert_int_equal(web.backoff_ms, 0);
}

#define SAMPLES_TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		SAMPLES_TEST(an_answer_is_taken),
		SAMPLES_TEST(an_answer_about_what_was_mounted_before_is_not),
		SAMPLES_TEST(nor_one_that_a_new_mount_at_the_path_did_not_ask_for),
		SAMPLES_TEST(a_look_that_failed_says_nothing),
		SAMPLES_TEST(a_path_that_is_too_long_is_not_watched),
		SAMPLES_TEST(a_pool_with_more_room_ends_the_back_off),
		SAMPLES_TEST(what_hangs_is_reported_once_and_not_asked_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
