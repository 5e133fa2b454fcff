/* SPDX-License-Identifier: Apache-2.0 */
/* gpt/gpt.h: all of libgpt's public interface. */
#ifndef GPT_GPT_H
#define GPT_GPT_H

#include <gpt/status.h>
#include <gpt/version.h>
#include <gpt/log.h>
#include <gpt/tokenizer.h>
#include <gpt/model.h>
#include <gpt/generator.h>
#include <gpt/profile.h>
#include <gpt/chat.h>

#endif
