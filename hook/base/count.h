/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The number of an array's elements. */
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
