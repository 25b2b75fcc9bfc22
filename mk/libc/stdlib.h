/* SPDX-License-Identifier: Apache-2.0 */
/* What libfdt expects of <stdlib.h> where there is no C library. */
#pragma once

#include <stddef.h>
