/* SPDX-License-Identifier: Apache-2.0 */
/* What a guest reads of the CPU's identity, and what it may not use: start-up hook of trap/. */
#pragma once

void sysreg_id_init(void);
