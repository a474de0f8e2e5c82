/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What a job came to, in words: the log line, the message, the exit status, text and JSON. */

#include "base/text.h"
#include "job/job.h"
#include "oci/json.h"

#include <stdio.h>

/* The word for the outcome: "keep", "grow", "skip", ... */
const char *tell_action(const struct job *job);

/* One log line, if the outcome is worth one; one more if it would not start again. */
void tell_log(const struct job *job);

/*
 * What went wrong, or that it would not start again, for the person who must act; empty if nothing
 * did. One line, no newline.
 */
void tell_message(const struct job *job, struct text *ret);

/* Both: the log line, unless it was a dry run, and the message on stderr, which is in *ret, too. */
void tell_job(const struct job *job, struct text *ret);

/* The program's exit status, after policy's on_failure. */
int tell_exit_status(const struct job *job, const struct policy *policy);

/*
 * One line: "docker:web: grown from 1 GiB to 4 GiB in 43 ms", or what would be done. Only of a job
 * that kept or grew; what went wrong is tell_message()'s.
 */
void tell_text(const struct job *job, FILE *out);

/*
 * What a large growth costs the pool, and that the pool does not grow with it where it is short:
 * one line, no newline; "" where there is nothing to say.
 */
const char *tell_cost_into(struct text *out, const struct job *job);
#define tell_cost(job) tell_cost_into(&(struct text){""}, (job))

/* The members of an object that the caller has opened. */
void tell_json(const struct job *job, struct json_writer *w);

/*
 * One object, where there was no job: what a command was called with (@container, or NULL) is not
 * there, or nothing could be done. @action is "fail", "refuse" or "missing". 0, -ENOMEM or -EIO.
 */
int tell_failure_json(const char *container, const char *action, const char *reason, FILE *out);

/* @label as it is if that is harmless on a terminal, else quoted. */
void tell_label(const char *label, FILE *out);
