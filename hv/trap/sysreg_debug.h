/* SPDX-License-Identifier: Apache-2.0 */
/* The debug registers of a vCPU (DDI 0487, D2, D19.3): start-up hook of trap/. */
#pragma once

void sysreg_debug_init(void);
