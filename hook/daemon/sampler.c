/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/sampler.h"

#include "base/cleanup.h"
#include "daemon/child.h"
#include "disk/thin.h"

#include <fcntl.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>

struct board {
	unsigned int n;
	atomic_uint answered;
	struct question questions[SAMPLER_QUESTIONS];
};

/* --- the child ------------------------------------------------------------------------------- */

static void take_statfs(const struct statfs *fs, struct question *question)
{
	uint64_t block = (uint64_t)fs->f_bsize;
	struct sample *sample = &question->sample;

	*sample = (struct sample){
		.at_ms = boottime_now(),
		.total_bytes = fs->f_blocks * block,
		.used_bytes = (fs->f_blocks - fs->f_bfree) * block,
		.available_bytes = fs->f_bavail * block,
	};
	/* XFS makes them when they are needed, and btrfs has none to count. */
	if (question->has_inodes && fs->f_ffree <= fs->f_files) {
		sample->files = fs->f_files;
		sample->files_used = fs->f_files - fs->f_ffree;
	}
}

static int look_at_filesystem(struct question *question)
{
	_cleanup_close_ int fd =
		open(question->path, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct statfs fs;
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0 || fstatfs(fd, &fs) < 0)
		return -errno;
	if (!question->hides_device && st.st_dev != question->dev)
		return -ESTALE;
	take_statfs(&fs, question);
	return 0;
}

static int look_at_pool(struct question *question)
{
	_cleanup_(thin_pool_free) struct thin_pool pool = {0};
	struct why unused;
	int r = thin_pool_status(question->dev, &pool, &unused);

	if (r < 0)
		return r;
	question->pool = (struct pool_sample){
		.block_bytes = pool.block_sectors * SECTOR_BYTES,
		.data_used_blocks = pool.data_used_blocks,
		.data_blocks = pool.data_blocks,
		.metadata_used_blocks = pool.metadata_used_blocks,
		.metadata_blocks = pool.metadata_blocks,
	};
	snprintf(question->pool.name, sizeof(question->pool.name), "%s", pool.name);
	return 0;
}

static void answer(struct board *board)
{
	for (unsigned int i = 0; i < board->n; i++) {
		struct question *question = &board->questions[i];

		question->error =
			question->is_pool ? look_at_pool(question) : look_at_filesystem(question);
		atomic_fetch_add(&board->answered, 1);
	}
}

static void serve(int fd, struct board *board)
{
	char byte;

	while (recv(fd, &byte, 1, 0) == 1) {
		answer(board);
		if (send(fd, &byte, 1, MSG_NOSIGNAL) != 1)
			break;
	}
	_exit(EXIT_SUCCESS);
}

/* --- the daemon ------------------------------------------------------------------------------ */

int sampler_start(struct sampler *sampler)
{
	_cleanup_close_ int ours = -EBADF, theirs = -EBADF;
	struct board *board;
	int pair[2];
	pid_t pid;

	*sampler = (struct sampler){.fd = -EBADF};
	board = mmap(NULL, sizeof(*board), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		     0);
	if (board == MAP_FAILED)
		return -errno;
	sampler->board = board;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		return -errno;
	ours = pair[0];
	theirs = pair[1];
	pid = child_fork(theirs, true);
	if (pid < 0)
		return pid;
	if (pid == 0)
		serve(theirs, board);
	sampler->pid = pid;
	sampler->fd = TAKE_FD(ours);
	return 0;
}

struct question *sampler_add(struct sampler *sampler)
{
	struct board *board = sampler->board;
	struct question *question;

	if (!board || board->n == SAMPLER_QUESTIONS)
		return NULL;
	question = &board->questions[board->n++];
	*question = (struct question){0};
	return question;
}

int sampler_ask(struct sampler *sampler, uint64_t now_ms)
{
	char byte = 0;

	if (!sampler->board)
		return -EPIPE;
	if (sampler->board->n == 0)
		return 0;
	atomic_store(&sampler->board->answered, 0);
	sampler->busy = true;
	sampler->seen = 0;
	sampler->since_ms = now_ms;
	return send(sampler->fd, &byte, 1, MSG_NOSIGNAL) == 1 ? 0 : -EPIPE;
}

int sampler_finish(struct sampler *sampler)
{
	char byte;

	sampler->busy = false;
	return recv(sampler->fd, &byte, 1, MSG_DONTWAIT) == 1 ? 0 : -EPIPE;
}

bool sampler_hangs(struct sampler *sampler, uint64_t now_ms)
{
	unsigned int answered;

	if (!sampler->busy)
		return false;
	answered = atomic_load(&sampler->board->answered);
	if (answered != sampler->seen) {
		sampler->seen = answered;
		sampler->since_ms = now_ms;
	}
	return now_ms - sampler->since_ms >= SAMPLER_PATIENCE_MS;
}

const struct question *sampler_answers(const struct sampler *sampler, size_t *ret_n,
				       size_t *ret_answered)
{
	*ret_n = sampler->board->n;
	*ret_answered = atomic_load(&sampler->board->answered);
	return sampler->board->questions;
}

void sampler_clear(struct sampler *sampler)
{
	if (sampler->board)
		sampler->board->n = 0;
}

void sampler_stop(struct sampler *sampler)
{
	child_kill(sampler->pid);
	if (sampler->fd >= 0)
		close(sampler->fd);
	if (sampler->board)
		munmap(sampler->board, sizeof(*sampler->board));
	*sampler = (struct sampler){.fd = -EBADF};
}
