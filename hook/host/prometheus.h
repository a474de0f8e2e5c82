/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Writes Prometheus' text format, version 0.0.4, family by family. Pure except for the
 * stream. The output is always valid: in label values, control characters and what is not UTF-8
 * become U+FFFD and long values are truncated; a series that was already written is skipped.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define PROMETHEUS_VALUE_MAX_BYTES 256 /* of a label's value, before it is escaped */

struct prometheus_label {
	const char *name;
	const char *value; /* NULL: "" */
};

struct prometheus {
	FILE *out; /* set by the caller; all else is 0 at first */
	const char *family;
	void *seen; /* label sets of this family */
	bool no_memory;
};

/* Starts the family @name; only once each. @name and @help need no escapes; they must stay valid.
 */
void prometheus_family(struct prometheus *p, const char *name, const char *help);

/* The same for one whose samples only ever increase; its name ends with "_total". */
void prometheus_counter(struct prometheus *p, const char *name, const char *help);

/* Adds a sample to the current family. */
void prometheus_add(struct prometheus *p, const struct prometheus_label *labels, size_t n,
		    uint64_t value);

/* The same for @part / @whole; nothing if @whole is 0. */
void prometheus_add_ratio(struct prometheus *p, const struct prometheus_label *labels, size_t n,
			  uint64_t part, uint64_t whole);

/* 0, -ENOMEM or -EIO; the stream stays open. */
int prometheus_end(struct prometheus *p);
