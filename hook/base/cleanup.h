/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * A variable with one of these attributes is released when it goes out of scope. An unset fd is
 * -EBADF. TAKE_FD and TAKE_PTR return the content and disarm the cleanup. Releasing keeps errno.
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define _cleanup_(f) __attribute__((cleanup(f)))

static inline void cleanup_free(void *p)
{
	int saved = errno;

	free(*(void **)p); /* changes errno before glibc 2.33 */
	errno = saved;
}

static inline void cleanup_close(const int *fd)
{
	int saved = errno;

	if (*fd >= 0)
		close(*fd);
	errno = saved;
}

static inline void cleanup_fclose(FILE **f)
{
	int saved = errno;

	if (*f)
		fclose(*f);
	errno = saved;
}

#define _cleanup_free_	 _cleanup_(cleanup_free)
#define _cleanup_close_	 _cleanup_(cleanup_close)
#define _cleanup_fclose_ _cleanup_(cleanup_fclose)

static inline int take_fd(int *fd)
{
	int taken = *fd;

	*fd = -EBADF;
	return taken;
}

#define TAKE_FD(fd) take_fd(&(fd))

/* A function, as Debian 11's compiler warns of statement expressions in an initializer. */
static inline void *take_ptr(void *slot)
{
	void *taken;

	memcpy(&taken, slot, sizeof(taken));
	memset(slot, 0, sizeof(taken));
	return taken;
}

#define TAKE_PTR(p) ((__typeof__(p))take_ptr((void *)&(p)))
