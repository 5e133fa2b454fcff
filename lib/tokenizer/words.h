/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tokenizer/words.h: the parts of GPT-1's tokenizer. Its vocabulary is not of bytes but of characters, and the last
 * one of a word is written with "</w>" behind it. Here a space stands for that mark: no word has one, and decoding
 * wants it.
 */
#ifndef GPT__TOKENIZER_WORDS_H
#define GPT__TOKENIZER_WORDS_H

#include "tokenizer/normalizer.h"
#include "tokenizer/split.h"

/* How vocabularies write the end of a word. */
#define GPT__WORD_END "</w>"

/*
 * The steps of BertNormalizer that are its own: white space becomes spaces, and control characters go; ideographs get
 * spaces round them; accents go, after decomposition.
 */
gpt__normalizer_step gpt__normalize_clean;
gpt__normalizer_step gpt__normalize_ideographs;
gpt__normalizer_step gpt__normalize_accents;

/* BertPreTokenizer: runs of white space, which are no pieces; punctuation; and what lies between. */
gpt__scanner gpt__scan_words;

#endif
