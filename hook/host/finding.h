/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What the doctor found, each with what it is, why it matters and the command that mends it; and
 * showing that. Pure but for the stream: who looks is elsewhere.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

enum severity {
	SEVERITY_OK,	  /* good, or just to be known */
	SEVERITY_WARNING, /* works today */
	SEVERITY_BROKEN,
};

struct finding {
	enum severity severity;
	const char *id; /* a stable word, for programs; static */
	char *subject;	/* the file, pool, device or container's id; NULL: the host */
	char *what, *why;
	char *command; /* for sh; NULL: none mends it, or none has to */
};

struct findings {
	struct finding *all;
	size_t n, count[SEVERITY_BROKEN + 1]; /* of each severity */
	bool incomplete;		      /* out of memory: some is missing */
};

/*
 * Notes a finding. @subject is copied; @what, @why and @command (of text_new()) are taken over, and
 * if @why or @command is NULL there is none. Without @what the list is incomplete. Text from
 * tenants goes through quote().
 */
void findings_add(struct findings *to, enum severity severity, const char *id, const char *subject,
		  char *what, char *why, char *command);
void findings_free(struct findings *findings);
struct findings_look {
	bool colour;
	bool all;	    /* also what is ok, which is only counted otherwise */
	unsigned int width; /* columns: lines are broken between words, but commands never; 0: not
			       broken */
};

/*
 * What is broken first, then warnings; what one command fixes stands together, under its first
 * finding, the cause. A last line that counts. 0 or -EIO.
 */
int findings_print(const struct findings *findings, const struct findings_look *look, FILE *out);
/* One object. 0, -ENOMEM or -EIO. */
int findings_print_json(const struct findings *findings, FILE *out);
