/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cleanup.h"
#include "base/log.h"
#include "base/minmax.h"
#include "base/text.h"
#include "daemon/child.h"
#include "daemon/daemon.h"

#include <fcntl.h>
#include <string.h>

/* An engine writes its files about a container a little after it has mounted its disk. */
#define FIRST_RETRY_MS 500
#define RETRY_MS       60000
#define PATIENCE_MS    60000

static void end_look(struct daemon *daemon)
{
	if (daemon->look.fd >= 0)
		close(daemon->look.fd);
	daemon->look.fd = -EBADF;
}

uint64_t looks_due(const struct daemon *daemon)
{
	uint64_t due = DAEMON_NEVER;

	if (daemon->look.fd >= 0)
		return daemon->look.since_ms + PATIENCE_MS;
	/* One that waits in the kernel is not dead yet, and another would wait as well. */
	if (daemon->look.pid)
		return DAEMON_NEVER;
	for (size_t i = 0; i < daemon->table.n; i++) {
		uint64_t at = daemon->table.watches[i]->look_at_ms;

		if (at)
			due = smaller(due, at);
	}
	return due;
}

/* It waits in the kernel, or reads very many files. */
static void abandon_look(struct daemon *daemon)
{
	struct log_line line;

	child_kill(daemon->look.pid);
	end_look(daemon);
	log_begin(&line, "warn");
	log_add(&line, "source", "growd");
	log_add(&line, "reason",
		text("the search for the containers of disks has taken %u s; it starts again when "
		     "that process has ended",
		     PATIENCE_MS / 1000));
	log_end(&line, LOG_WARNING);
}

/* The questions that are due, to be freed; *ret_n is 0 if there are none. */
static struct owner_question *collect(struct daemon *daemon, uint64_t now_ms, size_t *ret_n)
{
	struct owner_question *questions = calloc(daemon->table.n + 1, sizeof(*questions));
	size_t n = 0;

	for (size_t i = 0; questions && i < daemon->table.n; i++) {
		struct watch *watch = daemon->table.watches[i];

		if (!watch->look_at_ms || watch->look_at_ms > now_ms)
			continue;
		questions[n++] = (struct owner_question){watch->mount.dev, watch->look_at_size};
		/* If there is no answer. */
		watch->look_at_ms = now_ms + RETRY_MS;
	}
	*ret_n = n;
	return questions;
}

void looks_run(struct daemon *daemon, uint64_t now_ms)
{
	_cleanup_free_ struct owner_question *questions = NULL;
	int ends[2];
	size_t n;
	pid_t pid;

	if (daemon->look.fd >= 0) {
		abandon_look(daemon);
		return;
	}
	questions = collect(daemon, now_ms, &n);
	if (n == 0 || pipe2(ends, O_CLOEXEC) < 0)
		return;
	pid = child_fork(ends[1], true);
	if (pid == 0) {
		owner_answer(questions, n, &daemon->live.policy, ends[1]);
		_exit(EXIT_SUCCESS);
	}
	close(ends[1]);
	if (pid < 0) {
		close(ends[0]);
		return;
	}
	daemon->look.fd = ends[0];
	daemon->look.pid = pid;
	daemon->look.since_ms = now_ms;
}

static void retry_later(struct watch *watch, uint64_t now_ms)
{
	uint64_t ms = watch->looks < 8 ? (uint64_t)FIRST_RETRY_MS << watch->looks : RETRY_MS;

	watch->looks++;
	watch->look_at_ms = now_ms + smaller(ms, RETRY_MS);
}

/* After a change of the configuration, or of the device at this path, its owner is not known. */
static bool is_owned_as_before(const struct daemon *daemon, const struct watch *watch,
			       const struct owner *now)
{
	return watch->state == WATCH_KNOWN && watch->generation == daemon->generation &&
	       strcmp(watch->owner.device, now->device) == 0;
}

static void take_owner(struct daemon *daemon, struct watch *watch, const struct owner *owner,
		       uint64_t now_ms)
{
	watch->look_at_ms = 0;
	watch->look_at_size = false;
	if (owner->error == -ENODEV || owner->error == -EREMOTE) {
		watch->state = WATCH_OTHER;
	} else if (owner->error < 0) {
		retry_later(watch, now_ms);
	} else if (owner->known && !is_owned_as_before(daemon, watch, owner)) {
		watch->look_at_ms = now_ms; /* the owner is still to be asked for */
	} else if (owner->known) {
		watch->owner.bytes = owner->bytes;
	} else {
		if (owner->limits.max_bytes != watch->owner.limits.max_bytes)
			watch->told_max = watch->told_limit = false;
		watch->owner = *owner;
		if (watch->state == WATCH_NEW)
			watch_remember(&daemon->table, watch);
		watch->state = WATCH_KNOWN;
		watch->generation = daemon->generation;
		watch->looks = 0;
		if (watch_pool(&daemon->table, owner->pool))
			watch->sample_at_ms = smaller(watch->sample_at_ms, now_ms);
	}
}

void looks_arrived(struct daemon *daemon, uint64_t now_ms)
{
	struct owner owner;
	struct watch *watch;

	if (read(daemon->look.fd, &owner, sizeof(owner)) != sizeof(owner)) {
		end_look(daemon);
		return;
	}
	watch = watch_find(&daemon->table, owner.dev);
	if (watch)
		take_owner(daemon, watch, &owner, now_ms);
}

void looks_renew(struct daemon *daemon, uint64_t now_ms)
{
	for (size_t i = 0; i < daemon->table.n; i++) {
		struct watch *watch = daemon->table.watches[i];

		watch->look_at_size = false;
		watch->looks = 0;
		watch->look_at_ms = now_ms;
	}
	/* One that is running has the old configuration. */
	if (daemon->look.fd >= 0)
		child_kill(daemon->look.pid);
	end_look(daemon);
}
