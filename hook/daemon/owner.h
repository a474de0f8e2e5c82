/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Whose disk is it, and how far may it grow? Reads engines' files and asks device-mapper, so it is
 * done in a child process, which sends its answers through a pipe.
 */

#include "policy/autogrow.h"
#include "policy/policy.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define OWNER_NONE SIZE_MAX

struct owner_question {
	dev_t dev;
	bool known; /* only the device's length is asked for */
};

/* Less than PIPE_BUF, so that it arrives in one piece. */
struct owner {
	dev_t dev;
	/*
	 * -ENODEV: not a plain thin device; -ENOENT: no container is known to use it; -EREMOTE: a
	 * virtual machine has it; other -errno: unknown.
	 */
	int error;
	bool known; /* as in the question: from @label on nothing is set */
	uint64_t bytes;
	dev_t pool;
	char device[128];
	char label[256]; /* of the container, for people; cut if it is longer */
	char engine[16];
	bool in_pod;		/* its engine does not start it again */
	struct autogrow limits; /* max_bytes is 0 if it does not grow by itself */
	size_t rule;		/* in policy->rules, or OWNER_NONE */
};

/* In the child: writes an answer to each question to @fd. */
void owner_answer(const struct owner_question *questions, size_t n, const struct policy *policy,
		  int fd);
