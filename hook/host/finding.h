/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What doctor found: each finding says what it is, why it matters, and the command that fixes it.
 * Pure except for the stream that they are printed to.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

enum severity {
	SEVERITY_OK,	  /* good, or just information */
	SEVERITY_WARNING, /* works at present */
	SEVERITY_BROKEN,
};

struct finding {
	enum severity severity;
	const char *id; /* a stable word, for programs; static */
	char *subject;	/* a file, pool, device or container id; NULL: the host */
	char *what, *why;
	char *command; /* for sh; NULL: no command fixes it, or there is nothing to fix */
};

struct findings {
	struct finding *all;
	size_t n, count[SEVERITY_BROKEN + 1]; /* one for each severity */
	bool incomplete;		      /* out of memory: findings are missing */
};

/*
 * Adds a finding. Copies @subject; takes over @what, @why and @command, which are from text_new().
 * @why and @command may be NULL; if @what is NULL, memory ran out and the list is incomplete. Text
 * from tenants goes through quote().
 */
void findings_add(struct findings *to, enum severity severity, const char *id, const char *subject,
		  char *what, char *why, char *command);
void findings_free(struct findings *findings);

struct findings_look {
	bool colour;
	bool all;	    /* also those that are ok; otherwise they are only counted */
	unsigned int width; /* lines except commands are wrapped to it; 0: not wrapped */
};

/*
 * Prints what is broken, then the warnings, then a line with the counts. Findings with the same
 * severity and command are printed together, under the first, which is the cause. 0 or -EIO.
 */
int findings_print(const struct findings *findings, const struct findings_look *look, FILE *out);
/* One object. 0, -ENOMEM or -EIO. */
int findings_print_json(const struct findings *findings, FILE *out);
