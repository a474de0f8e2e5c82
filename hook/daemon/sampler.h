/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Looks at filesystems and pools for the daemon, in a child process: a look may wait in the kernel.
 * The daemon then abandons that child, and starts another, which looks at the others.
 */

#include "daemon/pace.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define SAMPLER_QUESTIONS   64
#define SAMPLER_PATH_BYTES  1024
#define SAMPLER_NAME_BYTES  128
#define SAMPLER_PATIENCE_MS 2000

struct pool_sample {
	char name[SAMPLER_NAME_BYTES];
	uint64_t block_bytes, data_used_blocks, data_blocks;
	uint64_t metadata_used_blocks, metadata_blocks; /* of 4 KiB */
};

/* A question, and the answer to it. */
struct question {
	dev_t dev;
	bool is_pool;
	/* for a filesystem: where it is mounted; as in struct mount_point */
	bool hides_device, has_inodes;
	char path[SAMPLER_PATH_BYTES];

	int error; /* -ESTALE: another filesystem is mounted there; -errno */
	struct sample sample;
	struct pool_sample pool;
};

struct sampler {
	pid_t pid;
	int fd; /* readable when all questions are answered, or the child has ended; -EBADF: none */
	struct board *board; /* shared with the child */
	unsigned int seen;   /* answers at the last check of its progress */
	uint64_t since_ms;   /* of that */
	bool busy;
};

/* 0 or -errno. */
int sampler_start(struct sampler *sampler);

/* For up to SAMPLER_QUESTIONS questions of one that is not busy. NULL: no more fit. */
struct question *sampler_add(struct sampler *sampler);

/* Sends the questions, if there are any. 0 or -errno: it has ended. */
int sampler_ask(struct sampler *sampler, uint64_t now_ms);

/* When @fd is readable: all questions are answered (0), or it has ended (-errno). */
int sampler_finish(struct sampler *sampler);

/* Has it waited for one answer longer than SAMPLER_PATIENCE_MS? */
bool sampler_hangs(struct sampler *sampler, uint64_t now_ms);

/* The questions with their answers; *ret_answered of them are answered, and the next one hangs. */
const struct question *sampler_answers(const struct sampler *sampler, size_t *ret_n,
				       size_t *ret_answered);

/* Forgets the questions. */
void sampler_clear(struct sampler *sampler);

/* Kills it. One that waits in the kernel dies when that ends. */
void sampler_stop(struct sampler *sampler);
