// SPDX-License-Identifier: Apache-2.0

// Package gpt runs GPT language models on CPUs: it opens models as Hugging Face has them, or GGUF files, and generates,
// streams and scores text.
//
//	model, err := gpt.Open("storyteller")
//	if err != nil {
//		log.Fatal(err)
//	}
//	defer model.Close()
//	text, err := model.Generate(context.Background(), "Once upon a time", gpt.MaxNewTokens(50))
//
// Models and tokenizers may be used by any number of goroutines. A Generator computes for one at a time; goroutines that
// are to compute at once take one each. Close frees memory at once; otherwise the garbage collector does.
package gpt

import "libgpt/gpt/internal/core"

// Version is the release of libgpt that runs, such as "1.0.0".
func Version() string {
	return core.Gpt_version()
}

// Find gives the path that the name of a model stands for.
func Find(name string) (string, error) {
	if err := checkName(name); err != nil {
		return "", err
	}
	out := make([]uint64, 2)
	err := call(func() int { return core.Gpt_go_find(out, name) })
	if err != nil {
		return "", err
	}
	return takeText(out), nil
}
