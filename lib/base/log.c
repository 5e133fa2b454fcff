/* SPDX-License-Identifier: Apache-2.0 */
/* base/log.c: the log callback. The mutex keeps callback, level and user together; the atomic spares it when off. */
#include "base/log.h"

#include "base/error.h"

#include <pthread.h>
#include <stdatomic.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static gpt_log_callback current_callback;
static void *current_user;
static atomic_int current_level; /* 0: no callback */

void gpt_log_set_callback(gpt_log_callback callback, gpt_log_level level, void *user)
{
    pthread_mutex_lock(&lock);
    current_callback = callback;
    current_user = user;
    atomic_store(&current_level, callback != NULL ? (int)level : 0);
    pthread_mutex_unlock(&lock);
}

void gpt__log(gpt_log_level level, const char *format, ...)
{
    if ((int)level > atomic_load_explicit(&current_level, memory_order_relaxed))
        return;
    pthread_mutex_lock(&lock);
    gpt_log_callback callback = current_callback;
    void *user = current_user;
    pthread_mutex_unlock(&lock);
    if (callback == NULL)
        return;
    char line[1024];
    va_list arguments;
    va_start(arguments, format);
    gpt__format_line(line, sizeof line, format, arguments);
    va_end(arguments);
    callback(level, line, user);
}
