/* SPDX-License-Identifier: Apache-2.0 */
#include "base/deadline.h"

#include "fake-clock.h"
#include "unit.h"

#include <signal.h>
#include <sys/time.h>

static bool timer_runs(void)
{
	struct itimerval timer;

	assert_int_equal(getitimer(ITIMER_REAL, &timer), 0);
	return timer.it_value.tv_sec || timer.it_value.tv_usec;
}

static void passes_on_time(void **state)
{
	struct deadline deadline;
	uint64_t start;

	(void)state;
	fake_clock(true);
	start = now_ms();
	assert_int_equal(deadline_start(&deadline, 60), 0);
	assert_false(deadline_passed(&deadline));
	while (deadline_pause(&deadline, 3))
		assert_true(now_ms() - start <= 63);
	assert_true(deadline_passed(&deadline));
	assert_in_range(now_ms() - start, 60, 63);
	deadline_stop(&deadline);
	fake_clock(false);
}

/* The kernel would wait for ever: the signal interrupts it, and again the next time. */
static void interrupts_calls_that_wait(void **state)
{
	struct deadline deadline;
	int ends[2];
	char c;

	(void)state;
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(deadline_start(&deadline, 30), 0);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(read(ends[0], &c, 1), -1);
		assert_int_equal(errno, EINTR);
		assert_true(deadline_passed(&deadline));
	}
	deadline_stop(&deadline);
	assert_false(timer_runs());
	close(ends[0]);
	close(ends[1]);
}

static void passes_at_once_if_there_is_no_time(void **state)
{
	struct deadline deadline;

	(void)state;
	assert_int_equal(deadline_start(&deadline, 0), 0);
	assert_true(deadline_passed(&deadline));
	assert_false(deadline_pause(&deadline, 3));
	assert_true(timer_runs()); /* a blocking call must still be interrupted */
	deadline_stop(&deadline);
}

static void works_when_the_signal_was_blocked(void **state)
{
	struct deadline deadline;
	sigset_t mask, old;
	int ends[2];
	char c;

	(void)state;
	assert_int_equal(pipe(ends), 0);
	sigemptyset(&mask);
	sigaddset(&mask, SIGALRM);
	sigprocmask(SIG_BLOCK, &mask, &old);
	assert_int_equal(deadline_start(&deadline, 20), 0);
	assert_int_equal(read(ends[0], &c, 1), -1);
	assert_int_equal(errno, EINTR);
	deadline_stop(&deadline);
	sigprocmask(SIG_SETMASK, &old, NULL);
	close(ends[0]);
	close(ends[1]);
}

/* The wrapper executes the runtime next. */
static void leaves_the_signal_as_it_was(void **state)
{
	struct sigaction action;
	struct deadline deadline;
	sigset_t mask, old, after;

	(void)state;
	sigemptyset(&mask);
	sigaddset(&mask, SIGALRM);
	signal(SIGALRM, SIG_IGN);
	sigprocmask(SIG_BLOCK, &mask, &old);
	assert_int_equal(deadline_start(&deadline, 1000), 0);
	deadline_stop(&deadline);
	sigprocmask(SIG_SETMASK, &old, &after);
	sigaction(SIGALRM, NULL, &action);
	signal(SIGALRM, SIG_DFL);
	assert_false(timer_runs());
	assert_true(sigismember(&after, SIGALRM));
	assert_true(action.sa_handler == SIG_IGN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(passes_on_time),
		cmocka_unit_test(interrupts_calls_that_wait),
		cmocka_unit_test(passes_at_once_if_there_is_no_time),
		cmocka_unit_test(works_when_the_signal_was_blocked),
		cmocka_unit_test(leaves_the_signal_as_it_was),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
