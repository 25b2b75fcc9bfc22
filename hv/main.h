/* SPDX-License-Identifier: Apache-2.0 */
/* What the assembly calls first. */
#pragma once

struct handoff;

_Noreturn void hv_main(const struct handoff *handoff);
