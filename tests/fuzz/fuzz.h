/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* A target is a program: fuzz-x.c with libFuzzer, or with driver.c if there is no libFuzzer. */

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t len);

#define require(condition) ((condition) ? (void)0 : abort())
