/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What an operator names on the command line: a container, or a rootfs by other means. */

#include "disk/rootfs.h"
#include "disk/thin.h"
#include "engine/list.h"
#include "engine/roots.h"
#include "job/job.h"
#include "oci/spec.h"
#include "policy/policy.h"

#define TARGET_ROOTS_MAX 16

/* Exactly one of the first four is set. */
struct target_args {
	const char *container; /* a name, an id or its prefix; see engine_list_find() */
	const char *pid, *path, *device;
	const char *more_roots[TARGET_ROOTS_MAX]; /* --data-root */
	size_t n_more_roots;
	const struct policy *policy; /* for its data_roots */
};

struct target {
	struct engine_list list;
	const struct engine_container *container; /* in @list; NULL: not known */
	char *label;				  /* "docker:web", for people */
	struct oci_spec spec;			  /* empty if there is none */
	struct rootfs rootfs;			  /* open */
};

/* --data-root @value, which may be given more than once. 0, or -EINVAL with a reason. */
int target_add_root(struct target_args *args, const char *value, struct why *why);

/*
 * The directories in which containers are looked for: the default ones, those of the configuration,
 * those of running engines, --data-root. Remembers containerd's, except for --data-root, which may
 * be a copy, and adds those that were remembered (engine/remembered-roots.h). 0 or -ENOMEM; free
 * *ret in either case.
 */
int target_roots(const struct target_args *args, struct engine_root_set *ret);

/*
 * Lists all containers below the default directories, those of the configuration, of --data-root,
 * and of running engines. Reports on stderr what cannot be read. 0 or -errno with a reason.
 */
int target_list(const struct target_args *args, struct engine_list *ret, struct why *why);

/*
 * 0; -EINVAL: not exactly one target is named; -ENOENT: no such container, device or mount;
 * -EEXIST: ambiguous; -ESRCH: it is not running; -errno; with a reason. Close it in every case.
 */
int target_open(const struct target_args *args, struct target *ret, struct why *why);
void target_close(struct target *target);

/* The thin device @name. 0; -ENOENT: there is none, or it is not thin; -errno; with a reason. */
int target_find_device(const char *name, struct thin_device *ret, struct why *why);

/*
 * Makes @target, whose rootfs is open, the container whose device the rootfs is on, if an engine's
 * files name it as a container's. 0, also if they do not, or -errno with a reason.
 */
int target_find_owner(const struct target_args *args, struct target *target, struct why *why);

/*
 * Fills *ret for @container, an element of a list, with its spec; does not open its rootfs. 0 or
 * -ENOMEM with a reason.
 */
int target_of(const struct engine_container *container, struct target *ret, struct why *why);

/*
 * A job for @target, which must outlive it. Policy gets the facts that the hook would find, and the
 * rootfs is opened only when it is needed.
 */
struct job target_job(struct target *target);

/* Does a virtual machine have the container's disk now? Then the container has no process here. */
bool target_is_in_vm(const struct engine_container *container);

/*
 * Opens the rootfs of a running container. 0; -ESRCH: it is not running; -EREMOTE: a virtual
 * machine has it; -errno; with a reason.
 */
int target_open_rootfs(const struct engine_container *container, const struct oci_spec *spec,
		       struct rootfs *ret, struct why *why);

/* Reads the spec from its bundle or its engine's files; empty if missing or unreadable. */
void target_read_spec(const struct engine_container *container, struct oci_spec *ret);

/* The program's exit status for what target_open() returned. */
int target_exit_status(int r);
