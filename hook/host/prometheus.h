/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Prometheus' text format, version 0.0.4, to a stream: gauges, family by family. Pure but for the
 * stream. Whatever the caller does, a reader can parse the result: label values may be any bytes
 * (what is no UTF-8 and control characters become U+FFFD, what is too long is cut), and a series
 * that was written already is left out.
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
	FILE *out;
	const char *family;
	void *seen; /* label sets of this family */
	bool no_memory;
};

struct prometheus prometheus_begin(FILE *out);

/* Begins the family @name, once for each; @name and @help need no escapes, and live on. */
void prometheus_family(struct prometheus *p, const char *name, const char *help);

/* A sample of that family. */
void prometheus_add(struct prometheus *p, const struct prometheus_label *labels, size_t n,
		    uint64_t value);

/* The same for @part / @whole; nothing if @whole is 0. */
void prometheus_add_ratio(struct prometheus *p, const struct prometheus_label *labels, size_t n,
			  uint64_t part, uint64_t whole);

/* 0, -ENOMEM or -EIO; the stream stays open. */
int prometheus_end(struct prometheus *p);
