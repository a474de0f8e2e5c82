/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cleanup.h"
#include "base/deadline.h"
#include "base/minmax.h"
#include "base/text.h"
#include "daemon/child.h"
#include "daemon/daemon.h"
#include "daemon/decision.h"
#include "disk/heal.h"
#include "disk/ledger.h"
#include "disk/lock.h"
#include "job/finish.h"
#include "job/settings.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define LOOK_MS	 2000
#define FIRST_MS 2000  /* it may be a growth that has just begun, and ends soon */
#define STUCK_MS 30000 /* one that waits in the kernel does not hold up the others */
#define LOCK_MS	 100

/* --- in the child ---------------------------------------------------------------------------- */

/* An operator, or the container's start, may be growing it right now. */
static bool is_locked(dev_t dev)
{
	_cleanup_close_ int fd = -EBADF;
	struct deadline deadline;
	struct why unused;
	int r = deadline_start(&deadline, LOCK_MS);

	if (r == 0)
		r = lock_device(RUN_DIR, dev, &deadline, &fd, &unused);
	deadline_stop(&deadline);
	return r == -ETIMEDOUT;
}

/* The entry of this very device, by a dry run of heal. */
static enum finish_result finish(const struct policy *policy, dev_t dev)
{
	_cleanup_(heal_report_free) struct heal_report report = {0};
	struct finisher finisher = {.policy = policy, .idle = true};
	struct heal_order order = settings_heal_order(policy);
	struct why unused;

	order.dry_run = true;
	if (is_locked(dev))
		return FINISH_BLOCKED;
	if (heal_device(dev, &order, &report, &unused) < 0 || !report.intended_sectors ||
	    report.in_vm)
		return FINISH_ABSENT;
	return finish_step(&finisher, &report.device, report.intended_sectors);
}

/* --- in the daemon --------------------------------------------------------------------------- */

/* 0: it is not active. Only names that udev does not change are engines'. */
static dev_t device_named(const char *name)
{
	_cleanup_free_ char *path = text_new("/dev/mapper/%s", name);
	struct stat st;

	return path && stat(path, &st) == 0 && S_ISBLK(st.st_mode) ? st.st_rdev : 0;
}

static void note_entry(const struct ledger_entry *entry, void *context)
{
	struct daemon *daemon = context;
	dev_t dev =
		entry->state == LEDGER_INTENDED && !entry->in_vm ? device_named(entry->device) : 0;
	struct watch *watch = dev ? watch_find(&daemon->table, dev) : NULL;

	if (watch)
		watch->finish.seen = true;
}

/* Which of the mounted filesystems have a growth that is not finished? */
static void read_ledger(struct daemon *daemon, uint64_t now_ms)
{
	struct why unused; /* doctor reports what is wrong with the ledger */

	for (size_t i = 0; i < daemon->table.n; i++)
		daemon->table.watches[i]->finish.seen = false;
	ledger_each(LEDGER_DIR, note_entry, daemon, &unused);
	for (size_t i = 0; i < daemon->table.n; i++) {
		struct watch_finish *finish = &daemon->table.watches[i]->finish;

		if (!finish->seen)
			finish->at_ms = finish->backoff_ms = 0;
		else if (!finish->at_ms)
			finish->at_ms = now_ms + FIRST_MS;
	}
}

/*
 * Each entry that is written is renamed into the directory. Its time has a coarse clock, so one
 * more look follows each change.
 */
static bool ledger_has_changed(struct daemon *daemon)
{
	struct stat st = {0};
	bool changed;

	stat(LEDGER_DIR, &st);
	changed = st.st_mtim.tv_sec != daemon->ledger.time.tv_sec ||
		  st.st_mtim.tv_nsec != daemon->ledger.time.tv_nsec;
	daemon->ledger.time = st.st_mtim;
	if (changed)
		daemon->ledger.looks = 2;
	return daemon->ledger.looks && daemon->ledger.looks--;
}

/* The one that is running, unless it hangs; NULL: none. */
static const struct watch *running(const struct daemon *daemon, uint64_t now_ms)
{
	for (size_t i = 0; i < daemon->table.n; i++) {
		const struct watch *watch = daemon->table.watches[i];

		if (watch->finish.pid && now_ms - watch->finish.since_ms < STUCK_MS)
			return watch;
	}
	return NULL;
}

/* The one that waits longest; NULL: none is due. */
static struct watch *next(const struct daemon *daemon)
{
	struct watch *first = NULL;

	for (size_t i = 0; i < daemon->table.n; i++) {
		struct watch *watch = daemon->table.watches[i];

		if (watch->finish.at_ms && !watch->finish.pid && !watch->growing &&
		    (!first || watch->finish.at_ms < first->finish.at_ms))
			first = watch;
	}
	return first;
}

uint64_t finishes_due(const struct daemon *daemon, uint64_t now_ms)
{
	const struct watch *busy = running(daemon, now_ms), *first = next(daemon);
	uint64_t due = daemon->ledger.look_at_ms;

	if (first && !daemon->switched_off)
		due = smaller(due, busy ? busy->finish.since_ms + STUCK_MS : first->finish.at_ms);
	return due;
}

static void back_off(struct watch_finish *finish, uint64_t now_ms)
{
	finish->backoff_ms = decide_backoff_ms(finish->backoff_ms);
	finish->at_ms = now_ms + finish->backoff_ms;
}

static void start(struct daemon *daemon, struct watch *watch, uint64_t now_ms)
{
	pid_t pid = child_fork(-EBADF, false);

	if (pid == 0)
		_exit((int)finish(&daemon->live.policy, watch->mount.dev));
	if (pid < 0) {
		back_off(&watch->finish, now_ms);
		return;
	}
	watch->finish.pid = pid;
	watch->finish.since_ms = now_ms;
}

void finishes_run(struct daemon *daemon, uint64_t now_ms)
{
	struct watch *first;

	if (daemon->ledger.look_at_ms <= now_ms) {
		daemon->ledger.look_at_ms = now_ms + LOOK_MS;
		if (ledger_has_changed(daemon))
			read_ledger(daemon, now_ms);
	}
	first = next(daemon);
	if (first && first->finish.at_ms <= now_ms && !daemon->switched_off &&
	    !running(daemon, now_ms))
		start(daemon, first, now_ms);
}

void finishes_ended(struct watch *watch, int status, uint64_t now_ms)
{
	int result = WIFEXITED(status) ? WEXITSTATUS(status) : FINISH_FAILED;

	watch->finish.pid = 0;
	if (result == FINISH_MORE || result == FINISH_DONE) {
		watch->finish.backoff_ms = 0;
		watch->finish.at_ms = result == FINISH_MORE ? now_ms : 0;
		watch_ask_size(watch, now_ms);
	} else {
		back_off(&watch->finish, now_ms);
	}
}

void finishes_look_again(struct daemon *daemon)
{
	daemon->ledger.looks = 2;
	daemon->ledger.look_at_ms = 0;
}
