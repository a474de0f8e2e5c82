/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The number of elements of an array. */
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
