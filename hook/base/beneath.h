/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Where @path leads for whoever has @root as its root directory: a path of this process without
 * links, to be freed. Absolute links start at @root again, and ".." does not leave it. @root may be
 * "" and is itself found like any path. What is missing at the end of @path is kept as it is.
 * 0; -ENOENT: a link leads nowhere; -ELOOP; -errno.
 */
int beneath(const char *root, const char *path, char **ret);
