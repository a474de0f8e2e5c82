/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What an operator points at on the command line: a container, or a rootfs by other means. */

#include "disk/rootfs.h"
#include "engine/list.h"
#include "oci/spec.h"
#include "policy/policy.h"

#define TARGET_ROOTS_MAX 16

/* Exactly one of the first four is set. */
struct target_args {
	const char *container; /* name, id or its beginning, perhaps "ENGINE:" before it */
	const char *pid, *path, *device;
	const char *more_roots[TARGET_ROOTS_MAX]; /* --data-root */
	size_t n_more_roots;
	const struct policy *policy; /* for its data_roots */
};

struct target {
	struct engine_list list;
	const struct engine_container *container; /* in list; NULL: not a container that we know */
	char *label;				  /* for people */
	struct oci_spec spec;			  /* empty if there is none */
	struct rootfs rootfs;			  /* open */
};

/* The options of struct target_args, for getopt_long(): their values are above all characters. */
enum { TARGET_PID = 256, TARGET_PATH, TARGET_DEVICE, TARGET_DATA_ROOT };
/* clang-format off */
#define TARGET_OPTIONS                                      \
	{"pid", required_argument, NULL, TARGET_PID},       \
	{"path", required_argument, NULL, TARGET_PATH},     \
	{"device", required_argument, NULL, TARGET_DEVICE}, \
	TARGET_DATA_ROOT_OPTION
#define TARGET_DATA_ROOT_OPTION {"data-root", required_argument, NULL, TARGET_DATA_ROOT}
/* clang-format on */

/* Notes the option @c and its value. 1; 0: it is none of these; -EINVAL with a reason. */
int target_option(struct target_args *args, int c, const char *value, struct why *why);

/* All containers, with what cannot be read told on stderr. 0 or -errno with a reason. */
int target_list(const struct target_args *args, struct engine_list *ret, struct why *why);

/*
 * 0; -EINVAL: not exactly one target is named; -ENOENT: no such container, device or mount;
 * -EEXIST: ambiguous; -ESRCH: it is not running; -errno; with a reason. Close it in any case.
 */
int target_open(const struct target_args *args, struct target *ret, struct why *why);
void target_close(struct target *target);

/* Opens the rootfs of a running container. 0; -ESRCH: it does not run; -errno; with a reason. */
int target_open_rootfs(const struct engine_container *container, const struct oci_spec *spec,
		       struct rootfs *ret, struct why *why);

/* The spec in its bundle; empty if there is none, or it cannot be read. */
void target_read_spec(const struct engine_container *container, struct oci_spec *ret);

/* The program's exit status for what target_open() returned. */
int target_exit_status(int r);
