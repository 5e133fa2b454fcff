/* SPDX-License-Identifier: Apache-2.0 */
/* gpt/log.h: one callback through which libgpt tells what it does. libgpt itself never prints. */
#ifndef GPT_LOG_H
#define GPT_LOG_H

#include <gpt/status.h>

#ifdef __cplusplus
extern "C" {
#endif

/** How much a log line matters. Later releases may add levels between these numbers. Since 1.0. */
typedef enum gpt_log_level {
    GPT_LOG_WARNING = 10, /**< Something odd that libgpt could go on with. */
    GPT_LOG_INFO = 20,    /**< Milestones, such as a model opened, with sizes. */
    GPT_LOG_DEBUG = 30    /**< Details, such as which oneDNN implementation was chosen. */
} gpt_log_level;

/**
 * Receives one log line.
 *
 * @param level  how much it matters
 * @param line   one line of UTF-8, ended by NUL, without a newline; valid during the call only
 * @param user   what was given to gpt_log_set_callback
 *
 * Called on the thread that does the work, possibly from several threads at once. Must not call libgpt.
 */
typedef void (*gpt_log_callback)(gpt_log_level level, const char *line, void *user);

/**
 * Sets the callback of the process, or none with NULL, which is how a process begins.
 *
 * @param callback  called for each line up to level, or NULL
 * @param level     the least important level to pass on; ignored when callback is NULL
 * @param user      passed to the callback as it is; never freed
 *
 * Any thread. A line that is on its way while the callback changes may still reach the old one. Since 1.0.
 */
GPT_API void gpt_log_set_callback(gpt_log_callback callback, gpt_log_level level, void *user);

#ifdef __cplusplus
}
#endif
#endif
