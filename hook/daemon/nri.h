/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The connection to an engine's NRI, as a part of the loop: it never waits. It is opened again
 * whenever the engine has closed it or was not there.
 */

#include "daemon/nri-frame.h"
#include "daemon/nri-plugin.h"

#include <sys/un.h>

struct nri {
	struct sockaddr_un address; /* of the engine; without a path: NRI is not configured */
	int fd;			    /* -EBADF: not connected */
	struct nri_reader reader;
	struct nri_buffer out;
	size_t sent; /* of @out */
	struct nri_plugin plugin;
	uint64_t since_ms, wait_ms;
	uint64_t at_ms; /* the next attempt, or when this one has failed */
	enum { TOLD_NOTHING, TOLD_UP, TOLD_DOWN } told;
	bool told_unread;     /* that a request could not be read; once since @told is TOLD_UP */
	unsigned int flapped; /* connections in a row that did not last */
};

#define NRI_CLOSED                                                                                 \
	{                                                                                          \
		.fd = -EBADF, .at_ms = UINT64_MAX                                                  \
	}

/* From now on connects to @socket, a path that fits into sockaddr_un; NULL: to none. */
void nri_use(struct nri *nri, const char *socket, uint64_t now_ms);

/* When nri_run() has something to do. */
uint64_t nri_due(const struct nri *nri);
void nri_run(struct nri *nri, uint64_t now_ms);

/* The events to poll for, and what to call if there are some. @policy: NULL if switched off. */
short nri_events(const struct nri *nri);
void nri_arrived(struct nri *nri, const struct policy *policy, uint64_t now_ms);

/* The engine that asks us about its containers, or NULL. */
char *nri_engine(struct nri *nri);
