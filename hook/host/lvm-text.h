/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The text format of LVM: lvm.conf, profiles and backups of metadata (lvm.conf(5); libdm-config.c):
 * `section { key = value }`, where a key may be a path itself and a value an array.
 */

#include <stddef.h>

struct lvm_item {
	char *path;  /* "activation/thin_pool_autoextend_threshold" */
	char *value; /* a string without its quotes, or a number as written; NULL: an array */
};

struct lvm_text {
	struct lvm_item *items; /* in the order of the text */
	size_t n;
};

/* 0; -EINVAL: not such a text, or nested too deeply, or too much in it; -ENOMEM. */
int lvm_text_parse(const char *text, size_t len, struct lvm_text *ret);
void lvm_text_free(struct lvm_text *text);

/* The value of @path; of several the last one counts. NULL: there is none. */
const char *lvm_text_find(const struct lvm_text *text, const char *path);
