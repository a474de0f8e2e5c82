/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What OCI runtimes leave on the host about a container, until it is deleted:
 *   runc  <root>/<id>/state.json: init_process_pid, init_process_start, config.labels with
 *         "bundle=PATH" behind the container's annotations (libcontainer/container_linux.go)
 *   crun  <root>/<id>/status: pid, process-start-time, bundle (src/libcrun/status.c)
 * The start is field 22 of /proc/PID/stat; 0 if the process was gone before crun looked.
 */

#include "engine/container.h"

#include <stdbool.h>

/*
 * What a runtime below one of @roots says about the container @id, an engine's or not: 1 and
 * *ret_pid (0 if that process is gone); 0: no runtime knows it, or not in a way that can be read;
 * or -ENOMEM.
 */
int runtime_pid(const struct engine_roots *roots, const char *id, pid_t *ret_pid);

/* When the process began, in clock ticks after boot; false if there is none, or a zombie. */
bool runtime_process_start(pid_t pid, uint64_t *ret_ticks);

/*
 * May the file at @path, which names @pid, mean the process that has this number now? Not if that
 * began after the file was written.
 */
bool runtime_may_be_meant(pid_t pid, const char *path);

/*
 * The process that the file at @path names; 0 if it is gone, also if another one has its number by
 * now: pidfiles stay. -errno with a reason.
 */
int runtime_read_pidfile(const char *path, pid_t *ret_pid, struct why *why);
