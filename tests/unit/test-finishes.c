/* SPDX-License-Identifier: Apache-2.0 */

/* Growths that the daemon continues: which is next, and when. */

#include "daemon/daemon.h"
#include "job/finish.h"
#include "unit.h"

#define NOW   UINT64_C(100000000)
#define LATER (NOW + 1000000)

static struct watch a, b;
static struct watch *watches[] = {&a, &b};
static struct daemon growd;

/* Both have such a growth, and the ledger need not be looked at soon. */
static int set_up(void **state)
{
	(void)state;
	a = (struct watch){.finish.at_ms = NOW + 10};
	b = (struct watch){.finish.at_ms = NOW + 20};
	growd = (struct daemon){.table = {.watches = watches, .n = 2}, .ledger.look_at_ms = LATER};
	return 0;
}

static void ended(struct watch *watch, enum finish_result result, uint64_t now_ms)
{
	watch->finish.pid = 7;
	finishes_ended(watch, (int)result << 8, now_ms);
	assert_int_equal(watch->finish.pid, 0);
}

static void the_one_that_waits_longest_is_next(void **state)
{
	(void)state;
	assert_int_equal(finishes_due(&growd, NOW), NOW + 10);
	a.finish.at_ms = 0;
	assert_int_equal(finishes_due(&growd, NOW), NOW + 20);
	b.growing = 7; /* autogrow is at it */
	assert_int_equal(finishes_due(&growd, NOW), LATER);
}

static void one_at_a_time_unless_it_hangs(void **state)
{
	(void)state;
	a.finish.pid = 7;
	a.finish.since_ms = NOW;
	assert_int_equal(finishes_due(&growd, NOW), NOW + 30000);
	assert_int_equal(finishes_due(&growd, NOW + 30000), NOW + 20);
}

static void nothing_is_due_while_switched_off(void **state)
{
	(void)state;
	growd.switched_off = true;
	assert_int_equal(finishes_due(&growd, NOW), LATER);
}

static void the_next_step_follows_at_once(void **state)
{
	(void)state;
	ended(&a, FINISH_MORE, NOW);
	assert_int_equal(a.finish.at_ms, NOW);
	assert_int_equal(a.look_at_ms, NOW); /* for its new size */
	ended(&a, FINISH_DONE, NOW);
	assert_int_equal(a.finish.at_ms, 0);
}

static void a_failure_waits_longer_each_time(void **state)
{
	(void)state;
	ended(&a, FINISH_DENIED, NOW);
	assert_int_equal(a.finish.at_ms, NOW + 5000);
	ended(&a, FINISH_BLOCKED, NOW);
	assert_int_equal(a.finish.at_ms, NOW + 10000);
	for (int i = 0; i < 20; i++)
		ended(&a, FINISH_FAILED, NOW);
	assert_int_equal(a.finish.at_ms, NOW + 2400000);
	ended(&a, FINISH_MORE, NOW);
	ended(&a, FINISH_ABSENT, NOW);
	assert_int_equal(a.finish.at_ms, NOW + 5000);
	a.finish.pid = 7;
	finishes_ended(&a, SIGKILL, NOW);
	assert_int_equal(a.finish.at_ms, NOW + 10000);
}

/* A changed configuration, or a pool with new space. */
static void a_reason_to_try_again_ends_the_wait(void **state)
{
	(void)state;
	ended(&a, FINISH_DENIED, NOW);
	b.finish.at_ms = 0;
	watch_end_backoff(&growd.table, 0);
	assert_true(finishes_due(&growd, NOW) <= NOW);
	assert_int_equal(a.finish.backoff_ms, 0);
	assert_int_equal(b.finish.at_ms, 0);
}

static void the_ledger_is_looked_at_after_a_mount(void **state)
{
	(void)state;
	finishes_look_again(&growd);
	assert_int_equal(finishes_due(&growd, NOW), 0);
}

#define FINISHES_TEST(test) cmocka_unit_test_setup(test, set_up)

int main(void)
{
	const struct CMUnitTest tests[] = {
		FINISHES_TEST(the_one_that_waits_longest_is_next),
		FINISHES_TEST(one_at_a_time_unless_it_hangs),
		FINISHES_TEST(nothing_is_due_while_switched_off),
		FINISHES_TEST(the_next_step_follows_at_once),
		FINISHES_TEST(a_failure_waits_longer_each_time),
		FINISHES_TEST(a_reason_to_try_again_ends_the_wait),
		FINISHES_TEST(the_ledger_is_looked_at_after_a_mount),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
