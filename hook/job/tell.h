/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The result of a job in words: the log line, the message, the exit status, text and JSON. */

#include "base/text.h"
#include "job/job.h"
#include "oci/json.h"

#include <stdio.h>

/* The word for the outcome: "keep", "grow", "skip", ... */
const char *tell_action(const struct job *job);

/* Logs one line if the outcome deserves one, and one more if it would not start again. */
void tell_log(const struct job *job);

/*
 * What went wrong, or that it would not start again, for the person who must act; empty if there is
 * nothing to report. One line, no newline.
 */
void tell_message(const struct job *job, struct text *ret);

/* Logs, unless it was a dry run, and prints the message (*ret) on stderr. */
void tell_job(const struct job *job, struct text *ret);

/* The program's exit status; policy's on_failure is applied. */
int tell_exit_status(const struct job *job, const struct policy *policy);

/*
 * One line: "docker:web: grown from 1 GiB to 4 GiB in 43 ms", or what would be done. Only for
 * JOB_KEPT and JOB_GROWN; tell_message() is for the others.
 */
void tell_text(const struct job *job, FILE *out);

/*
 * How much of the pool a large growth takes, and a warning if the pool has less free space than the
 * disk grows by. One line, no newline; "" if there is nothing to report.
 */
const char *tell_cost_into(struct text *out, const struct job *job);
#define tell_cost(job) tell_cost_into(&(struct text){""}, (job))

/* Writes the members of an object that the caller has opened. */
void tell_json(const struct job *job, struct json_writer *w);

/*
 * Prints one object if there was no job: @container, as it was typed (or NULL), does not exist, or
 * the command failed. @action is "fail", "refuse" or "missing". 0, -ENOMEM or -EIO.
 */
int tell_failure_json(const char *container, const char *action, const char *reason, FILE *out);

/* Prints @label, quoted if it is not safe on a terminal. */
void tell_label(const char *label, FILE *out);
