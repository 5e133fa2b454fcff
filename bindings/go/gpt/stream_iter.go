// SPDX-License-Identifier: Apache-2.0

//go:build go1.23

package gpt

import "iter"

// All gives the pieces for use with range; leaving the loop stops the generation. An error comes last, with an empty text.
//
//	for text, err := range model.Stream(ctx, "Once upon a time").All() {
func (s *Stream) All() iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		defer s.Close()
		for s.Next() {
			if !yield(s.Text(), nil) {
				return
			}
		}
		if s.err != nil {
			yield("", s.err)
		}
	}
}
