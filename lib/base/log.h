/* SPDX-License-Identifier: Apache-2.0 */
/* base/log.h: lines for the log callback of the process. */
#ifndef GPT__BASE_LOG_H
#define GPT__BASE_LOG_H

#include <gpt/log.h>

/* Passes a line on, printf-style, when there is a callback that wants this level; costs one load when there is none. */
#if defined(__GNUC__)
__attribute__((format(printf, 2, 3)))
#endif
void gpt__log(gpt_log_level level, const char *format, ...);

#endif
