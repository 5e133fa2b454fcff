/* SPDX-License-Identifier: Apache-2.0 */
/* base/locale.h: numbers with a point, whatever locale the program has chosen for itself. */
#ifndef GPT__BASE_LOCALE_H
#define GPT__BASE_LOCALE_H

#include "base/error.h"

#include <locale.h>

/* The thread's locale as it was, and the one it has meanwhile. */
typedef struct gpt__locale {
    locale_t before;
    locale_t own;
} gpt__locale;

/* Gives the calling thread the "C" locale, and no other thread. GPT_E_MEMORY. */
gpt_status gpt__locale_enter(gpt__locale *locale);

/* Gives it back the one it had; only after an enter that succeeded. */
void gpt__locale_leave(gpt__locale *locale);

#endif
