/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/daemon.h"

#include "base/cleanup.h"
#include "base/deadline.h"
#include "base/exit.h"
#include "base/log.h"
#include "base/minmax.h"
#include "base/quote.h"
#include "base/text.h"
#include "daemon/child.h"
#include "disk/growd-lock.h"
#include "disk/lock.h"

#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>

#define CHECK_MS   2000 /* of the configuration and the switch */
#define MOUNTS_MS  200	/* mounts come and go in numbers */
#define LAST_MS	   700	/* for growths that are nearly done, when the daemon ends */
#define PROTECT_MS 50

/* --- what the log says ----------------------------------------------------------------------- */

static void log_event(const char *action, const char *reason, int priority)
{
	struct log_line line;

	log_begin(&line, action);
	log_add(&line, "source", "growd");
	if (reason)
		log_add(&line, "reason", reason);
	log_end(&line, priority);
}

/* --- configuration --------------------------------------------------------------------------- */

static void log_broken(const struct daemon *daemon, const struct why *why)
{
	log_event("warn",
		  text("the configuration is broken, and %s: %s",
		       daemon->live.policy.broken ? "nothing grows until it is repaired"
						  : "the last sound one stays in effect",
		       why->text),
		  LOG_WARNING);
}

static void read_again(struct daemon *daemon, uint64_t at_ms)
{
	struct why why;

	notify_send(&daemon->notify, text("RELOADING=1\nMONOTONIC_USEC=%" PRIu64, now_ms() * 1000));
	if (reload(&daemon->live, &why) < 0) {
		log_broken(daemon, &why);
	} else {
		daemon->generation++;
		watch_end_backoff(&daemon->table, 0);
		nri_use(&daemon->nri, daemon->live.policy.nri, at_ms);
		daemon->status_at_ms = at_ms;
		looks_renew(daemon, at_ms);
		log_event("reload", NULL, LOG_INFO);
	}
	notify_send(&daemon->notify, "READY=1");
}

static void check_switch(struct daemon *daemon)
{
	struct why why;
	bool off = reload_switched_off(&daemon->live, RUN_DIR, &why);

	if (off != daemon->switched_off)
		log_event(off ? "pause" : "resume", off ? why.text : NULL, LOG_INFO);
	daemon->switched_off = off;
}

/* --- signals --------------------------------------------------------------------------------- */

static void take_child(struct daemon *daemon, pid_t pid, int status, uint64_t now_ms)
{
	struct watch_table *table = &daemon->table;

	if (pid == daemon->look.pid)
		daemon->look.pid = 0;
	if (pid == daemon->sampler.pid)
		daemon->sampler.pid = 0;
	for (size_t i = 0; i < table->n_pools; i++) {
		if (table->pools[i]->hung == pid)
			table->pools[i]->hung = 0;
	}
	for (size_t i = 0; i < table->n; i++) {
		struct watch *watch = table->watches[i];

		if (watch->hung == pid)
			watch->hung = 0;
		if (watch->growing == pid)
			growths_ended(daemon, watch, status, now_ms);
		if (watch->finish.pid == pid)
			finishes_ended(watch, status, now_ms);
	}
}

static void reap(struct daemon *daemon, uint64_t now_ms)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		take_child(daemon, pid, status, now_ms);
}

static void take_signals(struct daemon *daemon, uint64_t now_ms)
{
	struct signalfd_siginfo info;

	while (read(daemon->signal_fd, &info, sizeof(info)) == sizeof(info)) {
		if (info.ssi_signo == SIGHUP)
			read_again(daemon, now_ms);
		else if (info.ssi_signo != SIGCHLD)
			daemon->stopping = true;
	}
	reap(daemon, now_ms);
}

/* --- the loop -------------------------------------------------------------------------------- */

static void read_mounts(struct daemon *daemon, uint64_t now_ms)
{
	_cleanup_(mounts_free) struct mount_list list = {0};

	daemon->mounts_at_ms = DAEMON_NEVER;
	if (mounts_read(daemon->mounts_fd, &list) < 0 ||
	    watch_sync(&daemon->table, &list, now_ms) < 0)
		daemon->mounts_at_ms = now_ms + CHECK_MS;
	watch_drop_pools(&daemon->table);
	finishes_look_again(daemon);
}

static void check(struct daemon *daemon, uint64_t now_ms)
{
	daemon->check_at_ms = now_ms + CHECK_MS;
	if (reload_is_due(&daemon->live))
		read_again(daemon, now_ms);
	check_switch(daemon);
	growths_check(daemon, now_ms);
}

static void run_due(struct daemon *daemon, uint64_t now_ms)
{
	if (daemon->mounts_at_ms <= now_ms)
		read_mounts(daemon, now_ms);
	if (daemon->check_at_ms <= now_ms)
		check(daemon, now_ms);
	if (daemon->notify_at_ms <= now_ms) {
		notify_send(&daemon->notify, "WATCHDOG=1");
		daemon->notify_at_ms = now_ms + daemon->notify.watchdog_ms / 3;
	}
	if (nri_due(&daemon->nri) <= now_ms)
		nri_run(&daemon->nri, now_ms);
	if (daemon->status_at_ms <= now_ms)
		status_write(daemon, now_ms);
	if (looks_due(daemon) <= now_ms)
		looks_run(daemon, now_ms);
	if (samples_due(daemon) <= now_ms)
		samples_run(daemon, now_ms);
	if (finishes_due(daemon, now_ms) <= now_ms)
		finishes_run(daemon, now_ms);
}

static int next_timeout(const struct daemon *daemon, uint64_t now_ms)
{
	uint64_t due = smaller(daemon->mounts_at_ms, daemon->check_at_ms);

	due = smaller(due, smaller(daemon->notify_at_ms, daemon->status_at_ms));
	due = smaller(due, nri_due(&daemon->nri));
	due = smaller(due, looks_due(daemon));
	due = smaller(due, samples_due(daemon));
	due = smaller(due, finishes_due(daemon, now_ms));
	/* What is always due must not keep a processor busy. */
	return due <= now_ms ? PROTECT_MS : (int)smaller(due - now_ms, CHECK_MS);
}

/* NULL, which changes no container: while switched off, or no configuration has been sound yet. */
static const struct policy *policy_for_nri(const struct daemon *daemon)
{
	return daemon->switched_off ? NULL : &daemon->live.policy;
}

/* Whoever asks doctor after a change wants to see it. */
static void take_nri(struct daemon *daemon, uint64_t now_ms)
{
	bool was_asked = nri_engine(&daemon->nri) != NULL;

	nri_arrived(&daemon->nri, policy_for_nri(daemon), now_ms);
	if (was_asked != (nri_engine(&daemon->nri) != NULL))
		daemon->status_at_ms = now_ms;
}

static void run_once(struct daemon *daemon)
{
	struct pollfd fds[] = {
		{.fd = daemon->signal_fd, .events = POLLIN},
		{.fd = daemon->mounts_fd, .events = POLLPRI},
		{.fd = daemon->sampler.fd, .events = POLLIN},
		{.fd = daemon->look.fd, .events = POLLIN},
		{.fd = daemon->nri.fd, .events = nri_events(&daemon->nri)},
	};
	uint64_t now_ms = boottime_now();
	int r = poll(fds, sizeof(fds) / sizeof(fds[0]), next_timeout(daemon, now_ms));

	now_ms = boottime_now();
	/* First: an engine waits for the answer. */
	if (r > 0 && fds[4].revents)
		take_nri(daemon, now_ms);
	if (r > 0 && fds[2].revents)
		samples_arrived(daemon, now_ms);
	if (r > 0 && fds[3].revents)
		looks_arrived(daemon, now_ms);
	if (r > 0 && fds[1].revents)
		daemon->mounts_at_ms = smaller(daemon->mounts_at_ms, now_ms + MOUNTS_MS);
	if (r > 0 && fds[0].revents)
		take_signals(daemon, now_ms);
	run_due(daemon, now_ms);
}

/* --- beginning and end ----------------------------------------------------------------------- */

static int open_signals(void)
{
	sigset_t signals;
	int fd;

	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGHUP);
	sigaddset(&signals, SIGCHLD);
	if (sigprocmask(SIG_BLOCK, &signals, NULL) < 0)
		return -errno;
	fd = signalfd(-1, &signals, SFD_NONBLOCK | SFD_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

static int open_all(struct daemon *daemon, struct why *why)
{
	int r = growd_lock(RUN_DIR);

	if (r == -EBUSY)
		return why_set(why, EBUSY, "another oci-thin-growd is running");
	if (r < 0)
		return why_set(why, -r, RUN_DIR "/" GROWD_LOCK ": %s", strerror(-r));
	daemon->lock_fd = r;
	daemon->signal_fd = open_signals();
	daemon->mounts_fd = open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC);
	if (daemon->signal_fd < 0 || daemon->mounts_fd < 0)
		return why_set(why, errno, "/proc/self/mountinfo: %s", strerror(errno));
	r = sampler_start(&daemon->sampler);
	return r < 0 ? why_set(why, -r, "starting a process: %s", strerror(-r)) : 0;
}

static bool is_growing(const struct daemon *daemon)
{
	for (size_t i = 0; i < daemon->table.n; i++) {
		const struct watch *watch = daemon->table.watches[i];

		if (watch->growing || watch->finish.pid)
			return true;
	}
	return false;
}

/* A growth that is cut short is finished later, so it is not waited for long. */
static void stop(struct daemon *daemon)
{
	uint64_t end_ms = boottime_now() + LAST_MS, now_ms;
	struct pollfd fd = {.fd = daemon->signal_fd, .events = POLLIN};

	notify_send(&daemon->notify, "STOPPING=1");
	nri_use(&daemon->nri, NULL, 0);
	while (is_growing(daemon) && (now_ms = boottime_now()) < end_ms) {
		poll(&fd, 1, (int)(end_ms - now_ms));
		take_signals(daemon, now_ms);
	}
	sampler_stop(&daemon->sampler);
	status_write(daemon, boottime_now());
	log_event("stop", NULL, LOG_INFO);
}

static void close_all(struct daemon *daemon)
{
	cleanup_close(&daemon->look.fd);
	cleanup_close(&daemon->mounts_fd);
	cleanup_close(&daemon->signal_fd);
	cleanup_close(&daemon->lock_fd);
	watch_free(&daemon->table);
	reload_free(&daemon->live);
}

int daemon_run(const char *config_file, const struct notify *notify)
{
	struct daemon daemon = {
		.notify = *notify,
		.run_dir = RUN_DIR,
		.lock_fd = -EBADF,
		.mounts_fd = -EBADF,
		.signal_fd = -EBADF,
		.sampler.fd = -EBADF,
		.look.fd = -EBADF,
		.nri = NRI_CLOSED,
		.notify_at_ms = notify->watchdog_ms ? 0 : DAEMON_NEVER,
	};
	int status = EXIT_FAILED;
	struct why why;

	if (reload_first(&daemon.live, config_file, &why) < 0)
		log_broken(&daemon, &why);
	if (open_all(&daemon, &why) < 0) {
		log_stderr("%s", why.text);
	} else {
		status_read(&daemon, boottime_now());
		nri_use(&daemon.nri, daemon.live.policy.nri, boottime_now());
		log_event("start", NULL, LOG_INFO);
		notify_send(&daemon.notify, "READY=1");
		while (!daemon.stopping)
			run_once(&daemon);
		stop(&daemon);
		status = EXIT_OK;
	}
	close_all(&daemon);
	return status;
}
