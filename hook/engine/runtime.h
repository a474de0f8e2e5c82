/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Reads the state that OCI runtimes keep on the host until a container is deleted:
 *   runc  <root>/<id>/state.json: init_process_pid, init_process_start, config.labels with
 *         "bundle=PATH" after the container's annotations (libcontainer/container_linux.go)
 *   crun  <root>/<id>/status: pid, process-start-time, bundle (src/libcrun/status.c)
 * The start time is field 22 of /proc/PID/stat; 0 if the process had ended before crun looked.
 * Under containerd and Docker <root> is the root in the shim's options, followed by the namespace.
 */

#include "engine/container.h"

#include <stdbool.h>

/*
 * What a runtime below one of @roots has about the container @id, of an engine or not: 1 and
 * *ret_pid (0 if that process has ended); 0: no runtime has it, or its state cannot be read; or
 * -ENOMEM.
 */
int runtime_pid(const struct engine_roots *roots, const char *id, pid_t *ret_pid);

/*
 * Engines' files hold a bare pid: Docker's config.v2.json, containerd's init.pid, conmon's pidfile.
 * They remain when the process has ended, and its number may be reused. Whose it is now is decided
 * by what the kernel keeps, never by file times: the wall clock jumps.
 */

/* The pid in the file at @path, whose process may be anyone's. 0 or -errno with a reason. */
int runtime_read_pidfile(const char *path, pid_t *ret_pid, struct why *why);

/* Does @pid belong to the container @id? Engines name its control group after the container. */
bool runtime_is_process_of(pid_t pid, const char *id);

/*
 * Is @pid the first process of the task @id in containerd's namespace @ns? Compares the start time
 * in the runtime's state, which the shim's options.json in @bundle leads to; @bundle is NULL if not
 * known. For runtimes without such a state, uses runtime_is_process_of().
 */
bool runtime_is_process_of_task(pid_t pid, const char *bundle, const char *ns, const char *id);

/*
 * Pure: does a control group in @text, the contents of /proc/PID/cgroup, have the container's name?
 */
bool runtime_is_cgroup_of(const char *text, const char *id);
