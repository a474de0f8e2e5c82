/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What a job came to, for whoever called for it: the same words and keys for every command. */

#include "job/job.h"
#include "oci/json.h"

#include <stdio.h>

/*
 * One line: "docker:web: grown from 1 GiB to 4 GiB in 43 ms", or what would be done. Only of a job
 * that kept or grew; what went wrong is job_message()'s.
 */
void tell_text(const struct job *job, FILE *out);

/* The members of an object that the caller has opened. */
void tell_json(const struct job *job, struct json_writer *w);

/* @label as it is if that is harmless on a terminal, else quoted. */
void tell_label(const char *label, FILE *out);
