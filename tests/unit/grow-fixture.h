/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Shared by the tests of disk/grow.c: a container's disk of 1 GiB that should have 4 GiB. */

#include "disk/grow.h"
#include "disk/lock.h"
#include "fake-dm.h"
#include "fake-fs.h"
#include "unit.h"

#define SMALL_SECTORS UINT64_C(2097152)
#define LARGE_SECTORS UINT64_C(8388608)
#define SMALL	      GIB
#define LARGE	      (4 * GIB)

/* A test of one filesystem, or of each. */
#define FS_TEST(test, fs)                                                                          \
	((struct CMUnitTest){.name = #test " " #fs,                                                \
			     .test_func = (test),                                                  \
			     .setup_func = setup,                                                  \
			     .teardown_func = teardown,                                            \
			     .initial_state = &(enum fs_type){fs}})
#define EACH_FS(test) FS_TEST(test, FS_EXT4), FS_TEST(test, FS_XFS), FS_TEST(test, FS_BTRFS)

static struct rootfs rootfs;
static struct grow_order order;
static struct grow_report report;
static struct why why;
static char *run_parent, *run_dir, *ledger_dir;

/* A device and a filesystem of 1 GiB, of the type in *@state, and a request for 4 GiB. */
static inline int setup(void **state)
{
	fake_dm_arm(SMALL_SECTORS);
	fake_fs_arm(*(enum fs_type *)*state, SMALL, &rootfs);
	run_parent = new_directory();
	run_dir = path_in(run_parent, "run");
	ledger_dir = path_in(run_parent, "ledger");
	order = (struct grow_order){
		.want_bytes = LARGE,
		.marks = {95, 90, 0},
		.timeout_ms = 5000,
		.run_dir = run_dir,
		.ledger_dir = ledger_dir,
	};
	return 0;
}

static inline int teardown(void **state)
{
	(void)state;
	grow_report_free(&report);
	report = (struct grow_report){0};
	rootfs_close(&rootfs);
	remove_directory(run_parent);
	free(run_dir);
	free(ledger_dir);
	fake_fs_disarm();
	fake_dm_disarm();
	return 0;
}

static inline void start_again(void **state)
{
	teardown(state);
	setup(state);
}

static inline int grow(void)
{
	grow_report_free(&report);
	why.text[0] = '\0';
	return grow_rootfs(&rootfs, &order, &report, &why);
}

/* Whatever happened, no device is worse off than before. */
static inline void assert_safe(uint64_t sectors_before)
{
	assert_true(fake_dm.thin.live.sectors >= sectors_before);
	assert_true(fake_dm.thin.live.sectors * 512 >= fake_fs.bytes);
	assert_true(fake_fs.bytes >= SMALL);
	assert_false(fake_dm.resumed_anothers);
	assert_false(fake_fs.grown_while_suspended);
	assert_int_equal(fake_dm.commits, 0);
	assert_true(!fake_dm.thin.suspended || fake_dm.thin.by_another);
}

static inline void assert_large(void)
{
	assert_safe(LARGE_SECTORS);
	assert_int_equal(fake_dm.thin.live.sectors, LARGE_SECTORS);
	assert_int_equal(fake_fs.bytes, LARGE);
}

/* No load, no resume, no change of the filesystem, no lock. */
static inline void assert_untouched(void)
{
	struct stat st;

	assert_string_equal(fake_dm.log, "");
	assert_int_equal(fake_dm.count[DM_DEVICE_RELOAD], 0);
	assert_int_equal(fake_dm.count[DM_DEVICE_RESUME], 0);
	assert_int_equal(fake_fs.grows, 0);
	assert_int_equal(fake_fs.bytes, SMALL);
	assert_int_not_equal(stat(run_dir, &st), 0);
}

static inline void assert_not_changed(void)
{
	assert_string_equal(fake_dm.log, "");
	assert_int_equal(fake_fs.bytes, SMALL);
}

static inline void expect_result(enum grow_result result)
{
	assert_int_equal(grow(), 0);
	assert_int_equal(report.result, result);
}

static inline void expect_error(int err, const char *reason)
{
	assert_int_equal(grow(), -err);
	assert_contains(why.text, reason);
}

/* Postponed: not an error, and the filesystem is unchanged. */
static inline void expect_postponed(const char *reason)
{
	expect_result(GROW_POSTPONED);
	assert_contains(why.text, reason);
	assert_int_equal(fake_fs.bytes, SMALL);
}

static inline bool is_xfs(void)
{
	return fake_fs.type == FS_XFS;
}

/* Whatever happened, a run without faults finishes. */
static inline void assert_next_run_finishes(void)
{
	fake_dm.fault = fake_dm.meddle_at = (struct fake_when){0};
	fake_fs.grow_errno = 0;
	fake_fs.grow_positive = false;
	fake_fs.grow_less = 0;
	assert_int_equal(grow(), 0);
	assert_large();
}

/* Another program makes the device longer than any test requests. */
static inline void lengthen(void)
{
	fake_dm_load(2 * LARGE_SECTORS);
	fake_dm_swap();
}
