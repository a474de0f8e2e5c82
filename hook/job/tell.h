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

/* Writes the member "healing"; NULL: null. */
void tell_healing_json(const struct healing *healing, struct json_writer *w);

/*
 * Prints one object on stdout if there was no job: @container, as it was typed (or NULL), does not
 * exist, or the command failed. The action is "refuse", "missing" or "fail", by @status
 * (base/exit.h).
 */
void tell_failure_json(const char *container, int status, const char *reason);

/* The same as an element of an array, for a container that was named and is not shown. */
void tell_missing_json(const char *container, const char *reason, struct json_writer *w);

/* "COMMAND: REASON" on stderr, and with @json tell_failure_json(). Returns @status. */
int tell_failure(const char *command, bool json, int status, const char *reason);

/* The same for wrong arguments, with where to read more. Returns EXIT_USAGE. */
int tell_usage(const char *command, bool json, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/*
 * Ends what a command prints: text, or with @json the document of @w, which it frees. If that
 * cannot be written, a line on stderr says so. 0 or -errno.
 */
int tell_end(const char *command, bool json, struct json_writer *w);

/* Logs what became of a container before there was a job for it; @container may be NULL. */
void tell_reason(const char *action, const char *container, const char *reason, int priority);
