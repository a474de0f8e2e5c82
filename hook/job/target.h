/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What an operator points at on the command line: a container, or a rootfs by other means. */

#include "disk/rootfs.h"
#include "engine/list.h"
#include "job/job.h"
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
	char *label;				  /* "docker:web", for people */
	struct oci_spec spec;			  /* empty if there is none */
	struct rootfs rootfs;			  /* open */
};

/* --data-root @value, which may be given more than once. 0, or -EINVAL with a reason. */
int target_add_root(struct target_args *args, const char *value, struct why *why);

/*
 * All containers, in the usual places, those of the configuration and of --data-root, and those of
 * running engines; with what cannot be read told on stderr. 0 or -errno with a reason.
 */
int target_list(const struct target_args *args, struct engine_list *ret, struct why *why);

/*
 * 0; -EINVAL: not exactly one target is named; -ENOENT: no such container, device or mount;
 * -EEXIST: ambiguous; -ESRCH: it is not running; -errno; with a reason. Close it in any case.
 */
int target_open(const struct target_args *args, struct target *ret, struct why *why);
void target_close(struct target *target);

/* @container, one of a list's, with its spec; its rootfs is not opened. 0 or -ENOMEM with a reason.
 */
int target_of(const struct engine_container *container, struct target *ret, struct why *why);

/* The container that @text means, likewise. What target_open() returns. */
int target_find(const struct target_args *args, struct target *ret, struct why *why);

/*
 * A job for such a target, which must outlive it: policy is asked as the hook asks it, of what the
 * engine's files say, and the rootfs is opened if there is need.
 */
struct job target_job(struct target *target);

/* Opens the rootfs of a running container. 0; -ESRCH: it does not run; -errno; with a reason. */
int target_open_rootfs(const struct engine_container *container, const struct oci_spec *spec,
		       struct rootfs *ret, struct why *why);

/* The spec in its bundle, or as its engine keeps it; empty if there is none, or it cannot be read.
 */
void target_read_spec(const struct engine_container *container, struct oci_spec *ret);

/* The program's exit status for what target_open() returned. */
int target_exit_status(int r);
