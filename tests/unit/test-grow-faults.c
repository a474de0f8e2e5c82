/* SPDX-License-Identifier: Apache-2.0 */

/* Each call to device-mapper may fail; the tests check the state at the end. */

#include "disk/ledger.h"
#include "grow-fixture.h"

/* Returns false if there is no @nth call. */
static bool fail_at(void **state, int type, unsigned int nth, int err, enum fake_harm harm)
{
	int r;

	start_again(state);
	order.timeout_ms = 30;
	fake_dm.fault = (struct fake_when){type, nth};
	fake_dm.fault_errno = err;
	fake_dm.harm = harm;
	r = grow();
	assert_safe(SMALL_SECTORS);
	if (!fake_dm.faulted) {
		assert_int_equal(r, 0);
		return false;
	}
	if (r == 0 && report.result != GROW_POSTPONED)
		assert_large();
	else
		assert_string_not_equal(why.text, "");
	order.timeout_ms = 5000;
	assert_next_run_finishes();
	return true;
}

static void survives_every_failing_call(void **state)
{
	static const int errors[] = {EIO, ENOMEM, EINTR, ENXIO, EINVAL, EBUSY};

	for (size_t i = 0; i < COUNT_OF(errors); i++) {
		unsigned int k = 1;

		while (fail_at(state, ANY_CALL, k, errors[i], HARM_NONE))
			k++;
		/* look twice, the pool's table and status, load, look, resume, look */
		assert_true(k > 8);
	}
}

static void resumes_what_a_failed_resume_left_suspended(void **state)
{
	static const int errors[] = {EIO, ENOMEM, EINTR, EINVAL};
	static const enum fake_harm harms[] = {HARM_SUSPENDED, HARM_SWAPPED};
	unsigned int resumes = fake_fs.type == FS_XFS ? 2 : 1;

	for (size_t i = 0; i < COUNT_OF(errors); i++) {
		for (size_t j = 0; j < COUNT_OF(harms); j++) {
			unsigned int k = 1;

			while (fail_at(state, DM_DEVICE_RESUME, k, errors[i], harms[j]))
				k++;
			assert_true(k > resumes);
		}
	}
}

static void an_interrupted_resume_changes_nothing_and_is_postponed(void **state)
{
	(void)state;
	fake_dm.fault = (struct fake_when){DM_DEVICE_RESUME, 1};
	fake_dm.fault_errno = EINTR;
	expect_postponed("the device is unchanged");
	assert_int_equal(fake_dm.thin.live.sectors, SMALL_SECTORS);
	assert_int_equal(fake_dm.thin.inactive.sectors, LARGE_SECTORS);
	assert_int_equal(fake_fs.grows, 0);
	assert_next_run_finishes();
}

static void the_third_is_the_last(void)
{
	if (fake_dm.count[DM_DEVICE_RESUME] == 3)
		fake_dm.fault_lasts = false;
}

/* The pool is suspended in the middle of the swap, and for longer than the deadline. */
static void resumes_its_own_device_past_the_deadline(void **state)
{
	(void)state;
	order.timeout_ms = 30;
	fake_dm.fault = (struct fake_when){DM_DEVICE_RESUME, 1};
	fake_dm.fault_lasts = true;
	fake_dm.fault_errno = EINTR;
	fake_dm.harm = HARM_SWAPPED;
	fake_dm.after_fault = the_third_is_the_last;
	grow();
	assert_false(fake_dm.thin.suspended);
	assert_int_equal(fake_dm.count[DM_DEVICE_RESUME], 4);
	fake_dm.fault = (struct fake_when){0};
	fake_dm.after_fault = NULL;
	assert_next_run_finishes();
}

static void another_program_resumes_it(void)
{
	fake_dm.harm = HARM_NONE;
	if (fake_dm.count[DM_DEVICE_RESUME] == 2) {
		fake_dm.fault_lasts = false;
		fake_dm.fault_errno = EINVAL;
		fake_dm.thin.suspended = false;
	}
}

static void a_device_that_another_program_has_resumed_is_not_left_suspended(void **state)
{
	(void)state;
	order.timeout_ms = 30;
	fake_dm.fault = (struct fake_when){DM_DEVICE_RESUME, 1};
	fake_dm.fault_lasts = true;
	fake_dm.fault_errno = EINTR;
	fake_dm.harm = HARM_SWAPPED;
	fake_dm.after_fault = another_program_resumes_it;
	expect_postponed("it took too long");
	assert_int_equal(fake_dm.count[DM_DEVICE_RESUME], 2);
}

/* If the device cannot be resumed any more, the error must say so, and what to do. */
static void says_what_to_do_if_the_device_stays_suspended(void **state)
{
	(void)state;
	order.timeout_ms = 30;
	fake_dm.fault = (struct fake_when){DM_DEVICE_RESUME, 1};
	fake_dm.fault_lasts = true;
	fake_dm.fault_errno = EIO;
	fake_dm.harm = HARM_SUSPENDED;
	expect_error(EIO, "run \"dmsetup resume docker-8:1-42-thin\"");
	assert_true(fake_dm.count[DM_DEVICE_RESUME] > 1);
	assert_int_equal(fake_fs.grows, 0);
}

static void the_advice_to_resume_a_device_is_quoted_for_sh(void **state)
{
	(void)state;
	fake_dm.thin.name = "docker-8:1-42-a;reboot";
	order.timeout_ms = 30;
	fake_dm.fault = (struct fake_when){DM_DEVICE_RESUME, 1};
	fake_dm.fault_lasts = true;
	fake_dm.fault_errno = EIO;
	fake_dm.harm = HARM_SUSPENDED;
	expect_error(EIO, "run \"dmsetup resume 'docker-8:1-42-a;reboot'\"");
}

/*
 * An interrupted resume leaves a device as it was: if it is suspended now, another program did it.
 */
static void does_not_resume_a_device_that_another_program_suspended_after_an_interrupt(void **state)
{
	(void)state;
	fake_dm.fault = (struct fake_when){DM_DEVICE_RESUME, 1};
	fake_dm.fault_errno = EINTR;
	fake_dm.harm = HARM_KEPT_INACTIVE;
	fake_dm.thin.by_another = true;
	expect_postponed("the device is unchanged");
	assert_true(fake_dm.thin.suspended);
	assert_int_equal(fake_dm.count[DM_DEVICE_RESUME], 1);
}

/*
 * The look after a failed resume, which shows whether the device is suspended, may fail once, too.
 */
static void look_fails_next(void)
{
	fake_dm.fault = (struct fake_when){DM_DEVICE_TABLE, fake_dm.count[DM_DEVICE_TABLE] + 1};
	fake_dm.harm = HARM_NONE;
}

static void resumes_even_if_the_lookup_after_a_failed_resume_fails(void **state)
{
	(void)state;
	order.timeout_ms = 30;
	fake_dm.fault = (struct fake_when){DM_DEVICE_RESUME, 1};
	fake_dm.fault_errno = ENOMEM;
	fake_dm.harm = HARM_SUSPENDED;
	fake_dm.after_fault = look_fails_next;
	grow();
	assert_safe(SMALL_SECTORS);
}

static enum ledger_state entry_state(void)
{
	struct ledger_entry entry;

	assert_int_equal(ledger_read(ledger_dir, fake_dm.thin.name, &entry, &why), 1);
	assert_int_equal(entry.sectors, LARGE_SECTORS);
	return entry.state;
}

/* XFS: the container has the requested size, and heal the length that the device needs. */
static void a_growth_that_cannot_be_settled_is_done_and_settled_later(void **state)
{
	static const int errors[] = {EINTR, EIO, ENOMEM, EBUSY, EINVAL};
	static const enum fake_harm harms[] = {HARM_NONE, HARM_SUSPENDED, HARM_SWAPPED};

	for (size_t i = 0; i < 2 * COUNT_OF(errors) * COUNT_OF(harms); i++) {
		int type = i % 2 ? DM_DEVICE_RELOAD : DM_DEVICE_RESUME;

		start_again(state);
		fake_dm.fault = (struct fake_when){type, 2};
		fake_dm.fault_lasts = type == DM_DEVICE_RELOAD; /* it is tried again */
		fake_dm.fault_errno = errors[i / 2 % COUNT_OF(errors)];
		fake_dm.harm = harms[i / 2 / COUNT_OF(errors)];
		order.timeout_ms = 30;
		expect_result(GROW_DONE);
		assert_large();
		assert_contains(report.warning.text, "grown, but not settled");
		assert_lacks(report.warning.text, "nothing");
		assert_int_equal(entry_state(), LEDGER_INTENDED);
		/* A second run that cannot settle it must not report it as finished, either. */
		fake_dm.fault.nth = fake_dm.count[type] + 1;
		fake_dm.harm = HARM_NONE;
		expect_result(GROW_KEPT);
		assert_contains(report.warning.text, "grown, but not settled");
		assert_int_equal(entry_state(), LEDGER_INTENDED);
		fake_dm.fault = (struct fake_when){0};
		expect_result(GROW_DONE);
		assert_true(report.unfinished);
		assert_string_equal(report.warning.text, "");
		assert_int_equal(entry_state(), LEDGER_DONE);
		assert_large();
	}
}

static void remove_device(void)
{
	fake_dm.thin.gone = true;
}

static void gives_a_reason_if_the_device_goes_away(void **state)
{
	for (unsigned int k = 1; k <= 11; k++) {
		start_again(state);
		order.timeout_ms = 30;
		fake_dm.meddle_at = (struct fake_when){ANY_CALL, k};
		fake_dm.meddle = remove_device;
		if (grow() < 0)
			assert_string_not_equal(why.text, "");
		else
			assert_true(fake_dm.calls < k || fake_dm.count[DM_DEVICE_RESUME] > 0);
	}
}

static void tries_again_while_the_pool_is_suspended(void **state)
{
	(void)state;
	fake_dm.loads_refused = 3;
	expect_result(GROW_DONE);
	assert_large();
	assert_int_equal(fake_dm.count[DM_DEVICE_RELOAD], is_xfs() ? 5 : 4);
}

static void gives_up_at_the_deadline_if_loads_are_refused(void **state)
{
	(void)state;
	order.timeout_ms = 30;
	fake_dm.loads_refused = UINT32_MAX;
	expect_error(EINVAL, "loading a table of 8388608 sectors");
	assert_safe(SMALL_SECTORS);
	assert_int_equal(fake_dm.count[DM_DEVICE_RESUME], 0);
	assert_int_equal(fake_fs.grows, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		EACH_FS(survives_every_failing_call),
		EACH_FS(resumes_what_a_failed_resume_left_suspended),
		EACH_FS(resumes_its_own_device_past_the_deadline),
		EACH_FS(a_device_that_another_program_has_resumed_is_not_left_suspended),
		EACH_FS(an_interrupted_resume_changes_nothing_and_is_postponed),
		EACH_FS(says_what_to_do_if_the_device_stays_suspended),
		EACH_FS(the_advice_to_resume_a_device_is_quoted_for_sh),
		EACH_FS(does_not_resume_a_device_that_another_program_suspended_after_an_interrupt),
		EACH_FS(resumes_even_if_the_lookup_after_a_failed_resume_fails),
		FS_TEST(a_growth_that_cannot_be_settled_is_done_and_settled_later, FS_XFS),
		EACH_FS(gives_a_reason_if_the_device_goes_away),
		EACH_FS(tries_again_while_the_pool_is_suspended),
		EACH_FS(gives_up_at_the_deadline_if_loads_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
