/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The result of an action that can fail for a reason outside the code's own control: a resource, a table, a guest.
 * A bug of ours is an assert (lib/panic.h) instead.
 */
#pragma once

enum status {
    STATUS_OK = 0,
    STATUS_NO_MEMORY,   /* a pool or an array is full */
    STATUS_INVALID,     /* an argument or a table breaks its format */
    STATUS_RANGE,       /* an address or number is outside what is allowed */
    STATUS_NOT_FOUND,   /* what was asked for does not exist */
    STATUS_EXISTS,      /* what was to be made exists already, or overlaps */
    STATUS_UNSUPPORTED, /* well formed, but this machine or this version can't */
    STATUS_BUSY,        /* in a state that forbids it now */
    STATUS_TIMEOUT,     /* a bounded wait ran out */
};

#define MUST_CHECK __attribute__((warn_unused_result))
