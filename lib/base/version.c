/* SPDX-License-Identifier: Apache-2.0 */
/* base/version.c: the release of the running library. */
#include <gpt/version.h>

const char *gpt_version(void)
{
    return GPT_VERSION_STRING;
}

int gpt_version_number(void)
{
    return GPT_VERSION_NUMBER;
}
