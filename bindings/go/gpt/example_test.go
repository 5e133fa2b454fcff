// SPDX-License-Identifier: Apache-2.0

package gpt_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"strings"

	"libgpt/gpt"
)

func Example() {
	model, err := gpt.Open("storyteller", gpt.WithThreads(1))
	if err != nil {
		log.Fatal(err)
	}
	defer model.Close()
	text, err := model.Generate(context.Background(), "Once upon a time", gpt.MaxNewTokens(10), gpt.DoSample(false))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(strings.HasPrefix(text, ", "))
	// Output: true
}

func ExampleModel_Stream() {
	model, err := gpt.Open("storyteller")
	if err != nil {
		log.Fatal(err)
	}
	defer model.Close()
	stream := model.Stream(context.Background(), "Once upon a time", gpt.MaxNewTokens(10), gpt.Seed(7))
	for stream.Next() {
		_ = stream.Text() // or print it
	}
	if err := stream.Err(); err != nil {
		log.Fatal(err)
	}
	fmt.Println(len(stream.TokenIDs()), stream.FinishReason())
	// Output: 10 length
}

func ExampleModel_GenerateMany() {
	model, err := gpt.Open("storyteller")
	if err != nil {
		log.Fatal(err)
	}
	defer model.Close()
	outputs, err := model.GenerateMany(context.Background(), []string{"The fox", "The sun"}, gpt.NumReturnSequences(2),
		gpt.MaxNewTokens(5))
	if err != nil {
		log.Fatal(err)
	}
	for _, output := range outputs {
		fmt.Println(output.Prompt, len(output.TokenIDs))
	}
	// Output:
	// The fox 5
	// The fox 5
	// The sun 5
	// The sun 5
}

func ExampleTokenizer() {
	tokenizer, err := gpt.OpenTokenizer("storyteller")
	if err != nil {
		log.Fatal(err)
	}
	defer tokenizer.Close()
	ids, err := tokenizer.Encode("Once upon a time")
	if err != nil {
		log.Fatal(err)
	}
	text, err := tokenizer.Decode(ids)
	fmt.Println(ids, text, err)
	// Output: [584 600 259 427] Once upon a time <nil>
}

func ExampleError() {
	_, err := gpt.Open("no-such-model")
	fmt.Println(errors.Is(err, gpt.ErrNotFound), errors.Is(err, gpt.ErrFile))
	// Output: true false
}
