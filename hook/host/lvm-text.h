/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Parses LVM's text format, that of lvm.conf, profiles and metadata backups (lvm.conf(5);
 * libdm-config.c): `section { key = value }`, where a key may be a path and a value an array.
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

/* 0; -EINVAL: not in this format, nested too deeply, or too many items; -ENOMEM. */
int lvm_text_parse(const char *text, size_t len, struct lvm_text *ret);
void lvm_text_free(struct lvm_text *text);

/* The value of @path, the last one if there are several. NULL: there is none. */
const char *lvm_text_find(const struct lvm_text *text, const char *path);
