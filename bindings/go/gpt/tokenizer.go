// SPDX-License-Identifier: Apache-2.0

package gpt

import (
	"runtime"

	"libgpt/gpt/internal/core"
)

// A Tokenizer turns text into token ids and back.
type Tokenizer struct {
	handle handle[core.Gpt_tokenizer]
}

func newTokenizer(opened core.Gpt_tokenizer) *Tokenizer {
	t := &Tokenizer{newHandle("tokenizer", opened, core.DeleteGpt_tokenizer)}
	runtime.SetFinalizer(t, (*Tokenizer).Close)
	return t
}

// OpenTokenizer opens the tokenizer of a model's directory, tokenizer.json, GGUF file, rank file of OpenAI's, or name.
func OpenTokenizer(nameOrPath string) (*Tokenizer, error) {
	if err := checkName(nameOrPath); err != nil {
		return nil, err
	}
	out := make([]uint64, 1)
	err := call(func() int { return core.Gpt_tokenizer_open(out, nameOrPath) })
	if err != nil {
		return nil, err
	}
	return newTokenizer(core.SwigcptrGpt_tokenizer(out[0])), nil
}

// Close gives the memory back, unless a model still uses it. It may be called again.
func (t *Tokenizer) Close() {
	t.handle.close()
	runtime.SetFinalizer(t, nil)
}

func (t *Tokenizer) encode(text string, flags uint) (ids []int32, err error) {
	out := make([]uint64, 2)
	err = t.handle.use(func(handle core.Gpt_tokenizer) error {
		return call(func() int { return core.Gpt_tokenizer_encode(out, handle, text, flags) })
	})
	if err == nil {
		ids = takeIDs(out)
	}
	return ids, err
}

// Encode gives the token ids of a text.
func (t *Tokenizer) Encode(text string) ([]int32, error) {
	return t.encode(text, 0)
}

// EncodeOrdinary does the same, but reads "<|endoftext|>" and the like as plain text.
func (t *Tokenizer) EncodeOrdinary(text string) ([]int32, error) {
	return t.encode(text, uint(core.GPT_ENCODE_ORDINARY))
}

// Count gives the number of tokens of a text.
func (t *Tokenizer) Count(text string) (int, error) {
	ids, err := t.encode(text, 0)
	return len(ids), err
}

func (t *Tokenizer) decode(ids []int32, flags uint) (text string, err error) {
	out := make([]uint64, 2)
	err = t.handle.use(func(handle core.Gpt_tokenizer) error {
		return call(func() int { return core.Gpt_tokenizer_decode(out, handle, ids, flags) })
	})
	if err == nil {
		text = takeText(out)
	}
	return text, err
}

// Decode gives the text of token ids. Bytes that form no character come out as U+FFFD; TokenBytes has them raw.
func (t *Tokenizer) Decode(ids []int32) (string, error) {
	return t.decode(ids, 0)
}

// DecodePlain does the same without the tokens that are control and not text.
func (t *Tokenizer) DecodePlain(ids []int32) (string, error) {
	return t.decode(ids, uint(core.GPT_DECODE_SKIP_SPECIAL))
}

// TokenBytes gives the bytes that one token stands for.
func (t *Tokenizer) TokenBytes(id int32) (bytes []byte, err error) {
	err = t.handle.use(func(handle core.Gpt_tokenizer) error {
		err := call(func() int {
			if core.Gpt_go_has_token(handle, int(id)) != 0 {
				return 0
			}
			return int(Argument)
		})
		if err == nil {
			bytes = []byte(core.Gpt_go_token_bytes(handle, int(id)))
		}
		return err
	})
	return bytes, err
}

// TokenID gives the id of the token that stands for these bytes; -1 when there is none.
func (t *Tokenizer) TokenID(bytes string) int32 {
	id := -1
	_ = t.handle.use(func(handle core.Gpt_tokenizer) error {
		id = core.Gpt_tokenizer_token_id(handle, bytes)
		return nil
	})
	return int32(id)
}

// IsSpecial says whether a token is control and not text.
func (t *Tokenizer) IsSpecial(id int32) bool {
	special := false
	_ = t.handle.use(func(handle core.Gpt_tokenizer) error {
		special = core.Gpt_tokenizer_is_special(handle, int(id)) != 0
		return nil
	})
	return special
}

// VocabSize is one more than the largest id; 0 when the tokenizer is closed.
func (t *Tokenizer) VocabSize() int {
	size := 0
	_ = t.handle.use(func(handle core.Gpt_tokenizer) error {
		size = core.Gpt_tokenizer_vocab_size(handle)
		return nil
	})
	return size
}
