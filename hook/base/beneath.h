/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Resolves @path as a process with the root directory @root would: a path of this process without
 * links, to be freed. Absolute links start at @root again, and ".." does not leave it. @root may be
 * "" and is resolved like any path. Components that do not exist at the end of @path are kept. 0;
 * -ENOENT: a dangling link; -ELOOP; -errno.
 */
int beneath(const char *root, const char *path, char **ret);
