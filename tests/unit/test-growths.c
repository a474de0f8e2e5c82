/* SPDX-License-Identifier: Apache-2.0 */

/* What the daemon remembers and reports of growths; decision.c decides on them. */

#include "daemon/daemon.h"
#include "daemon/decision.h"
#include "daemon/growth.h"
#include "fake-log.h"
#include "host/daemon-state.h"
#include "unit.h"

#include <sys/wait.h>

#define NOW	  UINT64_C(100000000)
#define PERIOD_MS UINT64_C(600000)

#define OTHERS 4

static struct watch web, others[OTHERS];
static struct watch *watches[1 + OTHERS] = {&web};
static struct daemon growd;
static char *dir;

/* It is nearly full, and neither it nor its pool has grown yet. */
static int set_up(void **state)
{
	const struct autogrow limits = {.max_bytes = 16 * GIB,
					.at_permille = 850,
					.budget = 3,
					.budget_ms = PERIOD_MS,
					.cooldown_ms = 1000};

	(void)state;
	web = (struct watch){.state = WATCH_KNOWN,
			     .owner = {.device = "web", .bytes = GIB, .pool = 2, .limits = limits},
			     .pace = {.last = {.total_bytes = GIB,
					       .used_bytes = GIB / 10 * 9,
					       .available_bytes = GIB / 10},
				      .over = 2}};
	dir = new_directory();
	growd = (struct daemon){
		.run_dir = dir,
		.table = {.watches = watches, .n = 1},
		.live.policy = {.enabled = true, .autogrow = {.budget = 1, .budget_ms = PERIOD_MS}},
	};
	fake_syslog.lines = 0;
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	budget_free(&web.steps);
	budget_free(&others[0].steps);
	remove_directory(dir);
	return 0;
}

static void others_use_up_the_budget_of_the_pool(uint64_t now_ms)
{
	growd.table.n = 2;
	watches[1] = &others[0];
	others[0].owner.pool = web.owner.pool;
	for (int i = 0; i < POOL_BUDGET_FACTOR; i++)
		assert_int_equal(budget_spend(&others[0].steps, now_ms), 0);
}

static void the_budget_of_the_pool_is_reported_once(void **state)
{
	(void)state;
	others_use_up_the_budget_of_the_pool(NOW);
	for (uint64_t ms = 0; ms < PERIOD_MS; ms += 5000)
		growths_consider(&growd, &web, NOW + ms);
	assert_int_equal(fake_syslog.lines, 1);
	assert_contains(fake_syslog.text, "action=limit ");
	assert_contains(fake_syslog.text, "its pool's budget of 10 steps per 10m");
}

static void it_is_reported_again_after_the_time_of_the_budget(void **state)
{
	(void)state;
	others_use_up_the_budget_of_the_pool(NOW);
	growths_consider(&growd, &web, NOW);
	web.pace.over = 0;
	growths_consider(&growd, &web, NOW + PERIOD_MS);
	web.pace.over = 2;
	others_use_up_the_budget_of_the_pool(NOW + PERIOD_MS);
	growths_consider(&growd, &web, NOW + PERIOD_MS);
	assert_int_equal(fake_syslog.lines, 2);
}

/* Nothing starts here: it is switched off. */
static void a_cooldown_may_be_longer_than_the_time_of_the_budget(void **state)
{
	(void)state;
	growd.switched_off = true;
	web.owner.limits.cooldown_ms = PERIOD_MS * 6;
	assert_int_equal(budget_spend(&web.steps, NOW), 0);
	growths_consider(&growd, &web, NOW + PERIOD_MS);
	assert_int_equal(budget_last(&web.steps), NOW);
	growths_consider(&growd, &web, NOW + PERIOD_MS * 6);
	assert_int_equal(budget_last(&web.steps), 0);
}

static void began(void)
{
	assert_int_equal(budget_spend(&web.steps, NOW - 3000), 0);
	web.growing = 7;
}

static void ended(enum growth_end end)
{
	began();
	growths_ended(&growd, &web, (int)end << 8, NOW);
	assert_int_equal(web.growing, 0);
}

static void a_growth_that_hung_is_over_when_it_has_ended(void **state)
{
	(void)state;
	began();
	web.growing_since_ms = NOW - 30000;
	growths_check(&growd, NOW);
	growths_check(&growd, NOW);
	assert_true(web.told_stuck);
	assert_int_equal(fake_syslog.lines, 1);
	ended(GROWTH_DONE);
	assert_false(web.told_stuck);
}

static void a_growth_that_is_done_is_charged_once(void **state)
{
	(void)state;
	web.growing_to_bytes = 2 * GIB;
	web.backoff_ms = web.backoff_until_ms = 5000;
	ended(GROWTH_DONE);
	assert_int_equal(web.owner.bytes, 2 * GIB);
	assert_int_equal(web.backoff_ms, 0);
	assert_int_equal(web.steps.n, 1);
	assert_int_equal(budget_last(&web.steps), NOW);
}

static void a_growth_that_changed_nothing_is_not_charged(void **state)
{
	(void)state;
	ended(GROWTH_KEPT);
	ended(GROWTH_GONE);
	ended(GROWTH_REFUSED);
	ended(GROWTH_FAILED);
	assert_int_equal(web.steps.n, 0);
}

static void one_that_failed_after_it_extended_the_device_is_charged(void **state)
{
	(void)state;
	ended(GROWTH_CUT);
	assert_int_equal(web.steps.n, 1);
	assert_int_equal(web.backoff_until_ms, NOW + 5000);
	assert_true(web.look_at_size);
}

static void so_is_one_whose_process_was_killed(void **state)
{
	(void)state;
	began();
	growths_ended(&growd, &web, SIGKILL, NOW);
	assert_int_equal(web.steps.n, 1);
	assert_int_equal(growd.counts[COUNT_FAILED], 1);
}

/* By its own budget, and by that of its pool. */
static void a_daemon_that_is_killed_while_one_grows_has_charged_it(void **state)
{
	struct daemon next = {.run_dir = growd.run_dir};

	(void)state;
	web.mount.path = (char[]){"/nonexistent"};
	growths_consider(&growd, &web, NOW);
	assert_true(web.growing > 0);
	assert_int_equal(waitpid(web.growing, NULL, 0), web.growing);
	status_read(&next, NOW);
	assert_int_equal(next.table.history.n, 1);
	assert_string_equal(next.table.history.pasts[0].device, "web");
	assert_int_equal(next.table.history.pasts[0].steps.n, 1);
	assert_int_equal(watch_pool_spent(&next.table, web.owner.pool, PERIOD_MS, NOW), 1);
	history_free(&next.table.history);
}

/* Those that are only remembered for the budget of its pool are not among its own. */
static void steps_are_reported_for_the_time_of_its_own_budget(void **state)
{
	struct daemon_state found = {0};
	struct why why;

	(void)state;
	growd.live.policy.autogrow.budget_ms = 10 * PERIOD_MS;
	assert_int_equal(budget_spend(&web.steps, NOW - 2 * PERIOD_MS), 0);
	assert_int_equal(budget_spend(&web.steps, NOW - PERIOD_MS / 2), 0);
	web.backoff_until_ms = NOW + 1;
	growths_consider(&growd, &web, NOW);
	status_write(&growd, NOW);
	assert_int_equal(daemon_state_read(dir, &found, &why), 1);
	assert_int_equal(found.disks[0].n_grown, 2);
	assert_int_equal(found.disks[0].steps, 1);
	daemon_state_free(&found);
}

static void a_failed_growth_waits_and_asks_how_long_the_device_is(void **state)
{
	(void)state;
	web.growing_to_bytes = 2 * GIB;
	ended(GROWTH_FAILED);
	assert_int_equal(web.owner.bytes, GIB);
	assert_int_equal(web.steps.n, 0);
	assert_int_equal(web.backoff_until_ms, NOW + 5000);
	assert_int_equal(web.look_at_ms, NOW);
	assert_true(web.look_at_size);
}

static void a_disk_that_is_gone_asks_whose_it_is_now(void **state)
{
	(void)state;
	watch_ask_size(&web, NOW);
	ended(GROWTH_GONE);
	assert_int_equal(web.look_at_ms, NOW);
	assert_false(web.look_at_size);
}

/* Its limits may be smaller now, or its rule another one. */
static void limits_of_an_earlier_configuration_are_not_used(void **state)
{
	(void)state;
	growd.generation++;
	assert_int_equal(growths_consider(&growd, &web, NOW), NOW + 500);
	assert_int_equal(web.growing, 0);
}

static void nothing_grows_while_it_is_switched_off(void **state)
{
	(void)state;
	growd.switched_off = true;
	growths_consider(&growd, &web, NOW);
	assert_int_equal(web.growing, 0);
}

static void others_grow_since(uint64_t ms)
{
	growd.table.n = 1 + OTHERS;
	for (int i = 0; i < OTHERS; i++) {
		budget_free(&others[i].steps);
		others[i] = (struct watch){.growing = 7, .growing_since_ms = ms};
		watches[1 + i] = &others[i];
	}
}

/* Those that hang do not count. */
static void four_grow_at_a_time(void **state)
{
	(void)state;
	web.mount.path = (char[]){"/nonexistent"};
	others_grow_since(NOW - 4000);
	growths_consider(&growd, &web, NOW);
	assert_int_equal(web.growing, 0);
	others_grow_since(NOW - 5000);
	growths_consider(&growd, &web, NOW);
	assert_true(web.growing > 0);
	assert_int_equal(waitpid(web.growing, NULL, 0), web.growing);
}

static void consider_with_used(unsigned int percent)
{
	web.pace.last.used_bytes = GIB / 100 * percent;
	web.pace.last.available_bytes = GIB / 100 * (100 - percent);
	growths_consider(&growd, &web, NOW);
}

static void nearly_at_its_maximum_is_reported_once(void **state)
{
	(void)state;
	growd.switched_off = true;
	web.owner.limits.max_bytes = GIB;
	growths_consider(&growd, &web, NOW);
	growths_consider(&growd, &web, NOW);
	assert_int_equal(fake_syslog.lines, 1);
	assert_contains(fake_syslog.text, "action=warn ");
	consider_with_used(85);
	consider_with_used(90);
	assert_int_equal(fake_syslog.lines, 1);
}

static void the_maximum_is_reported_again_after_much_was_removed(void **state)
{
	(void)state;
	growd.switched_off = true;
	web.owner.limits.max_bytes = GIB;
	growths_consider(&growd, &web, NOW);
	consider_with_used(10);
	consider_with_used(90);
	assert_int_equal(fake_syslog.lines, 2);
}

/* Who writes and deletes all the time would be tried each time. */
static void space_for_a_moment_does_not_end_the_back_off(void **state)
{
	(void)state;
	web.backoff_ms = 20000;
	web.backoff_until_ms = NOW;
	web.pace.over = 0;
	growths_consider(&growd, &web, NOW - 1);
	assert_int_equal(web.backoff_ms, 20000);
	growths_consider(&growd, &web, NOW);
	assert_int_equal(web.backoff_ms, 0);
}

static void each_end_of_a_growth_is_counted(void **state)
{
	(void)state;
	web.growing_to_bytes = 2 * GIB;
	ended(GROWTH_DONE);
	ended(GROWTH_KEPT);
	ended(GROWTH_GONE);
	ended(GROWTH_REFUSED);
	ended(GROWTH_FAILED);
	ended(GROWTH_FAILED);
	assert_int_equal(growd.counts[COUNT_GROWN], 1);
	assert_int_equal(growd.counts[COUNT_REFUSED], 1);
	assert_int_equal(growd.counts[COUNT_FAILED], 2);
	assert_int_equal(growd.counts[COUNT_LIMITED], 0);
}

#define GROWTHS_TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		GROWTHS_TEST(the_budget_of_the_pool_is_reported_once),
		GROWTHS_TEST(it_is_reported_again_after_the_time_of_the_budget),
		GROWTHS_TEST(a_cooldown_may_be_longer_than_the_time_of_the_budget),
		GROWTHS_TEST(a_growth_that_hung_is_over_when_it_has_ended),
		GROWTHS_TEST(a_growth_that_is_done_is_charged_once),
		GROWTHS_TEST(a_growth_that_changed_nothing_is_not_charged),
		GROWTHS_TEST(one_that_failed_after_it_extended_the_device_is_charged),
		GROWTHS_TEST(so_is_one_whose_process_was_killed),
		GROWTHS_TEST(a_daemon_that_is_killed_while_one_grows_has_charged_it),
		GROWTHS_TEST(steps_are_reported_for_the_time_of_its_own_budget),
		GROWTHS_TEST(a_failed_growth_waits_and_asks_how_long_the_device_is),
		GROWTHS_TEST(limits_of_an_earlier_configuration_are_not_used),
		GROWTHS_TEST(nothing_grows_while_it_is_switched_off),
		GROWTHS_TEST(four_grow_at_a_time),
		GROWTHS_TEST(nearly_at_its_maximum_is_reported_once),
		GROWTHS_TEST(the_maximum_is_reported_again_after_much_was_removed),
		GROWTHS_TEST(space_for_a_moment_does_not_end_the_back_off),
		GROWTHS_TEST(each_end_of_a_growth_is_counted),
		GROWTHS_TEST(a_disk_that_is_gone_asks_whose_it_is_now),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
