/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What OCI runtimes leave on the host about a container, until it is deleted:
 *   runc  <root>/<id>/state.json: init_process_pid, init_process_start, config.labels with
 *         "bundle=PATH" behind the container's annotations (libcontainer/container_linux.go)
 *   crun  <root>/<id>/status: pid, process-start-time, bundle (src/libcrun/status.c)
 * The start is field 22 of /proc/PID/stat; 0 if the process was gone before crun looked.
 * Below containerd and Docker <root> is that of the shim's options with the namespace behind it.
 */

#include "engine/container.h"

#include <stdbool.h>

/*
 * What a runtime below one of @roots says about the container @id, an engine's or not: 1 and
 * *ret_pid (0 if that process is gone); 0: no runtime knows it, or not in a way that can be read;
 * or -ENOMEM.
 */
int runtime_pid(const struct engine_roots *roots, const char *id, pid_t *ret_pid);

/*
 * Engines' own files hold a bare pid: Docker's config.v2.json, containerd's init.pid, conmon's
 * pidfile. They stay when the process has ended, and its number can be another one's by then. Whose
 * it is now is asked of what the kernel keeps, never of file times: the wall clock jumps.
 */

/* The pid in the file at @path, whosoever it is. -errno with a reason. */
int runtime_read_pidfile(const char *path, pid_t *ret_pid, struct why *why);

/* Is @pid a process of the container @id? Engines name its control group after the container. */
bool runtime_is_process_of(pid_t pid, const char *id);

/*
 * Is @pid the first process of the task @id in containerd's namespace @ns? By the start in its
 * runtime's state, which the shim's options.json in @bundle leads to; @bundle is NULL if it is not
 * known. For runtimes that keep no such state, as runtime_is_process_of() says.
 */
bool runtime_is_process_of_task(pid_t pid, const char *bundle, const char *ns, const char *id);

/* Pure: does a control group of @text, as in /proc/PID/cgroup, bear the name of the container? */
bool runtime_is_cgroup_of(const char *text, const char *id);
