/* SPDX-License-Identifier: Apache-2.0 */
/*
 * base/locale.c: cJSON and printf ask the locale for the character between a number's whole part and its fraction. A
 * program that has called setlocale must still read 0.5 in a file, so both are called in the "C" locale.
 */
#include "base/locale.h"

gpt_status gpt__locale_enter(gpt__locale *locale)
{
    locale->own = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    if (locale->own == (locale_t)0)
        return gpt__fail(GPT_E_MEMORY, "out of memory: no locale");
    locale->before = uselocale(locale->own);
    return GPT_OK;
}

void gpt__locale_leave(gpt__locale *locale)
{
    uselocale(locale->before);
    freelocale(locale->own);
}
